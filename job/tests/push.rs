//! Pushes against a real Pushgateway, and against servers that misbehave.

#![allow(clippy::unwrap_used)]

#[path = "push/faults.rs"]
mod faults;
#[path = "support/services.rs"]
mod services;

use std::process::Command;

use services::{Prometheus, Pushgateway, check_metrics, is_installed};
use sms_crds::{
    SourceKey,
    report::{Outcome, Reason, RunReport},
};
use sms_job::exporter::Exporter;
use sms_job::metrics::RunMetrics;
use sms_job::push::{PushMethod, PushSettings, push, push_run};

const BODY: &str = "# TYPE sms_last_run_success gauge\nsms_last_run_success 1\n";

fn report(outcome: Outcome, processed: i64) -> RunReport {
    serde_json::from_value(serde_json::json!({
        "source": "default/blue-moon",
        "apiName": "blue_moon",
        "run": "r1",
        "outcome": outcome,
        "startedAt": "2026-05-09T10:00:00Z",
        "finishedAt": "2026-05-09T10:00:03Z",
        "durationSeconds": 3.0,
        "processed": processed,
        "skipped": 3,
        "errors": i64::from(outcome == Outcome::Failed),
        "new": processed,
    }))
    .unwrap()
}

fn run(outcome: Outcome, runs_total: u64, processed: i64) -> RunMetrics {
    RunMetrics::from_report(&report(outcome, processed), Some(runs_total), "test").unwrap()
}

/// Whether the metrics of `blue_moon` are those of its run of this number.
fn is_of_run(number: u64) -> impl Fn(&str) -> bool {
    let line = format!("sms_ingest_runs_total{{instance=\"blue_moon\",job=\"sms_scraper\"}} {number}");
    move |text| lines(text).contains(&line.as_str())
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("sms_")).collect()
}

