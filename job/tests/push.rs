//! Pushes against a real Pushgateway, and against servers that misbehave.

mod support {
    pub mod services;
}

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sms_crds::report::{Outcome, Reason, RunReport};
use sms_job::exporter::Exporter;
use sms_job::metrics::RunMetrics;
use sms_job::push::{PushError, PushMethod, PushSettings, delete, push, push_run};
use support::services::{Prometheus, Pushgateway, check_metrics, free_port, is_installed};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use wiremock::matchers::{any, basic_auth, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

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
    RunMetrics::from_report(&report(outcome, processed), runs_total, None, "test").unwrap()
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
    let text = gateway.metrics().await;
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
    let text = gateway.metrics().await;
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
    assert!(gateway.metrics().await.contains("sms_stale"));
    push_run(&settings, &run(Outcome::Succeeded, 3, 12))
        .await
        .unwrap();
    let text = gateway.metrics().await;
    assert!(
        !text.contains("sms_stale"),
        "PUT replaces the whole group: {text}"
    );
    assert_eq!(lines(&text).len(), 14, "{text}");
}

#[tokio::test]
async fn groups_are_told_apart_by_instance_and_deleted_one_by_one() {
    if !is_installed("prometheus-pushgateway") {
        return;
    }
    let gateway = Pushgateway::start_under("/base").await;
    let settings = PushSettings::new(gateway.base_url()).unwrap();
    for instance in ["blue_moon", "sea_monster", "a/b", ".."] {
        push(&settings, PushMethod::Put, instance, BODY).await.unwrap();
    }
    let text = gateway.metrics().await;
    for instance in ["blue_moon", "sea_monster", "a/b", ".."] {
        let line = format!("sms_last_run_success{{instance=\"{instance}\",job=\"sms_scraper\"}} 1");
        assert!(lines(&text).contains(&line.as_str()), "{line} is not in\n{text}");
    }

    for instance in ["blue_moon", "a/b", "..", "never_pushed"] {
        delete(&settings, instance).await.unwrap();
    }
    // The gateway answers before it has deleted.
    for _ in 0..100 {
        if lines(&gateway.metrics().await).len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let text = gateway.metrics().await;
    assert_eq!(
        lines(&text),
        ["sms_last_run_success{instance=\"sea_monster\",job=\"sms_scraper\"} 1"]
    );
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
    exporter.register_source("blue_moon", "default", "blue-moon", 3600.0);
    assert_eq!(check_metrics(&exporter.to_text().unwrap()), "");
    exporter.observe_run(&report(Outcome::Succeeded, 5));
    assert_eq!(check_metrics(&exporter.to_text().unwrap()), "");

    let gateway = Pushgateway::start().await;
    let settings = PushSettings::new(gateway.base_url()).unwrap();
    push_run(&settings, &run(Outcome::Succeeded, 1, 5)).await.unwrap();
    assert_eq!(check_metrics(&gateway.metrics().await), "");
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

async fn answering(response: ResponseTemplate) -> (MockServer, PushSettings) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    let settings = PushSettings::new(&server.uri())
        .unwrap()
        .with_basic("sms", "hunter2");
    (server, settings)
}

async fn tries(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn an_error_that_may_pass_is_tried_three_times_and_another_once() {
    for (status, wanted) in [
        (500, 3),
        (503, 3),
        (429, 3),
        (400, 1),
        (401, 1),
        (404, 1),
        (301, 1),
    ] {
        let (server, settings) = answering(ResponseTemplate::new(status).set_body_string("no\n\tway ")).await;
        let error = push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
        assert!(
            matches!(&error, PushError::Refused { status: seen, .. } if seen.as_u16() == status),
            "{error}"
        );
        assert_eq!(error.to_string().contains("no way"), status != 301, "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        assert_eq!(tries(&server).await, wanted, "{status}");
    }
}

#[tokio::test]
async fn a_gateway_that_comes_back_gets_the_push() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    push(
        &PushSettings::new(&server.uri()).unwrap(),
        PushMethod::Post,
        "a",
        BODY,
    )
    .await
    .unwrap();
    assert_eq!(tries(&server).await, 3);
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    let (_server, settings) =
        answering(ResponseTemplate::new(400).set_body_string("x".repeat(3_000_000))).await;
    let error = push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
    assert!(error.to_string().len() < 500, "{}", error.to_string().len());
}

#[tokio::test]
async fn a_slow_gateway_is_given_up_in_time() {
    let (server, settings) = answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(60))).await;
    let settings = settings.with_timeout(Duration::from_millis(200));
    let started = Instant::now();
    let error = push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
    assert!(matches!(error, PushError::TimedOut { .. }), "{error}");
    // Three times the limit of one try, and not a second more.
    assert!(
        started.elapsed() < Duration::from_millis(1600),
        "{:?}",
        started.elapsed()
    );
    assert!(tries(&server).await >= 2);
}

#[tokio::test]
async fn a_gateway_that_drips_an_endless_answer_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream
                    .write_all(b"HTTP/1.1 500 X\r\nContent-Length: 9999\r\n\r\n")
                    .await;
                while stream.write_all(b".").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    });
    let settings = PushSettings::new(&format!("http://{address}"))
        .unwrap()
        .with_timeout(Duration::from_millis(200));
    let started = Instant::now();
    push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_millis(1600),
        "{:?}",
        started.elapsed()
    );
    server.abort();
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_an_error_that_says_why() {
    let address = format!("http://user:hunter2@127.0.0.1:{}", free_port());
    let started = Instant::now();
    let error = push(&PushSettings::new(&address).unwrap(), PushMethod::Put, "a", BODY)
        .await
        .unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("onnection refused") && text.contains("127.0.0.1"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn credentials_are_sent() {
    let server = MockServer::start().await;
    let group = "/metrics/job/sms_scraper/instance/a";
    let basic = Mock::given(method("PUT"))
        .and(path(group))
        .and(basic_auth("sms", "hunter2"));
    basic
        .respond_with(ResponseTemplate::new(202))
        .expect(1)
        .mount(&server)
        .await;
    let bearer = Mock::given(method("DELETE"))
        .and(path(group))
        .and(header("authorization", "Bearer t0ken"));
    bearer
        .respond_with(ResponseTemplate::new(202))
        .expect(1)
        .mount(&server)
        .await;

    let settings = PushSettings::new(&server.uri()).unwrap();
    push(&settings.with_basic("sms", "hunter2"), PushMethod::Put, "a", BODY)
        .await
        .unwrap();
    let settings = PushSettings::new(&server.uri()).unwrap();
    delete(&settings.with_bearer("t0ken"), "a").await.unwrap();
}

#[tokio::test]
async fn the_credentials_do_not_follow_a_redirect() {
    let (other, _) = answering(ResponseTemplate::new(200)).await;
    let redirect = ResponseTemplate::new(308).insert_header("location", other.uri());
    let (_server, settings) = answering(redirect).await;
    let error = push(&settings, PushMethod::Put, "a", BODY)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("308") && error.contains("redirects are not followed"),
        "{error}"
    );
    assert_eq!(tries(&other).await, 0);
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

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_push_that_worked_is_in_the_log_in_the_words_of_the_handbook() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (_server, settings) = answering(ResponseTemplate::new(200)).await;
    push(&settings, PushMethod::Put, "blue_moon", BODY).await.unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("Pushed metrics to Pushgateway for api=blue_moon\n"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}
