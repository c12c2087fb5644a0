//! The exporter's text in the eyes of Prometheus' own tool, and its cost for many sources. IO: runs promtool.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../../job/tests/support/services.rs"]
mod services;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use sms_crds::ScrapeSource;
use sms_operator::{
    api_names::ApiNames,
    exporter::{Exporter, Sources},
    metrics::{OperatorMetrics, ReconcileResult},
};

fn sources(number: usize) -> Vec<ScrapeSource> {
    let source = |index: usize| {
        let source = json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
            "metadata": {
                "name": format!("venue-{index}"), "namespace": "music", "uid": index.to_string(),
                "creationTimestamp": "2026-05-01T00:00:00Z",
            },
            "spec": {
                "schedule": format!("{} {} * * *", index % 60, index / 60 % 24), "timeZone": "America/Los_Angeles",
                "fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}},
            },
            "status": {"totals": {
                "runs": {"Succeeded": 7, "Failed": 1}, "processed": 70, "skipped": {"Duplicate": 4},
                "durationSeconds": 8.5, "durationBuckets": [0, 1, 2, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0],
            }},
        });
        serde_json::from_value(source).unwrap()
    };
    (0..number).map(source).collect()
}

#[test]
fn promtool_has_nothing_to_say() {
    if !services::is_installed("promtool") {
        return;
    }
    let metrics = OperatorMetrics::new(&["apply", "status"]).unwrap();
    metrics.reconciled(ReconcileResult::Applied, Duration::from_millis(4));
    metrics.failed("apply");
    let exporter = Exporter::new("a \"quoted\" installation");
    for number in [0, 3] {
        let sources = sources(number);
        let names = ApiNames::of(&sources);
        let sources = Sources::new(&sources, &names);
        let text = exporter
            .to_text(&metrics.gather(), Some(&sources), Timestamp::now())
            .unwrap();
        assert_eq!(services::check_metrics(&text), "", "{text}");
    }
}

#[test]
fn ten_thousand_sources_are_written_in_time() {
    let sources = sources(10_000);
    let names = ApiNames::of(&sources);
    let sources = Sources::new(&sources, &names);
    let exporter = Exporter::new("test");
    for scrape in ["the first scrape", "the next scrape"] {
        let started = Instant::now();
        let text = exporter.to_text(&[], Some(&sources), Timestamp::now()).unwrap();
        let took = started.elapsed();
        eprintln!("{scrape} took {took:?}");
        assert_eq!(text.matches("\nsms_source_suspended{").count(), 10_000);
        // Without optimisation and on a busy machine; what is quadratic takes longer.
        assert!(took < Duration::from_secs(30), "{took:?}");
    }
}
