//! HTML made to cost time or memory, and selectors that do.

use serde_json::{Value, json};

use crate::family::{Attack, attack, prove};

const LIMIT: &[&str] = &["LimitExceeded"];
const ENDS: &[&str] = &["LimitExceeded", "ok"];
const MAY_BE_REFUSED: &[&str] = &["LimitExceeded", "ok", "refused"];
const MIB: usize = 1 << 20;

fn cards() -> Value {
    json!({ "html": { "items": "li", "fields": { "title": { "select": "b" }, "start": { "select": "time", "optional": true } } } })
}

#[test]
fn nested_and_attribute_bombs() {
    let many = |part: &str, count: usize| part.repeat(count);
    let attributes = |count: usize| (0..count).map(|n| format!(" a{n}=x")).collect::<String>();
    let attacks = vec![
        attack(
            "160 kB of nested div",
            "html",
            many("<div>", 32_000),
            cards(),
            LIMIT,
        ),
        attack(
            "nested formatting and tables",
            "html",
            many("<b><i><a>", 20_000) + &many("<table>", 5_000),
            cards(),
            LIMIT,
        ),
        attack(
            "formatting that is closed in the wrong order",
            "html",
            many("<a><b><p>", 3_000) + &many("</a>", 3_000),
            cards(),
            ENDS,
        ),
        attack(
            "889 kB of attributes in one tag",
            "html",
            format!("<li{}>", attributes(120_000)),
            cards(),
            LIMIT,
        ),
        attack(
            "a thousand attributes in each tag",
            "html",
            many(&format!("<li{}>", attributes(1_000)), 150),
            cards(),
            ENDS,
        ),
        attack(
            "attributes of html and body again and again",
            "html",
            many(&format!("<html{}>", attributes(100)), 900),
            cards(),
            LIMIT,
        ),
        attack(
            "one attribute of 9 MiB",
            "html",
            format!("<li a=\"{}\">", many("x", 9 * MIB)),
            cards(),
            ENDS,
        ),
        attack(
            "9 MiB of items",
            "html",
            many("<li><b>x</b>", 9 * MIB / 12),
            cards(),
            LIMIT,
        ),
        attack(
            "9 MiB of entities",
            "html",
            many("&amp;", 9 * MIB / 5),
            cards(),
            ENDS,
        ),
        attack("9 MiB of <", "html", many("<", 9 * MIB), cards(), ENDS),
        attack(
            "9 MiB of comments",
            "html",
            many("<!---->", 9 * MIB / 7),
            cards(),
            LIMIT,
        ),
        attack(
            "templates in templates",
            "html",
            many("<template>", 20_000),
            cards(),
            LIMIT,
        ),
        attack(
            "SVG and MathML by turns",
            "html",
            many("<svg><foreignObject><math><mtext>", 5_000),
            cards(),
            LIMIT,
        ),
    ];
    prove(
        "HTML: nesting, attributes, entities and tags by the megabyte",
        attacks,
    );
}

fn selecting(name: &str, body: &str, items: &str, field: Value) -> Attack {
    let extract = json!({ "html": { "items": items, "fields": { "title": field, "start": { "select": "time", "optional": true } } } });
    attack(name, "html", body, extract, MAY_BE_REFUSED)
}

#[test]
fn selectors_of_bad_complexity() {
    let flat = format!("{}<time>2099-01-01</time>", "<p>x</p>".repeat(60_000));
    let deep = "<div>".repeat(400) + &"<p>x</p>".repeat(20_000);
    let text = || json!({ "ownText": true });
    let chain = vec!["div"; 40].join(" ");
    let siblings = vec!["p"; 40].join(" ~ ");
    let attacks = vec![
        selecting(
            ":has in :has",
            &deep,
            "div:has(div:has(div:has(p ~ p ~ b)))",
            text(),
        ),
        selecting(
            "ancestors of ancestors",
            &deep,
            &format!("{chain} b, {chain} i, {chain} u"),
            text(),
        ),
        selecting("siblings of siblings", &flat, &format!("{siblings} ~ b"), text()),
        selecting(
            "counted from the end",
            &flat,
            "p:nth-last-child(2n+1):nth-last-of-type(3n):only-of-type",
            text(),
        ),
        selecting(
            ":not in :not",
            &flat,
            &format!("p{}", ":not(b, :not(p), i ~ p)".repeat(40)),
            text(),
        ),
        selecting(
            "what stands before each item",
            &flat,
            "p",
            json!({ "from": "previous", "select": "h1" }),
        ),
        selecting(
            "what stands after each item",
            &flat,
            "p",
            json!({ "from": "next", "select": "h1", "lines": true }),
        ),
        selecting(
            "the whole document for each item",
            &flat,
            "p",
            json!({ "from": "document", "select": "p", "all": true }),
        ),
        selecting(
            "all of each ancestor",
            &format!("{}{}", "<div>x".repeat(400), "y ".repeat(100_000)),
            "div",
            json!({ "html": true }),
        ),
    ];
    prove("HTML: selectors of bad complexity", attacks);
}

fn matching(name: &str, text: &str, pattern: &str) -> Attack {
    let field = json!({ "regex": pattern, "replace": "$0$0" });
    let extract = json!({ "html": { "items": "li", "fields": { "title": field, "start": { "select": "time", "optional": true } } } });
    attack(name, "html", format!("<li>{text}</li>"), extract, MAY_BE_REFUSED)
}

#[test]
fn patterns_of_bad_complexity() {
    let letters = "a".repeat(1_000_000);
    let jq = |program: &str| json!({ "json": { "items": program } });
    let attacks = vec![
        matching("star of star", &letters, "(a*)*(a*)*b"),
        matching("alternatives that overlap", &letters, "(a|a|aa|aaa)+$b"),
        matching("counted repetition", &letters, "(.{1,30}){1,30}b"),
        matching("Unicode classes", &"é".repeat(500_000), r"(\w{1,9}\s?){1,9}$"),
        attack(
            "every place of a long text",
            "json",
            format!("[\"{letters}\"]"),
            jq(r#".[] | [match("a*b"; "g")]"#),
            ENDS,
        ),
        attack(
            "every empty match",
            "json",
            format!("[\"{letters}\"]"),
            jq(r#".[] | gsub(""; "bbbb") | length"#),
            ENDS,
        ),
        attack(
            "a pattern out of the page",
            "json",
            format!("[\"{}\"]", "(a|b)?".repeat(20_000)),
            jq(".[] as $p | \"x\" | test($p)"),
            &["LimitExceeded", "ProgramFailed", "ok"],
        ),
    ];
    prove("regular expressions of bad complexity", attacks);
}
