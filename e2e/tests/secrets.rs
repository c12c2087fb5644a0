//! Canary secrets' way through all that the operator writes and causes to be written: logs, metrics, events, statuses,
//! objects, the plugin's report; undisturbed, and with an API server and Pods that repeat them. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "secrets/canary.rs"]
mod canary;
#[path = "secrets/repeated.rs"]
mod repeated;
#[path = "secrets/scene.rs"]
mod scene;
#[path = "secrets/told.rs"]
mod told;

use std::time::Duration;

use kube::api::DeleteParams;
use serde_json::json;
use sms_e2e::{Source, crowd, eventually};
use sms_proof::{Group, record};

use canary::{PLAIN, Search};
use scene::{Scene, is_judged};
use told::Told;

const A_WHILE: Duration = Duration::from_mins(3);
const GOAL: &str = "0 hits";

/// Records a row of this part of the proof, and fails the test if there was a hit.
fn prove(attack: &str, search: &Search) {
    let met = record(Group::Secrets, attack, search.figure(), GOAL, search.is_clean());
    assert!(met, "{attack}: {}\n{}", search.figure(), search.hits());
}

/// Waits until a source is judged.
async fn until_judged(source: &Source, status: &str) {
    let what = format!("Ready is {status}");
    source
        .until(A_WHILE, &what, |object| is_judged(object, status))
        .await;
}

#[tokio::test]
async fn a_whole_life_tells_no_secret_and_asks_for_none() {
    let Some(scene) = Scene::set("canary").await else {
        return;
    };
    let source = scene.source("blue-moon", &json!({})).await;
    until_judged(&source, "True").await;
    source.run_now("today").await;
    eventually(A_WHILE, "there is a Job", || async {
        source.jobs().await.pop().ok_or("there is none")
    })
    .await;
    source
        .patch(json!({ "spec": { "job": { "activeDeadlineSeconds": 700 } } }))
        .await;
    until_judged(&source, "True").await;
    // Each is wrong in the very field that holds the canary.
    let wrong = [
        (
            "user",
            json!({ "fetch": { "url": format!("https://me:{PLAIN}@venue.example/") } }),
        ),
        (
            "port",
            json!({ "fetch": { "url": format!("https://venue.example:99999/?key={PLAIN}") } }),
        ),
        (
            "header",
            json!({ "fetch": { "url": "https://venue.example/", "headers": [{ "name": "Authorization", "value": format!("{PLAIN}\n") }] } }),
        ),
    ];
    for (name, patch) in &wrong {
        let source = scene.source(name, patch).await;
        until_judged(&source, "False").await;
    }
    let told = Told::of(&scene.cluster, &scene.namespace, &scene.operator).await;
    assert!(
        told.has("CronJob", PLAIN) && told.has("log", "Created CronJob"),
        "the canaries are there, and so is what is searched"
    );
    prove(
        "operator: logs, metrics, events, statuses and objects of a whole life",
        &told.search(),
    );
    prove("operator: bug report of the plugin", &told.search_report());

    for source in crowd::list(&scene.namespace).await.unwrap() {
        let name = source["metadata"]["name"].as_str().unwrap();
        let sources = Source::named(&scene.cluster, &scene.namespace, name).api();
        sources.delete(name, &DeleteParams::default()).await.unwrap();
    }
    let calls = scene.proxy.calls();
    let for_secrets = calls.iter().filter(|call| call.resource == "secrets").count();
    let met = record(
        Group::Secrets,
        "operator: requests for Secrets in a whole life",
        format!("{for_secrets} of {} requests", calls.len()),
        "0",
        for_secrets == 0 && !calls.is_empty(),
    );
    assert!(met, "{for_secrets} requests for Secrets");
    scene.end().await;
}
