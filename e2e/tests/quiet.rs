//! A hundred idle sources cost nothing: no write, hardly any memory or processor time. IO.
//!
//! In a file of its own, since what is counted are the requests of everybody. `SMS_E2E_QUIET_SECONDS` shortens the five
//! minutes.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::{env, time::Duration};

use k8s_openapi::api::core::v1::Namespace as Object;
use kube::{Api, ResourceExt, api::ListParams};
use sms_e2e::{
    Cluster, Namespace, Operator, crowd, eventually,
    operator::{self, Options},
    requests::Requests,
};

const SIZE: usize = 100;
const A_WHILE: Duration = Duration::from_mins(3);
const WATCHED: [&str; 5] = ["scrapesources", "cronjobs", "jobs", "pods", "events"];

fn quiet_time() -> Duration {
    let seconds = env::var("SMS_E2E_QUIET_SECONDS").ok();
    Duration::from_secs(seconds.map_or(300, |seconds| seconds.parse().unwrap()))
}

/// Waits until the namespaces of earlier tests are gone: what ends in them is written too.
async fn until_alone(cluster: &Cluster) {
    let namespaces: Api<Object> = Api::all(cluster.client());
    eventually(A_WHILE, "no namespace is being deleted", || async {
        let listed = namespaces
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let leaving = listed
            .items
            .iter()
            .filter(|found| found.metadata.deletion_timestamp.is_some());
        let leaving: Vec<_> = leaving.map(ResourceExt::name_any).collect();
        leaving.is_empty().then_some(()).ok_or(leaving.join(", "))
    })
    .await;
}

/// The writes to what belongs to sources, until none has come for three seconds.
async fn writes_until_settled(cluster: &Cluster, before: &Requests) -> Requests {
    let mut last = writes_since(cluster, before).await;
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let now = writes_since(cluster, before).await;
        if now == last {
            return now;
        }
        last = now;
    }
}

async fn writes_since(cluster: &Cluster, before: &Requests) -> Requests {
    cluster.request_counts().await.since(before).writes_to(&WATCHED)
}

/// Writes as text, for comparison: `POST cronjobs 201 × 100`.
fn rows(writes: &Requests) -> Vec<String> {
    let rows = writes.0.iter().map(|(request, count)| {
        let place = match request.subresource.as_str() {
            "" => request.resource.clone(),
            subresource => format!("{}/{subresource}", request.resource),
        };
        format!("{} {place} {} × {count}", request.verb, request.code)
    });
    rows.collect()
}

#[tokio::test]
async fn idle_sources_cost_no_write_a_new_one_two_and_a_restart_none() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    until_alone(&cluster).await;
    let namespace = Namespace::create(&cluster, "quiet").await;
    let options = Options {
        lease: Some("sms-operator".to_owned()),
        ..Options::watching(&cluster, &namespace)
    };
    let mut running = Operator::start(&cluster, &options).await;

    let before = cluster.request_counts().await;
    crowd::create_all(&namespace, &crowd::names(SIZE)).await;
    crowd::until_ready(&namespace, SIZE, A_WHILE).await;
    assert_eq!(
        rows(&writes_until_settled(&cluster, &before).await),
        [
            format!("POST cronjobs 201 × {SIZE}"),
            format!("POST scrapesources 201 × {SIZE}"),
            format!("PUT scrapesources/status 200 × {SIZE}"),
        ],
        "the operator's two writes a source, and our own"
    );
    println!("after {SIZE} new sources: {}", running.usage());

    let before = cluster.request_counts().await;
    let at_start = running.usage();
    let time = quiet_time();
    tokio::time::sleep(time).await;
    assert_eq!(
        rows(&writes_since(&cluster, &before).await),
        [""; 0],
        "in {time:?} of quiet"
    );
    let usage = running.usage();
    let share = usage.processor.saturating_sub(at_start.processor).as_secs_f64() / time.as_secs_f64();
    println!(
        "after {time:?} of quiet: {usage}; {:.2} % of a processor",
        share * 100.0
    );
    assert!(share < 0.05, "{share} of a processor for nothing");

    running.terminate().await;
    let before = cluster.request_counts().await;
    let again = Operator::start(&cluster, &options).await;
    eventually(A_WHILE, "it leads and has looked at every source", || async {
        let looked = again
            .metric("sms_operator_reconciliations_total{result=\"unchanged\"}")
            .await;
        let is_done = looked.is_some_and(|looked| looked >= 100.0);
        is_done.then_some(()).ok_or(again.metrics().await)
    })
    .await;
    assert_eq!(
        rows(&writes_until_settled(&cluster, &before).await),
        [""; 0],
        "at a restart"
    );
    println!("after a restart: {}", again.usage());
    namespace.delete().await;
}
