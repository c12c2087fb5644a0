//! Idle sources cost nothing: no write, hardly any memory or processor time. A hundred for five minutes, in the long form of
//! the proof five hundred for ten. IO.
//!
//! In a file of its own, since what is counted are the requests of everybody. `SMS_E2E_QUIET_SECONDS` shortens the
//! time.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::{env, time::Duration};

use k8s_openapi::api::core::v1::Namespace as Object;
use kube::{Api, ResourceExt, api::ListParams};
use sms_e2e::{
    Cluster, Namespace, Operator, crowd, eventually,
    operator::{self, Options},
    requests::Requests,
};
use sms_proof::{Group, record};

const A_WHILE: Duration = Duration::from_mins(3);
const WATCHED: [&str; 5] = ["scrapesources", "cronjobs", "jobs", "pods", "events"];

/// How many sources, and how long nothing happens to them.
fn quiet() -> (usize, Duration) {
    let (size, seconds) = if sms_proof::long() { (500, 600) } else { (100, 300) };
    let wanted = env::var("SMS_E2E_QUIET_SECONDS").ok();
    let seconds = wanted.map_or(seconds, |seconds| seconds.parse().unwrap());
    (size, Duration::from_secs(seconds))
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
    let (size, time) = quiet();
    operator::install_rights(&cluster).await;
    until_alone(&cluster).await;
    let namespace = Namespace::create(&cluster, "quiet").await;
    let options = Options {
        lease: Some("sms-operator".to_owned()),
        ..Options::watching(&cluster, &namespace)
    };
    let mut running = Operator::start(&cluster, &options).await;

    let before = cluster.request_counts().await;
    crowd::create_all(&namespace, &crowd::names(size)).await;
    crowd::until_ready(&namespace, size, A_WHILE).await;
    assert_eq!(
        rows(&writes_until_settled(&cluster, &before).await),
        [
            format!("POST cronjobs 201 × {size}"),
            format!("POST scrapesources 201 × {size}"),
            format!("PUT scrapesources/status 200 × {size}"),
        ],
        "the operator's two writes a source, and our own"
    );
    println!("after {size} new sources: {}", running.usage());

    let before = cluster.request_counts().await;
    let at_start = running.usage();
    tokio::time::sleep(time).await;
    let writes = rows(&writes_since(&cluster, &before).await);
    let usage = running.usage();
    let share = usage.processor.saturating_sub(at_start.processor).as_secs_f64() / time.as_secs_f64();
    println!(
        "after {time:?} of quiet: {usage}; {:.2} % of a processor",
        share * 100.0
    );
    let met = record(
        Group::OperatorFaults,
        "idle sources",
        format!(
            "{size} for {} s: {} kinds of writes, {:.2} % of a processor",
            time.as_secs(),
            writes.len(),
            share * 100.0
        ),
        "0 writes (the Lease aside), less than 5 % of a processor",
        writes.is_empty() && share < 0.05,
    );
    assert!(met, "{writes:?}, {share} of a processor for nothing");

    running.terminate().await;
    let before = cluster.request_counts().await;
    let again = Operator::start(&cluster, &options).await;
    eventually(A_WHILE, "it leads and has looked at every source", || async {
        let looked = again
            .metric("sms_operator_reconciliations_total{result=\"unchanged\"}")
            .await;
        let is_done = looked.is_some_and(|looked| looked.to_string() == size.to_string());
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
