//! An installation with default values over its life. IO.

use k8s_openapi::api::batch::v1::CronJob;
use kube::ResourceExt;
use sms_crds::conditions::READY;
use sms_e2e::{Source, helm, source::has_condition};

use crate::{
    ONE_AT_A_TIME, previous,
    scene::{A_WHILE, RELEASE, Scene},
};

const OPERATOR: &str = "sms-scraper-operator";

#[tokio::test(flavor = "multi_thread")]
async fn sources_outlive_upgrade_uninstallation_and_reinstallation() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(scene) = Scene::set("life").await else {
        return;
    };
    let chart = helm::chart("sms-scraper");
    let previous = previous::chart();
    // Its own version of the images may be one that nobody has here.
    let tags = format!("--set=operator.image.tag={0},jobs.image.tag={0}", helm::VERSION);
    scene.release("install", previous.path(), &[&tags]);
    scene.until_available(OPERATOR, 2).await;
    assert!(!has_short_name(&scene), "the former CRD is not a former one");
    let source = scene.source("club");
    scene.run(&source, 1).await;
    let before = identity(&scene, &source).await;

    let notes = scene.release("upgrade", &chart, &["--reset-values"]);
    assert!(
        notes.contains(&format!("helm test {RELEASE} -n {}", scene.home.name())),
        "{notes}"
    );
    scene.until_available(OPERATOR, 2).await;
    assert!(has_short_name(&scene), "helm upgrade left the CRD as it was");
    scene.run(&source, 2).await;
    assert_eq!(identity(&scene, &source).await, before);
    let tested = scene.helm(&["test", RELEASE, "--timeout=3m"]);
    assert!(tested.contains("Phase:          Succeeded"), "{tested}");

    scene.uninstall();
    assert_eq!(scene.available(OPERATOR).await, None);
    assert_eq!(identity(&scene, &source).await, before);
    assert_eq!(sms_e2e::source::runs(&source.get().await), 2);
    // CronJobs go on without an operator, and whoever comes back counts what it missed.
    scene.kubectl(
        &scene.music,
        &["create", "job", "meanwhile", "--from=cronjob/club"],
    );
    scene.kubectl(
        &scene.music,
        &[
            "wait",
            "job/meanwhile",
            "--for=condition=Complete",
            "--timeout=3m",
        ],
    );

    scene.release("install", &chart, &[]);
    source.until_runs(A_WHILE, 3).await;
    scene.run(&source, 4).await;
    assert_eq!(identity(&scene, &source).await, before);
    let object = source.get().await;
    assert!(
        has_condition(&object, READY, "True", "Scheduled"),
        "{:?}",
        object.status
    );
    scene.uninstall();
    scene.end().await;
}

/// Whether the CRD that is installed is the chart's of today.
fn has_short_name(scene: &Scene) -> bool {
    let names = "jsonpath={.spec.names.shortNames}";
    let crd = "customresourcedefinition/scrapesources.sms-scraper.dev";
    scene.kubectl(&scene.home, &["get", crd, "-o", names]) == r#"["ss"]"#
}

/// What a source and its CronJob are known by: something that was deleted and made anew has another one.
async fn identity(scene: &Scene, source: &Source) -> (Option<String>, Option<String>) {
    let cron_job = scene.music.api::<CronJob>().get(source.name()).await.unwrap();
    (source.get().await.uid(), cron_job.uid())
}