#[tokio::test]
async fn a_failure_keeps_the_last_success_and_the_next_success_replaces_all() {
    if !is_installed("prometheus-pushgateway") {
        return;
    }
    let gateway = Pushgateway::start().await;
    let settings = PushSettings::new(gateway.base_url()).unwrap();

    push_run(&settings, &run(Outcome::Succeeded, 1, 11))
        .await
        .unwrap();
    let text = gateway.metrics_when(is_of_run(1)).await;
    assert!(
        text.contains("\nsms_ingest_runs_total{instance=\"blue_moon\",job=\"sms_scraper\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("\n# TYPE sms_ingest_runs_total counter\n"),
        "{text}"
    );
    assert!(
        text.contains("\n# TYPE sms_pipeline_duration_seconds gauge\n"),
        "{text}"
    );
    assert_eq!(lines(&text).len(), 14, "{text}");

    push_run(&settings, &run(Outcome::Failed, 2, 0)).await.unwrap();
    let text = gateway.metrics_when(is_of_run(2)).await;
    for line in [
        "sms_ingest_runs_total{instance=\"blue_moon\",job=\"sms_scraper\"} 2",
        "sms_events_processed_total{instance=\"blue_moon\",job=\"sms_scraper\"} 11",
        "sms_events_skipped_total{instance=\"blue_moon\",job=\"sms_scraper\"} 3",
        "sms_pipeline_errors_total{instance=\"blue_moon\",job=\"sms_scraper\"} 1",
        "sms_last_run_success{instance=\"blue_moon\",job=\"sms_scraper\"} 0",
        "sms_last_success_timestamp_seconds{instance=\"blue_moon\",job=\"sms_scraper\"} 1.778320803e+09",
    ] {
        assert!(lines(&text).contains(&line), "{line} is not in\n{text}");
    }

    let extra = "# TYPE sms_stale gauge\nsms_stale 1\n";
    push(&settings, PushMethod::Post, "blue_moon", extra)
        .await
        .unwrap();
    let is_stale = |text: &str| text.contains("sms_stale");
    assert!(is_stale(&gateway.metrics_when(is_stale).await));
    push_run(&settings, &run(Outcome::Succeeded, 3, 12))
        .await
        .unwrap();
    let text = gateway.metrics_when(is_of_run(3)).await;
    assert!(
        !text.contains("sms_stale"),
        "PUT replaces the whole group: {text}"
    );
    assert_eq!(lines(&text).len(), 14, "{text}");
}

#[tokio::test]
async fn groups_are_told_apart_by_instance() {
    if !is_installed("prometheus-pushgateway") {
        return;
    }
    let gateway = Pushgateway::start_under("/base").await;
    let settings = PushSettings::new(gateway.base_url()).unwrap();
    for instance in ["blue_moon", "sea_monster", "a/b", ".."] {
        push(&settings, PushMethod::Put, instance, BODY).await.unwrap();
    }
    // It stores them one after the other.
    let text = gateway.metrics_when(|text| text.contains("\"..\"")).await;
    for instance in ["blue_moon", "sea_monster", "a/b", ".."] {
        let line = format!("sms_last_run_success{{instance=\"{instance}\",job=\"sms_scraper\"}} 1");
        assert!(lines(&text).contains(&line.as_str()), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn promtool_has_nothing_to_say_about_either_path() {
    if !(is_installed("promtool") && is_installed("prometheus-pushgateway")) {
        return;
    }
    assert_ne!(check_metrics("bad_total_name 1\n"), "", "promtool does speak up");
    for outcome in [Outcome::Succeeded, Outcome::Failed] {
        assert_eq!(check_metrics(&run(outcome, 1, 5).to_text().unwrap()), "");
    }
    let exporter = Exporter::new().unwrap();
    let source = SourceKey {
        namespace: "default".to_owned(),
        name: "blue-moon".to_owned(),
    };
    exporter.register_source("blue_moon", &source, "default", 3600.0);
    assert_eq!(check_metrics(&exporter.to_text().unwrap()), "");
    exporter.observe_run(&report(Outcome::Succeeded, 5));
    assert_eq!(check_metrics(&exporter.to_text().unwrap()), "");

    let gateway = Pushgateway::start().await;
    let settings = PushSettings::new(gateway.base_url()).unwrap();
    push_run(&settings, &run(Outcome::Succeeded, 1, 5)).await.unwrap();
    let pushed = gateway.metrics_when(is_of_run(1)).await;
    assert_ne!(lines(&pushed), Vec::<&str>::new());
    assert_eq!(check_metrics(&pushed), "");
}

#[tokio::test]
async fn prometheus_keeps_the_instance_that_was_pushed() {
    if !(is_installed("prometheus") && is_installed("prometheus-pushgateway")) {
        return;
    }
    let gateway = Pushgateway::start().await;
    let settings = PushSettings::new(gateway.base_url()).unwrap();
    push_run(&settings, &run(Outcome::Succeeded, 1, 11))
        .await
        .unwrap();
    let prometheus = Prometheus::start(&format!(
        "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: pushgateway\n  honor_labels: true\n  \
         static_configs: [{{ targets: ['{}'] }}]\n",
        gateway.target()
    ))
    .await;
    let answer = prometheus
        .query_until("sum by (instance) (sms_events_processed_total)", |answer| {
            !answer.is_empty()
        })
        .await;
    assert_eq!(answer.len(), 1);
    assert_eq!(answer[0].0["instance"], "blue_moon");
    assert!((answer[0].1 - 11.0).abs() < f64::EPSILON);
    assert_eq!(prometheus.targets().await[0].1, "up");
}

#[tokio::test]
async fn the_gateways_own_words_are_reported_when_it_refuses_a_push() {
    if !is_installed("prometheus-pushgateway") {
        return;
    }
    let gateway = Pushgateway::start().await;
    let settings = PushSettings::new(gateway.base_url()).unwrap();
    let error = push(&settings, PushMethod::Put, "blue_moon", "this is no metric\n")
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("400") && text.contains("text format parsing error in line 1"),
        "{text}"
    );
    assert!(
        text.contains("blue_moon") && text.contains("127.0.0.1:"),
        "{text}"
    );
    assert_eq!(error.reason(), Reason::PushFailed);
}

/// bcrypt of `hunter2`.
const HASH: &str = "$2b$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.";

#[tokio::test]
async fn a_gateway_with_tls_of_its_own_and_a_password_takes_the_push() {
    if !(is_installed("prometheus-pushgateway") && is_installed("openssl")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=gateway", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(file("key.pem"))
        .arg("-out")
        .arg(file("ca.pem"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let config = format!(
        "tls_server_config: {{ cert_file: ca.pem, key_file: key.pem }}\nbasic_auth_users: {{ sms: '{HASH}' }}\n"
    );
    std::fs::write(file("web.yml"), config).unwrap();
    let gateway = Pushgateway::start_secured(&file("web.yml")).await;

    let settings = || {
        PushSettings::new(gateway.base_url())
            .unwrap()
            .with_ca_file(file("ca.pem"))
    };
    push(
        &settings().with_basic("sms", "hunter2"),
        PushMethod::Put,
        "a",
        BODY,
    )
    .await
    .unwrap();
    let error = push(&settings().with_basic("sms", "wrong"), PushMethod::Put, "a", BODY)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    let stranger = PushSettings::new(gateway.base_url()).unwrap();
    let error = push(&stranger, PushMethod::Put, "a", BODY).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}
