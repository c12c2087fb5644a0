//! An installation with everything that the chart can do. IO.

use std::{fs, path::Path, process::Command};

use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use serde_json::Value;
use sms_e2e::helm;

use crate::{
    ONE_AT_A_TIME,
    provided::{Definitions, Volume},
    scene::{EVENTS, Scene, ask, assert_pushed},
};

/// The kinds that the chart makes objects of, and how many.
const OBJECTS: &[(&str, usize)] = &[
    ("deployments.apps", 3),
    ("poddisruptionbudgets.policy", 2),
    ("networkpolicies.networking.k8s.io", 3),
    ("persistentvolumeclaims", 1),
    ("ingresses.networking.k8s.io", 1),
    ("servicemonitors.monitoring.coreos.com", 3),
    ("podmonitors.monitoring.coreos.com", 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_is_admitted_and_works() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(scene) = Scene::set("all").await else {
        return;
    };
    let _definitions = Definitions::install(&scene.cluster);
    let _volume = Volume::provide(&scene.cluster);
    let values = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ship/everything.yaml");
    let values = format!("--values={}", values.display());
    let namespaces = format!("--set=networkPolicy.jobs.namespaces={{{}}}", scene.music.name());
    scene.release("install", &helm::chart("sms-scraper"), &[&values, &namespaces]);
    for (kind, number) in OBJECTS {
        let names = scene.kubectl(&scene.home, &["get", kind, "-o", "name"]);
        assert_eq!(names.lines().count(), *number, "{kind}: {names}");
    }
    assert!(
        !scene
            .kubectl(&scene.music, &["get", "networkpolicies", "-o", "name"])
            .is_empty()
    );
    assert_rules(&scene);
    assert_dashboards(&scene);
    let tested = scene.helm(&["test", "sms-scraper", "--timeout=3m"]);
    assert!(tested.contains("Phase:          Succeeded"), "{tested}");

    let source = scene.source("club");
    scene.run(&source, 1).await;
    assert_pushed(&scene.home, "sms-scraper-pushgateway", "club").await;
    // What was pushed is on the volume.
    let pods = scene.home.api::<Pod>();
    let gateway = scene.kubectl(
        &scene.home,
        &[
            "get",
            "pods",
            "-l",
            "app.kubernetes.io/component=pushgateway",
            "-o",
            "name",
        ],
    );
    pods.delete(gateway.trim_start_matches("pod/"), &DeleteParams::default())
        .await
        .unwrap();
    assert_pushed(&scene.home, "sms-scraper-pushgateway", "club").await;
    assert_viewed(&scene).await;
    scene.uninstall();
    scene.end().await;
}

/// The rules are in the cluster, and Prometheus itself reads them.
fn assert_rules(scene: &Scene) {
    let found = scene.kubectl(&scene.home, &["get", "prometheusrules", "-o", "json"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    let objects = found["items"].as_array().unwrap();
    assert!(!objects.is_empty(), "no rules");
    let folder = tempfile::tempdir().unwrap();
    for object in objects {
        let file = folder.path().join("rules.yaml");
        fs::write(&file, object["spec"].to_string()).unwrap();
        let checked = Command::new("promtool")
            .args(["check", "rules"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(checked.status.success(), "{checked:?}");
    }
}

fn assert_dashboards(scene: &Scene) {
    let selected = ["get", "configmaps", "-l", "grafana_dashboard=1", "-o", "json"];
    let found: Value = serde_json::from_str(&scene.kubectl(&scene.home, &selected)).unwrap();
    let texts = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|object| object["data"].as_object().unwrap().values());
    let titles: Vec<_> = texts
        .map(|text| serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap()["title"].clone())
        .collect();
    assert!(
        titles.contains(&Value::from("SMS Scraper Overview")),
        "{titles:?}"
    );
}

/// The view shows what is stored, as JSON and as a calendar.
async fn assert_viewed(scene: &Scene) {
    let answer = ask(&scene.home, "sms-scraper-view", "/v1/events").await.unwrap();
    let count = answer.matches("\"title\"").count();
    assert_eq!(count, usize::try_from(EVENTS).unwrap(), "{answer}");
    let calendar = ask(&scene.home, "sms-scraper-view", "/events.ics").await.unwrap();
    let count = calendar.matches("BEGIN:VEVENT").count();
    assert_eq!(count, usize::try_from(EVENTS).unwrap(), "{calendar}");
}
