//! `render`: the CronJobs that `run` would make of manifests. IO: reads files and standard input, prints.

use std::{
    fmt::Write as _,
    io::{self, Read},
    path::Path,
};

use sms_crds::manifest::{FileAccess, Manifests, read_manifests};

use super::{CONFIGURATION, CommandError, output, settings};
use crate::{api_names::ApiNames, args::RenderArgs, controller, settings::Config};

/// Prints the CronJobs of all sources that are right; problems of the others go to standard error.
pub fn run(args: &RenderArgs) -> Result<u8, CommandError> {
    let config = config(args)?;
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for path in &args.manifests {
        let origin = path.display().to_string();
        let Manifests {
            sources: found,
            problems: wrong,
        } = read_manifests(&read(path)?, &origin, FileAccess::Refused);
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

fn read(path: &Path) -> Result<String, CommandError> {
    let text = match path.as_os_str() == "-" {
        true => {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).map(|_| text)
        }
        false => std::fs::read_to_string(path),
    };
    text.map_err(|error| CommandError::configuration(format!("{}: {error}", path.display())))
}
