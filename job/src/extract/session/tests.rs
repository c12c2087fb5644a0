//! What a session gives, whichever way it reads.

use serde_json::{Value, json};
use sms_crds::ScrapeSource;

use super::*;

fn session(extract: &Value) -> Session {
    let source = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": { "name": "club" },
        "spec": { "fetch": { "url": "https://club.example" }, "extract": extract },
    });
    let source: ScrapeSource = serde_json::from_value(source).unwrap();
    let plan = Plan::compile(&source, "2026-05-01T00:00:00Z".parse().unwrap()).unwrap();
    Session::new(plan, false)
}

fn page(body: &str) -> Document {
    Document {
        url: "https://club.example/list/".to_owned(),
        body: body.into(),
        ..Document::default()
    }
}

type Told = Vec<Result<PageSummary, String>>;

fn told(session: &mut Session, pages: &[&str]) -> Told {
    let read = |body: &&str| session.page(&page(body)).map_err(|error| error.to_string());
    pages.iter().map(read).collect()
}

/// What the pages give where events are made at the end.
fn at_the_end(extract: &Value, pages: &[&str]) -> (Told, Extraction) {
    let mut session = session(extract);
    let told = told(&mut session, pages);
    let mut whole = session.part(2);
    while !session.is_finished() {
        whole.extend(session.part(2));
    }
    (told, whole)
}

/// What they give where events are made while they are read, and how many parts were kept until then.
fn streamed(extract: &Value, pages: &[&str]) -> (Told, Extraction, usize) {
    streamed_by(2, extract, pages)
}

/// The same, with parts of `limit` entries.
fn streamed_by(limit: usize, extract: &Value, pages: &[&str]) -> (Told, Extraction, usize) {
    let mut session = session(extract).streaming(limit);
    let told = told(&mut session, pages);
    let mut parts = 0;
    let mut whole = Extraction::default();
    loop {
        parts += usize::from(session.is_opened && !session.parts.is_empty());
        let part = session.json_part(limit).unwrap();
        whole.extend(serde_json::from_slice(&part).unwrap());
        if session.is_finished() {
            return (told, whole, parts);
        }
    }
}

fn written(extraction: &Extraction) -> Value {
    serde_json::to_value(extraction).unwrap()
}

fn shows(numbers: std::ops::Range<usize>) -> String {
    let day = |n: usize| format!("2026-{:02}-{:02}", n / 28 + 6, n % 28 + 1);
    let show = |n| json!({ "name": format!("Show {n}"), "at": { "day": day(n) }, "link": n });
    numbers.map(show).collect::<Value>().to_string()
}

fn fields() -> Value {
    json!({ "title": ".name", "start": ".at.day", "url": ".link", "price": ".price.low" })
}

