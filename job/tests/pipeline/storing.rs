//! What is stored, and what a later run makes of it.

use serde_json::json;
use wiremock::MockServer;

use super::{counts, ingest, page, serve, serve_tagged, source};
use crate::scraper::Scraper;

#[tokio::test]
async fn a_second_run_over_the_same_body_is_unchanged_and_a_changed_body_is_told_apart() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(3)).await;

    let first = ingest(&scraper).await;
    assert_eq!(
        (first.code, counts(&first.report())),
        (0, [3, 3, 3, 0, 0, 0]),
        "{}",
        first.stderr
    );
    let second = ingest(&scraper).await.report();
    assert_eq!(
        (second["outcome"].as_str(), counts(&second)),
        (Some("Unchanged"), [0, 3, 0, 0, 3, 0])
    );

    let mut changed = page(4);
    changed["events"][0]["title"] = json!("Band 0, moved");
    serve(&server, &changed).await;
    let third = ingest(&scraper).await.report();
    assert_eq!(
        (third["outcome"].as_str(), counts(&third)),
        (Some("Succeeded"), [4, 4, 1, 1, 2, 0])
    );
    let events = scraper.events().await;
    assert_eq!(events.len(), 4);
    assert_eq!(events[0]["start"], "2099-05-01T20:00:00-07:00");
    assert_eq!(events[0]["url"], json!(format!("{}/e/0", server.uri())));
}

#[tokio::test]
async fn a_304_is_a_success_without_a_body() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve_tagged(&server, &page(2)).await;
    ingest(&scraper).await;
    let second = ingest(&scraper).await.report();
    assert_eq!(
        (second["outcome"].as_str(), second["httpStatus"].as_i64()),
        (Some("Unchanged"), Some(304))
    );
    assert_eq!(second["unchanged"], 2);
}

#[tokio::test]
async fn a_future_event_is_removed_when_two_complete_runs_miss_it_and_never_before() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(5)).await;
    ingest(&scraper).await;

    let mut without = page(5);
    without["events"].as_array_mut().unwrap().remove(2);
    without["note"] = json!(1);
    serve(&server, &without).await;
    assert_eq!(counts(&ingest(&scraper).await.report()), [4, 4, 0, 0, 4, 0]);
    // The very same body: it is read again, since an event is waiting for this run's word.
    assert_eq!(counts(&ingest(&scraper).await.report()), [4, 4, 0, 0, 4, 1]);
    assert_eq!(ingest(&scraper).await.report()["outcome"], "Unchanged");
    let removed: Vec<_> = scraper
        .events()
        .await
        .into_iter()
        .filter(|event| !event["removedAt"].is_null())
        .collect();
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0]["title"], "Band 2");
}

#[tokio::test]
async fn a_younger_success_is_skipped_by_the_cadence_unless_it_is_bypassed() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "  cadence: 1h");
    serve(&server, &page(1)).await;
    assert_eq!(scraper.run(&["ingester"]).await.report()["outcome"], "Succeeded");
    let second = scraper.run(&["ingester"]).await;
    assert_eq!(
        (second.code, second.report()["outcome"].as_str()),
        (0, Some("SkippedByCadence"))
    );
    assert_eq!(ingest(&scraper).await.report()["outcome"], "Unchanged");
}

#[tokio::test]
async fn two_jobs_on_one_source_at_once_neither_double_nor_lose_an_event() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(28)).await;
    let runs = futures_util::future::join_all((0..6).map(|_| ingest(&scraper))).await;
    for run in &runs {
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let new: i64 = runs.iter().map(|run| run.report()["new"].as_i64().unwrap()).sum();
    assert_eq!((new, scraper.events().await.len()), (28, 28));
}

#[tokio::test]
async fn an_id_whose_first_date_passes_does_not_hand_its_identity_on() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let night =
        |day: &str| json!({"id": "weekly", "title": "Jam", "start": format!("2099-05-{day}T20:00:00")});
    serve(&server, &json!({"events": [night("01"), night("08")]})).await;
    assert_eq!(counts(&ingest(&scraper).await.report()), [2, 2, 2, 0, 0, 0]);
    serve(&server, &json!({"events": [night("08")]})).await;
    assert_eq!(counts(&ingest(&scraper).await.report()), [1, 1, 0, 0, 1, 0]);
    let starts: Vec<_> = scraper
        .events()
        .await
        .iter()
        .map(|event| event["start"].clone())
        .collect();
    assert_eq!(starts, ["2099-05-01T20:00:00-07:00", "2099-05-08T20:00:00-07:00"]);
}
