//! Runs `sms_scraper preview` and reads its JSON. IO: starts the binary.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use serde_json::Value;

/// A detail page that is given instead of fetched.
pub struct Detail {
    pub address: String,
    pub file: PathBuf,
}

/// What `preview --format json` prints, as far as tests look at it.
#[derive(Debug, Deserialize)]
pub struct Preview {
    pub found: usize,
    pub events: Vec<Value>,
    pub rejected: Vec<Value>,
    pub warnings: Vec<String>,
    pub partial: bool,
}

/// The events of a manifest: from `fixture` and `details` at the time `now`, or fetched where there is no fixture.
///
/// # Errors
/// What the binary says where it fails.
pub fn preview(
    manifest: &Path,
    fixture: Option<&Path>,
    now: &str,
    details: &[Detail],
) -> Result<Preview, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sms_scraper"));
    command.arg("preview").arg(manifest).args(["--format", "json"]);
    if !now.is_empty() {
        command.args(["--now", now]);
    }
    match fixture {
        Some(fixture) => command.arg("--fixture").arg(fixture),
        None => command.arg("--allow-private-addresses"),
    };
    for detail in details {
        command
            .arg("--detail")
            .arg(format!("{}={}", detail.address, detail.file.display()));
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("preview printed no JSON: {error}"))
}
