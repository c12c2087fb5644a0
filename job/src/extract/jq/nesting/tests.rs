//! Tests of [`super`].

use super::*;
use crate::extract::jq::{Program, Variables};

/// Each way to go deep, by the part before the middle and the part after it.
const WAYS: [(&str, &str, &str); 15] = [
    ("(", ".", ")"),
    ("[", "1", "]"),
    ("{a:", "1", "}"),
    ("-", "1", ""),
    (".|", ".", ""),
    (".,", ".", ""),
    (".+", ".", ""),
    ("if . then ", "1", " else 0 end"),
    ("\"\\(", "1", ")\""),
    ("def f: ", "1", "; f"),
    ("try ", "1", ""),
    ("[.[] | ", ".", "]"),
    ("if . then def f: 1; ", "1", " end"),
    ("1 + def f: 1; ", "1", ""),
    ("{end: if . then 1, ", "1", " end}"),
];

/// Each way to go on for long, by the part before, the one that comes again and again, and the part after.
const CHAINS: [(&str, &str, &str); 4] = [
    ("if . then 1 ", "elif . == [2] then 3 ", "else 0 end"),
    ("if . then 1 ", "elif . | not and true then . + 1 | . ", "end"),
    ("{a: if . then 1", ", 1", " else 0 end}"),
    ("if . then 1", " | .end", " end"),
];

fn nested((open, inner, close): (&str, &str, &str), count: usize) -> String {
    open.repeat(count) + inner + &close.repeat(count)
}

fn chained((before, link, after): (&str, &str, &str), count: usize) -> String {
    before.to_owned() + &link.repeat(count) + after
}

/// Every way with so many of its parts.
fn of_count(count: usize) -> impl Iterator<Item = String> {
    let nested = WAYS.into_iter().map(move |way| nested(way, count));
    nested.chain(CHAINS.into_iter().map(move |chain| chained(chain, count)))
}

/// The stack of a test's thread is 2 MiB, as is that of the runtime's threads.
#[test]
fn what_the_limit_allows_is_compiled_and_run_on_a_small_stack() {
    for way in 0..of_count(1).count() {
        let program = |count| of_count(count).nth(way);
        let allowed = (1..1000).map_while(program).take_while(|it| measure(it) <= LIMIT);
        let deepest = allowed.last().unwrap();
        let program = Program::compile(&deepest, "spec.test").unwrap();
        let _ = program.run(&serde_json::json!([1]), &Variables::default(), 10);
    }
}

#[test]
fn a_hundred_conditions_after_one_another_are_no_depth() {
    let program = chained(CHAINS[0], 150);
    let program = Program::compile(&program, "spec.test").unwrap();
    let found = program.run(&serde_json::json!(false), &Variables::default(), 2);
    assert_eq!(found, Ok(vec![serde_json::json!(0)]));
    let branch = "elif (.name | test(\"jazz\")) and .a == 1 or .b | not then {end: .end, then: $now} | .x ";
    assert!(measure(&chained(("if . then 1 ", branch, "else 0 end"), 100)) < 130);
}

#[test]
fn words_that_are_no_keywords_do_not_end_anything() {
    for link in [
        ". | .end | ",
        ". | @text \"\" | $end | ",
        ". | a::then | ",
        ". | then::a | ",
        "{if} | ",
    ] {
        assert!(
            measure(&chained(("if . then ", link, ". end"), 100)) >= 100,
            "{link}"
        );
    }
}

#[test]
fn what_goes_deeper_is_refused_in_words_and_not_by_the_stack() {
    for program in of_count(400) {
        if measure(&program) > LIMIT {
            let error = Program::compile(&program, "spec.test").err().unwrap();
            assert!(error.problem.contains("too deep"), "{error}");
        }
    }
    assert!(measure(&nested(("(", ".", ")"), 2_000)) > LIMIT);
}

#[test]
fn width_is_no_depth() {
    let fields: Vec<String> = (0..200)
        .map(|n| format!("f{n}: (.a | .b), \"g{n}\": [.c - 1]"))
        .collect();
    assert!(measure(&format!("{{{}}}", fields.join(", "))) < 20);
    let definitions: Vec<String> = (0..90).map(|n| format!("def f{n}(x): x | -1; ")).collect();
    assert!(measure(&definitions.concat()) < 20);
    assert!(measure("\"((((((((((((((\\\"((((\" # ((((((((((((((\n| .") < 10);
    assert_eq!(measure(")))]]}"), 0);
}
