//! An installation with everything that the chart can do. IO.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::DeleteParams;
use serde_json::Value;
use sms_e2e::{Cluster, eventually, helm, http};
use tempfile::TempDir;

use crate::{
    ONE_AT_A_TIME,
    scene::{A_WHILE, EVENTS, Scene},
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
const MONITORING: [&str; 3] = ["servicemonitors", "podmonitors", "prometheusrules"];

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_is_admitted_and_works() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(scene) = Scene::set("all").await else {
        return;
    };
    let _definitions = Definitions::install(&scene);
    let _volume = Volume::provide(&scene);
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
    assert_pushed(&scene).await;
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
    assert_pushed(&scene).await;
    assert_viewed(&scene).await;
    scene.uninstall();
    scene.end().await;
}

/// The Prometheus Operator's own definitions of the kinds that the chart uses; they go with this value.
struct Definitions {
    cluster: Cluster,
    files: Vec<String>,
}

impl Definitions {
    fn install(scene: &Scene) -> Self {
        let folder = helm::tools().unwrap().join("crds");
        let file = |kind: &str| {
            folder
                .join(format!("monitoring.coreos.com_{kind}.yaml"))
                .display()
                .to_string()
        };
        let files: Vec<_> = MONITORING.iter().map(|kind| file(kind)).collect();
        for file in &files {
            scene.kubectl(&scene.home, &["apply", "--server-side", "-f", file]);
        }
        for kind in MONITORING {
            let name = format!("customresourcedefinition/{kind}.monitoring.coreos.com");
            scene.kubectl(
                &scene.home,
                &["wait", &name, "--for=condition=Established", "--timeout=2m"],
            );
        }
        let cluster = scene.cluster.clone();
        Self { cluster, files }
    }
}

impl Drop for Definitions {
    fn drop(&mut self) {
        for file in &self.files {
            self.cluster.kubectl(&["delete", "--wait=false", "-f", file]);
        }
    }
}

/// A volume for the claim of the Pushgateway: nobody provisions one here. It goes with this value.
struct Volume {
    cluster: Cluster,
    _folder: TempDir,
}

impl Volume {
    fn provide(scene: &Scene) -> Self {
        let folder = TempDir::with_prefix_in("sms-volume-", "/tmp").unwrap();
        // The kubelet gives a folder of the node to nobody's group.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        scene.cluster.apply(&format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{ name: pushed }}\nspec:\n  capacity: {{ storage: 1Gi }}\n  \
             accessModes: [ReadWriteOnce]\n  hostPath: {{ path: {} }}\n",
            folder.path().display()
        ));
        Self {
            cluster: scene.cluster.clone(),
            _folder: folder,
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        self.cluster
            .kubectl(&["delete", "persistentvolume", "pushed", "--wait=false"]);
    }
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

/// What a Service of the release answers, asked from the node.
async fn ask(scene: &Scene, service: &str, path: &str) -> Result<String, String> {
    let spec = scene
        .home
        .api::<Service>()
        .get(service)
        .await
        .unwrap()
        .spec
        .unwrap();
    let port = spec.ports.unwrap()[0].port;
    let url = format!("http://{}:{port}{path}", spec.cluster_ip.unwrap());
    match http::get(&url).await {
        Ok((200, text)) => Ok(text),
        other => Err(format!("{url}: {other:?}")),
    }
}

async fn assert_pushed(scene: &Scene) {
    eventually(A_WHILE, "the Pushgateway tells of the run", || async {
        let metrics = ask(scene, "sms-scraper-pushgateway", "/metrics").await?;
        let is_told = metrics.lines().any(|line| {
            line.starts_with("sms_last_run_success{")
                && line.contains("instance=\"club\"")
                && line.ends_with(" 1")
        });
        is_told.then_some(()).ok_or(metrics)
    })
    .await;
}

/// The view shows what is stored, as JSON and as a calendar.
async fn assert_viewed(scene: &Scene) {
    let answer = ask(scene, "sms-scraper-view", "/v1/events").await.unwrap();
    let count = answer.matches("\"title\"").count();
    assert_eq!(count, usize::try_from(EVENTS).unwrap(), "{answer}");
    let calendar = ask(scene, "sms-scraper-view", "/events.ics").await.unwrap();
    let count = calendar.matches("BEGIN:VEVENT").count();
    assert_eq!(count, usize::try_from(EVENTS).unwrap(), "{calendar}");
}
