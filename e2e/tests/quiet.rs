//! Idle sources cost nothing: no write, hardly any memory or processor time. A hundred for five minutes, in the long form of
//! the proof five hundred for ten. IO.
//!
//! In a file of its own, since what is counted are the requests of everybody. `SMS_E2E_QUIET_SECONDS` shortens the
//! time.
#![allow(
    clippy::cast_precision_loss,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::{env, time::Duration};

use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, crowd, eventually,
    operator::{self, Options},
};
use sms_proof::{Group, record};

#[path = "quiet/counted.rs"]
mod counted;

use counted::{A_WHILE, hundredths, prove, until_alone, writes_since, writes_until_settled};

/// How many sources, and how long nothing happens to them.
fn quiet() -> (usize, Duration) {
    let (size, seconds) = if sms_proof::long() { (500, 600) } else { (100, 300) };
    let wanted = env::var("SMS_E2E_QUIET_SECONDS").ok();
    let seconds = wanted.map_or(seconds, |seconds| seconds.parse().unwrap());
    (size, Duration::from_secs(seconds))
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
    let writes = writes_until_settled(&cluster, &before).await;
    let ours = format!("POST scrapesources 201 × {size}");
    let operators = writes.total().saturating_sub(size as u64);
    prove(
        "the operator's API writes for a new source",
        &writes,
        &[ours],
        &[
            format!("POST cronjobs 201 × {size}"),
            format!("PUT scrapesources/status 200 × {size}"),
        ],
        &format!("{} ({size} sources)", hundredths(operators, size)),
        "2.00",
    );
    println!("after {size} new sources: {}", running.usage());

    let before = cluster.request_counts().await;
    let at_start = running.usage();
    tokio::time::sleep(time).await;
    let writes = writes_since(&cluster, &before).await;
    let figure = format!("{} in {time:?} ({size} sources)", writes.total());
    prove(
        "the operator's API writes for idle sources",
        &writes,
        &[],
        &[],
        &figure,
        "0",
    );
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
            "{size} for {} s: {} writes, {:.2} % of a processor",
            time.as_secs(),
            writes.total(),
            share * 100.0
        ),
        "0 writes (the Lease aside), less than 5 % of a processor",
        writes.total() == 0 && share < 0.05,
    );
    assert!(met, "{share} of a processor for nothing");

    touch_all(&cluster, &namespace, &running, size).await;

    running.terminate().await;
    let before = cluster.request_counts().await;
    let mut again = Operator::start(&cluster, &options).await;
    until_looked_at_all(&again, 0.0, size).await;
    let writes = writes_until_settled(&cluster, &before).await;
    let figure = format!("{} ({size} sources)", writes.total());
    prove(
        "the operator's API writes at a restart",
        &writes,
        &[],
        &[],
        &figure,
        "0",
    );
    println!("after a restart: {}", again.usage());

    again.terminate().await;
    namespace.delete().await;
}

/// Waits until the operator has found every source as it should be, beyond `before` passes.
async fn until_looked_at_all(operator: &Operator, before: f64, size: usize) {
    eventually(A_WHILE, "it leads and has looked at every source", || async {
        let looked = unchanged(operator).await;
        let is_done = looked >= before + size as f64;
        is_done.then_some(()).ok_or(operator.metrics().await)
    })
    .await;
}

/// How many passes have found nothing to do.
async fn unchanged(operator: &Operator) -> f64 {
    let series = "sms_operator_reconciliations_total{result=\"unchanged\"}";
    operator.metric(series).await.unwrap_or_default()
}

/// A pass over every source without anything to do: each is changed in a label that is nobody's.
async fn touch_all(cluster: &Cluster, namespace: &Namespace, operator: &Operator, size: usize) {
    let (before, looked) = (cluster.request_counts().await, unchanged(operator).await);
    let sources: Api<ScrapeSource> = namespace.api();
    let touched = Patch::Merge(json!({ "metadata": { "labels": { "example.org/touched": "1" } } }));
    for name in crowd::names(size) {
        sources
            .patch(&name, &PatchParams::default(), &touched)
            .await
            .unwrap();
    }
    until_looked_at_all(operator, looked, size).await;
    let writes = writes_until_settled(cluster, &before).await;
    let ours = format!("PATCH scrapesources 200 × {size}");
    let operators = writes.total().saturating_sub(size as u64);
    prove(
        "the operator's API writes at a pass with nothing to do",
        &writes,
        &[ours],
        &[],
        &format!("{operators} ({size} sources)"),
        "0",
    );
}
