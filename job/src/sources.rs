//! Manifests from disk or from a variable. IO: reads files.

use std::{
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
        (None, Some(path)) => from_path(path),
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

/// Reads a file, or a folder with its sub-folders.
pub fn from_path(path: &Path) -> Loaded {
    let mut loaded = Loaded::default();
    match files(path) {
        Ok(files) if files.is_empty() => {
            loaded.problems.push(format!(
                "{}: no .yaml, .yml or .json file in this folder",
                path.display()
            ));
        }
        Ok(files) => files.iter().for_each(|file| read_file(file, &mut loaded)),
        Err(error) => loaded.problems.push(format!("{}: {error}", path.display())),
    }
    let sources: Vec<ScrapeSource> = loaded
        .sources
        .iter()
        .map(|loaded| (*loaded.source).clone())
        .collect();
    loaded
        .problems
        .extend(manifest::check_set(&sources).iter().map(ToString::to_string));
    loaded
}

/// Reads one source as JSON that an API server has admitted: its schema and rules are not checked again.
fn from_variable(json: &str) -> Loaded {
    let mut loaded = Loaded::default();
    match manifest::read_admitted(json, "SMS_SOURCE") {
        Ok(source) => add(vec![source], "SMS_SOURCE", None, &mut loaded),
        Err(errors) => loaded.problems.push(errors.to_string()),
    }
    loaded
}

fn read_file(file: &Path, loaded: &mut Loaded) {
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
            let found = manifest::read_manifests(&text, &origin, FileAccess::Allowed);
            loaded
                .problems
                .extend(found.problems.iter().map(ToString::to_string));
            add(found.sources, &origin, Some(&folder), loaded);
        }
        Err(error) => loaded.problems.push(format!("{origin}: {error}")),
    }
}

/// Compiles selectors and programs, which are the job's own business; everything else was checked by the manifest
/// module. A source with a problem is left out, the others stay.
fn add(sources: Vec<ScrapeSource>, origin: &str, folder: Option<&Path>, loaded: &mut Loaded) {
    for source in sources {
        match Plan::compile(&source, Timestamp::now()) {
            Ok(_) => loaded.sources.push(LoadedSource {
                source: Arc::new(source),
                folder: folder.map(Path::to_path_buf),
            }),
            Err(errors) => {
                let name = source.key().name;
                loaded
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
