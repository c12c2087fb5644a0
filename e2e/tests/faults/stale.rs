//! After a restart the operator is shown an earlier state of the cluster, and its writes go to the present one: Sieve's
//! recipe for stale states. IO.

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::CronJob;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams},
};
use serde_json::json;
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Source, crowd,
    end_state::EndState,
    eventually, operator,
    proxy::{Act, Answer, Verb},
};

use super::{A_WHILE, Scene, life::is_collected, prove};

const SIZE: usize = 4;
const KINDS: [&str; 4] = ["scrapesources", "cronjobs", "jobs", "pods"];
/// How long the view stays old.
const OLD: Duration = Duration::from_secs(5);
/// Writes by what is old: two for each of the four sources, and what people are told. More is a fight.
const MOST_WRITES: usize = 12;
/// From when the view is fresh; on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

/// UIDs of the CronJobs by name.
async fn uids(namespace: &Namespace) -> Vec<(String, Option<String>)> {
    let cron_jobs: Api<CronJob> = namespace.api();
    let found = cron_jobs.list(&ListParams::default()).await.unwrap().items;
    let mut uids: Vec<_> = found
        .iter()
        .map(|found| (found.name_any(), found.uid()))
        .collect();
    uids.sort();
    uids
}

/// What happens after the state that is shown later: an edit, a new source, one that goes, a request to run.
async fn act(cluster: &Cluster, namespace: &Namespace) {
    let source = |index: usize| Source::named(cluster, namespace, &crowd::names(SIZE)[index]);
    let change = json!({ "spec": { "timeZone": "Europe/Berlin", "job": { "activeDeadlineSeconds": 111 } } });
    source(0).patch(change).await;
    let sources: Api<ScrapeSource> = namespace.api();
    let gone = source(1).name().to_owned();
    sources.delete(&gone, &DeleteParams::default()).await.unwrap();
    crowd::create(namespace, &crowd::idle("newcomer")).await;
    source(2).run_now("now").await;
    source(2)
        .until(A_WHILE, "the run has started", |source| {
            let run_now = source.status.as_ref().and_then(|status| status.run_now.as_ref());
            run_now.is_some_and(|run_now| run_now.job.is_some())
        })
        .await;
    eventually(A_WHILE, "the CronJob of the source that went is gone", || async {
        let left = namespace.names::<CronJob>().await;
        (!left.contains(&gone)).then_some(()).ok_or(format!("{left:?}"))
    })
    .await;
    crowd::until_ready(namespace, SIZE, A_WHILE).await;
}

/// Waits until everything is watched once more, and what that shows has been acted on.
async fn until_watched(scene: &Scene) {
    let before: Vec<_> = KINDS
        .map(|kind| scene.proxy.count(|call| call.is(Verb::Watch, kind)))
        .into();
    eventually(A_WHILE, "everything is watched", || async {
        let now = KINDS.map(|kind| scene.proxy.count(|call| call.is(Verb::Watch, kind)));
        let is_watched = now.iter().zip(&before).all(|(now, before)| now > before);
        is_watched.then_some(()).ok_or(format!("{now:?}"))
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn an_old_view_deletes_nothing_and_loses_no_update() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    if !is_collected(&cluster).await {
        return;
    }
    let views: [&[&str]; 4] = [&KINDS, &["scrapesources"], &["cronjobs"], &["jobs", "pods"]];
    let (mut slowest, mut deletes, mut writes, mut lost) = (Duration::ZERO, 0, Vec::new(), Vec::new());
    for view in views {
        let mut scene = Scene::start(&cluster, "stale").await.with_sources(SIZE).await;
        // Its first lists are what is shown later.
        scene.restart(&cluster).await;
        act(&cluster, &scene.namespace).await;
        let (before, jobs) = (scene.settled().await, uids(&scene.namespace).await);
        scene.operator.kill().await;
        scene
            .proxy
            .set(|call| match (call.verb, view.contains(&call.resource.as_str())) {
                (Verb::List, true) => Act::Instead(Answer::Recorded),
                (Verb::Watch, true) => Act::Instead(Answer::Quiet),
                _ => Act::Forward,
            });
        let calls = scene.proxy.calls().len();
        scene.operator = sms_e2e::Operator::spawn(&cluster, &scene.options).await;
        scene.operator.ready().await;
        tokio::time::sleep(OLD).await;
        scene.proxy.behave();
        scene.proxy.cut_watches();
        let fresh = Instant::now();
        until_watched(&scene).await;
        eventually(LIMIT, "all is as it was", || async {
            let now = EndState::of(&scene.namespace).await?;
            now.difference(&before).map_or(Ok(()), Err)?;
            // One that was made for the source that went, before its end was seen, is collected by Kubernetes.
            let now = uids(&scene.namespace).await;
            (now.len() <= jobs.len()).then_some(()).ok_or(format!("{now:?}"))
        })
        .await;
        slowest = slowest.max(fresh.elapsed());
        let calls = scene.proxy.calls().split_off(calls);
        deletes += calls.iter().filter(|call| call.verb == Verb::Delete).count();
        writes.push(calls.iter().filter(|call| call.is_write()).count());
        let now = uids(&scene.namespace).await;
        if now != jobs {
            lost.push(format!("{view:?}: {jobs:?} became {now:?}"));
        }
        let runs = Source::named(&cluster, &scene.namespace, &crowd::names(SIZE)[2])
            .jobs()
            .await;
        if runs.len() != 1 {
            lost.push(format!("{view:?}: {} Jobs of one request", runs.len()));
        }
        scene.namespace.delete().await;
    }
    for lost in &lost {
        println!("{lost}");
    }
    prove(
        "old lists and watches after a restart, writes to the real server",
        format!(
            "{deletes} deletes, {} objects made anew, all as it was {slowest:.1?} after the view is fresh; {writes:?} writes by \
             what is old (all, sources, CronJobs, Jobs and Pods)",
            lost.len()
        ),
        "0 wrong deletes, 0 lost updates, 0 second runs, at most 12 writes by what is old, all as it was within 30 s",
        deletes == 0 && lost.is_empty() && writes.iter().all(|writes| *writes <= MOST_WRITES),
    );
}
