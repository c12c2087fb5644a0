//! Parts of pages that are written from the code, between `<!-- generated: NAME -->` and `<!-- end -->`. IO: reads
//! pages; writes them with `UPDATE_DOCS=1`.

use std::{fmt::Write as _, fs, process::Command};

use sms_crds::{
    conditions::ConditionReason,
    report::{Outcome, Reason, SkipReason, Step},
};
use sms_job::{
    extract::jq,
    metrics::families::{Family, exported, operator, pushed, view},
};

use super::{repository, words};

/// Compares each generated part of `page` with what `make` gives for its name; rewrites it with `UPDATE_DOCS=1`.
fn agrees(page: &str, make: impl Fn(&str) -> Option<String>) {
    let path = repository().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let mut wanted = String::new();
    let mut rest = text.as_str();
    let mut parts = 0;
    while let Some((before, tail)) = rest.split_once("<!-- generated: ") {
        let (name, tail) = tail.split_once(" -->\n").unwrap();
        let (_, after) = tail
            .split_once("<!-- end -->")
            .unwrap_or_else(|| panic!("{page}: {name} has no end"));
        let body = make(name).unwrap_or_else(|| panic!("{page}: nothing is called {name}"));
        write!(
            wanted,
            "{before}<!-- generated: {name} -->\n\n{}\n\n<!-- end -->",
            body.trim_end()
        )
        .unwrap();
        rest = after;
        parts += 1;
    }
    wanted.push_str(rest);
    assert!(parts > 0, "{page} has no generated part");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let now = fs::read_to_string(&path).unwrap();
    assert!(
        now == wanted,
        "{page} is not what the code says; run UPDATE_DOCS=1 cargo test -p sms-job --test docs"
    );
}

#[test]
fn the_command_line_is_what_help_says() {
    agrees("docs/reference/command-line.md", |name| {
        let output = Command::new(env!("CARGO_BIN_EXE_sms_scraper"))
            .args(name.strip_prefix("sms_scraper")?.split_whitespace())
            .arg("--help")
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}");
        let help = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        Some(format!("```text\n{}\n```", lines.join("\n").trim_end()))
    });
}

#[test]
fn every_sub_command_is_on_the_page() {
    let page = fs::read_to_string(repository().join("docs/reference/command-line.md")).unwrap();
    for name in [
        "ingester",
        "serve",
        "check",
        "preview",
        "events",
        "migrate",
        "completions",
    ] {
        assert!(
            page.contains(&format!("<!-- generated: sms_scraper {name} -->")),
            "{name}"
        );
    }
}

fn families(families: &[Family]) -> String {
    let mut table = "| Family | Type | Meaning |\n| --- | --- | --- |\n".to_owned();
    for family in families {
        let labels = family.labels.join(",");
        let labels = if labels.is_empty() {
            labels
        } else {
            format!("{{{labels}}}")
        };
        writeln!(
            table,
            "| `{}{labels}` | {} | {} |",
            family.name,
            family.kind.as_str(),
            family.help
        )
        .unwrap();
    }
    table
}

#[test]
fn the_metrics_are_those_of_the_code() {
    agrees("docs/reference/metrics.md", |name| match name {
        "pushed families" => Some(families(pushed::ALL)),
        "exported families" => Some(families(exported::ALL)),
        "operator families" => Some(families(operator::ALL)),
        "view families" => Some(families(view::ALL)),
        _ => None,
    });
    // Written by hand, with more words: every family is there.
    let guide = fs::read_to_string(repository().join("docs/observability.md")).unwrap();
    for family in pushed::ALL.iter().chain(exported::ALL) {
        assert!(
            guide.contains(&format!("`{}", family.name)),
            "docs/observability.md lacks {}",
            family.name
        );
    }
}

