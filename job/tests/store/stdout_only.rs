//! What is particular to standard output.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use sms_crds::report::{Outcome, Reason};
use sms_job::store::{EventQuery, SourceState, Store, StoreError};

use crate::bench::{NO_WAIT, Run, TTL, counts, event, source, titled};

#[derive(Clone, Default)]
struct Paper {
    text: Arc<Mutex<Vec<u8>>>,
    flushed: Arc<Mutex<usize>>,
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        *self.flushed.lock().unwrap() += 1;
        Ok(())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_event_is_a_line_and_nothing_is_remembered() {
    let paper = Paper::default();
    let store = Store::ndjson(paper.clone());
    assert_eq!((store.kind(), store.remembers()), ("stdout", false));
    for _ in 0..2 {
        let summary = Run::new(1, &[titled("a", 11, "two\nlines"), event("b", 12)])
            .commit(&store)
            .await;
        assert_eq!((counts(&summary), summary.runs_total), ((2, 0, 0, 0), 1));
    }
    let text = String::from_utf8(paper.text.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert!(text.ends_with('\n'));
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["source"], "default/sea-monster");
    assert_eq!(
        (&line["apiName"], &line["id"]),
        (&"sea_monster".into(), &"a".into())
    );
    assert_eq!(
        (&line["title"], &line["start"]),
        (&"two\nlines".into(), &"2026-05-11T19:30:00-07:00".into())
    );
    assert_eq!(*paper.flushed.lock().unwrap(), 2);
    let state = store
        .source_state(&source("sea-monster"), "spec", 5, None)
        .await
        .unwrap();
    assert_eq!(state, SourceState::default());
    assert!(store.events(&EventQuery::default()).await.unwrap().is_empty());
    assert!(store.recent_runs(None, 5).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_failed_run_prints_nothing_and_leases_are_granted() {
    let paper = Paper::default();
    let store = Store::ndjson(paper.clone());
    let key = source("sea-monster");
    let mut lease = store
        .acquire_lease(&key, "sea_monster", "run-1", TTL, NO_WAIT)
        .await
        .unwrap();
    store
        .acquire_lease(&key, "sea_monster", "run-2", TTL, NO_WAIT)
        .await
        .unwrap();
    store.renew_lease(&mut lease, TTL).await.unwrap();
    let summary = Run::new(1, &[event("a", 11)])
        .outcome(Outcome::Failed)
        .try_commit(&store, &lease)
        .await
        .unwrap();
    assert_eq!(counts(&summary), (0, 0, 0, 0));
    assert!(paper.text.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reader_that_goes_away_is_an_error_and_no_panic() {
    let store = Store::ndjson(Closed);
    let run = Run::new(1, &[event("a", 11)]);
    let lease = run.lease(&store).await;
    let error = run.try_commit(&store, &lease).await.unwrap_err();
    assert!(matches!(error, StoreError::OutputClosed));
    assert_eq!(error.reason(), Reason::StoreFailed);
}
