//! The queries of the dashboard and what a panel shows of their answers; promtool's opinion of queries. IO: reads the
//! dashboard, runs promtool.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]
#![allow(dead_code, reason = "each test takes what it needs")]

use std::{collections::BTreeMap, path::Path, process::Command};

use regex::Regex;
use serde_json::{Value, json};

/// A panel that asks something.
pub struct Panel {
    pub title: String,
    /// Expressions as Prometheus gets them, each with how its series are named.
    pub queries: Vec<(String, String)>,
    /// Names that a transformation takes away.
    pub hidden: Option<Regex>,
}

impl Panel {
    /// Names of the series that are shown, of those that a query gave.
    pub fn shown<'a>(
        &self,
        legend: &str,
        series: impl IntoIterator<Item = &'a BTreeMap<String, String>>,
    ) -> Vec<String> {
        let name = |labels: &BTreeMap<String, String>| {
            labels.iter().fold(legend.to_owned(), |name, (label, value)| {
                name.replace(&format!("{{{{{label}}}}}"), value)
            })
        };
        let is_shown = |name: &String| self.hidden.as_ref().is_none_or(|hidden| !hidden.is_match(name));
        series.into_iter().map(name).filter(is_shown).collect()
    }
}

/// The overview's panels in their order, with this time as every window, and everything selected.
pub fn panels(window: &str) -> Vec<Panel> {
    panels_of(OVERVIEW, window)
}

/// As [`panels`], of any dashboard.
pub fn panels_of(name: &str, window: &str) -> Vec<Panel> {
    let panels = dashboard(name)["panels"].clone();
    let panels = panels.as_array().unwrap().iter();
    panels
        .filter(|panel| panel["type"] != "row")
        .map(|panel| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let query = |target: &Value| {
                let everything = ["$job", "$instance", "$api"];
                let windows = ["$window", "$__rate_interval"];
                let expression = everything.iter().fold(text(&target["expr"]), |text, variable| {
                    text.replace(variable, ".+")
                });
                let expression = windows
                    .iter()
                    .fold(expression, |text, variable| text.replace(variable, window));
                (expression, text(&target["legendFormat"]))
            };
            let transformations = panel["transformations"].as_array();
            let filter = transformations
                .into_iter()
                .flatten()
                .find(|step| step["id"] == "filterFieldsByName");
            Panel {
                title: text(&panel["title"]),
                queries: panel["targets"].as_array().unwrap().iter().map(query).collect(),
                hidden: filter.map(|step| {
                    let pattern = text(&step["options"]["exclude"]["pattern"]);
                    Regex::new(&pattern).unwrap()
                }),
            }
        })
        .collect()
}

/// The dashboard of sources.
pub const OVERVIEW: &str = "sms-scraper-overview";
/// The dashboard of the operator.
pub const OPERATOR: &str = "sms-operator";

/// A dashboard as Grafana loads it.
pub fn dashboard(name: &str) -> Value {
    let file = format!("../ops/grafana/provisioning/dashboards/{name}.json");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// What promtool has against one of these queries; nothing if all are `PromQL`. `promtool check rules` reads them as
/// recording rules.
pub fn check_queries(queries: &[String]) -> Option<String> {
    let rule =
        |(index, query): (usize, &String)| json!({ "record": format!("query:{index}"), "expr": query });
    let rules: Vec<Value> = queries.iter().enumerate().map(rule).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    let rules = json!({ "groups": [{ "name": "queries", "rules": rules }] });
    std::fs::write(&file, rules.to_string()).unwrap();
    let output = Command::new("promtool")
        .args(["check", "rules"])
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (!output.status.success()).then_some(said)
}
