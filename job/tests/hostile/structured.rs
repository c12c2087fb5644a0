//! Data inside of pages: JSON-LD, microdata, JavaScript literals.

use serde_json::{Value, json};

use crate::family::{attack, prove};

const ENDS: &[&str] = &["LimitExceeded", "ParseFailed", "ok"];

fn script(json: &str) -> String {
    format!("<script type=\"application/ld+json\">{json}</script>")
}

#[test]
fn references_depth_and_number() {
    let structured = || json!({ "jsonLd": { "microdata": true } });
    let node = |n: usize| {
        let others = [n + 1, n + 7, n + 13]
            .map(|other| format!("{{\"@id\":\"#{}\"}}", other % 3_000))
            .join(",");
        format!(
            "{{\"@id\":\"#{n}\",\"@type\":\"Event\",\"name\":\"x\",\"startDate\":\"2099-12-01\",\"subEvent\":[{others}]}}"
        )
    };
    let graph = format!(
        "{{\"@graph\":[{}]}}",
        (0..3_000).map(node).collect::<Vec<_>>().join(",")
    );
    let offers = vec!["{\"price\":\"1\",\"offers\":[{\"price\":2}]}"; 200_000].join(",");
    let everyone = (0..100).map(|n| format!("a{n}")).collect::<Vec<_>>().join(" ");
    let referring: String = (0..1_000)
        .map(|n| format!("<div id=a{n} itemscope itemtype=\"https://schema.org/Event\" itemref=\"{everyone}\"><i itemprop=name>x</i></div>"))
        .collect();
    let nested = "<div itemscope itemprop=subEvent itemtype=\"https://schema.org/Event\">".repeat(500);
    let attacks = vec![
        attack(
            "depth of 200 000",
            "html",
            script(&"{\"subEvent\":".repeat(200_000)),
            structured(),
            ENDS,
        ),
        attack(
            "events in events in events",
            "html",
            script(&format!(
                "{}1{}",
                "{\"@type\":\"Event\",\"subEvent\":".repeat(120),
                "}".repeat(120)
            )),
            structured(),
            ENDS,
        ),
        attack(
            "3 000 events that refer to each other",
            "html",
            script(&graph),
            structured(),
            ENDS,
        ),
        attack(
            "100 000 scripts",
            "html",
            script("{}").repeat(100_000),
            structured(),
            ENDS,
        ),
        attack(
            "200 000 offers in one event",
            "html",
            script(&format!(
                "{{\"@type\":\"Event\",\"name\":\"x\",\"startDate\":\"2099-12-01\",\"offers\":[{offers}]}}"
            )),
            structured(),
            ENDS,
        ),
        attack(
            "items that refer to all items",
            "html",
            referring,
            structured(),
            ENDS,
        ),
        attack("items in items", "html", nested, structured(), ENDS),
    ];
    prove("JSON-LD and microdata: depth, references and number", attacks);
}

#[test]
fn literals_in_scripts() {
    let within = |variable: Option<&str>| -> Value {
        match variable {
            Some(variable) => {
                json!({ "json": { "within": "script", "variable": variable, "items": ".. | objects" } })
            }
            None => json!({ "json": { "within": "script", "items": ".. | objects" } }),
        }
    };
    let page = |code: &str| format!("<script>{code}</script>");
    let names = (0..20_000).map(|n| format!("a{n}")).collect::<Vec<_>>().join(",");
    let used = (0..200_000)
        .map(|n| format!("a{}", n % 20_000))
        .collect::<Vec<_>>()
        .join(",");
    let values = vec!["[1,2,3]"; 20_000].join(",");
    let doubling = (1..40)
        .map(|n| format!("a{n}=[a{0},a{0}]", n - 1))
        .collect::<Vec<_>>()
        .join(";");
    let attacks = vec![
        attack(
            "depth of a million",
            "html",
            page(&format!("x = {}", "[".repeat(1_000_000))),
            within(Some("x")),
            ENDS,
        ),
        attack(
            "a million objects",
            "html",
            page(&format!("x = [{}]", "{a:1,},".repeat(1_000_000))),
            within(Some("x")),
            ENDS,
        ),
        attack(
            "an invocation with 20 000 arguments",
            "html",
            page(&format!(
                "window.x=(function({names}){{return [{used}]}}({values}))"
            )),
            within(Some("x")),
            ENDS,
        ),
        attack(
            "an argument of a megabyte used 2 000 times",
            "html",
            page(&format!(
                "window.x=(function(a){{return [{}]}}(\"{}\"))",
                vec!["a"; 2_000].join(","),
                "y".repeat(1_000_000)
            )),
            within(Some("x")),
            ENDS,
        ),
        attack(
            "values that double",
            "html",
            page(&format!("window.x=(function(a0){{{doubling};return a39}}(1))")),
            within(Some("x")),
            ENDS,
        ),
        attack(
            "a name that stands everywhere",
            "html",
            page(&"x = ".repeat(1_000_000)),
            within(Some("x")),
            ENDS,
        ),
        attack(
            "quotes that do not end",
            "html",
            page(&"x = '".repeat(1_000_000)),
            within(None),
            ENDS,
        ),
        attack(
            "escapes and templates",
            "html",
            page(&format!("x = `{}`", "\\u{41}${".repeat(500_000))),
            within(Some("x")),
            ENDS,
        ),
    ];
    prove("JavaScript literals: depth, width and invocations", attacks);
}
