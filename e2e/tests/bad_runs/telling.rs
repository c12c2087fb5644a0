//! Runs that end by themselves, and have nothing good to tell. IO.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, api::PostParams};
use serde_json::json;
use sms_crds::{
    conditions::DATA_HEALTHY,
    report::{Outcome, Reason},
};
use sms_e2e::{
    services::Postgres,
    source::{condition, has_condition, runs},
    venue::Answer,
};

use crate::scene::{A_RUN, Expected, Scene};

#[tokio::test]
async fn a_venue_that_is_broken_is_tried_by_a_second_pod_and_counted_as_one_run() {
    let Some(scene) = Scene::set("broken", Answer::Status(500)).await else {
        return;
    };
    let source = scene.run("broken", json!({})).await;
    let told = Expected {
        attempts: 2,
        ..Expected::failed(Reason::HttpStatus, &["500"])
    };
    let object = scene.assert_told(&source, &told).await;
    assert_eq!(source.pods().await.len(), 2);
    assert_eq!(source.jobs().await.len(), 1);
    let totals = object.status.unwrap().totals.unwrap();
    assert_eq!(
        totals.errors.values().sum::<i64>(),
        2,
        "one error of each attempt: {totals:?}"
    );
    scene.end().await;
}

#[tokio::test]
async fn too_few_events_are_told_with_the_way_to_accept_them() {
    let Some(scene) = Scene::set("suspicious", Answer::Events(2)).await else {
        return;
    };
    let source = scene
        .run("quiet-club", json!({ "expect": { "minEvents": 5 } }))
        .await;
    let told = Expected {
        outcome: Outcome::Suspicious,
        ..Expected::failed(Reason::TooFewEvents, &["2", "5"])
    };
    let object = scene.assert_told(&source, &told).await;
    let data = condition(&object, DATA_HEALTHY);
    assert!(
        has_condition(&object, DATA_HEALTHY, "False", "TooFewEvents"),
        "{data:?}"
    );
    assert!(
        data.message.contains("sms-scraper.dev/accept="),
        "{}",
        data.message
    );
    let of_reason = source.events().await;
    let of_reason = of_reason.iter().filter(|event| event.reason == "TooFewEvents");
    assert_eq!(of_reason.count(), 1, "one thing is told once");
    scene.end().await;
}

#[tokio::test]
async fn a_run_that_its_cadence_skips_is_no_run() {
    let Some(scene) = Scene::set("cadence", Answer::Events(3)).await else {
        return;
    };
    let postgres = Postgres::start(&scene.cluster.node_address().unwrap()).await;
    let secrets: Api<Secret> = scene.namespace.api();
    let secret = json!({ "metadata": { "name": "sms-store" }, "stringData": { "url": postgres.url() } });
    let secret: Secret = serde_json::from_value(secret).unwrap();
    secrets.create(&PostParams::default(), &secret).await.unwrap();

    let spec = json!({ "schedule": "* * * * *", "suspend": true, "cadence": "1h" });
    let source = scene.run("often", spec).await;
    let object = source.until_runs(A_RUN, 1).await;
    assert!(
        has_condition(&object, "LastRunSucceeded", "True", "Succeeded"),
        "{:?}",
        object.status
    );
    let first = object.status.unwrap();

    source.patch(json!({ "spec": { "suspend": false } })).await;
    let object = source
        .until(A_RUN, "a scheduled run is in the history", |source| {
            source
                .status
                .as_ref()
                .is_some_and(|status| status.recent_runs.len() > 1)
        })
        .await;
    let status = object.status.clone().unwrap();
    assert_eq!(
        status.recent_runs[0].outcome,
        Outcome::SkippedByCadence,
        "{status:?}"
    );
    assert_eq!((status.last_run, status.totals), (first.last_run, first.totals));
    assert_eq!(runs(&object), 1);
    assert_eq!(status.last_success_time, first.last_success_time);
    assert!(has_condition(&object, "LastRunSucceeded", "True", "Succeeded"));
    assert_eq!(scene.venue.requests(), 1, "a skipped run asks nobody");
    scene.end().await;
}
