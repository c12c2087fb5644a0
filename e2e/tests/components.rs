//! Components can be stopped and started, and come back by themselves. In a file of its own, since cargo runs files one
//! after the other: no other test may use the cluster meanwhile. IO.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sms_e2e::{Cluster, Component, Namespace, eventually};
use tokio::sync::Mutex;

const A_WHILE: Duration = Duration::from_mins(3);
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

async fn ready(cluster: &Cluster) {
    eventually(A_WHILE, "the API server is ready", || async {
        cluster.is_ready().await.then_some(()).ok_or("it is not")
    })
    .await;
}

#[tokio::test]
async fn the_api_server_stays_away_until_it_is_started_and_has_forgotten_nothing() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    if !cluster.can_stop_components() {
        return;
    }
    let namespace = Namespace::create(&cluster, "stop").await;
    cluster.stop(Component::ApiServer).await;
    for _ in 0..10 {
        assert!(!cluster.kubectl(&["get", "--raw", "/readyz"]).status.success());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    cluster.start(Component::ApiServer).await;
    ready(&cluster).await;
    assert!(
        cluster
            .kubectl(&["get", "namespace", namespace.name()])
            .status
            .success()
    );
    namespace.delete().await;
}

#[tokio::test]
async fn a_component_that_crashes_is_started_again() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    if !cluster.can_stop_components() {
        return;
    }
    let before = cluster.process(Component::ApiServer).unwrap();
    kill_process(Pid::from_raw(before).unwrap(), Signal::KILL).unwrap();
    eventually(A_WHILE, "another process", || async {
        match cluster.process(Component::ApiServer) {
            Some(now) if now != before => Ok(()),
            now => Err(format!("{now:?}")),
        }
    })
    .await;
    ready(&cluster).await;
}
