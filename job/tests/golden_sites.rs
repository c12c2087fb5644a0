//! Pages and answers in the shapes of widely used sites and APIs, read by the real binary.
//!
//! Each folder of `golden/sites` holds a manifest, the page (`input.*`), the time of the run (`now`) and what must come
//! out (`expected.json`). `UPDATE_GOLDEN=1` writes the last of them, for a person to compare with the page.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/preview.rs"]
mod preview;

use std::{
    fs,
    path::{Path, PathBuf},
};

use preview::{Detail, Preview, preview};
use serde_json::{Value, json};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sites");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

/// Detail pages: `details` has lines of an address, a space, and a file of the folder.
fn details(case: &Path) -> Vec<Detail> {
    fs::read_to_string(case.join("details"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(address, file)| Detail {
            address: address.to_owned(),
            file: case.join(file),
        })
        .collect()
}

fn read(case: &Path) -> Result<Preview, String> {
    let input = fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_stem().is_some_and(|stem| stem == "input"))
        .unwrap();
    let now = fs::read_to_string(case.join("now")).unwrap();
    preview(
        &case.join("manifest.yaml"),
        Some(&input),
        now.trim(),
        &details(case),
    )
}

/// What a case gives, as it stands in `expected.json`; a page that cannot be read gives the error.
fn outcome(case: &Path) -> Value {
    match read(case) {
        Ok(found) => json!({
            "found": found.found,
            "events": found.events,
            "rejected": found.rejected,
            "warnings": found.warnings,
            "partial": found.partial,
        }),
        Err(problem) => json!({ "error": problem.trim() }),
    }
}

#[test]
fn every_shape_gives_what_a_person_reads_on_the_page() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut differing = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    for case in cases {
        let found = outcome(&case);
        let file = case.join("expected.json");
        if update {
            let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
            fs::write(&file, text).unwrap();
            continue;
        }
        let expected: Value =
            serde_json::from_str(&fs::read_to_string(&file).unwrap_or_default()).unwrap_or_default();
        if found != expected {
            let name = case.file_name().unwrap().to_string_lossy();
            differing.push(format!("{name}: found {found:#}\nexpected {expected:#}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
}
