//! The dashboards and what else Grafana is provisioned with. IO: reads them, and asks promtool.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Value, json};
use sms_job::metrics::families::{exported, operator, pushed};

use super::{
    PANELS, is_installed,
    queries::{self, OPERATOR, OVERVIEW, check_queries},
    yaml,
};

fn drawn(dashboard: &Value) -> Vec<&Value> {
    dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|panel| panel["type"] != "row")
        .collect()
}

/// Every query of both dashboards, as Prometheus gets it.
fn expressions() -> Vec<String> {
    let panels = [OVERVIEW, OPERATOR]
        .into_iter()
        .flat_map(|name| queries::panels_of(name, "1d"));
    let queries = panels.flat_map(|panel| panel.queries);
    queries.map(|(expression, _)| expression).collect()
}

#[test]
fn the_dashboard_begins_with_the_panels_of_the_handbook() {
    let dashboard = queries::dashboard(OVERVIEW);
    assert_eq!(dashboard["title"], "SMS Scraper Overview");
    assert_eq!(dashboard["uid"], "sms-scraper-overview");
    for (panel, (title, query)) in drawn(&dashboard).into_iter().zip(PANELS) {
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
fn the_dashboards_can_be_loaded_anywhere() {
    for (name, from) in [(OVERVIEW, "now-24h"), (OPERATOR, "now-6h")] {
        let dashboard = queries::dashboard(name);
        assert_eq!(dashboard["uid"], name);
        assert_eq!(
            dashboard["tags"],
            json!(["sms"]),
            "the dashboards link to each other by it"
        );
        assert_eq!(dashboard["id"], Value::Null, "Grafana gives the number");
        assert!(dashboard["schemaVersion"].as_i64().unwrap() >= 39);
        assert_eq!(dashboard["time"], json!({ "from": from, "to": "now" }));
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        assert_eq!(variables[0]["name"], "datasource");
        assert_eq!(variables[0]["type"], "datasource");
        assert_eq!(variables[0]["current"]["value"], "prometheus");
        panels_can_be_loaded(&dashboard);
    }
}

fn panels_can_be_loaded(dashboard: &Value) {
    let all = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = all.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "panel ids are unique");
    let titles: BTreeSet<&str> = all.iter().map(|panel| panel["title"].as_str().unwrap()).collect();
    assert_eq!(titles.len(), all.len(), "titles are unique");
    let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
    for panel in drawn(dashboard) {
        let title = panel["title"].as_str().unwrap();
        assert_eq!(panel["datasource"], datasource, "{title}");
        assert_eq!(panel["targets"][0]["datasource"], datasource, "{title}");
        assert!(panel["description"].as_str().unwrap().len() > 20, "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
    }
}

#[test]
fn panels_do_not_overlap() {
    for name in [OVERVIEW, OPERATOR] {
        let dashboard = queries::dashboard(name);
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
}

#[test]
fn every_query_of_the_dashboards_is_promql() {
    if !is_installed("promtool") {
        return;
    }
    let expressions = expressions();
    assert!(expressions.len() > 10);
    assert_eq!(check_queries(&expressions), None);
    assert!(
        check_queries(&["sum by (".to_owned()]).is_some(),
        "promtool does speak up"
    );
}

#[test]
fn the_dashboards_ask_only_for_families_that_exist() {
    let known: BTreeSet<&str> = pushed::ALL
        .iter()
        .chain(exported::ALL)
        .chain(operator::ALL)
        .map(|family| family.name)
        .collect();
    for query in expressions() {
        for name in query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            if name.starts_with("sms_") && name != "sms_scraper" {
                let family = name.trim_end_matches("_bucket").trim_end_matches("_sum");
                assert!(known.contains(family), "{name} in {query}");
            }
        }
    }
}

#[test]
fn a_time_that_never_was_is_not_shown_as_1970() {
    let time = Regex::new(r"\w+_timestamp_seconds(\{[^}]*\})?( > 0| == 0)?").unwrap();
    let queries = expressions().join("\n");
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
