//! Tests of reports in termination messages.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sms_crds::report::{SkipReason, Step};

use super::*;

fn json_report() -> Value {
    json!({
        "source": "default/sea-monster", "apiName": "sea_monster", "run": "abc", "outcome": "Succeeded",
        "startedAt": "2026-05-01T06:44:02.000Z", "finishedAt": "2026-05-01T06:44:04.500Z", "durationSeconds": 2.5,
        "httpStatus": 200, "pages": 1, "found": 12, "processed": 10, "skipped": 2, "errors": 0, "new": 3,
        "skippedByReason": {"Duplicate": 2}, "store": "postgres", "metricsPushed": true, "specHash": "00ff"
    })
}

fn report_in(message: &str) -> Option<RunReport> {
    let status = with_container(
        "Succeeded",
        &json!({"terminated": {"exitCode": 0, "message": message}}),
    );
    match state(&status) {
        PodState::Ended { report, .. } => report.map(|report| *report),
        other => panic!("{other:?}"),
    }
}

fn with(changes: &Value) -> Option<RunReport> {
    let mut report = json_report();
    for (key, value) in changes.as_object().unwrap() {
        report[key] = value.clone();
    }
    report_in(&report.to_string())
}

#[test]
fn a_report_is_read_as_it_was_written() {
    let expected: RunReport = serde_json::from_value(json_report()).unwrap();
    assert_eq!(report_in(&json_report().to_string()), Some(expected));
}

#[test]
fn words_of_a_newer_scraper_leave_no_report_and_unknown_counts_are_dropped() {
    assert_eq!(with(&json!({"outcome": "Postponed"})), None);
    assert_eq!(with(&json!({"reason": "CosmicRay"})), None);
    assert!(with(&json!({"somethingNew": [1]})).is_some());
    let report = with(&json!({
        "skippedByReason": {"Duplicate": 2, "Boring": 7}, "errorsByStep": {"fetch": 1, "dance": 1}
    }))
    .unwrap();
    assert_eq!(
        report.skipped_by_reason,
        BTreeMap::from([(SkipReason::Duplicate, 2)])
    );
    assert_eq!(report.errors_by_step, BTreeMap::from([(Step::Fetch, 1)]));
}

#[test]
fn what_is_no_report_is_none() {
    for message in [
        "",
        "{}",
        "null",
        "[1]",
        "panicked at src/main.rs",
        "{\"outcome\": \"Succeeded\"}",
        "\u{0}",
    ] {
        assert_eq!(report_in(message), None, "{message}");
    }
    let long = with(&json!({"message": "x".repeat(4096)}));
    assert_eq!(long, None, "longer than Kubernetes lets a message be");
}

#[test]
fn numbers_and_texts_are_bounded() {
    let report = with(&json!({
        "processed": -5, "found": i64::MAX, "errorsByStep": {"fetch": -1}, "durationSeconds": 1e300, "httpStatus": -3,
        "message": format!("a\u{1b}[2J{}", "ä".repeat(900)), "run": "r".repeat(500), "warnings": ["a\nb"]
    }))
    .unwrap();
    assert_eq!((report.processed, report.found), (0, 1_000_000_000));
    assert_eq!(report.errors_by_step, BTreeMap::from([(Step::Fetch, 0)]));
    assert!((report.duration_seconds - 31_536_000.0).abs() < f64::EPSILON);
    assert_eq!(report.http_status, None);
    let message = report.message.unwrap();
    assert!(
        message.len() <= 1024 && message.starts_with("a [2Jä"),
        "{message}"
    );
    assert_eq!(
        report.run.chars().count(),
        98,
        "97 letters and an ellipsis of three bytes"
    );
    assert_eq!(report.warnings, ["a b"]);
    assert!(
        with(&json!({"durationSeconds": -1.0}))
            .unwrap()
            .duration_seconds
            .abs()
            < f64::EPSILON
    );
}

#[test]
fn a_report_in_the_last_state_counts_once_the_pod_is_over() {
    let status = |phase: &str| {
        json!({"phase": phase, "containerStatuses": [{"name": "scraper", "image": "x", "imageID": "", "ready": false,
            "restartCount": 0,
            "state": {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}},
            "lastState": {"terminated": {"exitCode": 0, "message": json_report().to_string(), "finishedAt": "2026-05-01T06:45:00Z"}}}]})
    };
    match state(&status("Failed")) {
        PodState::Ended {
            exit_code: Some(0),
            report: Some(report),
            ..
        } => assert_eq!(report.outcome, Outcome::Succeeded),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_report_that_was_seen_is_not_lost_when_the_status_is_rebuilt() {
    let terminated = |message: &str| {
        record(&with_container(
            "Succeeded",
            &json!({"terminated": {"exitCode": 0, "message": message}}),
        ))
    };
    let seen = terminated(&json_report().to_string());
    assert_eq!(follow(&seen, terminated("")), seen);
}

proptest! {
    #[test]
    fn no_message_makes_anything_panic(message in ".{0,300}", reason in "[A-Za-z]{0,20}") {
        report_in(&message);
        waiting(&reason, &message);
        state(&json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]}));
    }

    #[test]
    fn every_list_of_obstacles_is_bounded(parts in proptest::collection::vec("[0-9]{0,3} ?[a-zä,.]{0,80}", 0..60)) {
        let message = format!("0/3 nodes are available: {}", parts.join(", "));
        let found = state(&json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]}));
        let PodState::Stuck { message, .. } = found else { panic!("{found:?}") };
        prop_assert!(message.len() <= 1024);
    }
}
