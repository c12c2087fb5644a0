//! Somebody else writes the same objects all the time, or the operator may not write any more. IO.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;
use sms_e2e::{
    Cluster, Source, crowd, operator,
    proxy::{Act, Answer, Call, Verb},
    source::has_condition,
};

use super::{A_WHILE, Scene, prove};

const EDITS: usize = 5;
/// Time between two writes of the other one.
const PAUSE: Duration = Duration::from_millis(100);

fn is_status(call: &Call) -> bool {
    call.is(Verb::Update, "scrapesources") && call.subresource == "status"
}

#[tokio::test]
async fn a_status_is_written_although_somebody_writes_the_source_all_the_time() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let scene = Scene::start(&cluster, "storm").await.with_sources(1).await;
    let source = Source::named(&cluster, &scene.namespace, &crowd::names(1)[0]);
    let (before, patches) = (
        scene.proxy.count(is_status),
        scene.proxy.count(|call| call.is(Verb::Patch, "cronjobs")),
    );
    let is_over = AtomicBool::new(false);
    let other = async {
        let mut writes = 0;
        while !is_over.load(Ordering::Relaxed) {
            source
                .patch(json!({ "metadata": { "annotations": { "example.org/note": writes.to_string() } } }))
                .await;
            writes += 1;
            tokio::time::sleep(PAUSE).await;
        }
        writes
    };
    let edits = async {
        for edit in 0..EDITS {
            source
                .patch(json!({ "spec": { "job": { "activeDeadlineSeconds": 100 + edit } } }))
                .await;
            crowd::until_ready(&scene.namespace, 1, A_WHILE).await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let (writes, ()) = tokio::join!(other, edits);
    let tries = scene.proxy.count(is_status) - before;
    let patches = scene.proxy.count(|call| call.is(Verb::Patch, "cronjobs")) - patches;
    prove(
        "a second writer of the same source, ten times a second",
        format!(
            "{tries} status writes and {patches} of the CronJob for {EDITS} edits among {writes} writes of the other"
        ),
        "at most 5 tries of each status, 1 write of the CronJob for each edit",
        tries <= 5 * EDITS && patches == EDITS,
    );
    scene.namespace.delete().await;
}

#[tokio::test]
async fn rights_that_were_taken_away_and_given_back_need_no_restart() {
    const SIZE: usize = 10;
    const TIME: Duration = Duration::from_secs(10);
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let mut scene = Scene::start(&cluster, "denied").await.with_sources(SIZE).await;
    // The authorization of the API server is everybody's; this says the same to one.
    scene.proxy.set(|call| match call.resource.is_empty() {
        true => Act::Forward,
        false => Act::Instead(Answer::status(403)),
    });
    scene.proxy.cut_watches();
    let before = scene.proxy.calls().len();
    crowd::create(&scene.namespace, &crowd::idle("later")).await;
    tokio::time::sleep(TIME).await;
    let calls = scene.proxy.calls().len() - before;
    scene.proxy.behave();
    let back = Instant::now();
    crowd::until_ready(&scene.namespace, SIZE + 1, A_WHILE).await;
    let recovery = back.elapsed();
    assert!(scene.operator.runs(), "{}", scene.operator.log());
    #[allow(clippy::cast_precision_loss, reason = "a few calls")]
    let rate = calls as f64 / TIME.as_secs_f64();
    prove(
        "every right revoked and given back",
        format!("{rate:.1} refused calls a second, all right {recovery:.1?} later"),
        "at most 4 refused calls a second (one for each watch), all right within 60 s, 0 restarts",
        rate <= 4.0 && recovery <= Duration::from_mins(1),
    );
    let later = Source::named(&cluster, &scene.namespace, "later").get().await;
    assert!(has_condition(&later, "Ready", "True", "Scheduled"));
    scene.namespace.delete().await;
}
