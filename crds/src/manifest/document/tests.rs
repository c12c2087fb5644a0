//! Tests of reading documents. Pure.

use std::fmt::Write as _;

use super::*;

fn value(text: &str) -> Value {
    read(text).remove(0).content.unwrap().value
}

fn failure(text: &str) -> (Option<u64>, String) {
    let syntax = read(text).remove(0).content.unwrap_err();
    (syntax.line, syntax.message)
}

#[test]
fn values_are_those_that_kubectl_reads() {
    let cases = [
        ("a: yes", r#"{"a":true}"#),
        ("a: off", r#"{"a":false}"#),
        ("a: 20:00", r#"{"a":"20:00"}"#),
        ("a: 2026-01-01", r#"{"a":"2026-01-01"}"#),
        ("a: ~", r#"{"a":null}"#),
        ("1: x", r#"{"1":"x"}"#),
        ("'on': x", r#"{"on":"x"}"#),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2",
            r#"{"a":{"b":1},"c":{"b":1,"d":2}}"#,
        ),
        ("{\"a\": \"\\ud83d\\ude00 \\/\"}", r#"{"a":"😀 /"}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(
            value(text),
            serde_json::from_str::<Value>(expected).unwrap(),
            "{text}"
        );
    }
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let documents = read("a: 1\n---\nb: {\n---\n# nothing\n---\nc: 3\n");
    assert_eq!(
        documents
            .iter()
            .map(|document| document.number)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(documents[1].content.as_ref().unwrap_err().line, Some(3));
    assert_eq!(documents[2].content.as_ref().unwrap().lines["c"], 7);
}

#[test]
fn json_documents_may_follow_each_other() {
    assert_eq!(read("{\"a\": 1}\n{\"a\": 2}\n").len(), 2);
}

#[test]
fn lines_are_those_of_the_keys() {
    let content = read("a:\n  b:\n  - c: 1\n  - d\n").remove(0).content.unwrap();
    let lines: Vec<_> = content
        .lines
        .iter()
        .map(|(path, line)| format!("{path} {line}"))
        .collect();
    assert_eq!(
        lines,
        [" 1", "a 1", "a.b 2", "a.b[0] 3", "a.b[0].c 3", "a.b[1] 4"]
    );
    assert_eq!(line_of(&content.lines, "a.b[0].x.y"), Some(3));
}

#[test]
fn a_key_that_is_written_twice_is_a_problem_with_both_lines() {
    for text in ["a:\n  b: 1\n  c: 2\n  b: 3\n", "{\"a\": {\"b\": 1,\n \"b\": 2}}"] {
        let content = read(text).remove(0).content.unwrap();
        assert_eq!(content.problems.len(), 1, "{text}");
        assert!(
            content.problems[0]
                .to_string()
                .starts_with("a.b: is written twice (first in line "),
            "{text}"
        );
    }
}

#[test]
fn syntax_errors_have_a_line_and_one_line_of_text() {
    assert_eq!(
        failure("a:\n  b: c: d"),
        (
            Some(2),
            "mapping values are not allowed in this context".to_owned()
        )
    );
    assert!(
        failure("on: x").1.contains("put it in quotes"),
        "{:?}",
        failure("on: x")
    );
    assert!(failure("a: .inf").1.contains("non-finite"));
}

#[test]
fn nested_aliases_are_stopped() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        writeln!(text, "a{level}: &a{level} [{}]", before.trim_end_matches(", ")).unwrap();
    }
    assert!(failure(&text).1.contains("limit"), "{:?}", failure(&text));
}

#[test]
fn deep_nesting_is_stopped() {
    assert!(!failure(&"[".repeat(100_000)).1.is_empty());
    assert!(!failure(&"{a: ".repeat(100_000)).1.is_empty());
}
