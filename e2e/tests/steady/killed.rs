//! The operator dies, or there are two of it. IO.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use k8s_openapi::api::batch::v1::CronJob;
use kube::{
    Api, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;
use sms_crds::ScrapeSource;
use sms_e2e::{Cluster, Namespace, Operator, crowd, end_state::EndState, operator, operator::Options};
use sms_proof::{Group, record};

use super::{A_WHILE, settled, until_same};

const SIZE: usize = 100;
const EDITED: i64 = 120;

/// Gives every source of a namespace another deadline.
async fn edit_all(namespace: &Namespace) {
    let sources: Api<ScrapeSource> = namespace.api();
    let patch = Patch::Merge(json!({ "spec": { "job": { "activeDeadlineSeconds": EDITED } } }));
    stream::iter(crowd::names(SIZE))
        .for_each_concurrent(8, |name| {
            let (sources, patch) = (&sources, &patch);
            async move {
                sources
                    .patch(&name, &PatchParams::default(), patch)
                    .await
                    .unwrap();
            }
        })
        .await;
}

/// How many CronJobs there are, and how many of them have the other deadline.
async fn progress(namespace: &Namespace) -> (usize, usize) {
    let cron_jobs: Api<CronJob> = namespace.api();
    let found = cron_jobs.list(&ListParams::default()).await.unwrap().items;
    let is_edited = |job: &&CronJob| {
        let job = job.spec.as_ref().and_then(|spec| spec.job_template.spec.as_ref());
        job.and_then(|job| job.active_deadline_seconds) == Some(EDITED)
    };
    (found.len(), found.iter().filter(is_edited).count())
}

/// The end of a run that nobody disturbs.
async fn undisturbed(cluster: &Cluster) -> EndState {
    let namespace = Namespace::create(cluster, "calm").await;
    let _operator = Operator::start(cluster, &Options::watching(cluster, &namespace)).await;
    crowd::create_all(&namespace, &crowd::names(SIZE)).await;
    crowd::until_ready(&namespace, SIZE, A_WHILE).await;
    edit_all(&namespace).await;
    crowd::until_ready(&namespace, SIZE, A_WHILE).await;
    let state = settled(&namespace).await;
    assert_eq!(state.len(), 2 * SIZE, "sources and their CronJobs");
    namespace.delete().await;
    state
}

#[tokio::test]
async fn an_operator_that_is_killed_again_and_again_ends_where_an_undisturbed_one_does() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "killed").await;
    let mut options = Options::watching(&cluster, &namespace);
    // Slow enough that it can be hit in the middle.
    options.flags = ["--concurrency", "1"].map(str::to_owned).to_vec();
    let mut running = Operator::start(&cluster, &options).await;
    let mut hit = 0;
    for edits in [false, true] {
        let names = crowd::names(SIZE);
        let work = async {
            match edits {
                false => crowd::create_all(&namespace, &names).await,
                true => edit_all(&namespace).await,
            }
        };
        let blows = async {
            for least in [10, 30, 50, 70, 90] {
                let done = loop {
                    let (made, edited) = progress(&namespace).await;
                    let done = if edits { edited } else { made };
                    if done >= least {
                        break done;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                };
                running.kill().await;
                hit += usize::from(done < SIZE);
                running = Operator::spawn(&cluster, &options).await;
            }
        };
        tokio::time::timeout(A_WHILE, async { tokio::join!(work, blows) })
            .await
            .unwrap();
        crowd::until_ready(&namespace, SIZE, A_WHILE).await;
    }
    println!("killed {hit} times in the middle");
    assert!(hit >= 4, "only {hit} of 10 times was it killed in the middle");
    until_same(&namespace, &undisturbed(&cluster).await).await;
    let met = record(
        Group::OperatorFaults,
        "SIGKILL again and again while 100 sources are made and edited",
        format!("{hit} of 10 deaths in the middle, the end that of an undisturbed run"),
        "the end that of an undisturbed run, at least 4 deaths in the middle",
        true,
    );
    assert!(met);
    namespace.delete().await;
}

/// What changes with every write.
async fn versions(namespace: &Namespace) -> Vec<Option<String>> {
    let (sources, cron_jobs): (Api<ScrapeSource>, Api<CronJob>) = (namespace.api(), namespace.api());
    let sources = sources.list(&ListParams::default()).await.unwrap().items;
    let cron_jobs = cron_jobs.list(&ListParams::default()).await.unwrap().items;
    let sources = sources.iter().map(ResourceExt::resource_version);
    sources
        .chain(cron_jobs.iter().map(ResourceExt::resource_version))
        .collect()
}

#[tokio::test]
async fn two_operators_without_an_election_end_where_one_does_and_do_not_fight() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "two").await;
    let options = Options::watching(&cluster, &namespace);
    let both = tokio::join!(
        Operator::start(&cluster, &options),
        Operator::start(&cluster, &options)
    );
    crowd::create_all(&namespace, &crowd::names(SIZE)).await;
    crowd::until_ready(&namespace, SIZE, A_WHILE).await;
    edit_all(&namespace).await;
    crowd::until_ready(&namespace, SIZE, A_WHILE).await;
    until_same(&namespace, &undisturbed(&cluster).await).await;
    let before = versions(&namespace).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let changed = versions(&namespace).await;
    let changed = changed
        .iter()
        .zip(&before)
        .filter(|(after, before)| after != before);
    let changed = changed.count();
    let met = record(
        Group::OperatorFaults,
        "two operators at once without an election",
        format!("the end that of one, {changed} objects written in the 15 s after it"),
        "the end that of one, and then 0 writes",
        changed == 0,
    );
    assert!(met, "{changed} objects were written although all is well");
    for one in [&both.0, &both.1] {
        assert!(!one.log().contains("\"level\":\"ERROR\""), "{}", one.log());
    }
    namespace.delete().await;
}
