//! A hundred idle sources cost nothing: no write, hardly any memory or processor time. IO.
//!
//! In a file of its own, since what is counted are the requests of everybody. `SMS_E2E_QUIET_SECONDS` shortens the five
//! minutes.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::{env, time::Duration};

use k8s_openapi::{
    api::{
        batch::v1::{CronJob, Job},
        core::v1::Namespace as Object,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Resource, ResourceExt,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use serde_json::json;
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, Venue, crowd, eventually,
    operator::{self, Options},
    requests::Requests,
    venue::Answer,
};
use sms_proof::{Group, record};

const SIZE: usize = 100;
const RUNS: i64 = 3;
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

/// Keeps a count of the operator's writes for the proof, and insists on it: `writes` are all, `ours` are the test's own.
fn prove(attack: &str, writes: &Requests, ours: &[String], expected: &[String], figure: &str, goal: &str) {
    let mut all = rows(writes);
    all.retain(|row| !ours.contains(row));
    let met = record(Group::Work, attack, figure, goal, all == expected);
    assert!(met, "{attack}: {all:?} instead of {expected:?}");
}

/// As `2.00`.
fn hundredths(count: u64, of: usize) -> String {
    let hundredths = count * 100 / u64::try_from(of).unwrap_or(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
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
    let writes = writes_until_settled(&cluster, &before).await;
    let ours = format!("POST scrapesources 201 × {SIZE}");
    let operators = writes.total().saturating_sub(SIZE as u64);
    prove(
        "the operator's API writes for a new source",
        &writes,
        &[ours],
        &[
            format!("POST cronjobs 201 × {SIZE}"),
            format!("PUT scrapesources/status 200 × {SIZE}"),
        ],
        &format!("{} ({SIZE} sources)", hundredths(operators, SIZE)),
        "2.00",
    );
    println!("after {SIZE} new sources: {}", running.usage());

    let before = cluster.request_counts().await;
    let at_start = running.usage();
    let time = quiet_time();
    tokio::time::sleep(time).await;
    let writes = writes_since(&cluster, &before).await;
    let figure = format!("{} in {time:?} ({SIZE} sources)", writes.total());
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
    assert!(share < 0.05, "{share} of a processor for nothing");

    touch_all(&cluster, &namespace, &running).await;

    running.terminate().await;
    let before = cluster.request_counts().await;
    let mut again = Operator::start(&cluster, &options).await;
    until_looked_at_all(&again, 0.0).await;
    let writes = writes_until_settled(&cluster, &before).await;
    let figure = format!("{} ({SIZE} sources)", writes.total());
    prove(
        "the operator's API writes at a restart",
        &writes,
        &[],
        &[],
        &figure,
        "0",
    );
    println!("after a restart: {}", again.usage());

    runs_of_one(&cluster, &namespace).await;
    again.terminate().await;
    namespace.delete().await;
}

/// Waits until the operator has found every source as it should be, beyond `before` passes.
async fn until_looked_at_all(operator: &Operator, before: f64) {
    eventually(A_WHILE, "it leads and has looked at every source", || async {
        let looked = unchanged(operator).await;
        let is_done = looked >= before + 100.0;
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
async fn touch_all(cluster: &Cluster, namespace: &Namespace, operator: &Operator) {
    let (before, looked) = (cluster.request_counts().await, unchanged(operator).await);
    let sources: Api<ScrapeSource> = namespace.api();
    let touched = Patch::Merge(json!({ "metadata": { "labels": { "example.org/touched": "1" } } }));
    for name in crowd::names(SIZE) {
        sources
            .patch(&name, &PatchParams::default(), &touched)
            .await
            .unwrap();
    }
    until_looked_at_all(operator, looked).await;
    let writes = writes_until_settled(cluster, &before).await;
    let ours = format!("PATCH scrapesources 200 × {SIZE}");
    let operators = writes.total().saturating_sub(SIZE as u64);
    prove(
        "the operator's API writes at a pass with nothing to do",
        &writes,
        &[ours],
        &[],
        &format!("{operators} ({SIZE} sources)"),
        "0",
    );
}

/// Runs that the schedule starts, one after another: what each of them costs the API server in writes of the operator.
async fn runs_of_one(cluster: &Cluster, namespace: &Namespace) {
    let Some(address) = cluster.venue_address().filter(|_| cluster.has_node()) else {
        return;
    };
    let venue = Venue::start(&address, Answer::Events(3)).await;
    let source = Source::create(cluster, namespace, "runs", &venue.url(), &json!({})).await;
    crowd::until_ready(namespace, SIZE + 1, A_WHILE).await;
    let before = cluster.request_counts().await;
    for number in 1..=RUNS {
        start_as_scheduled(namespace, "runs", &format!("runs-{number}")).await;
        source.until_runs(A_WHILE, number).await;
    }
    let writes = writes_until_settled(cluster, &before).await;
    let of_status = writes
        .0
        .iter()
        .filter(|(request, _)| request.resource == "scrapesources" && request.subresource == "status");
    let count: u64 = of_status.map(|(_, count)| count).sum();
    let met = record(
        Group::Work,
        "the operator's status writes for a finished run",
        format!(
            "{} ({RUNS} runs)",
            hundredths(count, usize::try_from(RUNS).unwrap())
        ),
        "at most 1",
        count <= RUNS.unsigned_abs(),
    );
    assert!(met, "{:?}", rows(&writes));
}

/// Makes the Job that the CronJob would make when it is due.
async fn start_as_scheduled(namespace: &Namespace, cron_job: &str, name: &str) {
    let cron_jobs: Api<CronJob> = namespace.api();
    let owner = cron_jobs.get(cron_job).await.unwrap();
    let template = owner.spec.clone().unwrap().job_template;
    let job = Job {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            owner_references: owner.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..template.metadata.unwrap_or_default()
        },
        spec: template.spec,
        status: None,
    };
    let jobs: Api<Job> = namespace.api();
    jobs.create(&PostParams::default(), &job).await.unwrap();
}
