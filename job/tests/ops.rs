//! The files of the local loop say what the handbook says: Prometheus, Grafana, compose, images.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/services.rs"]
mod services;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};
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

fn dashboard() -> Value {
    serde_json::from_str(&read(
        "ops/grafana/provisioning/dashboards/sms-scraper-overview.json",
    ))
    .unwrap()
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|panel| panel["type"] != "row")
        .collect()
}

/// Every query of the dashboard, as Prometheus gets it.
fn queries(dashboard: &Value) -> Vec<String> {
    let targets = panels(dashboard)
        .into_iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| {
            target["expr"]
                .as_str()
                .unwrap()
                .replace("$api", ".+")
                .replace("$window", "1d")
        })
        .collect()
}

fn promtool(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}

/// `promtool check rules` on a file that has each query as a recording rule.
fn check_queries(queries: &[String]) -> (bool, String) {
    let rule =
        |(index, query): (usize, &String)| json!({ "record": format!("query:{index}"), "expr": query });
    let rules: Vec<Value> = queries.iter().enumerate().map(rule).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    std::fs::write(
        &file,
        json!({ "groups": [{ "name": "dashboard", "rules": rules }] }).to_string(),
    )
    .unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()])
}

#[test]
fn prometheus_accepts_both_configurations() {
    if !is_installed("promtool") {
        return;
    }
    for file in ["ops/prometheus.yml", "ops/prometheus.local.yml"] {
        let (accepted, text) = promtool(&["check", "config", file]);
        assert!(accepted, "{text}");
    }
}

#[test]
fn prometheus_scrapes_the_exporter_and_the_pushgateway_with_its_labels_kept() {
    for (file, interval) in [("ops/prometheus.yml", "15s"), ("ops/prometheus.local.yml", "1s")] {
        let config = yaml(file);
        assert_eq!(config["global"]["scrape_interval"], interval, "{file}");
        let jobs = config["scrape_configs"].as_array().unwrap();
        assert_eq!(jobs.len(), 2, "{file}");
        assert_eq!(jobs[0]["job_name"], "sms_scraper");
        assert_eq!(jobs[0]["honor_labels"], Value::Null);
        assert_eq!(
            jobs[0]["static_configs"][0]["targets"][0],
            "host.docker.internal:9898"
        );
        assert_eq!(jobs[1]["job_name"], "pushgateway");
        assert_eq!(jobs[1]["honor_labels"], true);
        assert_eq!(
            jobs[1]["static_configs"],
            json!([{ "targets": ["pushgateway:9091"] }])
        );
    }
    let local = yaml("ops/prometheus.local.yml");
    assert!(
        local["scrape_configs"][0]["static_configs"][0]["targets"]
            .as_array()
            .unwrap()
            .len()
            > 1
    );
}

#[test]
fn the_dashboard_begins_with_the_panels_of_the_handbook() {
    let dashboard = dashboard();
    assert_eq!(dashboard["title"], "SMS Scraper Overview");
    for (panel, (title, query)) in panels(&dashboard).into_iter().zip(PANELS) {
        assert_eq!(panel["title"], title);
        assert_eq!(panel["targets"].as_array().unwrap().len(), 1, "{title}");
        assert_eq!(panel["targets"][0]["expr"], query, "{title}");
        assert_eq!(panel["targets"][0]["legendFormat"], "{{instance}}", "{title}");
        // The query also finds the exporter, whose instance is host:port. No API name has a colon.
        let hidden =
            json!([{ "id": "filterFieldsByName", "options": { "exclude": { "pattern": ".*:.*" } } }]);
        assert_eq!(panel["transformations"], hidden, "{title}");
    }
}

