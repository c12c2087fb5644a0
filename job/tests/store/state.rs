//! What a source remembers: success, baseline, validators, runs, retention.

use std::time::Duration;

use serde_json::json;
use sms_crds::report::{Outcome, Reason};
use sms_job::store::{EventQuery, SourceState, Store, StoredValidators};

use crate::bench::{Bench, Run, event, source, with};

const DAY: Duration = Duration::from_hours(24);

async fn state(store: &Store, spec: &str) -> SourceState {
    store
        .source_state(&source("sea-monster"), spec, 3, None)
        .await
        .unwrap()
}

fn events(count: i8) -> Vec<sms_job::identity::Identified> {
    (0..count).map(|n| event(&n.to_string(), 11 + n)).collect()
}

pub async fn an_unknown_source_has_no_state(bench: Bench) {
    let store = bench.open().await;
    assert_eq!(state(&store, "spec").await, SourceState::default());
    assert!(
        store
            .recent_runs(Some(&source("sea-monster")), 5)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn success_advances_and_failure_does_not(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &events(1))
        .outcome(Outcome::Failed)
        .commit(&store)
        .await;
    let failed = state(&store, "spec").await;
    assert_eq!(
        (
            failed.runs_total,
            failed.last_success_at,
            failed.last_success_started_at
        ),
        (1, None, None)
    );
    let good = Run::new(2, &events(1));
    good.commit(&store).await;
    Run::new(3, &events(1))
        .outcome(Outcome::Suspicious)
        .commit(&store)
        .await;
    Run::new(4, &[]).outcome(Outcome::Failed).commit(&store).await;
    let after = state(&store, "spec").await;
    assert_eq!(after.runs_total, 4);
    assert_eq!(after.last_success_at, Some(good.at));
    assert_eq!(
        after.last_success_started_at,
        Some(good.at - Duration::from_secs(30))
    );
    let unchanged = Run::new(5, &[]).outcome(Outcome::Unchanged);
    unchanged.commit(&store).await;
    assert_eq!(state(&store, "spec").await.last_success_at, Some(unchanged.at));
}

pub async fn the_baseline_holds_the_last_accepted_counts_newest_first(bench: Bench) {
    let store = bench.open().await;
    for (number, count, outcome) in [
        (1, 9, Outcome::Succeeded),
        (2, 4, Outcome::Succeeded),
        (3, 5, Outcome::Succeeded),
        (4, 1, Outcome::Suspicious),
        (5, 0, Outcome::Failed),
        (6, 0, Outcome::Unchanged),
        (7, 6, Outcome::Succeeded),
    ] {
        Run::new(number, &events(count))
            .outcome(outcome)
            .commit(&store)
            .await;
    }
    assert_eq!(state(&store, "spec").await.baseline, [6, 5, 4]);
    assert_eq!(state(&store, "spec").await.accepted, None);
}

pub async fn an_accepted_run_becomes_the_first_of_the_baseline(bench: Bench) {
    let store = bench.open().await;
    let accept = async |run: &str| {
        let state = store
            .source_state(&source("sea-monster"), "spec", 3, Some(run))
            .await
            .unwrap();
        (state.baseline, state.accepted)
    };
    Run::new(1, &events(9)).commit(&store).await;
    Run::new(2, &events(2))
        .outcome(Outcome::Suspicious)
        .commit(&store)
        .await;
    assert_eq!(accept("run-2").await, (vec![2], Some(2)));
    Run::new(3, &events(3)).commit(&store).await;
    assert_eq!(accept("run-2").await, (vec![3, 2], Some(2)));
    assert_eq!(accept("unknown").await, (vec![3, 9], None));
    for number in 4..8 {
        Run::new(number, &events(4)).commit(&store).await;
    }
    assert_eq!(accept("run-2").await, (vec![4, 4, 4], Some(2)));
}

pub async fn validators_are_kept_by_spec_hash_and_only_while_they_describe_what_is_stored(bench: Bench) {
    let store = bench.open().await;
    let validators = |etag: &str| {
        Some(StoredValidators {
            etag: Some(etag.to_owned()),
            last_modified: Some("Sun, 10 May 2026 00:00:00 GMT".to_owned()),
            body_hash: Some("abc".to_owned()),
            full_fetch_at: Some("2026-05-10T01:02:03.456Z".parse().unwrap()),
        })
    };
    let run = |number, etag: Option<&str>| Run {
        validators: etag.and_then(validators),
        ..Run::new(number, &events(2))
    };
    run(1, Some("one")).commit(&store).await;
    assert_eq!(state(&store, "spec").await.validators, validators("one"));
    assert_eq!(
        state(&store, "other").await.validators,
        None,
        "of another spec hash"
    );
    run(2, None).outcome(Outcome::Failed).commit(&store).await;
    run(3, None).outcome(Outcome::Unchanged).commit(&store).await;
    assert_eq!(
        state(&store, "spec").await.validators,
        validators("one"),
        "a failed or unchanged run keeps them"
    );
    run(4, Some("two"))
        .outcome(Outcome::Unchanged)
        .commit(&store)
        .await;
    assert_eq!(
        state(&store, "spec").await.validators,
        validators("two"),
        "an unchanged run may renew them"
    );
    run(5, Some("bad"))
        .outcome(Outcome::Suspicious)
        .commit(&store)
        .await;
    assert_eq!(
        state(&store, "spec").await.validators,
        None,
        "a suspicious run stored something else"
    );
    run(6, Some("three")).spec("other").commit(&store).await;
    assert_eq!(state(&store, "spec").await.validators, None);
    assert_eq!(state(&store, "other").await.validators, validators("three"));
    run(7, None).spec("other").commit(&store).await;
    assert_eq!(
        state(&store, "other").await.validators,
        None,
        "a run without validators stored something else"
    );
}

pub async fn retention_deletes_ended_events_that_left_the_page(bench: Bench) {
    let store = bench.open().await;
    let long = with("long", &json!({ "start": "2026-04-01", "end": "2026-05-09" }));
    let old = [
        with("old", &json!({ "start": "2026-05-01" })),
        with("listed", &json!({ "start": "2026-05-01" })),
        long,
    ];
    let mut all = old.to_vec();
    all.extend([event("recent", 9), event("future", 20)]);
    Run::new(1, &all).commit(&store).await;
    let page = [all[1].clone(), all[4].clone()];
    let uids = async || {
        let events = store.events(&EventQuery::default()).await.unwrap();
        events.into_iter().map(|event| event.uid).collect::<Vec<_>>()
    };
    Run::new(2, &page).commit(&store).await;
    assert_eq!(uids().await.len(), 5, "without retention everything stays");
    Run {
        retention_events: Some(3 * DAY),
        ..Run::new(3, &page)
    }
    .commit(&store)
    .await;
    assert_eq!(uids().await, ["long", "listed", "recent", "future"]);
    assert_eq!(
        Run {
            retention_events: Some(3 * DAY),
            ..Run::new(4, &page)
        }
        .commit(&store)
        .await
        .unchanged,
        2
    );
    Run {
        retention_events: Some(Duration::MAX),
        ..Run::new(5, &page)
    }
    .commit(&store)
    .await;
    assert_eq!(uids().await.len(), 4);
}

pub async fn retention_of_runs_keeps_the_number_of_runs(bench: Bench) {
    let store = bench.open().await;
    for number in 1..5 {
        Run::new(number, &events(1)).commit(&store).await;
    }
    let mut other = Run::new(1, &events(1));
    other.source = source("other");
    other.commit(&store).await;
    let hour = Duration::from_hours(1);
    let run = Run {
        retention_runs: Some(hour),
        ..Run::new(5, &events(1))
    };
    assert_eq!(run.commit(&store).await.runs_total, 5);
    let runs = store.recent_runs(Some(&source("sea-monster")), 10).await.unwrap();
    assert_eq!(
        runs.iter().map(|run| run.run.as_str()).collect::<Vec<_>>(),
        ["run-5", "run-4"]
    );
    assert_eq!(
        store.recent_runs(None, 10).await.unwrap().len(),
        3,
        "another source's runs stay"
    );
    let run = Run {
        retention_runs: Some(Duration::from_millis(1)),
        ..Run::new(6, &events(1))
    };
    assert_eq!(run.commit(&store).await.runs_total, 6);
    assert_eq!(
        store
            .recent_runs(Some(&source("sea-monster")), 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

pub async fn runs_come_back_newest_first_with_their_reports(bench: Bench) {
    let store = bench.open().await;
    let mut failed = Run::new(1, &[]).outcome(Outcome::Failed);
    failed.report.reason = Some(Reason::TimedOut);
    failed.report.message = Some("no answer\0 within 30 s".to_owned());
    failed.commit(&store).await;
    let good = Run::new(2, &events(3));
    good.commit(&store).await;
    let runs = store.recent_runs(Some(&source("sea-monster")), 5).await.unwrap();
    assert_eq!(
        runs.iter().map(|run| run.run.as_str()).collect::<Vec<_>>(),
        ["run-2", "run-1"]
    );
    assert_eq!(
        (runs[0].processed, runs[0].accepted, runs[0].finished_at),
        (3, true, good.at)
    );
    assert_eq!(runs[0].started_at, good.at - Duration::from_secs(30));
    let report = runs[0].report.as_ref().unwrap();
    assert_eq!((report.new, report.processed, report.found), (3, 3, 12));
    let report = runs[1].report.as_ref().unwrap();
    assert_eq!(report.reason, Some(Reason::TimedOut));
    assert_eq!(report.message.as_deref(), Some("no answer\u{fffd} within 30 s"));
    assert_eq!(store.recent_runs(None, 1).await.unwrap().len(), 1);
    bench
        .execute("UPDATE sms_runs SET report = '{\"outcome\": \"FromTheFuture\"}'")
        .await;
    assert!(
        store
            .recent_runs(None, 5)
            .await
            .unwrap()
            .iter()
            .all(|run| run.report.is_none())
    );
}
