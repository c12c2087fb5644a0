//! Tests of the series of sources. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sms_crds::metrics::{exported, operator};

use super::*;

const NOW: &str = "2026-05-09T10:00:00Z";

fn source(name: &str, created: &str, spec: &Value, status: &Value) -> ScrapeSource {
    let mut object = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
        "metadata": {"name": name, "namespace": "music", "uid": name, "creationTimestamp": created},
        "spec": {"fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}}},
        "status": status,
    });
    for (field, value) in spec.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    serde_json::from_value(object).unwrap()
}

fn text(sources: &[ScrapeSource]) -> String {
    let names = ApiNames::of(sources);
    let sources = Sources::new(sources, &names);
    Exporter::new("test")
        .to_text(&[], Some(&sources), NOW.parse().unwrap())
        .unwrap()
}

/// The series of a text without help, types and the histogram's buckets.
fn series(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap())
        .collect()
}

#[test]
fn every_series_of_a_new_source_is_there() {
    let new = source(
        "sea-monster",
        "2026-05-01T00:00:00Z",
        &json!({"schedule": "30 */6 * * *", "timeZone": "America/Los_Angeles"}),
        &Value::Null,
    );
    let text = text(&[new]);
    let types: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let contract: BTreeMap<&str, &str> = exported::ALL
        .iter()
        .filter(|family| **family != exported::BUILD_INFO)
        .chain([&operator::SOURCE_CONDITION, &operator::SOURCE_PENDING])
        .map(|family| (family.name, family.kind.as_str()))
        .collect();
    assert_eq!(types, contract);

    let found = series(&text);
    let not_zero: Vec<_> = found.iter().filter(|(_, value)| **value != "0").collect();
    assert_eq!(
        not_zero,
        [
            (
                &r#"sms_source_condition{api="sea_monster",type="DataHealthy",status="Unknown"}"#,
                &"1"
            ),
            (
                &r#"sms_source_condition{api="sea_monster",type="LastRunSucceeded",status="Unknown"}"#,
                &"1"
            ),
            (
                &r#"sms_source_condition{api="sea_monster",type="MetricsPublished",status="Unknown"}"#,
                &"1"
            ),
            (
                &r#"sms_source_condition{api="sea_monster",type="Ready",status="Unknown"}"#,
                &"1"
            ),
            (
                &r#"sms_source_created_timestamp_seconds{api="sea_monster"}"#,
                &"1777593600"
            ),
            (
                &r#"sms_source_expected_interval_seconds{api="sea_monster"}"#,
                &"25200"
            ),
            (
                &r#"sms_source_info{api="sea_monster",namespace="music",name="sea-monster",installation="test"}"#,
                &"1"
            ),
            // 06:30 in Los Angeles.
            (
                &r#"sms_source_next_run_timestamp_seconds{api="sea_monster"}"#,
                &"1778333400"
            ),
        ]
    );
    // 4 outcomes, processed, 10 skip reasons, 6 steps, 12 buckets, +Inf, sum, count, 9 gauges, 12 conditions.
    assert_eq!(found.len(), 4 + 1 + 10 + 6 + 15 + 9 + 12);
    assert!(!text.contains("SkippedByCadence"));
}

