//! Runs that do not get as far as to run. IO.

use serde_json::json;
use sms_crds::{
    conditions::{ConditionReason, READY},
    report::Reason,
};
use sms_e2e::{
    source::{Source, condition, has_condition},
    venue::Answer,
};

use crate::scene::{A_RUN, Expected, Scene};

/// A Pod that cannot start is told after ten seconds, while the Job still tries: in `Ready`, and by an event.
async fn assert_not_ready(source: &Source, reason: Reason, word: &str) {
    let object = source
        .until(A_RUN, "it is not ready", |source| {
            has_condition(source, READY, "False", reason.as_str())
        })
        .await;
    let message = &condition(&object, READY).message;
    assert!(message.contains(word), "{word:?} is not in: {message}");
    assert!(
        object.status.unwrap().last_run.is_none(),
        "it was told only at the end"
    );
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_named() {
    let change = |mut options: sms_e2e::operator::Options| {
        options.job_settings = "image: registry.invalid/none/such:1\n".to_owned();
        options
    };
    let Some(scene) = Scene::with("pull", Answer::Events(3), change).await else {
        return;
    };
    let source = scene
        .run("no-image", json!({ "job": { "activeDeadlineSeconds": 60 } }))
        .await;
    let words = [
        "registry.invalid/none/such:1",
        "cannot be pulled",
        "imagePullSecrets",
    ];
    assert_not_ready(&source, Reason::ImagePullFailed, words[0]).await;
    let told = Expected::failed(Reason::ImagePullFailed, &words);
    let object = scene.assert_told(&source, &told).await;
    assert!(
        has_condition(&object, READY, "False", "ImagePullFailed"),
        "what keeps runs from starting is still there: {:?}",
        condition(&object, READY)
    );
    scene.end().await;
}

#[tokio::test]
async fn a_pod_that_no_node_takes_is_told_and_a_corrected_source_is_ready_again() {
    let Some(scene) = Scene::set("unschedulable", Answer::Events(3)).await else {
        return;
    };
    let spec = json!({ "job": { "activeDeadlineSeconds": 60, "nodeSelector": { "disk": "none-such" } } });
    let source = scene.run("no-node", spec).await;
    let words = ["no node takes the Pod", "spec.job.nodeSelector"];
    assert_not_ready(&source, Reason::Unschedulable, words[1]).await;
    scene
        .assert_told(&source, &Expected::failed(Reason::Unschedulable, &words))
        .await;

    source
        .patch(json!({ "spec": { "job": { "nodeSelector": null } } }))
        .await;
    source.run_now("second").await;
    let object = source.until_runs(A_RUN, 2).await;
    assert!(
        has_condition(&object, "LastRunSucceeded", "True", "Succeeded"),
        "{:?}",
        object.status
    );
    let scheduled = ConditionReason::Scheduled.as_str();
    source
        .until(A_RUN, "it is ready again", |source| {
            has_condition(source, READY, "True", scheduled)
        })
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_missing_secret_is_named_with_its_key_and_not_tried_again() {
    let Some(scene) = Scene::set("secret", Answer::Events(3)).await else {
        return;
    };
    let spec = json!({
        "fetch": { "auth": { "bearer": { "secretKeyRef": { "name": "sms-none", "key": "token" } } } },
        "job": { "backoffLimit": 3 },
    });
    let source = scene.run("no-secret", spec).await;
    let told = Expected::failed(Reason::SecretMissing, &["sms-none", "token"]);
    scene.assert_told(&source, &told).await;
    assert_eq!(source.pods().await.len(), 1);
    assert_eq!(scene.venue.requests(), 0);
    scene.end().await;
}

#[tokio::test]
async fn missing_certificate_authorities_are_named() {
    let change =
        |options: sms_e2e::operator::Options| options.with_setting("caConfigMap: { name: authorities }");
    let Some(scene) = Scene::with("authorities", Answer::Events(3), change).await else {
        return;
    };
    let source = scene.run("no-ca", json!({ "job": { "backoffLimit": 0 } })).await;
    let told = Expected::failed(Reason::ContainerConfigInvalid, &["caConfigMap"]);
    scene.assert_told(&source, &told).await;
    scene.end().await;
}

#[tokio::test]
async fn an_address_that_may_not_be_reached_is_tried_once() {
    let Some(scene) = Scene::set("forbidden", Answer::Events(3)).await else {
        return;
    };
    let private = scene.cluster.node_address().unwrap();
    let spec = json!({ "fetch": { "url": format!("http://{private}:6443/") }, "job": { "backoffLimit": 3 } });
    let source = scene.run("forbidden", spec).await;
    let words = [private.as_str()];
    let told = Expected::failed(Reason::AddressForbidden, &words);
    scene.assert_told(&source, &told).await;
    assert_eq!(source.pods().await.len(), 1);
    scene.end().await;
}
