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
            "--ca-file (SMS_CA_FILE) /nowhere.pem: no such file; in a cluster",
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

/// Writes `page` and a source `blue-moon` that reads it with `extract` (YAML in one line).
fn page_source(scraper: &Scraper, page: &serde_json::Value, extract: &str) {
    scraper.write("sources/page.data", &page.to_string());
    scraper.source(
        "blue-moon",
        &format!("  fetch: {{ url: 'file://./page.data' }}\n  extract: {extract}"),
    );
}

#[tokio::test]
async fn a_field_program_that_fails_is_told_with_its_place_and_the_number_of_items() {
    let scraper = Scraper::new();
    let page = json!([
        {"name": "A", "on": "2099-05-01", "price": {"from": 5}},
        {"name": "B", "on": "2099-05-02", "price": "free"},
        {"name": "C", "on": "2099-05-03", "price": "free"},
        {"name": "D", "on": "2099-05-03"}
    ]);
    page_source(
        &scraper,
        &page,
        "{ json: { fields: { title: 'error(\"boom\")', start: .on, price: .price.from } } }",
    );
    let preview = scraper.run(&["preview", "sources/blue-moon.yaml"]).await;
    for expected in [
        "MissingTitle",
        "warning: spec.extract.json.fields.title failed on 4 of 4 items, first on item 0: boom",
        "warning: spec.extract.json.fields.price failed on 2 of 4 items, first on item 1: cannot take key \"from\" of a text",
    ] {
        assert!(
            preview.stdout.contains(expected),
            "{expected}\n{}",
            preview.stdout
        );
    }
    let run = scraper.run(&["ingester"]).await.report();
    let warnings = run["warnings"].to_string();
    assert!(warnings.contains("fields.title failed on 4 of 4"), "{run}");
}

#[tokio::test]
async fn preview_has_a_row_for_every_declared_field_even_if_nothing_matched_it() {
    let scraper = Scraper::new();
    let page = json!([{"name": "A", "on": "2099-05-01"}, {"name": "B", "on": "2099-05-02"}]);
    page_source(
        &scraper,
        &page,
        "{ json: { fields: { title: .name, start: .on, venue: .room } }, transform: 'del(.venue)' }",
    );
    let printed = scraper
        .run(&["preview", "sources/blue-moon.yaml", "--format", "json"])
        .await
        .stdout;
    let preview: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        preview["fields"],
        json!([
            {"field": "start", "items": 2, "of": 2, "examples": ["2099-05-01", "2099-05-02"]},
            {"field": "title", "items": 2, "of": 2, "examples": ["A", "B"]},
            {"field": "venue", "items": 0, "of": 2, "examples": []}
        ])
    );

    let html = "<li class=e><h3>A</h3><time datetime=2099-05-01></time></li>";
    let fixture = scraper.write("page.html", html);
    let fixture = fixture.display().to_string();
    for (extract, expected) in [
        (
            "{ html: { items: .e, fields: { title: { select: h3 }, start: { select: time, attribute: datetime }, venue: { select: .v } } } }",
            "venue ┆ 0             ┆ 1",
        ),
        (
            "{ html: { items: .event, fields: { title: { select: h3 }, start: { select: time } } } }",
            "warning: spec.extract.html.items \".event\" matches no element",
        ),
        (
            "{ html: { items: .event, fields: { title: { select: h3 }, start: { select: time } } } }",
            "title ┆ 0             ┆ 0",
        ),
    ] {
        scraper.source(
            "blue-moon",
            &format!("  fetch: {{ url: 'https://a.example' }}\n  extract: {extract}"),
        );
        let run = scraper
            .run(&["preview", "sources/blue-moon.yaml", "--fixture", &fixture])
            .await;
        assert!(
            run.stdout.contains(expected),
            "{expected}\n{}{}",
            run.stdout,
            run.stderr
        );
    }
}

#[tokio::test]
async fn check_says_which_path_holds_no_source() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    for (name, text) in [
        ("empty.yaml", ""),
        ("comment.yaml", "# nothing\n"),
        (
            "secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: { name: a }\n",
        ),
    ] {
        scraper.write(name, text);
        let alone = scraper.run(&["check", name]).await;
        let expected = format!("{name}: no ScrapeSource in it");
        assert!(
            alone.code == 2 && alone.stderr.contains(&expected),
            "{name}: {}",
            alone.stderr
        );
        let beside = scraper.run(&["check", name, "sources"]).await;
        assert!(
            beside.code == 0 && beside.stderr.contains(&expected),
            "{name}: {}",
            beside.stderr
        );
    }
    let nowhere = scraper.run(&["check", "/nonexistent"]).await;
    assert!(
        nowhere.code == 2 && nowhere.stderr.contains("no such file or folder: check the path"),
        "{}",
        nowhere.stderr
    );
}

