//! The observability loop for real: ingester and serve, a Pushgateway, a Prometheus with the shipped configuration, and
//! everything that the handbook and the dashboard ask of them.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    reason = "a test says so by failing"
)]

#[path = "seed_loop/compose.rs"]
mod compose;
#[path = "seed_loop/dashboard.rs"]
mod dashboard;
#[path = "seed_loop/handbook.rs"]
mod handbook;
#[allow(dead_code, reason = "only blocks are read here")]
#[path = "docs/markdown.rs"]
mod markdown;
#[path = "support/queries.rs"]
mod queries;
#[path = "support/scraper.rs"]
mod scraper;
#[path = "support/services.rs"]
mod services;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use scraper::{Scraper, repository};
use serde_json::json;
use services::{Prometheus, Pushgateway, check_metrics, free_port, http, is_installed};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

/// Names that the documentation uses.
const APIS: [&str; 3] = ["blue_moon", "darrells_tavern", "sea_monster"];

/// The venue that is gone: every run of it fails.
const CLOSED: &str = "closed_venue";

/// Longest time until two scheduled runs are over: two minutes of cron, and the runs themselves.
const TWO_RUNS: Duration = Duration::from_secs(150);

/// Three venues whose page changes with every request and holds one item without a title, and one that is gone.
async fn venues() -> MockServer {
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    let server = MockServer::start().await;
    for api in APIS {
        Mock::given(path(format!("/{api}")))
            .respond_with(move |_: &wiremock::Request| {
                let request = REQUESTS.fetch_add(1, Ordering::Relaxed);
                let events: Vec<_> = (0..4)
                    .map(|n| json!({"id": n, "title": format!("{api} {n}, page {request}"), "start": format!("2099-05-0{}T20:00", n + 1)}))
                    .chain([json!({"id": "closed", "start": "2099-05-09"})])
                    .collect();
                ResponseTemplate::new(200).set_body_json(events)
            })
            .mount(&server)
            .await;
    }
    server
}

fn write_sources(scraper: &Scraper, venues: &MockServer) {
    for name in ["blue-moon", "darrells-tavern", "sea-monster", "closed-venue"] {
        let address = format!("{}/{}", venues.uri(), name.replace('-', "_"));
        scraper.source(
            name,
            &format!(
                "  schedule: \"* * * * *\"\n  timeZone: America/Los_Angeles\n  fetch: {{ url: \"{address}\", robots: ignore, attempts: 1 }}\n  extract: {{ json: {{}} }}"
            ),
        );
    }
}

/// The shipped configuration with loopback targets, scraping every second.
fn configuration(exporter: u16, gateway: &Pushgateway) -> String {
    let shipped = std::fs::read_to_string(repository("ops/prometheus.yml")).unwrap();
    let adapted = shipped
        .replace("host.docker.internal:9898", &format!("127.0.0.1:{exporter}"))
        .replace("pushgateway:9091", gateway.target())
        .replace(
            "/etc/prometheus/rules",
            repository("ops/prometheus/rules").to_str().unwrap(),
        )
        .replace("15s", "1s");
    assert!(!adapted.contains("host.docker.internal") && !adapted.contains("pushgateway:9091"));
    assert!(!adapted.contains("/etc/prometheus"));
    adapted
}

#[tokio::test]
async fn the_handbook_and_the_dashboard_find_what_the_runs_did() {
    if !["prometheus", "prometheus-pushgateway", "promtool"]
        .iter()
        .all(|program| is_installed(program))
    {
        assert!(
            std::env::var("CI").is_err(),
            "CI needs prometheus, promtool and prometheus-pushgateway"
        );
        eprintln!("skipped: prometheus, promtool or prometheus-pushgateway is not installed");
        return;
    }
    let (scraper, venues, gateway) = (Scraper::new(), venues().await, Pushgateway::start().await);
    write_sources(&scraper, &venues);
    let (metrics_port, health_port) = (free_port(), free_port());
    let prometheus = Prometheus::start(&configuration(metrics_port, &gateway)).await;

    two_ingester_runs(&scraper, &gateway).await;
    let mut serve = scraper.spawn(
        &[
            "serve",
            "--metrics-port",
            &metrics_port.to_string(),
            "--health-port",
            &health_port.to_string(),
        ],
        &[("SMS_PUSHGATEWAY_URL", gateway.base_url())],
    );
    series_exist_before_the_first_run(&prometheus).await;
    two_scheduled_runs(&prometheus).await;
    both_endpoints_are_clean(&gateway, metrics_port, health_port).await;
    series_have_the_values_of_the_runs(&prometheus).await;
    dashboard::every_panel_shows_something(&prometheus).await;
    dashboard::every_query_and_rule_finds_something(&prometheus);
    let here = handbook::Here {
        gateway: &gateway,
        prometheus: &prometheus,
        metrics_port,
        health_port,
    };
    handbook::queries_find_something(&here).await;
    handbook::links_and_samples_are_there(&here).await;
    handbook::commands_print_something(&here).await;

    scraper::terminate(&serve);
    let status = tokio::time::timeout(Duration::from_secs(15), serve.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success());
    handbook::a_group_can_be_deleted(&here).await;
}

