//! Commands as a shell uses them. IO.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "commands/check.rs"]
mod check;
#[path = "commands/events.rs"]
mod events;
#[path = "commands/flags.rs"]
mod flags;
#[path = "commands/ingester.rs"]
mod ingester;
#[path = "commands/preview.rs"]
mod preview;
#[path = "support/scraper.rs"]
mod scraper;
#[path = "commands/stores.rs"]
mod stores;

use scraper::Scraper;
use serde_json::json;

/// A source that reads a file with `count` events.
fn file_source(scraper: &Scraper, count: usize) {
    let events: Vec<_> = (0..count)
        .map(|n| json!({"title": format!("Band {n}, \"live\""), "start": "2099-05-01T20:00:00Z", "venue": "Blue Moon"}))
        .collect();
    scraper.write("sources/page.data", &json!(events).to_string());
    scraper.source(
        "blue-moon",
        "  fetch: { url: 'file://./page.data' }\n  extract: { json: {} }",
    );
}

/// Writes `page` and a source `blue-moon` that reads it with `extract` (YAML in one line).
fn page_source(scraper: &Scraper, page: &serde_json::Value, extract: &str) {
    scraper.write("sources/page.data", &page.to_string());
    scraper.source(
        "blue-moon",
        &format!("  fetch: {{ url: 'file://./page.data' }}\n  extract: {extract}"),
    );
}
