//! `status`: a report about the installation and its sources that can be shown to anybody. IO: reads the cluster, prints.
//!
//! ```text
//! gather (IO) ──▶ Value ──▶ redact (pure) ──▶ text, YAML or JSON (pure)
//! ```

mod gather;
pub mod redact;
mod shape;
mod text;

use std::{fs, path::Path};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Result,
    args::{StatusArgs, StatusFormat},
    cluster::Cluster,
    tell,
};
use crate::commands::{CommandError, output};

/// Prints the report, or writes it to a file.
pub async fn run(cluster: &Cluster, args: &StatusArgs) -> Result {
    let report = gather::report(cluster, args, Timestamp::now()).await?;
    let text = written(&redact::value(report), args.output)?;
    let Some(file) = &args.file else {
        output::product(text.as_bytes())?;
        return Ok(0);
    };
    write(file, &text)?;
    tell(format_args!(
        "Wrote {}; read it before you hand it on: names of sources, hosts and Secrets are in it",
        file.display()
    ));
    Ok(0)
}

fn written(report: &Value, format: StatusFormat) -> Result<String> {
    match format {
        StatusFormat::Text => text::of(report).map_err(CommandError::transient),
        StatusFormat::Yaml => serde_saphyr::to_string(report).map_err(CommandError::transient),
        StatusFormat::Json => serde_json::to_string_pretty(report)
            .map(|json| json + "\n")
            .map_err(CommandError::transient),
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(|error| {
        CommandError::configuration(format!(
            "{}: cannot be written: {error}: name another file with --file",
            file.display()
        ))
    })
}
