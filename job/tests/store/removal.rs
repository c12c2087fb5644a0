//! Events that vanish.

use jiff::civil;
use sms_crds::report::Outcome;
use sms_job::{
    identity::Identified,
    store::{EventQuery, Removal, Store},
};

use crate::bench::{Bench, Run, counts, event};

/// Events on the days of May 8 to 20, of which `today` is the 10th.
fn page(days: &[i8]) -> Vec<Identified> {
    days.iter()
        .map(|day| event(&format!("day-{day}"), *day))
        .collect()
}

async fn removed(store: &Store) -> Vec<String> {
    let query = EventQuery {
        include_removed: true,
        ..EventQuery::default()
    };
    let events = store.events(&query).await.unwrap().into_iter();
    events
        .filter(|event| event.removed_at.is_some())
        .map(|event| event.uid)
        .collect()
}

/// The runs after the first one (days 8, 10, 12, 14, 20), and what is then removed.
pub async fn the_table_of_removals_holds(bench: Bench) {
    let store = bench.open().await;
    let complete = |days: &[i8]| Run::new(0, &page(days));
    let partial = |days: &[i8]| complete(days).partial();
    let suspicious = |days: &[i8]| partial(days).outcome(Outcome::Suspicious);
    let without_12 = &[8, 10, 14, 20][..];
    let table: Vec<(&str, Vec<Run>, &[&str])> = vec![
        ("one complete run is not enough", vec![complete(without_12)], &[]),
        (
            "two complete runs are",
            vec![complete(without_12), complete(without_12)],
            &["day-12"],
        ),
        (
            "partial runs do not count",
            vec![partial(without_12), partial(without_12), partial(without_12)],
            &[],
        ),
        (
            "nor do they undo",
            vec![complete(without_12), partial(without_12), complete(without_12)],
            &["day-12"],
        ),
        (
            "suspicious runs do not count",
            vec![suspicious(&[14, 20]), suspicious(&[14, 20]), complete(without_12)],
            &[],
        ),
        (
            "failed and unchanged runs do not count",
            vec![
                complete(without_12),
                complete(&[]).outcome(Outcome::Failed),
                complete(&[]).outcome(Outcome::Unchanged),
                complete(&[]).outcome(Outcome::Unchanged),
            ],
            &[],
        ),
        (
            "seen in between",
            vec![
                complete(without_12),
                complete(&[12, 14, 20]),
                complete(without_12),
            ],
            &[],
        ),
        (
            "seen in between by a partial run",
            vec![complete(without_12), partial(&[12]), complete(without_12)],
            &[],
        ),
        (
            "past events stay",
            vec![complete(&[10, 12, 14, 20]), complete(&[10, 12, 14, 20])],
            &[],
        ),
        (
            "an event of today goes",
            vec![complete(&[8, 12, 14, 20]), complete(&[8, 12, 14, 20])],
            &["day-10"],
        ),
        (
            "later than the page reaches",
            vec![complete(&[8, 10, 12, 14]), complete(&[8, 10, 12, 14])],
            &[],
        ),
        (
            "earlier than the page reaches",
            vec![complete(&[14, 20]), complete(&[14, 20])],
            &[],
        ),
        (
            "several at once",
            vec![complete(&[8, 20]), complete(&[8, 20])],
            &["day-10", "day-12", "day-14"],
        ),
    ];
    for (at, (name, runs, wanted)) in table.into_iter().enumerate() {
        let source = crate::bench::source(&format!("case-{at}"));
        let mut first = Run::new(1, &page(&[8, 10, 12, 14, 20]));
        first.source = source.clone();
        first.commit(&store).await;
        let mut total = 0;
        for (number, run) in runs.into_iter().enumerate() {
            let run = Run {
                source: source.clone(),
                ..run
            };
            let mut run = Run {
                at: first.at + std::time::Duration::from_secs(60 * (number as u64 + 1)),
                ..run
            };
            run.report.run = format!("run-{}", number + 2);
            total += run.commit(&store).await.removed;
        }
        let query = EventQuery {
            sources: vec![source],
            include_removed: true,
            ..EventQuery::default()
        };
        let events = store.events(&query).await.unwrap();
        assert_eq!(events.len(), 5, "{name}");
        let gone: Vec<_> = events
            .iter()
            .filter(|event| event.removed_at.is_some())
            .map(|event| event.uid.as_str())
            .collect();
        assert_eq!(gone, wanted, "{name}");
        assert_eq!(total, i64::try_from(wanted.len()).unwrap(), "{name}");
    }
}

pub async fn an_event_that_is_seen_again_is_back(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &page(&[11, 12, 13])).commit(&store).await;
    for number in [2, 3, 4] {
        let run = Run::new(number, &page(&[11, 13]));
        assert_eq!(
            counts(&run.commit(&store).await),
            (0, 0, 2, i64::from(number == 3))
        );
    }
    assert_eq!(removed(&store).await, ["day-12"]);
    assert_eq!(store.events(&EventQuery::default()).await.unwrap().len(), 2);
    assert_eq!(
        counts(&Run::new(5, &page(&[11, 12, 13])).commit(&store).await),
        (0, 1, 2, 0)
    );
    assert!(removed(&store).await.is_empty());
    Run::new(6, &page(&[11, 13])).commit(&store).await;
    assert!(removed(&store).await.is_empty(), "the count starts anew");
    assert_eq!(Run::new(7, &page(&[11, 13])).commit(&store).await.removed, 1);
}

pub async fn a_new_spec_hash_starts_the_count_anew(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &page(&[11, 12, 13])).commit(&store).await;
    for (number, spec, wanted) in [
        (2, "old", 0),
        (3, "new", 0),
        (4, "old", 0),
        (5, "new", 0),
        (6, "new", 1),
    ] {
        let summary = Run::new(number, &page(&[11, 13])).spec(spec).commit(&store).await;
        assert_eq!(summary.removed, wanted, "run {number}");
    }
}

pub async fn an_empty_complete_run_removes_nothing(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &page(&[11, 12])).commit(&store).await;
    for number in [2, 3, 4] {
        let mut run = Run::new(number, &[]);
        run.removal = Removal::Complete {
            today: civil::date(2026, 5, 10),
        };
        assert_eq!(run.commit(&store).await.removed, 0);
    }
    assert!(removed(&store).await.is_empty());
}
