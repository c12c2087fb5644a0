//! Compares what a reader makes of `input.*` with `expected.json`, folder by folder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{fs, path::Path};

use serde_json::{Value, json};
use sms_job::extract::item::ItemList;

/// Runs `read` on every case of `tests/golden/<kind>`; at least `cases` of them have to be there.
/// With `UPDATE_GOLDEN=1` the expectations are written instead.
pub fn check(kind: &str, cases: usize, read: impl Fn(&[u8], &str) -> ItemList) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(kind);
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert!(
        names.len() >= cases,
        "{} has only {} cases",
        folder.display(),
        names.len()
    );
    let mut differing = Vec::new();
    for case in names {
        let input = fs::read_dir(&case)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_stem().is_some_and(|stem| stem == "input"))
            .unwrap_or_else(|| panic!("{} has no input file", case.display()));
        let extension = input.extension().unwrap().to_str().unwrap().to_owned();
        let found = to_json(&read(&fs::read(&input).unwrap(), &extension));
        let expected_at = case.join("expected.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expected_at, format!("{found:#}\n")).unwrap();
            continue;
        }
        let expected: Value = serde_json::from_slice(&fs::read(&expected_at).unwrap()).unwrap();
        if expected != found {
            differing.push(format!("{}: found {found:#}", case.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

fn to_json(list: &ItemList) -> Value {
    let items: Vec<Value> = list
        .items
        .iter()
        .map(|item| json!({ "fields": item.fields, "raw": item.raw }))
        .collect();
    json!({ "items": items, "truncated": list.truncated, "warnings": list.warnings })
}
