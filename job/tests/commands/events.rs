//! `events`: what it prints, in every format, and what it refuses.

use std::process::Stdio;

use serde_json::json;

use crate::{file_source, page_source, scraper::Scraper};

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let scraper = Scraper::new();
    file_source(&scraper, 3_000);
    assert_eq!(scraper.run(&["ingester"]).await.code, 0);
    for format in ["table", "json", "csv", "ical"] {
        let mut child = scraper.command(&["events", "--format", format]);
        let mut child = child
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{format}");
    }
}

#[tokio::test]
async fn events_come_as_table_json_csv_and_calendar() {
    let scraper = Scraper::new();
    file_source(&scraper, 2);
    scraper.run(&["ingester"]).await;
    let print = async |format| scraper.run(&["events", "--format", format]).await.stdout;
    assert!(print("table").await.contains("Band 1, \"live\""));
    let csv = print("csv").await;
    assert!(csv.starts_with("source,id,title,start,end,all_day,"), "{csv}");
    assert!(
        csv.contains("\"Band 0, \"\"live\"\"\",2099-05-01T20:00:00+00:00"),
        "{csv}"
    );
    let calendar = print("ical").await;
    assert!(
        calendar.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"),
        "{calendar}"
    );
    assert_eq!(calendar.matches("BEGIN:VEVENT\r\n").count(), 2);
    let narrowed = scraper.run(&["events", "--from", "2099-06-01"]).await;
    assert!(
        narrowed.stderr.contains("no stored event matches"),
        "{}",
        narrowed.stderr
    );
    let limited = scraper
        .run(&["events", "--format", "json", "--limit", "1"])
        .await
        .stdout;
    assert_eq!(
        serde_json::from_str::<Vec<serde_json::Value>>(&limited)
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn events_refuse_what_can_match_nothing_and_name_the_source_of_each_row() {
    let scraper = Scraper::new();
    file_source(&scraper, 3);
    scraper.run(&["ingester"]).await;
    for (arguments, expected) in [
        (
            ["events", "--apis", "blue_mon", "--limit", "1"],
            "no source with the API name \"blue_mon\"; there are: blue_moon",
        ),
        (
            ["events", "--from", "2099-06-01", "--to", "2099-05-01"],
            "--from 2099-06-01 is after --to 2099-05-01",
        ),
    ] {
        let run = scraper.run(&arguments).await;
        assert!(run.code == 2 && run.stderr.contains(expected), "{}", run.stderr);
    }
    let table = scraper
        .run(&["events", "--limit", "0", "--apis", "blue_moon"])
        .await
        .stdout;
    assert!(table.lines().nth(1).unwrap().starts_with("│ api "), "{table}");
    assert_eq!(table.matches("│ blue_moon ").count(), 3, "{table}");
}

#[tokio::test]
async fn the_id_of_a_stored_event_is_its_identity_in_every_format() {
    let scraper = Scraper::new();
    let page = json!([{"id": "x1", "title": "A", "start": "2099-05-01"}]);
    page_source(&scraper, &page, "{ json: {} }");
    scraper.run(&["ingester"]).await;
    let event = scraper.events().await.remove(0);
    assert_eq!(event["externalId"], "x1");
    let csv = scraper.run(&["events", "--format", "csv"]).await.stdout;
    let id = csv.lines().nth(1).unwrap().split(',').nth(1).unwrap();
    assert_eq!(event["id"], id);
    assert!(event.get("uid").is_none(), "{event}");
}
