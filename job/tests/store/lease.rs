//! Leases: one run of a source at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sms_crds::report::Reason;
use sms_job::store::{EventQuery, StoreError};
use tokio::{task::JoinSet, time::sleep};

use crate::bench::{Bench, NO_WAIT, Run, TTL, event, source, titled};

pub async fn a_lease_is_held_by_one_run_at_a_time(bench: Bench) {
    let (first, second) = (bench.open().await, bench.open().await);
    let key = source("sea-monster");
    let lease = first
        .acquire_lease(&key, "sea_monster", "run-1", TTL, NO_WAIT)
        .await
        .unwrap();
    let begun = Instant::now();
    let wait = Duration::from_millis(300);
    let error = second
        .acquire_lease(&key, "sea_monster", "run-2", TTL, wait)
        .await
        .unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(error.reason(), Reason::LeaseHeld);
    assert!(
        error
            .to_string()
            .contains("another run of default/sea-monster, run-1, holds its lease until"),
        "{error}"
    );
    let StoreError::LeaseHeld { by, until, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((by.as_str(), until), ("run-1", lease.until));
    assert!(matches!(
        first
            .acquire_lease(&key, "sea_monster", "run-1", TTL, NO_WAIT)
            .await,
        Err(StoreError::LeaseHeld { .. })
    ));
    first.release_lease(lease).await.unwrap();
    second
        .acquire_lease(&key, "sea_monster", "run-2", TTL, NO_WAIT)
        .await
        .unwrap();
}

pub async fn a_waiting_run_gets_the_lease_when_it_is_released(bench: Bench) {
    let (first, second) = (bench.open().await, bench.open().await);
    let key = source("sea-monster");
    let lease = first
        .acquire_lease(&key, "sea_monster", "run-1", TTL, NO_WAIT)
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let key = key.clone();
        async move {
            second
                .acquire_lease(&key, "sea_monster", "run-2", TTL, Duration::from_secs(30))
                .await
        }
    });
    sleep(Duration::from_millis(200)).await;
    first.release_lease(lease.clone()).await.unwrap();
    let taken = waiting.await.unwrap().unwrap();
    first.release_lease(lease).await.unwrap();
    let held = first
        .acquire_lease(&key, "sea_monster", "run-3", TTL, NO_WAIT)
        .await;
    assert!(
        matches!(held, Err(StoreError::LeaseHeld { by, .. }) if by == taken.holder),
        "an old lease released a new one"
    );
}

pub async fn an_expired_lease_is_taken_over_and_its_commit_is_refused(bench: Bench) {
    let (dead, alive) = (bench.open().await, bench.open().await);
    let key = source("sea-monster");
    let short = Duration::from_millis(400);
    let mut old = dead
        .acquire_lease(&key, "sea_monster", "run-1", short, NO_WAIT)
        .await
        .unwrap();
    let new = alive
        .acquire_lease(&key, "sea_monster", "run-2", TTL, Duration::from_secs(30))
        .await
        .unwrap();
    let error = Run::new(1, &[event("a", 11)])
        .try_commit(&dead, &old)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::LeaseHeld);
    assert!(
        error
            .to_string()
            .contains("taken over by run-2, nothing was written"),
        "{error}"
    );
    assert!(alive.events(&EventQuery::default()).await.unwrap().is_empty());
    assert!(alive.recent_runs(None, 10).await.unwrap().is_empty());
    // The refused commit must not keep the row locked.
    let begun = Instant::now();
    assert_eq!(
        Run::new(2, &[event("a", 11)])
            .try_commit(&alive, &new)
            .await
            .unwrap()
            .new,
        1
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(matches!(
        dead.renew_lease(&mut old, TTL).await,
        Err(StoreError::LeaseLost { .. })
    ));
}

