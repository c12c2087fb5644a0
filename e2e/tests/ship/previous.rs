//! The chart that somebody has who upgrades. IO.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use sms_e2e::helm;
use tempfile::TempDir;

const CHART: &str = "deploy/helm/sms-scraper";

/// The operator's chart as it was before: of the last release, else of the previous commit, else the one that is there. Its
/// CRD is made one that differs in any case: `kubectl get ss` does not work yet.
pub fn chart() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let revision = revisions()
        .into_iter()
        .find(|revision| extract(revision, folder.path()));
    println!(
        "upgrading from {}",
        revision.as_deref().unwrap_or("a copy of the chart")
    );
    if revision.is_none() {
        let copied = Command::new("cp")
            .arg("-R")
            .arg(helm::chart("sms-scraper/."))
            .arg(folder.path())
            .status();
        assert!(copied.unwrap().success());
    }
    change(&folder.path().join("files/crds/scrapesources.yaml"), |crd| {
        crd.replacen("    shortNames:\n    - ss\n", "", 1)
    });
    change(&folder.path().join("Chart.yaml"), |chart| {
        let lines = chart.lines().map(|line| match line.starts_with("version: ") {
            true => "version: 0.0.1",
            false => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    folder
}

fn change(file: &Path, by: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(file).unwrap();
    let changed = by(&text);
    assert_ne!(changed, text, "{}", file.display());
    fs::write(file, changed).unwrap();
}

/// A clone may be shallow, or no clone at all.
fn revisions() -> Vec<String> {
    let described = git(&["describe", "--tags", "--match=v*", "--abbrev=0", "HEAD~1"]);
    described.into_iter().chain(["HEAD~1".to_owned()]).collect()
}

fn git(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(helm::chart("../.."))
        .args(arguments)
        .stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn extract(revision: &str, to: &Path) -> bool {
    let archive = to.join("chart.tar");
    let output = format!("--output={}", archive.display());
    let is_there = git(&["archive", &output, &format!("{revision}:{CHART}")]).is_some();
    if is_there {
        let unpacked = Command::new("tar")
            .arg("-x")
            .arg("-f")
            .arg(&archive)
            .arg("-C")
            .arg(to)
            .status();
        assert!(unpacked.unwrap().success());
    }
    let _ = fs::remove_file(&archive);
    is_there
}
