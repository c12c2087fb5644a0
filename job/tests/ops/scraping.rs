//! The configurations of Prometheus. IO: reads them, and asks promtool.

use std::process::Command;

use serde_json::{Value, json};

use super::{is_installed, root, yaml};

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
