//! Tests of the pushed group.

use std::collections::{BTreeMap, BTreeSet};

use sms_crds::report::{Outcome, RunReport};

use super::families::{exported, pushed};
use super::{PushMethod, RunMetrics};

fn report(outcome: Outcome) -> RunReport {
    serde_json::from_value(serde_json::json!({
        "source": "music/blue-moon",
        "apiName": "blue_moon",
        "run": "r1",
        "outcome": outcome,
        "startedAt": "2026-05-09T10:00:00Z",
        "finishedAt": "2026-05-09T10:00:02.5Z",
        "durationSeconds": 2.5,
        "found": 14,
        "processed": 11,
        "skipped": 3,
        "errors": 2,
        "new": 4,
        "updated": 1,
        "unchanged": 6,
        "removed": 5,
    }))
    .unwrap()
}

fn text(outcome: Outcome) -> String {
    RunMetrics::from_report(&report(outcome), Some(7), "laptop")
        .unwrap()
        .to_text()
        .unwrap()
}

fn types(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect()
}

#[test]
fn a_successful_run_pushes_every_family_of_the_contract_with_its_type() {
    let text = text(Outcome::Succeeded);
    let contract: BTreeMap<&str, &str> = pushed::ALL
        .iter()
        .map(|family| (family.name, family.kind.as_str()))
        .collect();
    assert_eq!(types(&text), contract);
    assert_eq!(
        contract,
        BTreeMap::from([
            ("sms_ingest_runs_total", "counter"),
            ("sms_events_processed_total", "counter"),
            ("sms_events_skipped_total", "counter"),
            ("sms_pipeline_errors_total", "counter"),
            ("sms_pipeline_duration_seconds", "gauge"),
            ("sms_last_run_success", "gauge"),
            ("sms_last_run_timestamp_seconds", "gauge"),
            ("sms_last_success_timestamp_seconds", "gauge"),
            ("sms_last_run_events", "gauge"),
            ("sms_source_info", "gauge"),
        ])
    );
}

#[test]
fn the_values_are_those_of_the_run() {
    let text = text(Outcome::Succeeded);
    let series: BTreeSet<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        series,
        BTreeSet::from([
            "sms_ingest_runs_total 7",
            "sms_events_processed_total 11",
            "sms_events_skipped_total 3",
            "sms_pipeline_errors_total 2",
            "sms_pipeline_duration_seconds 2.5",
            "sms_last_run_success 1",
            "sms_last_run_timestamp_seconds 1778320802",
            "sms_last_success_timestamp_seconds 1778320802",
            r#"sms_last_run_events{outcome="new"} 4"#,
            r#"sms_last_run_events{outcome="updated"} 1"#,
            r#"sms_last_run_events{outcome="unchanged"} 6"#,
            r#"sms_last_run_events{outcome="removed"} 5"#,
            r#"sms_last_run_events{outcome="skipped"} 3"#,
            r#"sms_source_info{installation="laptop",name="blue-moon",namespace="music"} 1"#,
        ])
    );
    assert!(text.ends_with('\n'), "the text format ends every line");
}

#[test]
fn an_unchanged_run_is_a_success() {
    let run = RunMetrics::from_report(&report(Outcome::Unchanged), Some(1), "").unwrap();
    assert_eq!(run.method(), PushMethod::Put);
    assert!(run.to_text().unwrap().contains("\nsms_last_run_success 1\n"));
}

#[test]
fn a_failed_or_suspicious_run_leaves_the_last_success_alone() {
    for outcome in [Outcome::Failed, Outcome::Suspicious] {
        let run = RunMetrics::from_report(&report(outcome), Some(8), "").unwrap();
        assert_eq!(run.method(), PushMethod::Post);
        let text = run.to_text().unwrap();
        let absent: BTreeSet<&str> = pushed::ALL
            .iter()
            .map(|family| family.name)
            .filter(|name| !types(&text).contains_key(name))
            .collect();
        assert_eq!(
            absent,
            BTreeSet::from([
                "sms_events_processed_total",
                "sms_events_skipped_total",
                "sms_last_success_timestamp_seconds"
            ])
        );
        assert!(text.contains("\nsms_last_run_success 0\n"), "{text}");
        assert!(text.contains("\nsms_ingest_runs_total 8\n"), "{text}");
        assert!(text.contains("\nsms_pipeline_errors_total 2\n"), "{text}");
    }
}

#[test]
fn a_run_skipped_by_its_cadence_is_not_pushed() {
    assert_eq!(
        RunMetrics::from_report(&report(Outcome::SkippedByCadence), Some(1), ""),
        None
    );
}

#[test]
fn a_report_with_nonsense_in_it_still_gives_valid_text() {
    let mut report = report(Outcome::Succeeded);
    report.processed = -4;
    report.duration_seconds = f64::NAN;
    report.finished_at = "yesterday".to_owned();
    let text = RunMetrics::from_report(&report, Some(1), "\"\\\n")
        .unwrap()
        .to_text()
        .unwrap();
    assert!(text.contains("\nsms_events_processed_total 0\n"), "{text}");
    assert!(text.contains("\nsms_pipeline_duration_seconds 0\n"), "{text}");
    assert!(
        !text.contains("timestamp_seconds"),
        "no time is better than 1970: {text}"
    );
    assert!(text.contains(r#"installation="\"\\\n""#), "{text}");
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    for family in pushed::ALL.iter().chain(exported::ALL) {
        assert!(family.name.starts_with("sms_"), "{}", family.name);
        assert_eq!(
            family.name.ends_with("_total"),
            family.kind.as_str() == "counter",
            "{}",
            family.name
        );
        assert!(
            family.help.ends_with('.') && !family.help.contains('\n'),
            "{}",
            family.help
        );
    }
}

#[test]
fn every_exported_family_about_a_source_has_the_label_api_and_no_pushed_one_has() {
    for family in exported::ALL
        .iter()
        .filter(|family| family.name != "sms_build_info")
    {
        assert_eq!(family.labels.first(), Some(&"api"), "{}", family.name);
    }
    assert!(pushed::ALL.iter().all(|family| !family.labels.contains(&"api")));
}
