//! The operator's reference page is what the code says; `UPDATE_DOCS=1` rewrites its generated parts. IO.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sms_operator::settings;

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/operator.md")
}

/// What `--help` prints for `sms_operator` and a sub-command.
fn help(name: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sms_operator"))
        .args(name.strip_prefix("sms_operator").unwrap().split_whitespace())
        .arg("--help")
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}");
    let help = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// `text` with each generated part made anew.
fn regenerated(text: &str) -> String {
    const BEGIN: &str = "<!-- generated: ";
    const END: &str = "<!-- end -->";
    let mut parts = text.split(BEGIN);
    let mut made = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->").unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let help = help(name);
        write!(made, "{BEGIN}{name} -->\n\n```text\n{help}\n```\n\n{END}{after}").unwrap();
    }
    made
}

#[test]
fn the_command_line_is_what_help_says() {
    let wanted = regenerated(&fs::read_to_string(page()).unwrap());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(page(), &wanted).unwrap();
    }
    assert!(
        fs::read_to_string(page()).unwrap() == wanted,
        "docs/reference/operator.md is not what the code says; run UPDATE_DOCS=1 cargo test -p sms-operator --test docs"
    );
}

#[test]
fn every_sub_command_is_on_the_page() {
    let page = fs::read_to_string(page()).unwrap();
    let help = help("sms_operator");
    let commands = help
        .split("Commands:\n")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let mut found = 0;
    for line in commands.lines() {
        let name = line.split_whitespace().next().unwrap();
        if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
            assert!(
                page.contains(&format!("<!-- generated: sms_operator {name} -->")),
                "{name}"
            );
            found += 1;
        }
    }
    assert!(found >= 4, "{commands}");
}

#[test]
fn every_setting_of_jobs_has_a_row() {
    let page = fs::read_to_string(page()).unwrap();
    let error = settings::parse("nonsense: 1", "x").unwrap_err().to_string();
    let (_, names) = error.split_once("expected one of ").unwrap();
    let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 10, "{error}");
    for name in names {
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name} has no row");
    }
}

#[test]
fn the_example_of_settings_can_be_used() {
    let page = fs::read_to_string(page()).unwrap();
    let (_, example) = page.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let job = settings::parse(example, "the example").unwrap();
    settings::Config::new(job, None, "sms-".to_owned(), "sms-scraper".to_owned()).unwrap();
}