#[test]
fn totals_conditions_and_times_come_from_the_status() {
    let status = json!({
        "conditions": [{"type": "Ready", "status": "False", "reason": "x", "message": "", "lastTransitionTime": NOW}],
        "lastSuccessTime": "2026-05-09T09:00:00Z",
        "totals": {
            "runs": {"Succeeded": 7, "Failed": 2},
            "processed": 11,
            "skipped": {"Duplicate": 3},
            "errors": {"fetch": 5},
            "durationSeconds": 12.5,
            "durationBuckets": [1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4, 2],
        },
    });
    let text = text(&[source("x", NOW, &json!({"suspend": true}), &status)]);
    let found = series(&text);
    for (series, value) in [
        (r#"sms_ingest_runs_total{api="x",outcome="Succeeded"}"#, "7"),
        (r#"sms_ingest_runs_total{api="x",outcome="Failed"}"#, "2"),
        (r#"sms_ingest_runs_total{api="x",outcome="Unchanged"}"#, "0"),
        (r#"sms_events_processed_total{api="x"}"#, "11"),
        (r#"sms_events_skipped_total{api="x",reason="Duplicate"}"#, "3"),
        (r#"sms_pipeline_errors_total{api="x",step="fetch"}"#, "5"),
        (r#"sms_pipeline_duration_seconds_bucket{api="x",le="0.1"}"#, "1"),
        (r#"sms_pipeline_duration_seconds_bucket{api="x",le="0.5"}"#, "3"),
        (r#"sms_pipeline_duration_seconds_bucket{api="x",le="300"}"#, "3"),
        (r#"sms_pipeline_duration_seconds_bucket{api="x",le="600"}"#, "7"),
        (r#"sms_pipeline_duration_seconds_bucket{api="x",le="+Inf"}"#, "9"),
        (r#"sms_pipeline_duration_seconds_count{api="x"}"#, "9"),
        (r#"sms_pipeline_duration_seconds_sum{api="x"}"#, "12.5"),
        (
            r#"sms_source_last_success_timestamp_seconds{api="x"}"#,
            "1778317200",
        ),
        (r#"sms_source_next_run_timestamp_seconds{api="x"}"#, "0"),
        (r#"sms_source_suspended{api="x"}"#, "1"),
        (
            r#"sms_source_condition{api="x",type="Ready",status="False"}"#,
            "1",
        ),
        (r#"sms_source_condition{api="x",type="Ready",status="True"}"#, "0"),
        (
            r#"sms_source_condition{api="x",type="Ready",status="Unknown"}"#,
            "0",
        ),
    ] {
        assert_eq!(found.get(series), Some(&value), "{series}");
    }
}

#[test]
fn the_deadline_stays_with_a_run_that_was_due_and_of_which_nothing_was_heard() {
    let deadline = |spec: Value, status: Value| {
        let text = text(&[source("x", NOW, &spec, &status)]);
        let found = series(&text);
        found[r#"sms_source_run_deadline_timestamp_seconds{api="x"}"#].to_owned()
    };
    let due = json!({"nextRunTime": "2026-05-09T09:00:00Z"});
    // 09:00 and 300 s to start and 600 s to run.
    assert_eq!(deadline(json!({}), due.clone()), "1778318100");
    let job = json!({"job": {"startingDeadlineSeconds": 60, "activeDeadlineSeconds": 3600}});
    assert_eq!(deadline(job, due.clone()), "1778320860");
    assert_eq!(deadline(json!({"suspend": true}), due), "0");
    assert_eq!(deadline(json!({}), json!({"nextRunTime": "soon"})), "0");
    assert_eq!(deadline(json!({}), Value::Null), "0");
}

#[test]
fn a_source_is_pending_until_its_newest_spec_was_reconciled() {
    let pending = |generation: i64, observed: Value, deleted: Value| {
        let mut source = source("x", NOW, &json!({}), &json!({"observedGeneration": observed}));
        source.metadata.generation = Some(generation);
        source.metadata.deletion_timestamp = serde_json::from_value(deleted).unwrap();
        let text = text(&[source]);
        series(&text)[r#"sms_source_pending{api="x"}"#].to_owned()
    };
    assert_eq!(pending(1, Value::Null, Value::Null), "1");
    assert_eq!(pending(2, json!(1), Value::Null), "1");
    assert_eq!(pending(2, json!(2), Value::Null), "0");
    assert_eq!(pending(3, json!(2), json!(NOW)), "0");
}

#[test]
fn failures_since_the_last_success_come_from_the_status() {
    let text = text(&[source("x", NOW, &json!({}), &json!({"consecutiveFailures": 4}))]);
    assert_eq!(series(&text)[r#"sms_source_consecutive_failures{api="x"}"#], "4");
}

#[test]
fn a_schedule_or_zone_that_cannot_be_read_costs_its_own_series_alone() {
    for spec in [json!({"schedule": "nonsense"}), json!({"timeZone": "Seattle"})] {
        let text = text(&[source("x", NOW, &spec, &Value::Null)]);
        assert!(!text.contains("sms_source_expected_interval_seconds"), "{text}");
        assert!(!text.contains("sms_source_next_run_timestamp_seconds"), "{text}");
        assert!(text.contains("sms_source_suspended{api=\"x\"} 0"), "{text}");
    }
}

#[test]
fn of_two_sources_with_one_api_name_the_older_has_the_series_and_both_have_their_info() {
    let older = source(
        "older",
        "2026-05-01T00:00:00Z",
        &json!({"apiName": "x"}),
        &json!({"totals": {"processed": 1}}),
    );
    let younger = source(
        "younger",
        "2026-05-02T00:00:00Z",
        &json!({"apiName": "x"}),
        &json!({"totals": {"processed": 2}}),
    );
    let text = text(&[younger.clone(), older.clone()]);
    let infos: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("sms_source_info"))
        .collect();
    assert_eq!(infos.len(), 2, "{infos:?}");
    let found = series(&text);
    assert_eq!(found.get(r#"sms_events_processed_total{api="x"}"#), Some(&"1"));
    assert_eq!(text.matches("sms_events_processed_total{").count(), 1);

    let names = ApiNames::of([&younger, &older]);
    let sources = Sources::new([&younger, &older], &names);
    assert_eq!(sources.owners(), HashMap::from([("x".to_owned(), older.key())]));
}

#[test]
fn without_sources_only_the_own_families_are_written() {
    let own = crate::metrics::OperatorMetrics::new(&[]).unwrap().gather();
    let text = Exporter::new("test")
        .to_text(&own, None, NOW.parse().unwrap())
        .unwrap();
    assert!(
        text.contains("sms_operator_leader 0") && !text.contains("sms_source_info"),
        "{text}"
    );
}

#[test]
fn intervals_are_kept_as_long_as_a_source_needs_them() {
    let exporter = Exporter::new("test");
    let scrape = |sources: &[ScrapeSource]| {
        let names = ApiNames::of(sources);
        let sources = Sources::new(sources, &names);
        exporter
            .to_text(&[], Some(&sources), NOW.parse().unwrap())
            .unwrap();
        exporter.intervals.lock().unwrap().len()
    };
    let hourly = source("a", NOW, &json!({"schedule": "1 * * * *"}), &Value::Null);
    let daily = source("b", NOW, &json!({"schedule": "1 1 * * *"}), &Value::Null);
    assert_eq!(scrape(&[hourly.clone(), daily]), 2);
    assert_eq!(scrape(&[hourly]), 1);
}
