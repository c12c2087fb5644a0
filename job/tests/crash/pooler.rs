//! PgBouncer that is killed in front of PostgreSQL: while a page is fetched, and at random moments of a run.

use std::{collections::BTreeMap, time::Duration};

use sms_proof::{Group, record};
use tokio::time::sleep;

use crate::{
    bench::Bench,
    death::Moments,
    scene::{LIMIT, Scene, shown, told},
    scraper::ended,
    server::{self, Bouncer, Server},
    times,
};

async fn through_pooler(server: &Server) -> Option<(Scene, &Bouncer)> {
    let database = server.fresh_database().await;
    let mut bench = Bench::of(&database.bouncer_url()?);
    bench.raw = database.url();
    let mut scene = Scene::over(bench).await;
    scene.place.is_pooled = true;
    Some((scene, server.bouncer()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_restarts_while_a_page_is_fetched_costs_nothing() {
    let Some(server) = server::own_server() else {
        return;
    };
    let Some((mut scene, pooler)) = through_pooler(&server).await else {
        return;
    };
    let restart = || {
        pooler.kill();
        pooler.start_again();
    };
    let mut trial = scene.while_fetching(restart).await;
    trial.after = scene.place.found().await;
    let wrong = scene.aftermath(&trial).await;
    let attack = "PgBouncer killed and restarted mid-run";
    shown(attack, &trial, "Succeeded with exit 0", LIMIT, wrong.as_ref());
    // One that does not come back.
    let mut trial = scene.while_fetching(|| pooler.kill()).await;
    pooler.start_again();
    trial.after = scene.place.found().await;
    let wrong = scene.aftermath(&trial).await;
    shown(
        "PgBouncer killed mid-run, for good",
        &trial,
        "StoreUnavailable with exit 1",
        Duration::from_secs(90),
        wrong.as_ref(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_is_killed_at_any_moment_loses_and_doubles_nothing() {
    let Some(server) = server::own_server() else {
        return;
    };
    let Some((mut scene, pooler)) = through_pooler(&server).await else {
        return;
    };
    let usual = scene.place.succeed().await;
    scene.reference.succeed().await;
    let mut moments = Moments(0x5eed);
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for _ in 0..times(10, 100) {
        scene.next_page();
        let before = scene.place.found().await;
        let run = scene.place.spawn(&[]);
        sleep(moments.next(usual)).await;
        pooler.kill();
        pooler.start_again();
        let run = ended(run.wait_with_output().await.unwrap());
        let after = scene.place.found().await;
        let told = told(&run);
        let stored = after.state.runs.len() - before.state.runs.len();
        // Who saw both of its commits cut cannot know; see the attack on both COMMITs of a run.
        let is_true = match run.code {
            0 => stored == 1,
            _ => told == "StoreUnavailable with exit 1" && stored <= 1,
        };
        if !is_true {
            wrong.push(format!("{told}, stored {stored} times"));
        }
        *ends.entry(told).or_default() += 1;
        if after.is_leased {
            scene.place.expire_lease().await;
        }
        for _ in stored..2 {
            scene.place.succeed().await;
        }
        scene.reference.succeed().await;
        scene.reference.succeed().await;
        let (found, wanted) = (scene.place.found().await, scene.reference.found().await);
        wrong.extend([after.faults, found.faults].concat());
        if found.state.events != wanted.state.events || found.state.runs.len() != wanted.state.runs.len() {
            wrong.push("the end is not that of undisturbed runs".to_owned());
        }
    }
    let met = record(
        Group::CrashSafety,
        "kill -9 of PgBouncer at random moments of a run",
        format!("{ends:?}: {} lost, doubled or untrue", wrong.len()),
        "exit 0 and stored once, or StoreUnavailable with exit 1; 0 lost, 0 doubled",
        wrong.is_empty(),
    );
    assert!(met, "{ends:?} {wrong:#?}");
}
