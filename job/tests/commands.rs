//! Commands as a shell uses them.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "support/scraper.rs"]
mod scraper;

use std::process::Stdio;

use scraper::Scraper;
use serde_json::json;

/// A source that reads a file with `count` events.
fn file_source(scraper: &Scraper, count: usize) {
    let events: Vec<_> = (0..count)
        .map(|n| json!({"title": format!("Band {n}, \"live\""), "start": "2099-05-01T20:00:00Z", "venue": "Blue Moon"}))
        .collect();
    scraper.write("sources/page.data", &json!(events).to_string());
    scraper.source(
        "blue-moon",
        "  fetch: { url: 'file://./page.data' }\n  extract: { json: {} }",
    );
}

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
async fn an_empty_variable_is_one_that_is_not_set() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    let empty = [
        ("SMS_ALLOW_PRIVATE_ADDRESSES", ""),
        ("SMS_PUSHGATEWAY_URL", ""),
        ("SMS_STORE_URL_FILE", ""),
        ("SMS_SECRETS_DIR", ""),
        ("SMS_CA_FILE", ""),
        ("SMS_APIS", ""),
        ("SMS_PARALLEL", ""),
        ("SMS_LOG", ""),
    ];
    let run = scraper.run_with(&["ingester"], &empty).await;
    assert_eq!(
        (run.code, run.report()["outcome"].as_str()),
        (0, Some("Succeeded")),
        "{}",
        run.stderr
    );
    let yes = scraper
        .run_with(
            &["ingester", "--bypass-cadence"],
            &[("SMS_ALLOW_PRIVATE_ADDRESSES", "1")],
        )
        .await;
    assert_eq!(yes.code, 0, "{}", yes.stderr);
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
async fn wrong_flags_name_the_flag_and_the_remedy() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    let cases: [(&[&str], &str); 7] = [
        (&["ingester", "--store", "mysql://x/y"], "--store (SMS_STORE_URL)"),
        (
            &["ingester", "--apis", "blue_mon"],
            "no source has the API name \"blue_mon\"; there are: blue_moon",
        ),
        (
            &["ingester", "--pushgateway", "gateway:9091"],
            "SMS_PUSHGATEWAY_URL",
        ),
        (
            &["ingester", "--ca-file", "/nowhere.pem"],
            "--ca-file (SMS_CA_FILE) /nowhere.pem: no such file",
        ),
        (&["--log", "a=b=c", "ingester"], "--log (SMS_LOG)"),
        (
            &["preview", "sources/blue-moon.yaml", "--now", "tomorrow"],
            "--now \"tomorrow\" is no time",
        ),
        (&["check", "nowhere"], "nowhere: "),
    ];
    for (arguments, expected) in cases {
        let run = scraper.run(arguments).await;
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn completions_are_printed_for_every_shell() {
    let scraper = Scraper::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = scraper.run(&["completions", shell]).await;
        assert!(run.code == 0 && run.stdout.contains("ingester"), "{shell}");
    }
}
