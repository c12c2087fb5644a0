//! `preview`: what it shows, and that nothing comes of it. IO.

use std::{fs, process::Stdio, time::Duration};

use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::ResourceExt;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sms_e2e::{Source, eventually, source, venue::Answer};

use crate::scene::{A_RUN, Scene};

pub async fn store_push_and_count_nothing(scene: &Scene) {
    let previewed = scene.source("previewed", &json!({})).await;
    until_ready(&previewed).await;

    shows_what_is_there(scene).await;
    shows_a_change_before_it_is_applied(scene).await;
    tells_what_is_wrong(scene).await;
    is_deleted_when_somebody_loses_patience(scene).await;

    let object = previewed.get().await;
    let status = object.status.as_ref().unwrap();
    assert_eq!(source::runs(&object), 0, "{}", json!(status));
    assert!(
        status.last_run.is_none() && status.counted_jobs.is_empty(),
        "{}",
        json!(status)
    );
    assert_eq!(
        scene.postgres.query("SELECT to_regclass('events_v1') IS NULL"),
        "t"
    );
    let pushed = scene.gateway.metrics().await;
    assert!(!pushed.contains("sms_"), "{pushed}");
    until_nothing_is_left(scene).await;
}

/// Waits for the CronJob.
pub async fn until_ready(source: &Source) {
    let is_ready = |object: &_| source::has_condition(object, "Ready", "True", "Scheduled");
    source.until(A_RUN, "is ready", is_ready).await;
}

async fn shows_what_is_there(scene: &Scene) {
    let json = scene.done(&["preview", "previewed", "-o", "json"]).await;
    let preview: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(preview["found"], 3, "{json}");
    let titles: Vec<_> = preview["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["title"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(titles, ["Show 0", "Show 1", "Show 2"]);

    let table = scene.done(&["preview", "previewed", "--limit", "1"]).await;
    assert!(
        table.starts_with("previewed: 3 items found, 3 events, 0 rejected"),
        "{table}"
    );
    assert!(
        table.contains("Show 0") && table.contains("… and 2 more"),
        "{table}"
    );
}

async fn shows_a_change_before_it_is_applied(scene: &Scene) {
    let file = scene.folder.path().join("changed.json");
    let mut changed = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1",
        "kind": "ScrapeSource",
        "metadata": { "name": "previewed" },
        "spec": {
            "fetch": { "url": scene.venue.url() },
            "extract": { "json": { "items": ".[0]", "fields": { "title": "\"$(HOME) \" + .title", "start": ".start" } } },
        },
    });
    fs::write(&file, changed.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let table = scene.done(&["preview", "-f", file]).await;
    assert!(table.starts_with("previewed: 1 item found, 1 event"), "{table}");
    assert!(table.contains("$(HOME) Show 0"), "{table}");

    changed["metadata"]["name"] = json!("not-yet");
    fs::write(file, changed.to_string()).unwrap();
    let told = scene.failed(2, &["preview", "-f", file]).await;
    assert!(
        told.contains("source not-yet has no CronJob") && told.contains("sms_scraper preview"),
        "{told}"
    );
    let table = scene.done(&["preview", "previewed", "-f", file]).await;
    assert!(table.starts_with("not_yet: 1 item found"), "{table}");
}

async fn tells_what_is_wrong(scene: &Scene) {
    scene.venue.say(Answer::Status(404));
    let told = scene.failed(1, &["preview", "previewed"]).await;
    assert!(
        told.starts_with("error: the preview failed: ")
            && told.contains("404")
            && told.contains("HttpStatus"),
        "{told}"
    );
    scene.venue.say(Answer::Events(3));
    let told = scene.failed(2, &["preview", "preview"]).await;
    assert!(told.contains("did you mean previewed?"), "{told}");
}

async fn is_deleted_when_somebody_loses_patience(scene: &Scene) {
    scene.venue.say(Answer::Silence);
    let before = scene.venue.requests();
    let child = scene
        .user
        .command(&["preview", "previewed"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually(A_RUN, "the venue is asked", || async {
        match scene.venue.requests() > before {
            true => Ok(()),
            false => Err(format!("{:?}", scene.namespace.names::<Pod>().await)),
        }
    })
    .await;
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    until_nothing_is_left(scene).await;
    scene.venue.say(Answer::Events(3));
}

async fn until_nothing_is_left(scene: &Scene) {
    eventually(Duration::from_mins(2), "no preview is left", || async {
        let jobs = scene
            .namespace
            .api::<Job>()
            .list(&kube::api::ListParams::default())
            .await;
        let pods = scene.namespace.names::<Pod>().await;
        let jobs: Vec<_> = jobs.unwrap().items.iter().map(ResourceExt::name_any).collect();
        match jobs.is_empty() && pods.is_empty() {
            true => Ok(()),
            false => Err(format!("{jobs:?} {pods:?}")),
        }
    })
    .await;
}
