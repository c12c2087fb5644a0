//! New, updated and unchanged events.

use serde_json::json;
use sms_crds::report::Outcome;
use sms_job::store::EventQuery;

use crate::bench::{Bench, Run, counts, event, titled, with};

pub async fn every_event_of_a_first_run_is_new(bench: Bench) {
    let store = bench.open().await;
    let summary = Run::new(1, &[event("a", 11), event("b", 12)])
        .commit(&store)
        .await;
    assert_eq!(counts(&summary), (2, 0, 0, 0));
    assert_eq!(summary.runs_total, 1);
    assert_eq!(store.events(&EventQuery::default()).await.unwrap().len(), 2);
}

pub async fn equal_events_are_unchanged_and_no_row_is_written(bench: Bench) {
    let store = bench.open().await;
    let run = |number| Run::new(number, &[event("a", 11), event("b", 12)]);
    run(1).commit(&store).await;
    bench.forbid_event_writes().await;
    assert_eq!(counts(&run(2).commit(&store).await), (0, 0, 2, 0));
    assert_eq!(
        counts(&run(3).partial().commit(&bench.open().await).await),
        (0, 0, 2, 0)
    );
    let lease = run(4).lease(&store).await;
    let error = Run::new(4, &[event("a", 11)])
        .try_commit(&store, &lease)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("an event was written"), "{error}");
    assert_eq!(store.recent_runs(None, 10).await.unwrap().len(), 3);
}

pub async fn an_unchanged_run_writes_no_event_and_counts_what_is_stored(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &[event("a", 11), event("b", 12), event("c", 13)])
        .commit(&store)
        .await;
    Run::new(2, &[event("a", 11), event("b", 12)])
        .commit(&store)
        .await;
    bench.forbid_event_writes().await;
    let summary = Run::new(3, &[]).outcome(Outcome::Unchanged).commit(&store).await;
    assert_eq!(counts(&summary), (0, 0, 2, 0));
    assert_eq!(summary.runs_total, 3);
    assert_eq!(store.recent_runs(None, 10).await.unwrap()[0].processed, 2);
}

pub async fn other_content_is_an_update_that_keeps_the_first_sight(bench: Bench) {
    let store = bench.open().await;
    let first = Run::new(1, &[event("a", 11), event("b", 12)]);
    first.commit(&store).await;
    let second = Run::new(
        2,
        &[titled("a", 12, "Another show"), event("b", 12), event("c", 13)],
    );
    assert_eq!(counts(&second.commit(&store).await), (1, 1, 1, 0));
    let events = store.events(&EventQuery::default()).await.unwrap();
    let changed = events.iter().find(|event| event.uid == "a").unwrap();
    assert_eq!(changed.event.title, "Another show");
    assert_eq!((changed.first_seen, changed.last_seen), (first.at, second.at));
    assert_eq!(changed.event.start.to_string(), "2026-05-12T19:30:00-07:00");
}

pub async fn last_seen_is_the_newest_run_with_the_event(bench: Bench) {
    let store = bench.open().await;
    let both = [event("a", 11), event("b", 12)];
    let last_seen = async || {
        let events = store.events(&EventQuery::default()).await.unwrap();
        events.iter().map(|event| event.last_seen).collect::<Vec<_>>()
    };
    let first = Run::new(1, &both);
    first.commit(&store).await;
    let second = Run::new(2, &both);
    second.commit(&store).await;
    assert_eq!(last_seen().await, [second.at, second.at]);
    let unchanged = Run::new(3, &[]).outcome(Outcome::Unchanged);
    unchanged.commit(&store).await;
    assert_eq!(last_seen().await, [unchanged.at, unchanged.at]);
    let partial = Run::new(4, &both[1..]).partial();
    partial.commit(&store).await;
    assert_eq!(last_seen().await, [unchanged.at, partial.at]);
    Run::new(5, &[]).outcome(Outcome::Failed).commit(&store).await;
    assert_eq!(last_seen().await, [unchanged.at, partial.at]);
    let back = Run::new(6, &both);
    assert_eq!(counts(&back.commit(&store).await), (0, 0, 2, 0));
    assert_eq!(last_seen().await, [back.at, back.at]);
}

