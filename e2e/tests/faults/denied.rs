//! The API server is busy, or away for seconds again and again. IO.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;
use sms_e2e::{
    Cluster, Source, crowd, operator,
    proxy::{Act, Answer, Call, Verb},
};

use super::{A_WHILE, Scene, prove};

/// How long it is busy.
const BUSY: Duration = Duration::from_secs(12);
const RETRY_AFTER: u32 = 5;

fn is_create(call: &Call) -> bool {
    call.is(Verb::Create, "cronjobs")
}

/// The tries of one write while each gets `answer`: how many there were, and the shortest time between two of them.
async fn tries(cluster: &Cluster, answer: Answer) -> (usize, Duration) {
    let scene = Scene::start(cluster, "busy").await;
    scene.proxy.set(move |call| match is_create(call) {
        true => Act::Instead(answer),
        false => Act::Forward,
    });
    crowd::create(&scene.namespace, &crowd::idle("blue-moon")).await;
    scene.proxy.until_faults(0).await;
    tokio::time::sleep(BUSY).await;
    scene.proxy.behave();
    let calls: Vec<_> = scene.proxy.calls().into_iter().filter(is_create).collect();
    let gaps = calls.windows(2).map(|pair| pair[1].at - pair[0].at);
    let shortest = gaps.min().unwrap_or(Duration::MAX);
    crowd::until_ready(&scene.namespace, 1, A_WHILE).await;
    scene.settled().await;
    scene.namespace.delete().await;
    (calls.len(), shortest)
}

#[tokio::test]
async fn an_api_server_that_is_busy_is_not_hammered() {
    /// In twelve seconds: three a pass, with half a second and one between them, and passes after 1, 2 and 4 s.
    const MOST: usize = 15;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let codes = [
        (429, Some(RETRY_AFTER)),
        (429, None),
        (503, None),
        (504, None),
        (500, None),
    ];
    let found = join_all(codes.map(|(code, retry_after)| {
        let answer = Answer::Status { code, retry_after };
        tries(&cluster, answer)
    }))
    .await;
    let [(_, patience), others @ ..] = found.as_slice() else {
        return;
    };
    prove(
        "429 with Retry-After: 5",
        format!("{patience:.1?} between two tries"),
        "at least 5 s between two tries, done when it is over",
        *patience >= Duration::from_secs(RETRY_AFTER.into()),
    );
    let most = others.iter().map(|(tries, _)| *tries).max().unwrap_or_default();
    let shortest = others.iter().map(|(_, gap)| *gap).min().unwrap_or_default();
    prove(
        "429, 503, 504 and 500 to one write for 12 s",
        format!("at most {most} tries, {shortest:.2?} between two"),
        "at most 15 tries, pauses of 0.2 s and more, done when it is over",
        most <= MOST && shortest >= Duration::from_millis(200),
    );
}

#[tokio::test]
async fn an_api_server_that_comes_and_goes_is_followed() {
    const SIZE: usize = 10;
    const FLAP: Duration = Duration::from_secs(3);
    const FLAPS: usize = 4;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let mut scene = Scene::start(&cluster, "flapping").await.with_sources(SIZE).await;
    let is_away = Arc::new(AtomicBool::new(false));
    let away = Arc::clone(&is_away);
    scene.proxy.set(move |_| match away.load(Ordering::Relaxed) {
        true => Act::Instead(Answer::Reset),
        false => Act::Forward,
    });
    let mut calls = 0;
    for flap in 0..FLAPS {
        is_away.store(true, Ordering::Relaxed);
        scene.proxy.cut_watches();
        let before = scene.proxy.calls().len();
        for name in crowd::names(SIZE) {
            let change = json!({ "spec": { "job": { "activeDeadlineSeconds": 100 + flap } } });
            Source::named(&cluster, &scene.namespace, &name)
                .patch(change)
                .await;
        }
        tokio::time::sleep(FLAP).await;
        calls += scene.proxy.calls().len() - before;
        is_away.store(false, Ordering::Relaxed);
        tokio::time::sleep(FLAP).await;
    }
    let back = Instant::now();
    crowd::until_ready(&scene.namespace, SIZE, A_WHILE).await;
    scene.settled().await;
    let recovery = back.elapsed();
    assert!(scene.operator.runs(), "{}", scene.operator.log());
    #[allow(clippy::cast_precision_loss, reason = "a few calls")]
    let rate = calls as f64 / (FLAP.as_secs_f64() * FLAPS as f64);
    prove(
        "API server away for 3 s again and again",
        format!("{rate:.1} calls a second while away, all right {recovery:.1?} after the last time"),
        "at most 10 calls a second (four watches), 0 restarts, all right within 35 s",
        rate <= 10.0 && recovery <= Duration::from_mins(1),
    );
    scene.namespace.delete().await;
}
