//! Tests of the exporter's registry and servers.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::*;

fn register(exporter: &Exporter, interval_seconds: f64) {
    let source = SourceKey {
        namespace: "music".to_owned(),
        name: "blue-moon".to_owned(),
    };
    exporter.register_source("blue_moon", &source, "laptop", interval_seconds);
}

fn exporter() -> Exporter {
    let exporter = Exporter::new().unwrap();
    register(&exporter, 21_600.0);
    exporter
}

fn report(outcome: Outcome) -> RunReport {
    serde_json::from_value(serde_json::json!({
        "source": "default/blue-moon",
        "apiName": "blue_moon",
        "run": "r1",
        "outcome": outcome,
        "startedAt": "2026-05-09T10:00:00Z",
        "finishedAt": "2026-05-09T10:00:03Z",
        "durationSeconds": 3.0,
        "processed": 11,
        "skipped": 3,
        "skippedByReason": { "Duplicate": 2, "InvalidDate": 1 },
        "errors": 2,
        "errorsByStep": { "fetch": 2 },
    }))
    .unwrap()
}

fn value(exporter: &Exporter, series: &str) -> Option<f64> {
    let text = exporter.to_text().unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[test]
fn every_family_is_there_at_zero_before_the_first_run() {
    let text = exporter().to_text().unwrap();
    let types: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let contract: BTreeMap<&str, &str> = exported::ALL
        .iter()
        .map(|family| (family.name, family.kind.as_str()))
        .collect();
    assert_eq!(types, contract);
    let started = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.ends_with(" 0"))
        .map(|line| line.split('{').next().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(
        started,
        [
            "sms_build_info",
            "sms_source_expected_interval_seconds",
            "sms_source_info"
        ]
    );
    for outcome in ["Succeeded", "Unchanged", "Suspicious", "Failed"] {
        assert!(text.contains(&format!(
            "sms_ingest_runs_total{{api=\"blue_moon\",outcome=\"{outcome}\"}} 0"
        )));
    }
    assert!(!text.contains("SkippedByCadence"));
}

#[test]
fn every_series_but_the_build_has_the_label_api() {
    let exporter = exporter();
    exporter.observe_run(&report(Outcome::Succeeded));
    let text = exporter.to_text().unwrap();
    let series = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("sms_build_info"));
    assert!(series.clone().count() > 30);
    for line in series {
        assert!(line.contains("api=\"blue_moon\""), "{line}");
    }
}

#[test]
fn a_source_is_described_with_the_labels_that_its_pushed_group_has() {
    let series =
        r#"sms_source_info{api="blue_moon",installation="laptop",name="blue-moon",namespace="music"}"#;
    assert_eq!(value(&exporter(), series), Some(1.0));
    let pushed = crate::metrics::families::pushed::SOURCE_INFO.labels;
    assert_eq!(exported::SOURCE_INFO.labels[1..], *pushed);
}