#[test]
fn a_page_gives_the_same_events_while_it_is_read_and_afterwards() {
    let seven = shows(0..7);
    let odd = r#"[null, {"name": "No day"}, [{"name": "In", "at": {"day": "2026-06-01"}}, null], "text", 5, {}, {"name": "Bad",
        "at": {"day": "2026-06-02"}, "price": "free"}, {"at": 1, "name": "\u00e9"}]"#;
    let bodies = [
        format!(r#"{{"meta": {{"events": 1}}, "events": {seven}, "more": [1]}}"#),
        format!(r#")]}}'{{"events": {seven}}}"#),
        format!(r#"{{"events": {odd}}}"#),
        format!(r#"{{"events": {odd}, "events": {seven}}}"#),
        format!(r#"{{"events": {seven}, "events": null}}"#),
        format!(r#"{{"events": 5, "events": {seven}}}"#),
        format!(r#"{{"events": {{"a": {seven}, "b": {{"name": "B", "at": {{"day": "2026-06-03"}}}}}}}}"#),
        format!(r#"{{"events": {seven}"#),
        format!(r#"{{"events": {seven}}} more"#),
        r#"{"events": [{"name": "\ud800", "at": 1e999}]}"#.to_owned(),
        format!(r#"callback({{"events": {seven}}})"#),
        r#"{"events": []}"#.to_owned(),
        "{}".to_owned(),
        seven.clone(),
        odd.to_owned(),
        "null".to_owned(),
        format!(r#"{{"events": {}5{}}}"#, "[".repeat(200), "]".repeat(200)),
    ];
    for items in [
        ".events[]",
        ".events",
        ".events[]?",
        ".",
        ".[]",
        ".events[][]",
        ".events[0]",
    ] {
        for max in [1, 3, 7, 100] {
            let rule = json!([{ "field": "title", "equals": "Show 3" }]);
            for extract in [
                json!({ "json": { "items": items, "fields": fields() }, "maxItems": max }),
                json!({ "json": { "items": items, "fields": { "title": ".", "start": ".at" } }, "maxItems": max }),
                json!({ "json": { "items": items, "fields": fields() }, "maxItems": max, "exclude": rule }),
            ] {
                for body in &bodies {
                    let (told, whole) = at_the_end(&extract, &[body]);
                    let (told_streamed, whole_streamed, _) = streamed(&extract, &[body]);
                    assert_eq!(told, told_streamed, "{extract} {body}");
                    assert_eq!(written(&whole), written(&whole_streamed), "{extract} {body}");
                }
            }
        }
    }
}

#[test]
fn of_a_page_that_breaks_half_way_nothing_is_kept_and_the_others_keep_their_order() {
    let extract = json!({ "json": { "items": ".events[]", "fields": fields() }, "maxItems": 20 });
    let good = |numbers| format!(r#"{{"events": {}}}"#, shows(numbers));
    let broken = good(0..9).replace("Show 8\"", "Show 8");
    let by_key = format!(r#"{{"events": {{"a": {}}}}}"#, shows(5..8));
    let pages = [good(0..5), broken, by_key, good(8..9), good(10..25)];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    for pages in [
        &pages[..],
        &pages[..2],
        &pages[1..],
        &[pages[0], pages[3], pages[4]],
    ] {
        let (told, whole) = at_the_end(&extract, pages);
        let (told_streamed, whole_streamed, _) = streamed(&extract, pages);
        assert_eq!(told, told_streamed);
        assert_eq!(written(&whole), written(&whole_streamed));
    }
}

#[test]
fn events_are_kept_in_parts_until_they_go_out() {
    let extract = json!({ "json": { "items": ".events[]", "fields": fields() } });
    let (_, whole, parts) = streamed(&extract, &[&format!(r#"{{"events": {}}}"#, shows(0..9))]);
    assert_eq!((whole.found, whole.events.len(), parts), (9, 9, 5));
    let extract = json!({ "json": { "items": ".events[]", "fields": fields() }, "transform": "." });
    let (_, whole, parts) = streamed(&extract, &[&format!(r#"{{"events": {}}}"#, shows(0..9))]);
    assert_eq!((whole.found, whole.events.len(), parts), (9, 9, 0));
}

#[test]
fn events_that_a_manifest_makes_much_larger_than_their_items_are_made_at_the_end() {
    let description = "of many words ".repeat(4_000);
    let extract = json!({
        "json": { "items": ".events[]", "fields": fields() }, "defaults": { "description": description }, "maxItems": 200,
    });
    let pages = |days| vec![format!(r#"{{"events": {}}}"#, shows(0..days)); 5];
    for (days, wanted) in [(10, true), (90, false)] {
        let pages = pages(days);
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let (told, whole) = at_the_end(&extract, &pages);
        for limit in [2, 500] {
            let (told_streamed, whole_streamed, parts) = streamed_by(limit, &extract, &pages);
            assert_eq!(told, told_streamed);
            assert_eq!(written(&whole), written(&whole_streamed));
            assert_eq!(parts > 0, wanted, "{limit}");
        }
    }
}

#[test]
fn many_small_pages_keep_no_more_than_a_large_one() {
    let description = "of many words ".repeat(1_000);
    let extract = json!({
        "json": { "items": ".events[]", "fields": fields() }, "defaults": { "description": description },
    });
    let page = page(&format!(r#"{{"events": {}}}"#, shows(0..20)));
    let mut session = session(&extract).streaming(500);
    for _ in 0..100 {
        session.page(&page).unwrap();
    }
    // Beside these the items themselves are kept, which are as small as their pages.
    let kept = session.parts.bytes();
    assert!((1 << 20..6 << 20).contains(&kept), "{kept}");
    assert!(session.items().count() > 1_000);
    let (mut events, mut largest) = (0, 0);
    while !session.is_finished() {
        let part = session.json_part(500).unwrap();
        largest = largest.max(part.len());
        let part: Extraction = serde_json::from_slice(&part).unwrap();
        events += part.events.len();
    }
    assert_eq!(events, 2_000);
    assert!(largest < 500 * 16_000, "{largest}");
}
