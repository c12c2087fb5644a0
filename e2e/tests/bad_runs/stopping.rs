//! Runs that the cluster, or somebody, ends. IO.

use std::fs;

use k8s_openapi::api::core::v1::Pod;
use kube::{
    ResourceExt,
    api::{DeleteParams, EvictParams},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use sms_crds::report::Reason;
use sms_e2e::{Source, eventually, source::has_condition, venue::Answer};

use crate::scene::{A_RUN, Expected, Scene};

/// The Pod, once it has asked the venue.
async fn pod_at_the_venue(scene: &Scene, source: &Source) -> Pod {
    eventually(A_RUN, "the run asks the venue", || async {
        let pod = source.pods().await.pop();
        match (pod, scene.venue.requests()) {
            (Some(pod), 1..) => Ok(pod),
            (pod, requests) => Err(format!(
                "{requests} requests, {:?}",
                pod.and_then(|pod| pod.status)
            )),
        }
    })
    .await
}

#[tokio::test]
async fn a_run_that_needs_more_memory_than_its_limit_is_told_as_out_of_memory() {
    let body = format!("[{}{{}}]", "{\"a\":[1,2,3,4,5,6,7,8,9]},".repeat(300_000));
    let Some(scene) = Scene::set("memory", Answer::Body(body)).await else {
        return;
    };
    // What sorts a page has all of it at once; plain paths would not.
    let spec = json!({
        "extract": { "json": { "items": "sort_by(.b)[]" } },
        "job": { "backoffLimit": 0, "resources": { "limits": { "memory": "48Mi" } } },
    });
    let source = scene.run("hungry", spec).await;
    let told = Expected::failed(
        Reason::OOMKilled,
        &["more memory than its limit", "spec.job.resources.limits.memory"],
    );
    scene.assert_told(&source, &told).await;
    scene.end().await;
}

#[tokio::test]
async fn a_venue_that_never_answers_is_told_before_the_deadline() {
    let Some(scene) = Scene::set("silence", Answer::Silence).await else {
        return;
    };
    let spec = json!({ "fetch": { "timeout": "2m" }, "job": { "activeDeadlineSeconds": 30 } });
    let source = scene.run("silent", spec).await;
    let told = Expected::failed(Reason::TimedOut, &["spec.job.activeDeadlineSeconds"]);
    scene.assert_told(&source, &told).await;
    scene.end().await;
}

#[tokio::test]
async fn a_pod_that_hangs_is_told_at_the_deadline() {
    let Some(scene) = Scene::set("hang", Answer::Silence).await else {
        return;
    };
    if !scene.cluster.can_stop_components() {
        return;
    }
    let source = scene
        .run("hanging", json!({ "job": { "activeDeadlineSeconds": 45 } }))
        .await;
    pod_at_the_venue(&scene, &source).await;
    let processes = processes_of(scene.namespace.name());
    assert!(!processes.is_empty(), "no process of the run");
    for process in processes {
        // It answers no signal from now on, nor keeps any limit of its own.
        kill_process(process, Signal::STOP).unwrap();
    }
    let told = Expected::failed(
        Reason::DeadlineExceeded,
        &["45 seconds", "spec.job.activeDeadlineSeconds"],
    );
    scene.assert_told(&source, &told).await;
    scene.end().await;
}

/// Processes whose environment holds a source of this namespace.
fn processes_of(namespace: &str) -> Vec<Pid> {
    let folders = fs::read_dir("/proc").unwrap().flatten();
    let pids = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment);
        environment.contains("SMS_SOURCE=") && environment.contains(namespace)
    })
    .filter_map(Pid::from_raw)
    .collect()
}

#[tokio::test]
async fn an_evicted_run_is_told_as_evicted() {
    let Some(scene) = Scene::set("evicted", Answer::Silence).await else {
        return;
    };
    let source = scene
        .run("evicted", json!({ "job": { "backoffLimit": 0 } }))
        .await;
    let pod = pod_at_the_venue(&scene, &source).await;
    let pods = scene.namespace.api::<Pod>();
    pods.evict(&pod.name_any(), &EvictParams::default())
        .await
        .unwrap();
    let told = Expected::failed(Reason::Evicted, &["pushed out of its node"]);
    scene.assert_told(&source, &told).await;
    scene.end().await;
}

#[tokio::test]
async fn an_evicted_attempt_is_made_good_by_the_next_one() {
    let Some(scene) = Scene::set("evicted-once", Answer::Silence).await else {
        return;
    };
    let source = scene.run("evicted-once", json!({})).await;
    let pod = pod_at_the_venue(&scene, &source).await;
    scene.venue.say(Answer::Silence);
    let pods = scene.namespace.api::<Pod>();
    pods.evict(&pod.name_any(), &EvictParams::default())
        .await
        .unwrap();
    eventually(A_RUN, "another attempt asks the venue", || async {
        let requests = scene.venue.requests();
        (requests > 1).then_some(()).ok_or(requests)
    })
    .await;
    scene.venue.say(Answer::Events(3));
    let object = source.until_runs(A_RUN, 1).await;
    assert!(
        has_condition(&object, "LastRunSucceeded", "True", "Succeeded"),
        "{:?}",
        object.status
    );
    assert_eq!(object.status.unwrap().last_run.unwrap().attempts, 2);
    scene.end().await;
}

#[tokio::test]
async fn a_pod_that_somebody_deletes_in_the_middle_of_a_run_is_told_as_interrupted() {
    let Some(scene) = Scene::set("deleted", Answer::Silence).await else {
        return;
    };
    let source = scene
        .run("deleted", json!({ "job": { "backoffLimit": 0 } }))
        .await;
    let pod = pod_at_the_venue(&scene, &source).await;
    let pods = scene.namespace.api::<Pod>();
    pods.delete(&pod.name_any(), &DeleteParams::default())
        .await
        .unwrap();
    let told = Expected::failed(Reason::Interrupted, &["told to stop"]);
    scene.assert_told(&source, &told).await;
    scene.end().await;
}

#[tokio::test]
async fn a_run_that_is_killed_without_a_word_is_told_with_its_exit_code() {
    let Some(scene) = Scene::set("killed", Answer::Silence).await else {
        return;
    };
    if !scene.cluster.can_stop_components() {
        return;
    }
    let source = scene.run("killed", json!({ "job": { "backoffLimit": 0 } })).await;
    pod_at_the_venue(&scene, &source).await;
    for process in processes_of(scene.namespace.name()) {
        kill_process(process, Signal::KILL).unwrap();
    }
    let told = Expected::failed(Reason::PodFailed, &["exit code 137", "kubectl logs"]);
    scene.assert_told(&source, &told).await;
    scene.end().await;
}