#[test]
fn runs_add_up() {
    let exporter = exporter();
    exporter.observe_run(&report(Outcome::Succeeded));
    exporter.observe_run(&report(Outcome::Succeeded));
    exporter.observe_run(&report(Outcome::Failed));
    let wanted = [
        (
            r#"sms_ingest_runs_total{api="blue_moon",outcome="Succeeded"}"#,
            2.0,
        ),
        (r#"sms_ingest_runs_total{api="blue_moon",outcome="Failed"}"#, 1.0),
        (r#"sms_events_processed_total{api="blue_moon"}"#, 33.0),
        (
            r#"sms_events_skipped_total{api="blue_moon",reason="Duplicate"}"#,
            6.0,
        ),
        (
            r#"sms_events_skipped_total{api="blue_moon",reason="InvalidDate"}"#,
            3.0,
        ),
        (r#"sms_pipeline_errors_total{api="blue_moon",step="fetch"}"#, 6.0),
        (
            r#"sms_pipeline_duration_seconds_bucket{api="blue_moon",le="2.5"}"#,
            0.0,
        ),
        (
            r#"sms_pipeline_duration_seconds_bucket{api="blue_moon",le="5"}"#,
            3.0,
        ),
        (r#"sms_pipeline_duration_seconds_sum{api="blue_moon"}"#, 9.0),
    ];
    for (series, number) in wanted {
        assert_eq!(value(&exporter, series), Some(number), "{series}");
    }
}

#[test]
fn only_a_success_moves_the_last_success() {
    let series = r#"sms_source_last_success_timestamp_seconds{api="blue_moon"}"#;
    let exporter = exporter();
    exporter.set_last_success("blue_moon", "2026-05-01T00:00:00Z".parse().unwrap());
    for outcome in [Outcome::Failed, Outcome::Suspicious, Outcome::SkippedByCadence] {
        exporter.observe_run(&report(outcome));
        assert_eq!(value(&exporter, series), Some(1_777_593_600.0), "{outcome:?}");
    }
    exporter.observe_run(&report(Outcome::Unchanged));
    assert_eq!(value(&exporter, series), Some(1_778_320_803.0));
}

#[test]
fn a_run_skipped_by_its_cadence_changes_nothing() {
    let exporter = exporter();
    let before = exporter.to_text().unwrap();
    exporter.observe_run(&report(Outcome::SkippedByCadence));
    assert_eq!(exporter.to_text().unwrap(), before);
}

#[test]
fn a_push_that_failed_counts_as_one_error_of_its_step() {
    let series = r#"sms_pipeline_errors_total{api="blue_moon",step="push"}"#;
    let exporter = exporter();
    let mut report = report(Outcome::Succeeded);
    report.metrics_pushed = Some(false);
    exporter.observe_run(&report);
    assert_eq!(value(&exporter, series), Some(1.0));
    report.errors_by_step.insert(Step::Push, 1);
    exporter.observe_run(&report);
    assert_eq!(value(&exporter, series), Some(2.0));
}

#[test]
fn failures_are_counted_until_a_success() {
    let exporter = exporter();
    let series = r#"sms_source_consecutive_failures{api="blue_moon"}"#;
    for (outcome, failures) in [
        (Outcome::Failed, 1.0),
        (Outcome::Suspicious, 2.0),
        (Outcome::SkippedByCadence, 2.0),
        (Outcome::Unchanged, 0.0),
        (Outcome::Failed, 1.0),
        (Outcome::Succeeded, 0.0),
    ] {
        exporter.observe_run(&report(outcome));
        assert_eq!(value(&exporter, series), Some(failures), "{outcome:?}");
    }
}

#[test]
fn since_when_a_source_is_known_is_shown() {
    let exporter = exporter();
    exporter.set_created("blue_moon", "2026-05-01T00:00:00Z".parse().unwrap());
    let created = r#"sms_source_created_timestamp_seconds{api="blue_moon"}"#;
    assert_eq!(value(&exporter, created), Some(1_777_593_600.0));
}

#[test]
fn next_run_and_its_deadline_and_suspension_are_shown() {
    let exporter = exporter();
    exporter.set_next_run("blue_moon", Some("2026-05-01T00:00:00Z".parse().unwrap()), 900);
    exporter.set_suspended("blue_moon", true);
    let next_run = r#"sms_source_next_run_timestamp_seconds{api="blue_moon"}"#;
    assert_eq!(value(&exporter, next_run), Some(1_777_593_600.0));
    let deadline = r#"sms_source_run_deadline_timestamp_seconds{api="blue_moon"}"#;
    assert_eq!(value(&exporter, deadline), Some(1_777_594_500.0));
    assert_eq!(
        value(&exporter, r#"sms_source_suspended{api="blue_moon"}"#),
        Some(1.0)
    );
    exporter.set_next_run("blue_moon", None, 900);
    assert_eq!(value(&exporter, next_run), Some(0.0));
    assert_eq!(value(&exporter, deadline), Some(0.0));
}

#[test]
fn registering_again_keeps_the_counts() {
    let exporter = exporter();
    exporter.observe_run(&report(Outcome::Succeeded));
    register(&exporter, 60.0);
    assert_eq!(
        value(&exporter, r#"sms_events_processed_total{api="blue_moon"}"#),
        Some(11.0)
    );
    assert_eq!(
        value(
            &exporter,
            r#"sms_source_expected_interval_seconds{api="blue_moon"}"#
        ),
        Some(60.0)
    );
}

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn both_servers_answer_until_the_shutdown() {
    let listeners = Listeners::bind(LOOPBACK, LOOPBACK).await.unwrap();
    let (metrics, health) = (
        listeners.metrics_address().unwrap(),
        listeners.health_address().unwrap(),
    );
    let (readiness, receiver) = watch::channel(Readiness::Starting);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(listeners.serve(exporter(), receiver, async {
        let _ = stopped.await;
    }));

    let answer = get(metrics, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("content-type: text/plain; version=0.0.4"),
        "{answer}"
    );
    assert!(answer.contains("\nsms_build_info{version="), "{answer}");
    assert!(get(health, "/healthz").await.starts_with("HTTP/1.1 200"));
    let answer = get(health, "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.ends_with("starting\n"),
        "{answer}"
    );
    readiness.send_replace(Readiness::Ready);
    assert!(get(health, "/readyz").await.starts_with("HTTP/1.1 200"));
    readiness.send_replace(Readiness::Stopping);
    assert!(get(health, "/readyz").await.ends_with("stopping\n"));
    assert!(get(health, "/metrics").await.starts_with("HTTP/1.1 404"));

    // A client that never finishes its request must not keep the process from ending.
    let mut slow = TcpStream::connect(metrics).await.unwrap();
    slow.write_all(b"GET /met").await.unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(GRACE_AND_A_BIT, server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(metrics).await.is_err());
}

const GRACE_AND_A_BIT: std::time::Duration = std::time::Duration::from_secs(6);

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_flag_and_variable() {
    let taken = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Listeners::bind(address, LOOPBACK).await.unwrap_err().to_string();
    for part in [
        &address.to_string(),
        "--metrics-port",
        "SMS_METRICS_PORT",
        "in use",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let error = Listeners::bind(LOOPBACK, address).await.unwrap_err().to_string();
    assert!(
        error.contains("--health-port") && error.contains("SMS_HEALTH_PORT"),
        "{error}"
    );
}
