//! After a restart the operator is shown an earlier state of the cluster, and its writes go to the present one: Sieve's
//! recipe for stale states. IO.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use k8s_openapi::api::batch::v1::CronJob;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams},
};
use serde_json::json;
use sms_crds::{ScrapeSource, conditions::READY, labels::SPEC_HASH, report::Reason};
use sms_e2e::{
    Cluster, Namespace, Source, crowd,
    end_state::EndState,
    eventually, operator,
    proxy::{Act, Answer, Verb},
    source::has_condition,
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

/// Hash of what the CronJob of the source that is edited was given.
async fn hash_of_the_edited(namespace: &Namespace) -> Option<String> {
    let cron_jobs: Api<CronJob> = namespace.api();
    let edited = cron_jobs.get(&crowd::names(SIZE)[0]).await.unwrap();
    edited.annotations().get(SPEC_HASH).cloned()
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
    eventually(A_WHILE, "the CronJob of the source that went is gone", || async {
        let left = namespace.names::<CronJob>().await;
        (!left.contains(&gone)).then_some(()).ok_or(format!("{left:?}"))
    })
    .await;
    // Its run stays as it is.
    source(2)
        .patch(json!({ "spec": { "job": { "nodeSelector": crowd::nowhere() } } }))
        .await;
    crowd::until_ready(namespace, SIZE, A_WHILE).await;
    source(2).run_now("now").await;
    source(2)
        .until(A_WHILE, "its run waits for a node", |source| {
            has_condition(source, READY, "False", Reason::Unschedulable.as_str())
        })
        .await;
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

/// What came of one view.
struct Outcome {
    until_fresh: Duration,
    deletes: usize,
    writes: usize,
    lost: Vec<String>,
}

/// A life in which `view`, kinds of objects, is old for a while.
async fn live(cluster: &Cluster, view: &[&'static str]) -> Outcome {
    let mut scene = Scene::start(cluster, "stale").await.with_sources(SIZE).await;
    // Its first lists are what is shown later.
    scene.restart(cluster).await;
    act(cluster, &scene.namespace).await;
    let (before, jobs) = (scene.settled().await, uids(&scene.namespace).await);
    let edited = hash_of_the_edited(&scene.namespace).await;
    scene.operator.kill().await;
    let kinds = view.to_vec();
    scene.proxy.set(
        move |call| match (call.verb, kinds.contains(&call.resource.as_str())) {
            (Verb::List, true) => Act::Instead(Answer::Recorded),
            (Verb::Watch, true) => Act::Instead(Answer::Quiet),
            _ => Act::Forward,
        },
    );
    let calls = scene.proxy.calls().len();
    scene.operator = sms_e2e::Operator::spawn(cluster, &scene.options).await;
    scene.operator.ready().await;
    tokio::time::sleep(OLD).await;
    let while_old = hash_of_the_edited(&scene.namespace).await;
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
    let until_fresh = fresh.elapsed();
    let calls = scene.proxy.calls().split_off(calls);
    let mut lost = Vec::new();
    let now = uids(&scene.namespace).await;
    if now != jobs {
        lost.push(format!("{view:?}: {jobs:?} became {now:?}"));
    }
    if while_old != edited {
        lost.push(format!(
            "{view:?}: the CronJob that was edited went back to an older spec"
        ));
    }
    let runs = Source::named(cluster, &scene.namespace, &crowd::names(SIZE)[2])
        .jobs()
        .await;
    if runs.len() != 1 {
        lost.push(format!("{view:?}: {} Jobs of one request", runs.len()));
    }
    scene.namespace.delete().await;
    Outcome {
        until_fresh,
        deletes: calls.iter().filter(|call| call.verb == Verb::Delete).count(),
        writes: calls.iter().filter(|call| call.is_write()).count(),
        lost,
    }
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
    let outcomes = join_all(views.map(|view| live(&cluster, view))).await;
    let slowest = outcomes.iter().map(|outcome| outcome.until_fresh).max();
    let deletes: usize = outcomes.iter().map(|outcome| outcome.deletes).sum();
    let writes: Vec<_> = outcomes.iter().map(|outcome| outcome.writes).collect();
    let lost: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.lost).collect();
    prove(
        "old lists and watches after a restart, writes to the real server",
        format!(
            "{deletes} deletes, {} lost, made anew or twice {lost:?}, all as it was {:.1?} after the view is fresh; {writes:?} \
             writes by what is old (all, sources, CronJobs, Jobs and Pods)",
            lost.len(),
            slowest.unwrap_or_default()
        ),
        "0 wrong deletes, 0 lost updates, 0 second runs, at most 12 writes by what is old, all as it was within 30 s",
        deletes == 0 && lost.is_empty() && writes.iter().all(|writes| *writes <= MOST_WRITES),
    );
}