#[test]
fn outcomes_reasons_and_steps_are_those_of_the_code() {
    agrees("docs/reference/outcomes-and-reasons.md", |name| {
        let mut table = String::new();
        match name {
            "outcomes" => {
                table.push_str("| Outcome | Meaning | Counts as success |\n| --- | --- | --- |\n");
                for outcome in Outcome::ALL {
                    let meaning = words::meaning("Outcome", outcome.as_str());
                    let success = if outcome.is_success() { "yes" } else { "no" };
                    writeln!(table, "| `{}` | {meaning} | {success} |", outcome.as_str()).unwrap();
                }
            }
            "reasons" => {
                table.push_str("| Reason | Meaning | Exit code |\n| --- | --- | --- |\n");
                for reason in Reason::ALL {
                    let name = format!("{reason:?}");
                    let meaning = words::meaning("Reason", &name);
                    let code = match reason {
                        Reason::TooFewEvents | Reason::DropDetected | Reason::FieldMissing => {
                            "0 (`Suspicious`)"
                        }
                        Reason::PushFailed => "0 (a warning)",
                        reason if reason.is_of_the_cluster() => "none",
                        reason if reason.is_transient() => "1",
                        _ => "2",
                    };
                    let link = name.to_lowercase();
                    writeln!(
                        table,
                        "| [`{name}`](../troubleshooting.md#{link}) | {meaning} | {code} |"
                    )
                    .unwrap();
                }
            }
            "skip reasons" => {
                table.push_str("| Reason | Meaning | A defect |\n| --- | --- | --- |\n");
                for reason in SkipReason::ALL {
                    let meaning = words::meaning("SkipReason", reason.as_str());
                    let defect = if reason.is_intended() { "no" } else { "yes" };
                    writeln!(table, "| `{}` | {meaning} | {defect} |", reason.as_str()).unwrap();
                }
            }
            "steps" => {
                table.push_str("| Step | What it does |\n| --- | --- |\n");
                for step in Step::ALL {
                    let variant = format!("{step:?}");
                    writeln!(
                        table,
                        "| `{}` | {} |",
                        step.as_str(),
                        words::meaning("Step", &variant)
                    )
                    .unwrap();
                }
            }
            "condition reasons" => {
                table.push_str("| Reason | Meaning |\n| --- | --- |\n");
                for reason in ConditionReason::ALL {
                    let meaning = words::meaning("ConditionReason", reason.as_str());
                    writeln!(table, "| `{}` | {meaning} |", reason.as_str()).unwrap();
                }
            }
            _ => return None,
        }
        Some(table)
    });
}

#[test]
fn every_list_of_words_is_complete() {
    assert_eq!(words::variants("Outcome").len(), Outcome::ALL.len());
    assert_eq!(words::variants("Reason").len(), Reason::ALL.len());
    assert_eq!(words::variants("SkipReason").len(), SkipReason::ALL.len());
    assert_eq!(words::variants("Step").len(), Step::ALL.len());
    assert_eq!(
        words::variants("ConditionReason").len(),
        ConditionReason::ALL.len()
    );
}

#[test]
fn the_functions_and_variables_of_jq_are_those_of_the_code() {
    let list = |names: &[&str]| {
        names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    agrees("docs/reference/jq.md", |name| match name {
        "functions" => Some(list(jq::ALLOWED)),
        "forbidden" => Some(list(jq::FORBIDDEN)),
        "variables" => Some(list(&jq::VARIABLES)),
        _ => None,
    });
}

#[test]
fn troubleshooting_has_a_heading_for_every_reason() {
    let page = fs::read_to_string(repository().join("docs/troubleshooting.md")).unwrap();
    for reason in Reason::ALL {
        assert!(
            page.contains(&format!("\n### {reason:?}\n")),
            "{reason:?} has no heading"
        );
    }
    for reason in SkipReason::ALL {
        assert!(
            page.contains(&format!("| `{}` |", reason.as_str())),
            "{} has no row",
            reason.as_str()
        );
    }
}

#[test]
fn the_functions_of_our_own_are_on_the_page() {
    let source = fs::read_to_string(repository().join("job/src/extract/functions.rs")).unwrap();
    let page = fs::read_to_string(repository().join("docs/reference/jq.md")).unwrap();
    let names: Vec<&str> = source
        .split("run((\"")
        .skip(1)
        .filter_map(|tail| tail.split_once('"'))
        .map(|(name, _)| name)
        .collect();
    assert!(names.contains(&"html_text"), "{names:?}");
    for name in names {
        let is_there = page.contains(&format!("| `{name}` |")) || page.contains(&format!("| `{name}("));
        assert!(is_there, "docs/reference/jq.md lacks {name}");
    }
}
