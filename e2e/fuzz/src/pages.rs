//! Targets that read pages: every extractor, and the way from items to events. Pure.

use std::{cell::RefCell, collections::HashMap};

use jiff::Timestamp;
use sms_crds::manifest::parse_source;
use sms_job::{
    document::Document,
    event::Event,
    extract::{charset::decode, plan::Plan, session::Session},
};

const HEAD: &str = "{ apiVersion: sms-scraper.dev/v1alpha1, kind: ScrapeSource, metadata: { name: x }, spec: { \
    schedule: 'H * * * *', fetch: { url: 'https://example.org/list' }, extract: { timeZone: Europe/Berlin, ";

const JSON: [&str; 3] = [
    "json: { items: '.[]?', fields: { id: .id, title: .title, start: .start, end: .end, url: .url, price: .price } }",
    "json: { items: '.events[]?, .data.list[]?', fields: { title: '.name // .title', start: '.date', venue: '.place.name?' } }, \
     transform: 'select(.title) | . + { description: (.title | ascii_downcase) }'",
    "json: { slurp: true, items: '.. | objects | select(has(\"start\"))' }",
];
const HTML: [&str; 3] = [
    "html: { items: li, fields: { title: { select: h2 }, start: { select: time, attribute: datetime, optional: true }, \
     date: { regex: '(\\d+[./]\\d+)', optional: true }, artists: { from: next, select: p, lines: true, optional: true } } }",
    "html: { items: 'div.e, tr', fields: { title: { ownText: true }, date: { from: previous, select: h3 }, \
     url: { select: 'a[href]', attribute: href }, description: { select: 'p:has(b)', html: true, optional: true }, \
     performers: { select: 'span, td:nth-child(2n+1)', all: true, optional: true } } }, \
     exclude: [ { field: text, matches: 'private' } ]",
    "html: { items: '[itemscope]', fields: { title: { itemprop: name }, start: { itemprop: startDate }, \
     venue: { closest: section, select: h1, replace: '<$0>', regex: '\\w+', optional: true } } }, \
     follow: { url: '.url // \"/x\"', html: { fields: { description: { select: body, lines: true } } } }",
];
const SCRIPT: [&str; 3] = [
    "json: { within: script, items: '.. | objects', fields: { title: .title, start: .start } }",
    "json: { within: script, variable: data, items: '.[]?', fields: { title: .title, start: .start } }",
    "json: { within: '[data-page]', attribute: data-page, items: '.[]?', fields: { title: .title, start: .start } }",
];
const JSON_LD: [&str; 2] = [
    "jsonLd: {}",
    "jsonLd: { microdata: true, fields: { venue: .location.name } }",
];
const ICAL: [&str; 2] = [
    "ical: { horizon: 480h, past: 72h }",
    "ical: { horizon: 2160h, past: 240h, fields: { title: .summary } }",
];
const FEED: [&str; 2] = [
    "feed: {}",
    "feed: { fields: { start: '.pubDate // .published', venue: '.[\"x:venue\"]' } }",
];

/// JSON pages.
pub fn json(data: &[u8]) {
    read(data, &JSON, "application/json");
}

/// HTML pages, with a detail page behind a NUL.
pub fn html(data: &[u8]) {
    read(data, &HTML, "text/html");
}

/// Pages with data in a script or an attribute.
pub fn script(data: &[u8]) {
    read(data, &SCRIPT, "text/html");
}

/// Pages with JSON-LD or microdata.
pub fn json_ld(data: &[u8]) {
    read(data, &JSON_LD, "text/html");
}

/// Calendars.
pub fn ical(data: &[u8]) {
    read(data, &ICAL, "text/calendar");
}

/// Feeds.
pub fn feed(data: &[u8]) {
    read(data, &FEED, "application/xml");
}

/// A header, a NUL, and a page: text comes of it whatever they say, and a mark of UTF-8 wins.
pub fn charset(data: &[u8]) {
    let (header, body) = super::halves(data);
    let header = String::from_utf8_lossy(header).into_owned();
    let document = |charset: Option<String>| Document {
        url: "https://example.org/".to_owned(),
        content_type: Some(header.clone()),
        charset,
        body: body.to_vec(),
    };
    let (free, forced) = (document(None), document(Some(header.clone())));
    let text = decode(&free);
    decode(&forced);
    if let Some(rest) = body.strip_prefix(b"\xef\xbb\xbf") {
        assert_eq!(text, String::from_utf8_lossy(rest), "the mark decides");
    }
    if body.is_ascii() && header.is_empty() && !body.contains(&b'<') {
        assert_eq!(text.as_bytes(), body, "ASCII is what it is");
    }
}

thread_local! {
    /// A session for each manifest: it forgets a page with its last part, and to compile one costs more than to read.
    static SESSIONS: RefCell<HashMap<&'static str, Session>> = RefCell::default();
}

/// The first byte chooses the manifest, the rest is the page.
fn read(data: &[u8], manifests: &[&'static str], content_type: &str) {
    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let manifest = manifests[usize::from(*choice) % manifests.len()];
    SESSIONS.with_borrow_mut(|sessions| {
        let session = sessions.entry(manifest).or_insert_with(|| session(manifest));
        read_with(session, body, manifest.contains("follow"), content_type);
    });
}

fn session(manifest: &str) -> Session {
    let text = format!("{HEAD}{manifest} }} }} }}");
    let source = parse_source(&text, "fuzz").expect("the target's own manifest");
    let now: Timestamp = "2026-03-28T12:00:00Z".parse().expect("a time");
    Session::new(
        Plan::compile(&source, now).expect("the target's own manifest compiles"),
        false,
    )
}

fn read_with(session: &mut Session, body: &[u8], has_details: bool, content_type: &str) {
    let document = |body: &[u8]| Document {
        url: "https://example.org/list".to_owned(),
        content_type: Some(content_type.to_owned()),
        charset: None,
        body: body.to_vec(),
    };
    // NUL belongs to pages too: where there is no detail page the whole is the listing.
    let (listing, detail) = match has_details {
        true => super::halves(body),
        false => (body, &b""[..]),
    };
    if session.page(&document(listing)).is_err() {
        return;
    }
    for request in session.details().into_iter().take(3) {
        // A bad detail page is an error that the run counts.
        let _ = session.detail(request.entry, &document(detail));
    }
    // Of the thousands of occurrences that one rule makes the first ones tell enough.
    let mut checked = 0;
    loop {
        for event in session.part(100).events.iter().take(200 - checked) {
            keeps_its_form(event);
            checked += 1;
        }
        if session.is_finished() {
            return;
        }
    }
}

/// An accepted event can be stored and read again, and has what every event must have.
pub fn keeps_its_form(event: &Event) {
    assert!(
        !event.title.trim().is_empty(),
        "an event without a title: {event:?}"
    );
    let text = serde_json::to_string(event).expect("an event as JSON");
    let again: Event = serde_json::from_str(&text).expect("an event from JSON");
    assert_eq!(&again, event, "an event is what it was");
}
