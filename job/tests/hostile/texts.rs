//! Texts on their way to events: long, many, and hard to read as dates or prices.

use serde_json::{Value, json};

use crate::family::{attack, prove};

const ENDS: &[&str] = &["LimitExceeded", "ParseFailed", "ok"];

#[test]
fn fields_of_great_length_and_number() {
    let items = || json!({ "json": { "items": ".[]" } });
    let many = |item: Value, count: usize| format!("[{}]", vec![item.to_string(); count].join(","));
    let with = |name: &str, value: Value| {
        let mut item = json!({ "title": "x", "start": "2099-12-01" });
        item[name] = value;
        item
    };
    let long = |part: &str, count: usize| Value::from(part.repeat(count));
    let attacks = vec![
        attack(
            "dates that might be anything",
            "json",
            many(
                json!({ "title": "x", "when": "1 - 2 / 3, 4 & 5 at 6-7 to 8; ".repeat(60) }),
                2_000,
            ),
            items(),
            ENDS,
        ),
        attack(
            "months without end",
            "json",
            many(
                json!({ "title": "x", "when": "jan 1 to feb 2, ".repeat(60) }),
                2_000,
            ),
            items(),
            ENDS,
        ),
        attack(
            "half a million dates of one event",
            "json",
            many(json!({ "title": "x", "when": vec!["2099-12-01"; 500_000] }), 1),
            items(),
            ENDS,
        ),
        attack(
            "a title of 9 MB of entities",
            "json",
            many(with("title", long("&amp;", 1_800_000)), 1),
            items(),
            ENDS,
        ),
        attack(
            "nested HTML in 900 descriptions",
            "json",
            many(with("description", long("<div>", 2_000)), 900),
            items(),
            ENDS,
        ),
        attack(
            "a price of a million numbers",
            "json",
            many(with("price", long("$1-2, ", 1_000_000)), 1),
            items(),
            ENDS,
        ),
        attack(
            "100 000 performers",
            "json",
            many(with("performers", json!(vec!["x"; 100_000])), 10),
            items(),
            ENDS,
        ),
        attack(
            "50 000 fields of one's own",
            "json",
            many(
                (0..50_000)
                    .map(|n| (format!("f{n}"), json!(n)))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
                10,
            ),
            items(),
            ENDS,
        ),
        attack(
            "marks that join without end",
            "json",
            many(with("title", long("a\u{301}\u{200d}", 500_000)), 1),
            items(),
            ENDS,
        ),
        attack(
            "an encoding that the page declares 500 000 times",
            "html",
            "<meta charset=".repeat(500_000),
            json!({ "html": { "items": "li", "fields": { "title": { "select": "b" }, "start": { "select": "i" } } } }),
            ENDS,
        ),
        attack(
            "9 MB of broken UTF-16",
            "html",
            [vec![0xff, 0xfe], vec![0xd8; 9_000_001]].concat(),
            json!({ "html": { "items": "li", "fields": { "title": { "select": "b" }, "start": { "select": "i" } } } }),
            ENDS,
        ),
    ];
    prove("texts, dates and lists of great length", attacks);
}
