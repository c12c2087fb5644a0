//! Runs that the schedule starts, one after another: what each of them costs the API server in writes of the operator. IO.
//!
//! In a file of its own, since what is counted are the requests of everybody.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use k8s_openapi::{
    api::batch::v1::{CronJob, Job},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, Resource, api::PostParams};
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, Venue, crowd,
    operator::{self, Options},
    venue::Answer,
};
use sms_proof::{Group, record};

#[allow(dead_code, reason = "these tests take a part of what the quiet one does")]
#[path = "quiet/counted.rs"]
mod counted;

use counted::{A_WHILE, hundredths, rows, until_alone, writes_until_settled};

const RUNS: i64 = 3;

#[tokio::test]
async fn a_finished_run_costs_one_write_of_status() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let address = cluster.venue_address().unwrap();
    operator::install_rights(&cluster).await;
    until_alone(&cluster).await;
    let namespace = Namespace::create(&cluster, "finished").await;
    let mut operator = Operator::start(&cluster, &Options::watching(&cluster, &namespace)).await;
    let venue = Venue::start(&address, Answer::Events(3)).await;
    let source = Source::create(&cluster, &namespace, "runs", &venue.url(), &json!({})).await;
    crowd::until_ready(&namespace, 1, A_WHILE).await;
    let before = cluster.request_counts().await;
    for number in 1..=RUNS {
        start_as_scheduled(&namespace, "runs", &format!("runs-{number}")).await;
        source.until_runs(A_WHILE, number).await;
    }
    let writes = writes_until_settled(&cluster, &before).await;
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
    operator.terminate().await;
    namespace.delete().await;
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