pub async fn a_renewed_lease_does_not_expire(bench: Bench) {
    let store = bench.open().await;
    let key = source("sea-monster");
    let mut lease = store
        .acquire_lease(&key, "sea_monster", "run-1", Duration::from_secs(2), NO_WAIT)
        .await
        .unwrap();
    let before = lease.until;
    store.renew_lease(&mut lease, TTL).await.unwrap();
    assert!(lease.until > before);
    sleep(Duration::from_millis(2_100)).await;
    let held = store
        .acquire_lease(&key, "sea_monster", "run-2", TTL, NO_WAIT)
        .await;
    assert!(matches!(held, Err(StoreError::LeaseHeld { .. })));
    Run::new(1, &[event("a", 11)])
        .try_commit(&store, &lease)
        .await
        .unwrap();
}

pub async fn leases_of_different_sources_do_not_meet(bench: Bench) {
    let store = Arc::new(bench.open().await);
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut run = Run::new(1, &[event("a", 11), event("b", 12)]);
            run.source = source(&format!("source-{number}"));
            run.commit(&store).await
        });
    }
    let summaries = tasks.join_all().await;
    assert!(
        summaries
            .iter()
            .all(|summary| summary.new == 2 && summary.runs_total == 1),
        "{summaries:?}"
    );
    assert_eq!(store.events(&EventQuery::default()).await.unwrap().len(), 40);
}

pub async fn twenty_runs_at_once_write_one_after_the_other(bench: Bench) {
    let stores = [
        Arc::new(bench.open().await),
        Arc::new(bench.open().await),
        Arc::new(bench.open().await),
    ];
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&stores[usize::try_from(number).unwrap() % 3]);
        let inside = Arc::clone(&inside);
        tasks.spawn(async move {
            let run = Run::new(number, &[event("a", 11), titled("b", 12, &number.to_string())]);
            let lease = run.lease(&store).await;
            assert_eq!(
                inside.fetch_add(1, Ordering::SeqCst),
                0,
                "two runs hold the lease"
            );
            let summary = run.try_commit(&store, &lease).await.unwrap();
            inside.fetch_sub(1, Ordering::SeqCst);
            store.release_lease(lease).await.unwrap();
            summary
        });
    }
    let summaries = tasks.join_all().await;
    assert_eq!(summaries.iter().map(|summary| summary.new).sum::<i64>(), 2);
    assert_eq!(summaries.iter().map(|summary| summary.updated).sum::<i64>(), 19);
    let mut totals: Vec<_> = summaries.iter().map(|summary| summary.runs_total).collect();
    totals.sort_unstable();
    assert_eq!(totals, (1..=20).collect::<Vec<_>>());
}

/// Both read the page at the same time, then store what they saw.
pub async fn two_processes_on_one_source_neither_duplicate_nor_lose_an_event(bench: Bench) {
    let (first, second) = (bench.open().await, bench.open().await);
    let (left, right) = (
        Run::new(1, &[event("a", 11), event("b", 12)]),
        Run::new(2, &[event("b", 12), event("c", 13)]),
    );
    let (left, right) = (left.partial(), right.partial());
    let (left, right) = tokio::join!(left.commit(&first), right.commit(&second));
    assert_eq!(left.new + right.new, 3);
    assert_eq!(left.unchanged + right.unchanged, 1);
    let events = first.events(&EventQuery::default()).await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.uid.as_str()).collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
}

pub async fn a_cancelled_commit_leaves_nothing_behind(bench: Bench) {
    let store = bench.open().await;
    let events: Vec<_> = (0..3_000).map(|n| event(&n.to_string(), 11)).collect();
    let run = Run::new(1, &events);
    let mut cancelled = 0;
    for micros in [100, 1_000, 3_000, 10_000, 20_000] {
        let lease = run.lease(&store).await;
        let commit =
            tokio::time::timeout(Duration::from_micros(micros), run.try_commit(&store, &lease)).await;
        cancelled += usize::from(commit.is_err());
        store.release_lease(lease).await.unwrap();
        let stored = store.events(&EventQuery::default()).await.unwrap().len();
        assert!(
            stored == 0 || stored == 3_000,
            "{stored} events after {micros} µs"
        );
    }
    assert!(cancelled > 0, "no commit was cancelled");
    assert_eq!(run.commit(&store).await.runs_total, 1);
    assert_eq!(store.events(&EventQuery::default()).await.unwrap().len(), 3_000);
}
