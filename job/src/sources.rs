//! Manifests from disk or from a variable. IO: reads files.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use sms_crds::{
    ScrapeSource,
    manifest::{self, FileAccess},
};

use crate::{args::SourceArgs, environment::LoadedSource, extract::plan::Plan};

/// Largest manifest file, in bytes: 64 KiB a source, and room for a thousand of them.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// What was read: sources that can run, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Valid sources, in the order of their files.
    pub sources: Vec<LoadedSource>,
    /// A line for each problem: where, what, and the remedy.
    pub problems: Vec<String>,
    /// A line for each path that holds no source at all, beside others that do.
    pub empty: Vec<String>,
}

/// Sources with the names of their files, before they are compared with each other.
#[derive(Default)]
struct Found {
    sources: Vec<(LoadedSource, String)>,
    problems: Vec<String>,
    empty: Vec<String>,
}

impl Loaded {
    /// Keeps the sources that `apis` names, and says which of the names no source has.
    pub fn choose(&mut self, apis: &[String]) {
        if apis.is_empty() {
            return;
        }
        let known: Vec<String> = self
            .sources
            .iter()
            .map(|loaded| loaded.source.api_name())
            .collect();
        for name in apis.iter().filter(|name| !known.contains(name)) {
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            self.problems.push(format!(
                "--apis: no source has the API name {name:?}; there are: {known}"
            ));
        }
        self.sources
            .retain(|loaded| apis.contains(&loaded.source.api_name()));
    }
}

/// Reads what the flags name.
pub fn load(args: &SourceArgs) -> Loaded {
    let mut loaded = match (&args.source, &args.sources) {
        (Some(json), _) => from_variable(json),
        (None, Some(path)) => from_paths(std::slice::from_ref(path)),
        (None, None) => Loaded {
            problems: vec![
                "no sources: name a file or folder of ScrapeSource manifests with --sources or SMS_SOURCES"
                    .to_owned(),
            ],
            ..Loaded::default()
        },
    };
    loaded.choose(&args.apis);
    loaded
}

/// Reads files, and folders with their sub-folders, as one set: of two sources with one name or one API name the first
/// stays.
pub fn from_paths(paths: &[PathBuf]) -> Loaded {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        let before = (found.sources.len(), found.problems.len());
        let mut is_known = false;
        match files(path) {
            Ok(files) if files.is_empty() => {
                let folder = path.display();
                found.problems.push(format!(
                    "{folder}: no .yaml, .yml or .json file in this folder: name another folder, or a file"
                ));
            }
            Ok(files) => {
                for file in files {
                    let name = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
                    // Named twice, or by its folder too: that is no second source.
                    if seen.insert(name) {
                        read_file(&file, &mut found);
                    } else {
                        is_known = true;
                    }
                }
            }
            Err(error) => found.problems.push(unreadable(path, &error)),
        }
        if before == (found.sources.len(), found.problems.len()) && !is_known {
            found.empty.push(format!(
                "{}: no ScrapeSource in it: begin one with apiVersion: sms-scraper.dev/v1alpha1 and kind: ScrapeSource",
                path.display()
            ));
        }
    }
    found.into_loaded()
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("{path}: no such file or folder: check the path, a relative one starts from this folder")
        }
        io::ErrorKind::PermissionDenied => format!("{path}: may not be read: give this user the right to"),
        _ => format!("{path}: {error}"),
    }
}

impl Found {
    /// Drops the sources that conflict with earlier ones. Where nothing at all was found, that is the problem.
    fn into_loaded(mut self) -> Loaded {
        let known = self
            .sources
            .iter()
            .map(|(loaded, origin)| (&*loaded.source, origin.as_str()));
        let conflicts = manifest::conflicts(known);
        let dropped: BTreeSet<usize> = conflicts.iter().map(|(index, _)| *index).collect();
        self.problems
            .extend(conflicts.into_iter().map(|(_, problem)| problem.to_string()));
        if self.sources.is_empty() && self.problems.is_empty() {
            self.problems.append(&mut self.empty);
        }
        let sources = self.sources.into_iter().enumerate();
        Loaded {
            sources: sources
                .filter(|(index, _)| !dropped.contains(index))
                .map(|(_, (loaded, _))| loaded)
                .collect(),
            problems: self.problems,
            empty: self.empty,
        }
    }
}

/// Reads one source as JSON that an API server has admitted: its schema and rules are not checked again.
fn from_variable(json: &str) -> Loaded {
    let mut found = Found::default();
    match manifest::read_admitted(json, "SMS_SOURCE") {
        Ok(source) => add(vec![source], "SMS_SOURCE", None, &mut found),
        Err(errors) => found.problems.push(errors.to_string()),
    }
    found.into_loaded()
}

fn read_file(file: &Path, found: &mut Found) {
    let origin = file.display().to_string();
    let text = fs::metadata(file).and_then(|metadata| {
        if metadata.len() > MAX_FILE_BYTES {
            return Err(io::Error::other("larger than 64 MiB; split it"));
        }
        fs::read_to_string(file)
    });
    match text {
        Ok(text) => {
            let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
            let folder = fs::canonicalize(&folder).unwrap_or(folder);
            let read = manifest::read_manifests(&text, &origin, FileAccess::Allowed);
            found
                .problems
                .extend(read.problems.iter().map(ToString::to_string));
            add(read.sources, &origin, Some(&folder), found);
        }
        Err(error) => found.problems.push(unreadable(file, &error)),
    }
}

/// Compiles selectors and programs, which are the job's own business; everything else was checked by the manifest
/// module. A source with a problem is left out, the others stay.
fn add(sources: Vec<ScrapeSource>, origin: &str, folder: Option<&Path>, found: &mut Found) {
    for source in sources {
        match Plan::compile(&source, Timestamp::now()) {
            Ok(_) => {
                let loaded = LoadedSource {
                    source: Arc::new(source),
                    folder: folder.map(Path::to_path_buf),
                };
                found.sources.push((loaded, origin.to_owned()));
            }
            Err(errors) => {
                let name = source.key().name;
                found
                    .problems
                    .extend(errors.iter().map(|error| format!("{origin}: {name}: {error}")));
            }
        }
    }
}

/// Manifest files at `path`, sorted, hidden ones left out.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let manifest = path
                .extension()
                .is_some_and(|kind| ["yaml", "yml", "json"].iter().any(|known| kind == *known));
            if hidden {
                continue;
            }
            // A symbolic link to a folder is not followed: it could lead in a circle.
            if entry_is_dir(&path) {
                folders.push(path);
            } else if manifest {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn entry_is_dir(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}