#[test]
fn the_dashboard_can_be_loaded_anywhere() {
    let dashboard = dashboard();
    assert_eq!(dashboard["id"], Value::Null, "Grafana gives the number");
    assert!(dashboard["schemaVersion"].as_i64().unwrap() >= 39);
    assert_eq!(dashboard["time"], json!({ "from": "now-24h", "to": "now" }));
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert_eq!(variables[0]["name"], "datasource");
    assert_eq!(variables[0]["type"], "datasource");
    assert_eq!(variables[0]["current"]["value"], "prometheus");

    let all = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = all.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "panel ids are unique");
    let titles: BTreeSet<&str> = all.iter().map(|panel| panel["title"].as_str().unwrap()).collect();
    assert_eq!(titles.len(), all.len(), "titles are unique");
    let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap();
        assert_eq!(panel["datasource"], datasource, "{title}");
        assert_eq!(panel["targets"][0]["datasource"], datasource, "{title}");
        assert!(panel["description"].as_str().unwrap().len() > 20, "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
    }
}

#[test]
fn panels_do_not_overlap() {
    let dashboard = dashboard();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let side = |name: &str| panel["gridPos"][name].as_i64().unwrap();
        assert!(side("x") + side("w") <= 24, "{}", panel["title"]);
        for x in side("x")..side("x") + side("w") {
            for y in side("y")..side("y") + side("h") {
                assert!(taken.insert((x, y)), "{} lies on another panel", panel["title"]);
            }
        }
    }
}

#[test]
fn every_query_of_the_dashboard_is_promql() {
    if !is_installed("promtool") {
        return;
    }
    let queries = queries(&dashboard());
    assert!(queries.len() > 10);
    let (accepted, text) = check_queries(&queries);
    assert!(accepted, "{text}");
    assert!(
        !check_queries(&["sum by (".to_owned()]).0,
        "promtool does speak up"
    );
}

#[test]
fn the_dashboard_asks_only_for_families_that_exist() {
    let known: BTreeSet<&str> = pushed::ALL
        .iter()
        .chain(exported::ALL)
        .map(|family| family.name)
        .collect();
    for query in queries(&dashboard()) {
        for name in query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            if name.starts_with("sms_") && name != "sms_scraper" {
                assert!(
                    known.contains(name.trim_end_matches("_bucket")),
                    "{name} in {query}"
                );
            }
        }
    }
}

#[test]
fn a_time_that_never_was_is_not_shown_as_1970() {
    let time = Regex::new(r"\w+_timestamp_seconds(\{[^}]*\})?( > 0)?").unwrap();
    let queries = queries(&dashboard()).join("\n");
    assert!(time.is_match(&queries));
    for found in time.captures_iter(&queries) {
        assert!(found.get(2).is_some(), "{}", &found[0]);
    }
}

#[test]
fn grafana_is_provisioned_with_datasource_and_folder() {
    let datasource = &yaml("ops/grafana/provisioning/datasources/datasource.yaml")["datasources"][0];
    assert_eq!(datasource["uid"], "prometheus");
    assert_eq!(datasource["type"], "prometheus");
    assert_eq!(datasource["url"], "http://prometheus:9090");
    assert_eq!(datasource["isDefault"], false);
    let provider = &yaml("ops/grafana/provisioning/dashboards/dashboard.yaml")["providers"][0];
    assert_eq!(provider["folder"], "SMS");
    assert_eq!(provider["type"], "file");
    assert_eq!(
        provider["options"]["path"],
        "/etc/grafana/provisioning/dashboards"
    );
}

fn list(value: &Value) -> BTreeSet<&str> {
    value
        .as_array()
        .map(|items| items.iter().map(|item| item.as_str().unwrap()).collect())
        .unwrap_or_default()
}