async fn two_ingester_runs(scraper: &Scraper, gateway: &Pushgateway) {
    for round in 1..=2 {
        let run = scraper
            .run_with(
                &["ingester", "--bypass-cadence"],
                &[("SMS_PUSHGATEWAY_URL", gateway.base_url())],
            )
            .await;
        // The closed venue fails, which is transient: it may open again.
        assert_eq!(run.code, 1, "{}", run.stderr);
        let lines = [&APIS[..], &[CLOSED]]
            .concat()
            .into_iter()
            .map(|api| format!("sms_ingest_runs_total{{instance=\"{api}\",job=\"sms_scraper\"}} {round}\n"));
        let lines: Vec<String> = lines.collect();
        let pushed = gateway
            .metrics_when(|text| lines.iter().all(|line| text.contains(line)))
            .await;
        for api in APIS {
            assert!(
                run.stderr
                    .contains(&format!("Pushed metrics to Pushgateway for api={api}")),
                "{}",
                run.stderr
            );
            for line in [
                format!("sms_ingest_runs_total{{instance=\"{api}\",job=\"sms_scraper\"}} {round}"),
                format!("sms_events_processed_total{{instance=\"{api}\",job=\"sms_scraper\"}} 4"),
                format!("sms_events_skipped_total{{instance=\"{api}\",job=\"sms_scraper\"}} 1"),
                format!("sms_pipeline_errors_total{{instance=\"{api}\",job=\"sms_scraper\"}} 0"),
                format!("sms_last_run_success{{instance=\"{api}\",job=\"sms_scraper\"}} 1"),
            ] {
                assert!(pushed.lines().any(|pushed| pushed == line), "{line}\n{pushed}");
            }
        }
        let failed = "sms_last_run_success{instance=\"closed_venue\",job=\"sms_scraper\"} 0";
        assert!(pushed.lines().any(|line| line == failed), "{pushed}");
    }
}

async fn series_exist_before_the_first_run(prometheus: &Prometheus) {
    let runs = "sms_ingest_runs_total{api!=\"\"}";
    // Four sources and the four outcomes that count as runs; a minute may have begun meanwhile.
    let series = prometheus.query_until(runs, |series| series.len() == 4 * 4).await;
    assert!(series.iter().any(|(_, value)| *value == 0.0), "{series:?}");
}

async fn two_scheduled_runs(prometheus: &Prometheus) {
    let started = Instant::now();
    let runs = "sum by (api) (sms_ingest_runs_total{api!=\"\"})";
    loop {
        let counts = prometheus.query(runs).await;
        if counts.len() == 4 && counts.iter().all(|(_, value)| *value >= 2.0) {
            return;
        }
        assert!(
            started.elapsed() < TWO_RUNS,
            "after {:?} there are {counts:?}",
            started.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn both_endpoints_are_clean(gateway: &Pushgateway, metrics_port: u16, health_port: u16) {
    assert_eq!(check_metrics(&gateway.metrics().await), "");
    let (status, exported) = http("GET", &format!("http://127.0.0.1:{metrics_port}/metrics"), "")
        .await
        .unwrap();
    assert_eq!(
        (status, check_metrics(&exported).as_str()),
        (200, ""),
        "{exported}"
    );
    for probe in ["healthz", "readyz"] {
        let (status, _) = http("GET", &format!("http://127.0.0.1:{health_port}/{probe}"), "")
            .await
            .unwrap();
        assert_eq!(status, 200, "{probe}");
    }
}

async fn series_have_the_values_of_the_runs(prometheus: &Prometheus) {
    let targets: BTreeMap<String, String> = prometheus.targets().await.into_iter().collect();
    assert_eq!(targets.len(), 2);
    assert!(targets.values().all(|health| health == "up"), "{targets:?}");

    // Two by the ingester, two by serve; the gateway is scraped up to a second after the exporter.
    let all = |series: &[(services::Labels, f64)]| {
        APIS.iter().all(|api| {
            series.iter().any(|(labels, runs)| {
                !labels.contains_key("api") && labels["instance"] == *api && *runs >= 4.0
            })
        })
    };
    prometheus.query_until("sms_ingest_runs_total", all).await;

    for (family, expected) in [
        ("sms_events_processed_total", Some(4.0)),
        ("sms_events_skipped_total", Some(1.0)),
        ("sms_pipeline_errors_total", Some(0.0)),
        ("sms_pipeline_duration_seconds", None),
    ] {
        let series = prometheus.query(&format!("sum by (instance) ({family})")).await;
        let by_api: BTreeMap<&str, f64> = series
            .iter()
            .map(|(labels, value)| (labels["instance"].as_str(), *value))
            .collect();
        for api in APIS {
            match expected {
                Some(value) => assert_eq!(by_api[api], value, "{family} of {api}: {by_api:?}"),
                None => assert!(
                    by_api[api] > 0.0 && by_api[api] < 60.0,
                    "{family} of {api}: {by_api:?}"
                ),
            }
        }
    }
    let quantile =
        "histogram_quantile(0.95, sum by (le, instance) (rate(sms_pipeline_duration_seconds_bucket[5m])))";
    let seconds = prometheus.query(quantile).await;
    assert!(
        seconds.iter().any(|(_, value)| *value > 0.0 && value.is_finite()),
        "{seconds:?}"
    );
    let errors = prometheus
        .query("sum by (instance) (rate(sms_pipeline_errors_total[5m]))")
        .await;
    assert!(
        errors.iter().any(|(_, value)| *value > 0.0),
        "the closed venue's errors have no rate: {errors:?}"
    );
}
