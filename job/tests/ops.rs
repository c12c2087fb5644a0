//! The files of the local loop say what the handbook says: Prometheus, Grafana, compose, images.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "ops/containers.rs"]
mod containers;
#[path = "ops/grafana.rs"]
mod grafana;
#[path = "support/queries.rs"]
mod queries;
#[path = "ops/scraping.rs"]
mod scraping;
#[path = "support/services.rs"]
mod services;

use std::path::{Path, PathBuf};

use serde_json::Value;
use services::is_installed;
use sms_job::metrics::families::{exported, pushed};

/// The panels that the handbook names, in its order.
const PANELS: [(&str, &str); 5] = [
    ("Ingest Runs by API", "sum by (instance) (sms_ingest_runs_total)"),
    (
        "Events Processed (last run)",
        "sum by (instance) (sms_events_processed_total)",
    ),
    (
        "Events Skipped (last run)",
        "sum by (instance) (sms_events_skipped_total)",
    ),
    (
        "Pipeline Errors (last run)",
        "sum by (instance) (sms_pipeline_errors_total)",
    ),
    (
        "Pipeline Duration (last run)",
        "sum by (instance) (sms_pipeline_duration_seconds)",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_handbook_names_every_family_port_and_query() {
    let text = read("docs/observability.md");
    for family in pushed::ALL.iter().chain(exported::ALL) {
        assert!(text.contains(family.name), "{}", family.name);
    }
    for (title, query) in PANELS {
        assert!(text.contains(title) && text.contains(query), "{title}");
    }
    for port in ["8080", "9898", "9091", "9090", "3000"] {
        assert!(text.contains(port), "{port}");
    }
}