#[test]
fn the_compose_file_has_the_names_ports_variables_and_volumes_of_the_handbook() {
    let compose = yaml("docker-compose.yml");
    let services = &compose["services"];
    let names = ["scraper", "pushgateway", "prometheus", "grafana"];
    let containers = ["sms_scraper", "pushgateway", "prometheus", "grafana"];
    let ports: [&[&str]; 4] = [
        &["8080:8080", "9898:9898"],
        &["9091:9091"],
        &["9090:9090"],
        &["3000:3000"],
    ];
    for ((name, container), ports) in names.into_iter().zip(containers).zip(ports) {
        assert_eq!(services[name]["container_name"], container);
        let published: Vec<&str> = list(&services[name]["ports"])
            .into_iter()
            .map(|port| port.trim_start_matches("127.0.0.1:"))
            .collect();
        assert_eq!(published, ports, "{name}");
    }

    let scraper = &services["scraper"];
    let environment = list(&scraper["environment"]);
    for variable in [
        "SMS_METRICS_PORT=9898",
        "SMS_PUSHGATEWAY_URL=http://pushgateway:9091",
        "SMS_SOURCES=/etc/sms/sources",
        "SMS_STORE_URL=sqlite:///data/events.sqlite",
    ] {
        assert!(environment.contains(variable), "{variable}");
    }
    assert!(
        scraper["healthcheck"]["test"]
            .to_string()
            .contains("http://127.0.0.1:8080/healthz")
    );
    assert_eq!(scraper["build"]["target"], "scraper");
    assert_eq!(scraper["build"]["args"]["BINARIES"], "${BINARIES:-build}");
    assert!(list(&scraper["volumes"]).contains("scraper_data:/data"));
    // Prometheus comes through the host, so that this port cannot be published on loopback alone.
    assert!(list(&scraper["ports"]).contains("9898:9898"));

    let prometheus = &services["prometheus"];
    assert!(list(&prometheus["volumes"]).contains("./ops/prometheus.yml:/etc/prometheus/prometheus.yml:ro"));
    assert!(list(&prometheus["volumes"]).contains("prometheus_data:/prometheus"));
    assert!(list(&prometheus["extra_hosts"]).contains("host.docker.internal:host-gateway"));
    assert!(list(&prometheus["depends_on"]).is_superset(&BTreeSet::from(["scraper", "pushgateway"])));
    let command = prometheus["command"].to_string();
    assert!(
        command.contains("--storage.tsdb.retention.time=")
            && command.contains("--storage.tsdb.retention.size=")
    );
    assert!(command.contains("--storage.tsdb.path=/prometheus"), "{command}");

    let grafana = &services["grafana"];
    assert_eq!(list(&grafana["profiles"]), BTreeSet::from(["observability"]));
    assert!(list(&grafana["environment"]).contains("GF_SECURITY_ADMIN_PASSWORD=admin"));
    assert!(list(&grafana["volumes"]).contains("./ops/grafana/provisioning:/etc/grafana/provisioning:ro"));

    assert!(
        services["pushgateway"]["command"]
            .to_string()
            .contains("--push.disable-consistency-check")
    );
    for name in ["prometheus_data", "scraper_data"] {
        assert!(
            compose["volumes"].as_object().unwrap().contains_key(name),
            "{name}"
        );
    }
    for name in ["pushgateway", "prometheus", "grafana"] {
        let image = services[name]["image"].as_str().unwrap();
        assert!(
            image.rsplit_once(':').is_some_and(|(_, tag)| tag != "latest"),
            "{image} is pinned"
        );
    }
}

#[test]
fn every_file_that_compose_mounts_for_observability_exists() {
    let compose = yaml("docker-compose.yml");
    for service in ["prometheus", "grafana"] {
        for volume in list(&compose["services"][service]["volumes"]) {
            let source = volume.split(':').next().unwrap();
            assert!(
                !source.starts_with('.') || root().join(source).exists(),
                "{source}"
            );
        }
    }
}

#[test]
fn the_dockerfile_has_the_stages_that_builds_name() {
    let text = read("Dockerfile");
    let first = text
        .lines()
        .find(|line| !line.starts_with('#') && !line.is_empty());
    assert_eq!(
        first,
        Some("ARG BINARIES=build"),
        "the argument must stand before the first FROM"
    );
    let stages: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("FROM "))
        .filter_map(|line| line.split_once(" AS ").map(|(_, stage)| stage))
        .collect();
    assert_eq!(stages[..2], ["build", "binaries"]);
    assert!(
        stages.contains(&"job") && stages.contains(&"scraper"),
        "{stages:?}"
    );
    assert!(text.contains("FROM scratch AS job"));
    assert!(
        !text.contains("syntax="),
        "a syntax line would be pulled from a registry"
    );
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
