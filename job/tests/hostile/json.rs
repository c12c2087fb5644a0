//! JSON made to cost time or memory, and paths that multiply.

use serde_json::{Value, json};

use crate::family::{attack, prove};

const LIMIT: &[&str] = &["LimitExceeded"];
const PARSE: &[&str] = &["ParseFailed"];
const ENDS: &[&str] = &["LimitExceeded", "ok"];
const MIB: usize = 1 << 20;

fn items(program: &str) -> Value {
    json!({ "json": { "items": program } })
}

fn list(part: &str, count: usize) -> String {
    format!("[{}]", vec![part; count].join(","))
}

#[test]
fn depth_width_numbers_and_keys() {
    let keys: Vec<String> = (0..700_000).map(|n| format!("\"{n}\":1")).collect();
    let same: Vec<&str> = vec!["\"a\":1"; 1_000_000];
    let attacks = vec![
        attack(
            "depth 129",
            "json",
            "[".repeat(129) + &"]".repeat(129),
            items("."),
            PARSE,
        ),
        attack(
            "depth of a million",
            "json",
            "[".repeat(MIB) + &"]".repeat(MIB),
            items("."),
            PARSE,
        ),
        attack(
            "depth without an end",
            "json",
            "[{\"a\":".repeat(MIB),
            items("."),
            PARSE,
        ),
        attack(
            "9 MiB of zeros",
            "json",
            list("0", 9 * MIB / 2),
            items(".[]"),
            ENDS,
        ),
        attack(
            "9 MiB of empty lists",
            "json",
            list("[]", 3 * MIB),
            items(".[]"),
            ENDS,
        ),
        attack(
            "9 MiB of objects",
            "json",
            list("{\"a\":0}", 9 * MIB / 8),
            items(".[]"),
            ENDS,
        ),
        attack(
            "9 MiB of objects through jq",
            "json",
            list("{\"a\":0}", 9 * MIB / 8),
            items("map(select(.a == 0)) | .[]"),
            ENDS,
        ),
        attack(
            "NaN and Infinity",
            "json",
            "[NaN, Infinity]",
            items(".[]"),
            &["ParseFailed", "ok"],
        ),
        attack(
            "a number of 400 digits",
            "json",
            format!("[{}]", "1".repeat(400)),
            items(".[]"),
            PARSE,
        ),
        attack(
            "a number of a million digits",
            "json",
            format!("[{{\"title\":\"x\",\"start\":{}}}]", "1".repeat(MIB)),
            items(".[]"),
            PARSE,
        ),
        attack(
            "one key a million times",
            "json",
            format!("[{{{}}}]", same.join(",")),
            items(".[]"),
            ENDS,
        ),
        attack(
            "700 000 keys",
            "json",
            format!("{{{}}}", keys.join(",")),
            items(".[]"),
            ENDS,
        ),
        attack(
            "half a surrogate",
            "json",
            r#"[{"title":"\ud800","start":"2099-01-01"}]"#,
            items(".[]"),
            &["ParseFailed", "ok"],
        ),
        attack(
            "one text of 9 MiB",
            "json",
            format!(
                "[{{\"title\":\"{}\",\"start\":\"2099-01-01\"}}]",
                "x".repeat(9 * MIB)
            ),
            items(".[]"),
            ENDS,
        ),
        attack(
            "no JSON at all",
            "json",
            vec![0xff; 9 * MIB],
            items(".[]"),
            &["ParseFailed", "LimitExceeded"],
        ),
    ];
    prove("JSON: depth, width, numbers and keys", attacks);
}

#[test]
fn events_that_are_made_while_their_page_is_read() {
    let show = |n| {
        format!(
            "{{\"a\":\"Show {n}\",\"d\":\"2099-01-01\",\"t\":\"{}\"}}",
            "x".repeat(300)
        )
    };
    let shows: Vec<String> = (0..6_000).map(show).collect();
    let shows = shows.join(",");
    let small: Vec<String> = (0..5_000).map(|n| format!("{{\"a\":\"{n}\"}}")).collect();
    let read = |defaults: Value| {
        let fields = json!({ "title": ".a", "start": ".d", "description": ".t", "price": ".p" });
        json!({ "json": { "items": ".[]", "fields": fields }, "maxItems": 1_000_000, "defaults": defaults })
    };
    let none = || read(json!({}));
    let day = || json!({ "start": "2099-01-01" });
    let attacks = vec![
        attack("2 MiB of items", "json", format!("[{shows}]"), none(), &["ok"]),
        attack(
            "2 MiB of items that break off",
            "json",
            format!("[{shows}"),
            none(),
            PARSE,
        ),
        attack(
            "2 MiB of items and a number out of reach",
            "json",
            format!("[{shows},{{\"p\":1e999}}]"),
            none(),
            PARSE,
        ),
        attack(
            "9 MiB of small items",
            "json",
            list("{\"a\":\"x\"}", 9 * MIB / 10),
            read(day()),
            ENDS,
        ),
        attack(
            "small items that a manifest makes large",
            "json",
            format!("[{}]", small.join(",")),
            read(json!({ "start": "2099-01-01", "description": "y".repeat(1_000) })),
            &["ok"],
        ),
    ];
    prove("JSON: events made while their page is read", attacks);
}

#[test]
fn paths_that_multiply() {
    let cube = list(&list(&list("0", 200), 100), 100);
    let deep = "{\"a\":".repeat(120) + "1" + &"}".repeat(120);
    let attacks = vec![
        attack(
            "two million values of one path",
            "json",
            cube.clone(),
            items(".[][][]"),
            ENDS,
        ),
        attack(
            "a path of each value of a path",
            "json",
            cube,
            items("[.[][][]] | .[]"),
            ENDS,
        ),
        attack(
            "recursion in recursion",
            "json",
            deep.clone(),
            items("[.. | .. | .. | ..]"),
            LIMIT,
        ),
        attack(
            "all paths of all paths",
            "json",
            deep,
            items("[paths as $p | [getpath($p) | paths]]"),
            ENDS,
        ),
        attack(
            "combinations of the whole page",
            "json",
            list("[0,1,2,3,4,5,6,7,8,9]", 30),
            items("[combinations]"),
            LIMIT,
        ),
    ];
    prove("JSON: paths that multiply", attacks);
}
