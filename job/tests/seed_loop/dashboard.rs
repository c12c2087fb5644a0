//! What the dashboard's panels show while the loop runs, and what the rules find. IO.

use std::{collections::BTreeSet, process::Command};

use super::{
    APIS, CLOSED,
    queries::{self, OVERVIEW, Panel},
    scraper::repository,
    services::Prometheus,
};

/// Panels in which nothing is what should stand.
const EMPTY: [&str; 2] = ["Missed runs", "Without an event"];

/// Every panel has something to show, and those of the last run one row for each API and no other.
pub async fn every_panel_shows_something(prometheus: &Prometheus) {
    let panels = queries::panels("5m");
    assert!(panels.len() > 15);
    for panel in &panels {
        if EMPTY.contains(&panel.title.as_str()) {
            assert_eq!(shown(prometheus, panel).await, [""; 0], "{}", panel.title);
            continue;
        }
        for (expression, legend) in &panel.queries {
            shows_something(prometheus, panel, expression, legend).await;
        }
    }
    // A run that failed says nothing about events, so the closed venue is in three of them.
    rows(prometheus, &panels[0], true).await;
    rows(prometheus, &panels[1], false).await;
    rows(prometheus, &panels[2], false).await;
    rows(prometheus, &panels[3], true).await;
    rows(prometheus, &panels[4], true).await;
    let hiding = panels.iter().filter(|panel| panel.hidden.is_some());
    assert_eq!(
        hiding.count(),
        5,
        "a panel hides series and its rows are not tested"
    );

    let never = panels
        .iter()
        .find(|panel| panel.title == "Never succeeded")
        .unwrap();
    assert_eq!(shown(prometheus, never).await, [CLOSED], "{}", never.queries[0].0);
}

/// As an administrator would check it: the script asks the queries and variables of the dashboard, and looks at the rules.
pub fn every_query_and_rule_finds_something(prometheus: &Prometheus) {
    let checked = Command::new(repository(".ci/check-queries"))
        .args([prometheus.base_url(), OVERVIEW])
        // The slowest rules are evaluated every two minutes.
        .env("WAIT", "150")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success(), "{said}");
}

async fn shows_something(prometheus: &Prometheus, panel: &Panel, expression: &str, legend: &str) {
    let series = prometheus
        .query_until(expression, |series| {
            !panel
                .shown(legend, series.iter().map(|(labels, _)| labels))
                .is_empty()
        })
        .await;
    assert!(
        series.iter().all(|(_, value)| value.is_finite()),
        "{}: {series:?}",
        panel.title
    );
}

async fn shown(prometheus: &Prometheus, panel: &Panel) -> Vec<String> {
    let [(expression, legend)] = panel.queries.as_slice() else {
        return Vec::new();
    };
    let series = prometheus.query(expression).await;
    panel.shown(legend, series.iter().map(|(labels, _)| labels))
}

/// One row for each API remains when the panel has hidden what it hides.
async fn rows(prometheus: &Prometheus, panel: &Panel, with_closed: bool) {
    let rows = shown(prometheus, panel).await;
    let mut expected: BTreeSet<&str> = APIS.into();
    if with_closed {
        expected.insert(CLOSED);
    }
    assert_eq!(rows.len(), expected.len(), "{}: {rows:?}", panel.title);
    assert_eq!(
        rows.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        expected,
        "{}",
        panel.title
    );
}
