//! What an unchanged source costs: counted in the database and in the worker's log.

use sms_proof::{Group, record};
use sqlx::{Connection, Executor, SqliteConnection};
use wiremock::MockServer;

use super::{page, serve, serve_tagged, source};
use crate::scraper::Scraper;

const EVENTS: usize = 1_000;

/// What a run did.
#[derive(Debug, PartialEq)]
struct Work {
    outcome: String,
    event_rows: i64,
    parsed_pages: usize,
}

/// A run whose writes to rows of events are counted, once there is a store.
async fn counted(scraper: &Scraper) -> Work {
    let ended = scraper
        .run_with(
            &["ingester", "--bypass-cadence"],
            &[("SMS_LOG", "info,sms_job=debug")],
        )
        .await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let outcome = ended.report()["outcome"].as_str().unwrap().to_owned();
    let address = format!("sqlite://{}", scraper.path("events.sqlite").display());
    let mut store = SqliteConnection::connect(&address).await.unwrap();
    store
        .execute("CREATE TABLE IF NOT EXISTS written (row)")
        .await
        .unwrap();
    for (verb, row) in [("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")] {
        let sql = format!(
            "CREATE TRIGGER IF NOT EXISTS count_{verb} AFTER {verb} ON sms_events
             BEGIN INSERT INTO written VALUES ({row}.rowid); END"
        );
        store.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    let event_rows = sqlx::query_scalar("SELECT count(*) FROM written")
        .fetch_one(&mut store)
        .await
        .unwrap();
    store.execute("DELETE FROM written").await.unwrap();
    store.close().await.unwrap();
    let parsed = |line: &&str| line.contains("\"page is parsed\"");
    Work {
        outcome,
        event_rows,
        parsed_pages: ended.stderr.lines().filter(parsed).count(),
    }
}

fn prove(unchanged: &Work, by: &str) {
    assert_eq!(unchanged.outcome, "Unchanged");
    let rows = record(
        Group::Work,
        &format!("event rows written by {by}"),
        unchanged.event_rows.to_string(),
        "0",
        unchanged.event_rows == 0,
    );
    let pages = record(
        Group::Work,
        &format!("pages parsed by {by}"),
        unchanged.parsed_pages.to_string(),
        "0",
        unchanged.parsed_pages == 0,
    );
    assert!(rows && pages, "{unchanged:?}");
}

#[tokio::test]
async fn the_same_body_is_not_parsed_and_no_row_of_an_event_is_written() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(EVENTS)).await;
    let first = counted(&scraper).await;
    assert_eq!((first.outcome.as_str(), first.parsed_pages), ("Succeeded", 1));
    prove(&counted(&scraper).await, "the same body");

    // The counters do count.
    serve(&server, &page(EVENTS + 1)).await;
    let more = counted(&scraper).await;
    assert_eq!((more.event_rows, more.parsed_pages), (1, 1));
}

#[tokio::test]
async fn a_304_is_not_parsed_and_no_row_of_an_event_is_written() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve_tagged(&server, &page(EVENTS)).await;
    let first = counted(&scraper).await;
    assert_eq!((first.outcome.as_str(), first.parsed_pages), ("Succeeded", 1));
    prove(&counted(&scraper).await, "a 304");
}
