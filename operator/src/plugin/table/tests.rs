//! Tables of sources in every state. Pure.

use kube::api::DynamicObject;
use serde_json::{Value as Json, json};

use super::*;

/// 2026-11-22T12:00:00Z
fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn found(name: &str, spec: &Json, status: &Json) -> Found {
    let mut object = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1",
        "kind": "ScrapeSource",
        "metadata": {
            "name": name,
            "namespace": "music",
            "generation": 3,
            "creationTimestamp": "2026-11-01T00:00:00Z",
        },
        "spec": {
            "schedule": "30 */6 * * *",
            "timeZone": "America/Los_Angeles",
            "fetch": { "url": "https://events.example.org/list?key=hidden" },
            "extract": { "jsonLd": {} },
        },
        "status": status,
    });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    Found::of(serde_json::from_value::<DynamicObject>(object).unwrap())
}

fn condition(kind: &str, status: &str, reason: &str) -> Json {
    json!({
        "type": kind, "status": status, "reason": reason, "message": format!("{reason} it is"),
        "lastTransitionTime": "2026-11-22T06:00:00Z",
    })
}

fn healthy() -> Json {
    json!({
        "observedGeneration": 3,
        "conditions": [
            condition("Ready", "True", "Scheduled"),
            condition("LastRunSucceeded", "True", "Succeeded"),
            condition("MetricsPublished", "Unknown", "NotConfigured"),
        ],
        "lastSuccessTime": "2026-11-22T08:31:00Z",
        "lastRun": {
            "job": "healthy-1", "trigger": "Schedule", "source": "music/healthy", "apiName": "healthy", "run": "r",
            "outcome": "Succeeded", "startedAt": "2026-11-22T08:30:00Z", "finishedAt": "2026-11-22T08:31:00Z",
            "durationSeconds": 60.0, "processed": 12, "skipped": 1,
        },
    })
}

fn failing() -> Json {
    let mut status = healthy();
    status["conditions"][1] = condition("LastRunSucceeded", "False", "DnsFailed");
    status["lastRun"]["outcome"] = json!("Failed");
    status["lastRun"]["reason"] = json!("DnsFailed");
    status["lastSuccessTime"] = json!("2026-11-20T08:31:00Z");
    status["consecutiveFailures"] = json!(7);
    status
}

/// A table as rows of columns.
fn rows(found: &[Found], look: Look) -> Vec<Vec<String>> {
    let text = sources(found, now(), look);
    text.lines()
        .map(|line| {
            let columns = line.split("  ").map(str::trim);
            columns
                .filter(|column| !column.is_empty())
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

#[test]
fn a_line_tells_what_somebody_looks_for() {
    let all = [
        found("failing", &json!({}), &failing()),
        found("healthy", &json!({}), &healthy()),
        found("new", &json!({ "apiName": "fresh" }), &json!({})),
        found("resting", &json!({ "suspend": true }), &healthy()),
        found("wrong", &json!({ "fetch": 1 }), &json!({})),
    ];
    let lines: Vec<_> = rows(&all, Look::default())
        .iter()
        .map(|row| row.join("|"))
        .collect();
    assert_eq!(
        lines,
        [
            "NAME|API NAME|READY|REASON|SCHEDULE|SUSPENDED|LAST RUN|LAST SUCCESS|PROCESSED|SKIPPED|NEXT RUN|STALE",
            "failing|failing|True|DnsFailed|30 */6 * * * America/Los_Angeles|no|Failed 3h29m ago|2d|12|1|in 150m|yes",
            "healthy|healthy|True|Scheduled|30 */6 * * * America/Los_Angeles|no|Succeeded 3h29m ago|3h29m|12|1|in 150m|no",
            "new|fresh|Unknown|Pending|30 */6 * * * America/Los_Angeles|no|-|-|-|-|in 150m|yes",
            "resting|resting|True|Scheduled|30 */6 * * * America/Los_Angeles|yes|Succeeded 3h29m ago|3h29m|12|1|-|-",
            "wrong|-|Unknown|Unreadable|-|-|-|-|-|-|-|-",
        ]
    );
}

#[test]
fn a_wide_table_names_host_and_problem_but_never_the_address() {
    let all = [
        found("failing", &json!({}), &failing()),
        found("wrong", &json!({ "fetch": 1 }), &json!({})),
    ];
    let look = Look {
        wide: true,
        namespaces: true,
        ..Look::default()
    };
    let rows = rows(&all, look);
    assert_eq!(rows[0].len(), 16);
    assert_eq!(rows[1][0], "music");
    assert_eq!(rows[1][13..], ["7", "events.example.org", "DnsFailed it is"]);
    assert_eq!(rows[2].len(), 16);
    assert!(rows[2][15].contains("invalid type"), "{rows:?}");
    assert!(!format!("{rows:?}").contains("hidden"));
}

#[test]
fn colours_are_there_only_where_they_are_wanted() {
    let all = [found("healthy", &json!({}), &healthy())];
    assert!(!sources(&all, now(), Look::default()).contains('\u{1b}'));
    let look = Look {
        colours: true,
        ..Look::default()
    };
    assert!(sources(&all, now(), look).contains('\u{1b}'));
}

#[test]
fn an_escape_sequence_in_a_message_does_not_reach_the_terminal() {
    let mut status = failing();
    status["conditions"][1]["message"] = json!("a\u{1b}[31mb");
    let look = Look {
        wide: true,
        ..Look::default()
    };
    let text = sources(&[found("x", &json!({}), &status)], now(), look);
    assert!(!text.contains('\u{1b}') && text.contains("a [31mb"), "{text}");
}

#[test]
fn a_status_of_an_older_generation_says_nothing() {
    let mut status = healthy();
    status["observedGeneration"] = json!(2);
    let rows = rows(&[found("x", &json!({}), &status)], Look::default());
    assert_eq!(rows[1][2..4], ["Unknown", "Pending"]);
}

#[test]
fn a_source_is_stale_after_two_intervals_and_a_quarter_of_an_hour() {
    let at = |success: &str| {
        let mut status = healthy();
        status["lastSuccessTime"] = json!(success);
        let source = found("x", &json!({ "timeZone": "UTC" }), &status).source.unwrap();
        is_stale(&source, now())
    };
    assert_eq!(at("2026-11-21T23:45:00Z"), Some(false));
    assert_eq!(at("2026-11-21T23:44:59Z"), Some(true));
}

#[test]
fn lengths_of_time_are_short() {
    let texts = [
        5, 119, 120, 10_799, 10_800, 12_600, 30_000, 172_799, 172_800, 8_640_000,
    ]
    .map(|seconds| span(Duration::from_secs(seconds)));
    assert_eq!(
        texts,
        [
            "5s", "119s", "2m", "179m", "3h", "3h30m", "8h", "47h", "2d", "100d"
        ]
    );
}

#[test]
fn a_source_cannot_write_to_the_terminal_or_forge_a_line() {
    let spec = json!({ "schedule": "0 1 * * \u{1b}]0;taken\u{7}*", "timeZone": "UTC\nforged   yes" });
    let table = sources(&[found("x", &spec, &healthy())], now(), Look::default());
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "{table:?}");
}