#[tokio::test]
async fn of_sources_that_conflict_the_first_runs_and_the_message_names_both_files() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    scraper.source(
        "other",
        "  apiName: blue_moon\n  fetch: { url: 'file://./page.data' }\n  extract: { json: {} }",
    );
    let told = "sources/other.yaml: other: spec.apiName: blue_moon is the API name of default/blue-moon in sources/blue-moon.yaml already";
    let both = scraper
        .run(&["check", "sources/blue-moon.yaml", "sources/other.yaml"])
        .await;
    assert!(both.code == 2 && both.stderr.contains(told), "{}", both.stderr);
    assert!(
        both.stdout.contains("1 valid source, 1 problem"),
        "{}",
        both.stdout
    );

    let run = scraper.run(&["ingester"]).await;
    assert_eq!(
        (run.code, run.report()["source"].as_str()),
        (2, Some("default/blue-moon"))
    );
    let twice = scraper
        .run(&["check", "sources/blue-moon.yaml", "./sources/blue-moon.yaml"])
        .await;
    assert_eq!(twice.code, 0, "{}", twice.stderr);
}

#[tokio::test]
async fn a_wrong_source_variable_is_told_and_left_as_the_termination_message() {
    let scraper = Scraper::new();
    let path = scraper.path("message");
    let path = path.to_str().unwrap();
    let head = json!({"apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource"});
    let mut unknown = head.clone();
    unknown["metadata"] = json!({"name": "blue-moon", "namespace": "sms"});
    unknown["spec"] =
        json!({"fetch": {"url": "https://a.example", "timeut": "5s"}, "extract": {"jsonLd": {}}});
    for (source, words, name) in [
        ("{garbage".to_owned(), "line 1 column 2", ""),
        ("{}".to_owned(), "is no Kubernetes object", ""),
        ("[]".to_owned(), "expected an object", ""),
        (
            unknown.to_string(),
            "spec.fetch.timeut: is not a field: did you mean timeout?",
            "sms/blue-moon",
        ),
    ] {
        let run = scraper
            .run_with(
                &["ingester"],
                &[("SMS_SOURCE", &source), ("SMS_TERMINATION_MESSAGE_PATH", path)],
            )
            .await;
        assert_eq!(run.code, 2);
        assert!(
            run.stderr.contains("SMS_SOURCE: is not a ScrapeSource as JSON: ") && run.stderr.contains(words),
            "{}",
            run.stderr
        );
        let report: sms_crds::report::RunReport =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(report.source, name);
        assert_eq!(
            (report.outcome.as_str(), report.reason, report.step),
            (
                "Failed",
                Some(sms_crds::report::Reason::InvalidSource),
                Some(sms_crds::report::Step::Config)
            )
        );
        assert!(report.message.unwrap().contains(words));
    }
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

#[tokio::test]
async fn a_dry_run_heads_each_table_with_its_source_and_tells_nothing_about_the_store() {
    let scraper = Scraper::new();
    file_source(&scraper, 2);
    let run = scraper.run(&["ingester", "--dry-run"]).await;
    assert!(
        run.stdout
            .contains("blue_moon: 2 events (dry run: nothing is stored or pushed)\n┌"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("┆ 2         ┆ -   ┆ -       ┆"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn a_store_that_no_retry_mends_ends_with_exit_code_2() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    let damaged = scraper.write("damaged.sqlite", &"this is no database ".repeat(100));
    let damaged = format!("sqlite://{}", damaged.display());
    let folder = format!("sqlite://{}", scraper.path("sources").display());
    for command in ["ingester", "events", "migrate"] {
        for (store, expected) in [
            (&damaged, "is damaged or no SQLite database"),
            (&folder, "names a folder"),
        ] {
            let run = scraper.run(&[command, "--store", store]).await;
            assert_eq!(run.code, 2, "{command} {store}: {}", run.stderr);
            assert!(run.stderr.contains(expected), "{command} {store}: {}", run.stderr);
        }
    }
}

#[tokio::test]
async fn without_a_home_the_store_has_to_be_named() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    for home in ["", "relative"] {
        for command in ["ingester", "events", "migrate"] {
            let mut child = scraper.command(&[command]);
            let output = child
                .env_remove("SMS_STORE_URL")
                .env("HOME", home)
                .output()
                .await
                .unwrap();
            let run = scraper::ended(output);
            assert_eq!(run.code, 2, "{command}: {}", run.stderr);
            assert!(
                run.stderr.contains("name a store with --store"),
                "{command}: {}",
                run.stderr
            );
        }
    }
    assert!(!scraper.path("sms_scraper").exists() && !scraper.path("relative").exists());
}
