//! Whole runs of the real binary against a loopback server and a SQLite file.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    reason = "a test says so by failing"
)]

#[path = "pipeline/health.rs"]
mod health;
#[path = "pipeline/process.rs"]
mod process;
#[path = "pipeline/reading.rs"]
mod reading;
#[path = "support/scraper.rs"]
mod scraper;
#[path = "pipeline/storing.rs"]
mod storing;
#[path = "pipeline/unchanged.rs"]
mod unchanged;

use scraper::{Ended, Scraper};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, path},
};

/// A page of `count` events that lie in the future whenever the test runs.
fn page(count: usize) -> Value {
    let events: Vec<_> = (0..count)
        .map(|n| json!({"id": n, "title": format!("Band {n}"), "start": format!("2099-05-{:02}T20:00:00", n % 28 + 1), "url": format!("/e/{n}")}))
        .collect();
    json!({"events": events})
}

async fn serve(server: &MockServer, body: &Value) {
    server.reset().await;
    Mock::given(path("/events"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

/// Serves `body` with an entity tag, and 304 to whoever knows it.
async fn serve_tagged(server: &MockServer, body: &Value) {
    server.reset().await;
    Mock::given(path("/events"))
        .and(header("If-None-Match", "\"v1\""))
        .respond_with(ResponseTemplate::new(304))
        .mount(server)
        .await;
    let tagged = ResponseTemplate::new(200).insert_header("ETag", "\"v1\"");
    Mock::given(path("/events"))
        .respond_with(tagged.set_body_json(body))
        .mount(server)
        .await;
}

/// A source over the server's `/events`; `more` is further YAML below `spec:`.
fn source(scraper: &Scraper, server: &MockServer, more: &str) {
    let spec = format!(
        "  schedule: \"0 * * * *\"\n  timeZone: America/Los_Angeles\n  fetch: {{ url: \"{}/events\", robots: ignore, delay: 1ms, attempts: 1 }}\n  extract: {{ json: {{ items: '.events' }} }}\n{more}",
        server.uri()
    );
    scraper.source("blue-moon", &spec);
}

async fn ingest(scraper: &Scraper) -> Ended {
    scraper.run(&["ingester", "--bypass-cadence"]).await
}

fn counts(report: &Value) -> [i64; 6] {
    ["found", "processed", "new", "updated", "unchanged", "removed"]
        .map(|name| report[name].as_i64().unwrap())
}
