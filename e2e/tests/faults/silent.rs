//! The API server takes connections and never answers. IO.

use std::time::{Duration, Instant};

use sms_e2e::{
    Cluster, crowd, eventually, operator,
    proxy::{Act, Answer, Call, Verb},
};

use super::{A_WHILE, Scene, prove};

const SIZE: usize = 5;
/// The longest time of one call of the operator.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// How long an API server may be silent before the operator says so.
const UNREADY: Duration = Duration::from_mins(1);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_api_server_that_never_answers_is_told_of_and_not_waited_for_for_ever() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let scene = Scene::start(&cluster, "silent").await.with_sources(SIZE).await;
    let before = scene.proxy.calls().len();
    scene.proxy.set(|_| Act::Instead(Answer::Silence));
    scene.proxy.cut_watches();
    let start = Instant::now();
    let mut unready = None;
    while unready.is_none() && start.elapsed() < UNREADY + SLACK {
        let (health, _) = scene.operator.health("/healthz").await.unwrap();
        assert_eq!(health, 200, "{}", scene.operator.log());
        if scene.operator.health("/readyz").await.unwrap().0 == 503 {
            unready = Some(start.elapsed());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let calls = scene.proxy.calls().len() - before;
    let seconds = start.elapsed().as_secs_f64();
    // Nobody has told the operator of it.
    crowd::create(&scene.namespace, &crowd::idle("meanwhile")).await;
    scene.proxy.behave();
    let back = Instant::now();
    crowd::until_ready(&scene.namespace, SIZE + 1, A_WHILE).await;
    let recovery = back.elapsed();
    scene.operator.ready().await;
    #[allow(clippy::cast_precision_loss, reason = "a few calls")]
    let rate = calls as f64 / seconds;
    prove(
        "API server accepts and never answers",
        format!(
            "not ready after {:.0?}, {rate:.2} calls a second meanwhile, all right {recovery:.1?} after its return",
            unready.unwrap_or(Duration::MAX)
        ),
        "alive, not ready within 60 s, at most 2 calls a second, all right within 35 s",
        unready.is_some_and(|unready| unready <= UNREADY + SLACK)
            && rate <= 2.0
            && recovery <= CALL_LIMIT + SLACK,
    );
    scene.namespace.delete().await;
}

#[tokio::test]
async fn a_write_that_is_never_answered_is_given_up_and_tried_again() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let scene = Scene::start(&cluster, "unanswered").await;
    let is_create = |call: &Call| call.is(Verb::Create, "cronjobs");
    let mut is_first = true;
    scene.proxy.set(move |call| match is_create(call) {
        true if std::mem::take(&mut is_first) => Act::Instead(Answer::Silence),
        _ => Act::Forward,
    });
    crowd::create(&scene.namespace, &crowd::idle("stuck")).await;
    scene.proxy.until_faults(0).await;
    // The others do not wait for it.
    crowd::create_all(&scene.namespace, &crowd::names(SIZE)).await;
    let others = Instant::now();
    eventually(A_WHILE, "the others have CronJobs", || async {
        let made = scene
            .namespace
            .names::<k8s_openapi::api::batch::v1::CronJob>()
            .await;
        (made.len() == SIZE).then_some(()).ok_or(format!("{made:?}"))
    })
    .await;
    let others = others.elapsed();
    crowd::until_ready(&scene.namespace, SIZE + 1, A_WHILE).await;
    let tries: Vec<_> = scene.proxy.calls().into_iter().filter(is_create).collect();
    let first = tries.first().unwrap().at;
    let waited = tries.last().unwrap().at - first;
    prove(
        "one write that the API server never answers",
        format!("given up after {waited:.1?}; meanwhile {SIZE} others done in {others:.1?}"),
        "given up within 30 s and a pause, the others do not wait for it",
        tries.len() == SIZE + 2 && waited <= CALL_LIMIT + SLACK && others < CALL_LIMIT * 2 / 3,
    );
    scene.namespace.delete().await;
}

/// A connection that died without a word: nothing is shown any more, and its end is not either.
#[tokio::test]
async fn a_watch_that_says_nothing_any_more_is_replaced() {
    const LIMIT: Duration = Duration::from_mins(5);
    if !sms_proof::long() {
        println!("skipped: it takes five minutes; SMS_PROOF_LONG=1 asks for it");
        return;
    }
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let scene = Scene::start(&cluster, "dead").await.with_sources(SIZE).await;
    scene.proxy.hold_watches();
    crowd::create(&scene.namespace, &crowd::idle("unseen")).await;
    let start = Instant::now();
    // What is held is what the old watches would show.
    let old = scene.proxy.count(|call| call.is(Verb::Watch, "scrapesources"));
    eventually(LIMIT + SLACK, "the sources are watched once more", || async {
        let now = scene.proxy.count(|call| call.is(Verb::Watch, "scrapesources"));
        (now > old).then_some(()).ok_or(format!("{now} watches"))
    })
    .await;
    let replaced = start.elapsed();
    scene.proxy.release_watches();
    crowd::until_ready(&scene.namespace, SIZE + 1, A_WHILE).await;
    println!("a dead watch is replaced after {replaced:.1?}");
    assert!(replaced <= LIMIT + SLACK, "{replaced:?}");
    scene.namespace.delete().await;
}
