//! `kubectl apply -k` of each overlay, one after the other: all of them are for the same namespace. IO.

use std::path::Path;

use serde_json::json;
use sms_e2e::{
    Namespace, Source, crd,
    operator::{self, HOME},
};

use crate::{
    ONE_AT_A_TIME,
    provided::{Definitions, Volume},
    scene::{self, EVENTS, Scene, account, ask, assert_pushed, kubectl},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_overlay_is_applied_and_works() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(scene) = Scene::set("overlays").await else {
        return;
    };
    dev(&scene).await;
    production(&scene).await;
    namespaced(&scene).await;
    scene.end().await;
}

/// Its own database, Pushgateway and view, all in one namespace.
async fn dev(scene: &Scene) {
    let _volumes = [Volume::provide(&scene.cluster), Volume::provide(&scene.cluster)];
    let _overlay = Overlay::apply(scene, "dev");
    let home = Namespace::existing(&scene.cluster, HOME);
    kubectl(
        &scene.cluster,
        &[
            "-n",
            HOME,
            "rollout",
            "status",
            "statefulset/sms-postgres",
            "--timeout=5m",
        ],
    );
    run(scene, &home, "laptop").await;
    let stored = ask(&home, "sms-view", "/v1/events").await.unwrap();
    assert_eq!(
        stored.matches("\"title\"").count(),
        usize::try_from(EVENTS).unwrap(),
        "{stored}"
    );
    assert_pushed(&home, "sms-pushgateway", "laptop").await;
}

/// Monitoring, network policies, a Pushgateway; the database is somewhere else.
async fn production(scene: &Scene) {
    let _definitions = Definitions::install(&scene.cluster);
    let _volume = Volume::provide(&scene.cluster);
    let _overlay = Overlay::apply(scene, "production");
    let home = Namespace::existing(&scene.cluster, HOME);
    run(scene, &scene.music, "hall").await;
    assert_eq!(scene.stored("hall"), EVENTS.to_string());
    assert_pushed(&home, "sms-pushgateway", "hall").await;
    for kind in ["servicemonitors", "networkpolicies", "poddisruptionbudgets"] {
        let found = scene.kubectl(&home, &["get", kind, "-o", "name"]);
        assert!(!found.is_empty(), "{kind}");
    }
}

/// Whoever applies it may nothing outside the namespace: it and the CRD are there already.
async fn namespaced(scene: &Scene) {
    operator::install_home(&scene.cluster);
    crd::install(&scene.cluster).await;
    let overlay = Overlay::apply(scene, "namespaced");
    let applied = kubectl(&scene.cluster, &["kustomize", &overlay.folder]);
    for kind in [
        "Namespace",
        "CustomResourceDefinition",
        "ClusterRole",
        "ClusterRoleBinding",
    ] {
        assert!(
            !applied.lines().any(|line| line == format!("kind: {kind}")),
            "{kind}"
        );
    }
    let home = Namespace::existing(&scene.cluster, HOME);
    run(scene, &home, "corner").await;
}

struct Overlay<'s> {
    scene: &'s Scene,
    folder: String,
}

impl<'s> Overlay<'s> {
    /// Applies it as its first lines say, and waits until all of it is available.
    fn apply(scene: &'s Scene, name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../deploy/kustomize/overlays")
            .join(name);
        let overlay = Self {
            scene,
            folder: folder.display().to_string(),
        };
        kubectl(&scene.cluster, &["apply", "--server-side", "-k", &overlay.folder]);
        let wait = [
            "-n",
            HOME,
            "wait",
            "deployment",
            "--all",
            "--for=condition=Available",
            "--timeout=5m",
        ];
        let waited = scene.cluster.kubectl(&wait);
        assert!(
            waited.status.success(),
            "{name}: {waited:?}\n{}",
            account(&scene.cluster, HOME)
        );
        overlay
    }
}

impl Drop for Overlay<'_> {
    fn drop(&mut self) {
        self.scene
            .cluster
            .kubectl(&["delete", "--ignore-not-found", "--timeout=4m", "-k", &self.folder]);
    }
}

/// A source that has run once.
async fn run(scene: &Scene, namespace: &Namespace, name: &str) {
    let source = Source::create(&scene.cluster, namespace, name, &scene.venue.url(), &json!({})).await;
    scene::run(&source, 1).await;
}
