//! `check` over wrong manifests: each is refused with exactly the message beside it, and exit code 2.
//! `UPDATE_MESSAGES=1` rewrites the messages of `tests/check`.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Manifests below `folder` (from the package's folder), with the message that is expected of each.
fn manifests(folder: &str) -> Vec<(PathBuf, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| [Some("yaml"), Some("json")].contains(&path.extension().and_then(OsStr::to_str)))
        .map(|path| (path.clone(), path.with_extension("txt")))
        .collect();
    found.sort();
    found
}

/// Exit code and standard error of `check` for one file, named as in its folder.
fn check(manifest: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sms_scraper"))
        .arg("check")
        .arg(manifest.file_name().unwrap())
        .current_dir(manifest.parent().unwrap())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn selectors_and_programs_that_do_not_compile_are_named_with_their_place() {
    let manifests = manifests("tests/check");
    assert!(manifests.len() >= 12);
    for (manifest, message) in manifests {
        let (code, told) = check(&manifest);
        if std::env::var_os("UPDATE_MESSAGES").is_some() {
            std::fs::write(&message, &told).unwrap();
        }
        assert_eq!(
            (code, told),
            (2, std::fs::read_to_string(&message).unwrap()),
            "{}",
            manifest.display()
        );
    }
}

#[test]
fn manifests_that_the_schema_the_rules_or_yaml_refuse_are_told_by_check_as_the_library_tells_them() {
    let manifests = manifests("../crds/tests/manifests/invalid");
    assert!(manifests.len() >= 60, "{}", manifests.len());
    for (manifest, message) in manifests {
        let (code, told) = check(&manifest);
        let expected = std::fs::read_to_string(&message).unwrap();
        assert_eq!(
            (code, told.trim_end()),
            (2, expected.trim_end()),
            "{}",
            manifest.display()
        );
    }
}
