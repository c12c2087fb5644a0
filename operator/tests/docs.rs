//! The reference pages of operator and kubectl plugin are what the code says; `UPDATE_DOCS=1` rewrites their generated parts. IO.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sms_operator::settings;

/// The page of each program.
const PAGES: [(&str, &str); 2] = [("operator", "sms_operator"), ("kubectl-sms", "kubectl-sms")];

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/reference/{name}.md"))
}

fn text(name: &str) -> String {
    fs::read_to_string(page(name)).unwrap()
}

/// What `--help` prints for a program and perhaps a sub-command.
fn help(name: &str) -> String {
    let mut words = name.split_whitespace();
    let program = match words.next() {
        Some("sms_operator") => env!("CARGO_BIN_EXE_sms_operator"),
        Some("kubectl-sms") => env!("CARGO_BIN_EXE_kubectl-sms"),
        other => panic!("{other:?}"),
    };
    let output = Command::new(program)
        .args(words)
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
    for (name, _) in PAGES {
        let wanted = regenerated(&text(name));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(page(name), &wanted).unwrap();
        }
        assert!(
            text(name) == wanted,
            "docs/reference/{name}.md is not what the code says; run UPDATE_DOCS=1 cargo test -p sms-operator --test docs"
        );
    }
}

#[test]
fn every_sub_command_is_on_the_page() {
    for (page, program) in PAGES {
        let page = text(page);
        let help = help(program);
        let (_, commands) = help.split_once("Commands:\n").unwrap();
        let (commands, _) = commands.split_once("\n\n").unwrap();
        let mut found = 0;
        for line in commands.lines() {
            let name = line.split_whitespace().next().unwrap();
            if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
                assert!(
                    page.contains(&format!("<!-- generated: {program} {name} -->")),
                    "{name}"
                );
                found += 1;
            }
        }
        assert!(found >= 4, "{commands}");
    }
}

#[test]
fn every_setting_of_jobs_has_a_row() {
    let page = text("operator");
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
    let page = text("operator");
    let (_, example) = page.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let job = settings::parse(example, "the example").unwrap();
    settings::Config::new(job, None, "sms-".to_owned(), "sms-scraper".to_owned()).unwrap();
}
