//! jq programs that never end, eat memory, or go too deep.

use serde_json::json;

use crate::family::{Attack, attack, prove};

const PAGE: &str = r#"[{"title":"x","start":"2099-12-01T20:00:00"}]"#;
const LIMIT: &[&str] = &["LimitExceeded"];
const ENDS: &[&str] = &["LimitExceeded", "ok"];
/// `"refused"`: the manifest is, before anything runs.
const DEEP: &[&str] = &["refused", "ok"];
const SAID_NO: &[&str] = &["LimitExceeded", "ProgramFailed", "ok"];

fn program(text: &str, ends: &'static [&'static str]) -> Attack {
    attack(text, "json", PAGE, json!({ "json": { "items": text } }), ends)
}

#[test]
fn programs_that_never_end() {
    let mut attacks: Vec<Attack> = [
        "last(range(infinite))",
        "def f: f; f",
        "def f(g): f(g | g); f(.)",
        "first(repeat(empty))",
        "until(false; .)",
        "last(while(true; .))",
        "last(recurse(.))",
        "limit(1; repeat(1) | select(. == 2))",
        "isempty(repeat(1) | select(false))",
        "reduce range(infinite) as $i (0; . + 1)",
        "label $f | foreach range(infinite) as $i (0; . + 1; empty)",
        "[range(30)] | [combinations(30)] | length",
        "try error(\"x\") catch last(repeat(.))",
    ]
    .map(|text| program(text, LIMIT))
    .into();
    // What gives items for ever ends with the number of items.
    attacks.extend(
        [
            "range(infinite)",
            "repeat(.[0])",
            "limit(1; repeat(1))",
            "limit(0; repeat(1))",
        ]
        .map(|text| program(text, ENDS)),
    );
    let event = |more: serde_json::Value| {
        let mut extract = json!({ "json": { "items": ".[]" } });
        extract
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        extract
    };
    attacks.push(attack(
        "a transform without end",
        "json",
        PAGE,
        event(json!({ "transform": "repeat(.)" })),
        ENDS,
    ));
    attacks.push(attack(
        "a transform that computes for ever",
        "json",
        PAGE,
        event(json!({ "transform": "last(repeat(.))" })),
        LIMIT,
    ));
    attacks.push(attack("a field that computes for ever", "json", PAGE, json!({ "json": { "items": ".[]", "fields": { "title": "last(repeat(.title))", "start": ".start" } } }), LIMIT));
    attacks.push(attack(
        "a condition that computes for ever",
        "json",
        PAGE,
        event(json!({ "exclude": [{ "where": "last(repeat(true))" }] })),
        LIMIT,
    ));
    let follow = json!({ "follow": { "url": "last(repeat(\"x\"))", "html": { "fields": { "description": { "select": "b" } } } } });
    attacks.push(attack(
        "an address that is computed for ever",
        "json",
        PAGE,
        event(follow),
        LIMIT,
    ));
    prove("jq: programs that never end", attacks);
}

#[test]
fn programs_that_eat_memory() {
    let attacks: Vec<Attack> = [
        "[range(infinite)]",
        "[range(1e18)]",
        "\"x\" * 1000000000",
        "reduce range(40) as $i (\"x\"; . + .)",
        "reduce range(40) as $i ([0]; . + .)",
        "reduce range(100000000) as $i (\"\"; . + \"x\")",
        "[.,.] | [.[],.[]] | [.[],.[]] | [range(1e9)]",
        "setpath([1000000000]; 1)",
        ".[1000000000] = 1",
        "(\"x\" * 50000000) | explode | implode | length",
        "[limit(30000000; repeat(0))] | tojson | length",
        "(\"A\" * 80000000) | @base64 | @base64d | length",
        "[(\"a,\" * 3000000) | splits(\",\")] | length",
        "(\"é\" * 30000000) | @uri | length",
        "(\"a\" * 1000000) | gsub(\"(?<x>a)\"; \"\\(.x)\" * 100) | length",
        "[range(1e8)] | sort | length",
        "[range(1e6)] | [paths] | length",
        "0 | strftime(\"%c\" * 1000000)",
    ]
    .map(|text| program(text, SAID_NO))
    .into();
    prove("jq: programs that eat memory", attacks);
}

#[test]
fn programs_that_go_too_deep() {
    let mut attacks: Vec<Attack> = [
        "def f: [f]; f",
        "def f: 1 + f; f",
        "reduce range(1000000) as $i (0; [.])",
        "reduce range(100000) as $i (0; [.]) | tojson",
        "(reduce range(100000) as $i (0; [.])) as $x | $x == $x",
        "(reduce range(100000) as $i (0; [.])) | flatten",
        "(reduce range(100000) as $i (0; [.])) | [..] | length",
        "(reduce range(100000) as $i (0; [.])) | [paths] | length",
        "(\"[\" * 1000000) | fromjson",
        "(\"[\" * 1000 + \"]\" * 1000) | fromjson",
    ]
    .map(|text| program(text, SAID_NO))
    .into();
    // Programs are bounded in length; what fits in is compiled, or refused as a manifest.
    let nested = |open: &str, inner: &str, close: &str| {
        let count = 4_000 / (open.len() + close.len());
        open.repeat(count) + inner + &close.repeat(count)
    };
    for text in [
        nested("(", ".", ")"),
        nested("[", "", "]"),
        nested("{a:", "1", "}"),
        nested("-", "1", ""),
        nested(".|", ".", ""),
        nested(".,", ".", ""),
        nested("if . then ", "1", " else 0 end"),
        nested("\"\\(", "1", ")\""),
        nested("def f: ", "1", "; f"),
        nested("try ", "1", ""),
        nested("[.[] | ", ".", "]"),
        nested("[", ". as [$a] | 1", "]"),
    ] {
        let mut attack = program(&text, DEEP);
        attack.name.truncate(20);
        attacks.push(attack);
    }
    prove("jq: programs that go too deep", attacks);
}