pub async fn the_same_identity_twice_in_a_run_is_stored_once(bench: Bench) {
    let store = bench.open().await;
    let summary = Run::new(1, &[event("a", 11), titled("a", 12, "Twin")])
        .commit(&store)
        .await;
    assert_eq!(counts(&summary), (1, 0, 0, 0));
    assert_eq!(
        store.events(&EventQuery::default()).await.unwrap()[0].event.title,
        "Show a"
    );
}

pub async fn odd_characters_come_back_as_they_were(bench: Bench) {
    let store = bench.open().await;
    let titles = [
        "Björk & Sigur Rós — “ágætis”",
        "🎷🎸 \u{202e}txet\u{202c}",
        "quote ' \" \\ \\u0000 %s $1 ?1 {}",
        "日本語\t\r\n",
        "\u{1}\u{7f}",
    ];
    let mut events: Vec<_> = titles
        .iter()
        .enumerate()
        .map(|(n, title)| titled(title, 11 + i8::try_from(n).unwrap(), title))
        .collect();
    events.push(with(
        "nul\0uid",
        &json!({ "title": "nul\0title", "start": "2026-05-30", "extra": { "k\0": ["\0"] } }),
    ));
    Run::new(1, &events).commit(&store).await;
    let stored = store.events(&EventQuery::default()).await.unwrap();
    let found: Vec<_> = stored.iter().map(|event| event.event.title.as_str()).collect();
    assert_eq!(found[..5], titles);
    assert_eq!(found[5], "nul\u{fffd}title");
    assert_eq!(stored[5].uid, "nul\u{fffd}uid");
    assert_eq!(stored[5].event.extra["k\u{fffd}"], json!(["\u{fffd}"]));
    assert_eq!(counts(&Run::new(2, &events).commit(&store).await), (0, 0, 6, 0));
}

pub async fn five_thousand_events_are_stored_and_compared(bench: Bench) {
    let store = bench.open().await;
    let filler = "x".repeat(500);
    let all: Vec<_> = (0..5_000)
        .map(|n| {
            let start = format!("2026-{:02}-{:02}", 6 + n / 1_000, 1 + n % 28);
            with(
                &format!("uid-{n}"),
                &json!({ "title": format!("Show {n}"), "start": start, "description": filler }),
            )
        })
        .collect();
    assert_eq!(counts(&Run::new(1, &all).commit(&store).await), (5_000, 0, 0, 0));
    assert_eq!(counts(&Run::new(2, &all).commit(&store).await), (0, 0, 5_000, 0));
    assert_eq!(
        counts(&Run::new(3, &all[..4_000]).commit(&store).await),
        (0, 0, 4_000, 0)
    );
    assert_eq!(
        store
            .source_state(&Run::new(4, &[]).source, "spec", 5, None)
            .await
            .unwrap()
            .live_events,
        4_000
    );
    assert_eq!(store.events(&EventQuery::default()).await.unwrap().len(), 5_000);
}

pub async fn a_failed_run_touches_no_event(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &[event("a", 11)]).commit(&store).await;
    bench.forbid_event_writes().await;
    let summary = Run::new(2, &[event("b", 12)])
        .outcome(Outcome::Failed)
        .commit(&store)
        .await;
    assert_eq!(counts(&summary), (0, 0, 0, 0));
    assert_eq!(summary.runs_total, 2);
}

pub async fn a_repeated_run_is_not_counted_again(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &[]).outcome(Outcome::Failed).commit(&store).await;
    let summary = Run::new(1, &[event("a", 11)]).commit(&store).await;
    assert_eq!(summary.runs_total, 1);
    let runs = store.recent_runs(None, 10).await.unwrap();
    assert_eq!(
        runs.iter().map(|run| run.outcome.as_str()).collect::<Vec<_>>(),
        ["Succeeded"]
    );
}
