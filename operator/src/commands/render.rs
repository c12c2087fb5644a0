//! `render`: the CronJobs that `run` would make of manifests. IO: reads files and standard input, prints.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sms_crds::manifest::{FileAccess, Manifests, read_manifests};

use super::{CONFIGURATION, CommandError, output, settings};
use crate::{api_names::ApiNames, args::RenderArgs, controller, settings::Config};

/// Prints the CronJobs of all sources that are right; problems of the others go to standard error.
pub fn run(args: &RenderArgs) -> Result<u8, CommandError> {
    let config = config(args)?;
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for path in files(&args.manifests, &mut problems) {
        let origin = path.display().to_string();
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(unreadable(&path, &error));
                continue;
            }
        };
        let Manifests {
            sources: found,
            problems: wrong,
        } = read_manifests(&text, &origin, FileAccess::Refused);
        if found.is_empty() && wrong.is_empty() {
            problems.push(format!("{origin}: holds no ScrapeSource"));
        }
        problems.extend(wrong.iter().map(ToString::to_string));
        sources.extend(found.into_iter().map(|source| (origin.clone(), source)));
    }
    let names = ApiNames::of(sources.iter().map(|(_, source)| source));
    let mut yaml = String::new();
    for (origin, source) in &sources {
        match controller::render(source, &config, names.is_owner(source)) {
            Ok(cron_job) => {
                let text = serde_saphyr::to_string(&cron_job).map_err(CommandError::transient)?;
                let _ = write!(yaml, "---\n{text}");
            }
            Err(wrong) => problems.extend(wrong.iter().map(|problem| {
                let key = source.key();
                format!("{origin}: {key}: {problem}")
            })),
        }
    }
    output::product(yaml.as_bytes())?;
    for problem in &problems {
        output::note(problem);
    }
    Ok(if problems.is_empty() { 0 } else { CONFIGURATION })
}

/// Without an image of its own, a rendering shows which image it stands for.
fn config(args: &RenderArgs) -> Result<Config, CommandError> {
    let mut job = args.job.clone();
    if job.job_image.is_none() && job.job_settings.is_none() {
        job.job_image = Some(concat!("sms_scraper:", env!("CARGO_PKG_VERSION")).to_owned());
    }
    settings::config(&job)
}

/// The files that `paths` name, those of a folder sorted and without hidden ones.
fn files(paths: &[PathBuf], problems: &mut Vec<String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        match manifests_in(path) {
            Ok(files) if files.is_empty() => problems.push(format!(
                "{}: the folder holds no file that ends in .yaml, .yml or .json",
                path.display()
            )),
            Ok(files) => found.extend(files),
            Err(error) => problems.push(unreadable(path, &error)),
        }
    }
    found
}

fn manifests_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_manifest = path
            .extension()
            .is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json");
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_manifest && !is_hidden && !path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> io::Result<String> {
    if path.as_os_str() != "-" {
        return fs::read_to_string(path);
    }
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "name a file or folder that exists, or - for standard input",
        io::ErrorKind::PermissionDenied => "make it readable for this user",
        io::ErrorKind::InvalidData => "save it as UTF-8",
        _ => "name a file or folder that can be read",
    };
    format!("{}: cannot be read: {error}: {remedy}", path.display())
}
