//! What fuzzing runs: one function for each reader of bytes that somebody else wrote. Pure.
//!
//! A target takes any bytes and panics when what it reads does not keep its promise: that is the finding. `engine/` puts
//! libFuzzer behind these functions; `tests/replay.rs` runs them over the kept corpus with the ordinary compiler.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a target's panic is its finding"
)]

mod addresses;
mod cluster;
mod manifests;
mod pages;
mod programs;
mod words;

/// A reader under attack.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: a folder of the corpus, an argument, a row of the proof.
    pub name: &'static str,
    /// What is read, in words.
    pub reads: &'static str,
    /// Reads the bytes; panics when a promise is broken.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, reads: &'static str, run: fn(&[u8])) -> Target {
    Target { name, reads, run }
}

/// Every target, by name.
pub const TARGETS: [Target; 18] = [
    target("charset", "pages in any encoding", pages::charset),
    target("dates", "dates and times as sites write them", words::dates),
    target("feed", "RSS, Atom and JSON feeds", pages::feed),
    target(
        "gateway-answer",
        "the groups of a Pushgateway",
        cluster::gateway_answer,
    ),
    target("html", "HTML through selectors and patterns", pages::html),
    target("ical", "iCalendar with recurrences", pages::ical),
    target("items", "raw items on their way to events", words::items),
    target("jq", "jq programs at work", programs::jq),
    target("json", "JSON through paths and programs", pages::json),
    target("json-ld", "JSON-LD and microdata", pages::json_ld),
    target("json-paths", "plain paths beside jq", programs::paths),
    target(
        "manifest",
        "YAML, schema, rules, compilation",
        manifests::manifest,
    ),
    target(
        "retry-after",
        "Retry-After and HTTP dates",
        addresses::retry_after,
    ),
    target("robots", "robots.txt", addresses::robots),
    target("schedule", "schedules", manifests::schedule),
    target("script", "JavaScript literals in pages", pages::script),
    target(
        "termination-message",
        "termination messages of Pods",
        cluster::termination_message,
    ),
    target(
        "url-guard",
        "addresses, redirects and resolvers' answers",
        addresses::url_guard,
    ),
];

/// The target called `name`.
pub fn by_name(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// `data` as two parts, split at the first NUL: targets with two inputs take both from one.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, b""),
    }
}
