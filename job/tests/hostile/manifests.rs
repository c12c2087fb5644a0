//! Manifests made to cost time or memory, read by `check`: it has no child process, so they must be cheap in themselves.

use serde_json::{Value, json};
use sms_proof::Group;

use crate::{
    family::{MEBIBYTES, SECONDS, command},
    measured,
};

fn manifest(extract: &Value) -> String {
    json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": { "name": "x" },
        "spec": { "schedule": "H * * * *", "fetch": { "url": "https://example.org/" }, "extract": extract },
    })
    .to_string()
}

fn nested(open: &str, inner: &str, close: &str, length: usize) -> String {
    let count = length / (open.len() + close.len()).max(1);
    open.repeat(count) + inner + &close.repeat(count)
}

/// A manifest for each way to nest a program, a selector or a pattern as deep as their lengths allow, and texts that are
/// no manifests at all.
fn attacks() -> Vec<(String, String)> {
    let mut attacks = Vec::new();
    let programs = [
        nested("(", ".", ")", 4_000),
        nested("[", "", "]", 4_000),
        nested("{a:", "1", "}", 4_000),
        nested("-", "1", "", 4_000),
        nested("if . then ", "1", " else 0 end", 4_000),
        nested("\"\\(", "1", ")\"", 4_000),
        nested("def f: ", "1", "; f", 4_000),
        nested("reduce ", ".", " as $x (0; .)", 4_000),
        nested(". as [", "$a", "] | 1", 4_000),
    ];
    for program in programs {
        attacks.push((
            program[..20].to_owned(),
            manifest(&json!({ "json": { "items": program } })),
        ));
    }
    let selectors = [
        nested(":not(", "p", ")", 1_000),
        nested(":has(", "p", ")", 1_000),
        nested(":is(", "p", ")", 1_000),
        nested("p > ", "p", "", 1_000),
        nested(":nth-child(2n of ", "p", ")", 1_000),
        nested("[a=\"", "", "", 1_000),
    ];
    for selector in selectors {
        let fields = json!({ "title": { "select": "b" }, "start": { "select": "i" } });
        attacks.push((
            selector[..20].to_owned(),
            manifest(&json!({ "html": { "items": selector, "fields": fields } })),
        ));
    }
    let patterns = [
        nested("(", "a", ")", 900),
        nested("(?:", "a", "){9}", 900),
        "((a{100}){100}){100}".to_owned(),
        "\\p{L}{1000}".to_owned(),
        nested("[", "a", "]", 900),
        nested("(?i)", "a", "", 900),
    ];
    for pattern in patterns {
        let fields = json!({ "title": { "regex": pattern }, "start": { "select": "i" } });
        attacks.push((
            pattern.chars().take(20).collect(),
            manifest(&json!({ "html": { "items": "li", "fields": fields } })),
        ));
    }
    let laughs = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        format!(
            "{text}a{n}: &a{n} [{}]\n",
            vec![format!("*a{}", n - 1); 9].join(",")
        )
    });
    let texts = [
        ("YAML: aliases of aliases", laughs),
        ("YAML: lists in lists", "[".repeat(500_000)),
        ("YAML: maps in maps", "{a: ".repeat(500_000)),
        ("YAML: lists below lists", "- ".repeat(500_000)),
        (
            "YAML: indents",
            (0..3_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
        ),
        ("YAML: documents", "---\n".repeat(500_000)),
        ("YAML: keys", (0..50_000).map(|n| format!("k{n}: 1\n")).collect()),
        ("YAML: one line of 9 MB", format!("a: {}", "x".repeat(9_000_000))),
        (
            "YAML: anchors",
            (0..200_000).map(|n| format!("- &a{n} x\n")).collect(),
        ),
        (
            "JSON: depth",
            format!("{{\"kind\":\"List\",\"items\":{}", "[".repeat(500_000)),
        ),
        (
            "JSON: lists of lists",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[".repeat(2_000),
        ),
    ];
    attacks.extend(texts.map(|(name, text)| (name.to_owned(), text)));
    attacks
}

#[test]
fn manifests_are_cheap_to_check_whatever_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (mut seconds, mut mebibytes, mut wrong) = (0.0_f64, 0.0_f64, Vec::new());
    let attacks = attacks();
    let count = attacks.len();
    for (name, text) in attacks {
        let file = folder.path().join("source.yaml");
        std::fs::write(&file, text).unwrap();
        let ended = measured::run(command(folder.path()).arg("check").arg(&file));
        let is_clear = matches!(ended.code, Some(0 | 2)) && !ended.stderr.contains("panicked");
        if !is_clear || ended.seconds > SECONDS || ended.mebibytes > MEBIBYTES {
            let words: String = ended.stderr.chars().take(300).collect();
            wrong.push(format!(
                "{name}: exit {:?}, {:.2} s, {:.0} MiB: {words}",
                ended.code, ended.seconds, ended.mebibytes
            ));
        }
        (seconds, mebibytes) = (seconds.max(ended.seconds), mebibytes.max(ended.mebibytes));
    }
    let met = sms_proof::record(
        Group::HostileDocuments,
        "manifests: nested programs, selectors and patterns, YAML bombs",
        format!(
            "{count} attacks, worst {seconds:.2} s and {mebibytes:.0} MiB, {} wrong",
            wrong.len()
        ),
        &format!("{SECONDS} s of processor time, {MEBIBYTES} MiB, accepted or refused in words"),
        wrong.is_empty(),
    );
    assert!(met, "{}", wrong.join("\n"));
}
