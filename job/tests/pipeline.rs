//! Whole runs of the real binary against a loopback server and a SQLite file.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    reason = "a test says so by failing"
)]

#[path = "support/scraper.rs"]
mod scraper;

use std::time::Duration;

use scraper::{Ended, Scraper};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, header_exists, method, path},
};

/// A page of `count` events that lie in the future whenever the test runs.
fn page(count: usize) -> Value {
    let events: Vec<_> = (0..count)
        .map(|n| json!({"id": n, "title": format!("Band {n}"), "start": format!("2099-05-{:02}T20:00:00", n % 28 + 1), "url": format!("/e/{n}")}))
        .collect();
    json!({"events": events})
}

async fn serve(server: &MockServer, body: &Value) {
    server.reset().await;
    Mock::given(path("/events"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

/// A source over the server's `/events`; `more` is further YAML below `spec:`.
fn source(scraper: &Scraper, server: &MockServer, more: &str) {
    let spec = format!(
        "  schedule: \"0 * * * *\"\n  timeZone: America/Los_Angeles\n  fetch: {{ url: \"{}/events\", robots: ignore, delay: 1ms, attempts: 1 }}\n  extract: {{ json: {{ items: '.events' }} }}\n{more}",
        server.uri()
    );
    scraper.source("blue-moon", &spec);
}

async fn ingest(scraper: &Scraper) -> Ended {
    scraper.run(&["ingester", "--bypass-cadence"]).await
}

fn counts(report: &Value) -> [i64; 6] {
    ["found", "processed", "new", "updated", "unchanged", "removed"]
        .map(|name| report[name].as_i64().unwrap())
}

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
    Mock::given(path("/events"))
        .and(header("If-None-Match", "\"v1\""))
        .respond_with(ResponseTemplate::new(304))
        .mount(&server)
        .await;
    Mock::given(path("/events"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(page(2))
                .insert_header("ETag", "\"v1\""),
        )
        .mount(&server)
        .await;
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
async fn a_broken_expectation_is_suspicious_removes_nothing_and_exits_0() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(
        &scraper,
        &server,
        "  expect: { minEvents: 3, maxDropPercent: 60, requiredFields: [url] }",
    );
    serve(&server, &page(10)).await;
    assert_eq!(ingest(&scraper).await.report()["outcome"], "Succeeded");

    let mut without_urls = page(10);
    for event in without_urls["events"].as_array_mut().unwrap() {
        event.as_object_mut().unwrap().remove("url");
    }
    let cases = [
        (json!({"events": []}), "TooFewEvents"),
        (page(2), "TooFewEvents"),
        (
            json!({"events": page(10)["events"].as_array().unwrap()[..3]}),
            "DropDetected",
        ),
        (without_urls, "FieldMissing"),
    ];
    for (body, reason) in cases {
        // Twice each: two complete runs would remove what is missing.
        for round in 0..2 {
            let mut body = body.clone();
            body["round"] = json!(round);
            serve(&server, &body).await;
            let run = ingest(&scraper).await;
            let report = run.report();
            assert_eq!(
                (run.code, report["outcome"].as_str()),
                (0, Some("Suspicious")),
                "{reason}"
            );
            assert_eq!(
                (report["reason"].as_str(), report["removed"].as_i64()),
                (Some(reason), Some(0))
            );
        }
    }
    let events = scraper.events().await;
    assert_eq!(events.len(), 10);
    assert!(events.iter().all(|event| event["removedAt"].is_null()));
}

#[tokio::test]
async fn a_person_can_accept_a_suspicious_run_as_the_new_normal() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "  expect: { maxDropPercent: 50 }");
    serve(&server, &page(10)).await;
    ingest(&scraper).await;
    serve(&server, &page(2)).await;
    let suspicious = ingest(&scraper).await.report();
    assert_eq!(suspicious["reason"], "DropDetected");

    let manifest = std::fs::read_to_string(scraper.path("sources/blue-moon.yaml")).unwrap();
    let run = suspicious["run"].as_str().unwrap();
    let accepted = manifest.replace(
        "{ name: blue-moon }",
        &format!("{{ name: blue-moon, annotations: {{ sms-scraper.dev/accept: \"{run}\" }} }}"),
    );
    scraper.write("sources/blue-moon.yaml", &accepted);
    assert_eq!(ingest(&scraper).await.report()["outcome"], "Succeeded");
}

#[tokio::test]
async fn a_run_never_fails_for_its_metrics() {
    for (status, delay) in [(400, 0), (500, 0), (202, 8)] {
        let (scraper, server, gateway) = (
            Scraper::new(),
            MockServer::start().await,
            MockServer::start().await,
        );
        source(&scraper, &server, "");
        serve(&server, &page(2)).await;
        let answer = ResponseTemplate::new(status).set_delay(Duration::from_secs(delay));
        Mock::given(method("PUT"))
            .respond_with(answer)
            .mount(&gateway)
            .await;
        let run = scraper
            .run_with(&["ingester"], &[("SMS_PUSHGATEWAY_URL", &gateway.uri())])
            .await;
        let report = run.report();
        assert_eq!(
            (run.code, report["metricsPushed"].as_bool()),
            (0, Some(false)),
            "{status}: {}",
            run.stderr
        );
        assert!(run.stderr.contains("Failed to push metrics"), "{}", run.stderr);
        assert_eq!(scraper.events().await.len(), 2);
    }
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(2)).await;
    let run = scraper
        .run_with(&["ingester"], &[("SMS_PUSHGATEWAY_URL", "http://127.0.0.1:9")])
        .await;
    assert_eq!(
        (run.code, run.report()["metricsPushed"].as_bool()),
        (0, Some(false))
    );
}

#[tokio::test]
async fn a_program_that_never_ends_or_eats_memory_fails_the_run_inside_the_limits() {
    let server = MockServer::start().await;
    serve(&server, &page(2)).await;
    let programs = [
        ("def f: f; f", "LimitExceeded"),
        ("[range(1000000000) | \"\\(.)\"]", "LimitExceeded"),
        ("def f: [f]; f", "LimitExceeded"),
    ];
    for (program, reason) in programs {
        let scraper = Scraper::new();
        let spec = format!(
            "  fetch: {{ url: \"{}/events\", robots: ignore }}\n  extract: {{ json: {{ items: '{program}' }} }}",
            server.uri()
        );
        scraper.source("hostile", &spec);
        let started = std::time::Instant::now();
        let run = ingest(&scraper).await;
        let report = run.report();
        assert_eq!(
            (run.code, report["reason"].as_str()),
            (1, Some(reason)),
            "{program}: {}",
            run.stderr
        );
        assert_eq!(report["step"], "extract");
        assert!(started.elapsed() < Duration::from_mins(1), "{program}");
    }
}

#[tokio::test]
async fn a_program_that_asks_for_the_environment_or_halts_is_a_configuration_error() {
    let server = MockServer::start().await;
    for (program, function) in [
        ("env", "env/0"),
        ("halt", "halt/0"),
        ("input", "input/0"),
        ("$ENV.HOME", "$ENV"),
    ] {
        let scraper = Scraper::new();
        let spec = format!(
            "  fetch: {{ url: \"{}/x\" }}\n  extract: {{ json: {{ items: '{program}' }} }}",
            server.uri()
        );
        scraper.source("hostile", &spec);
        let run = ingest(&scraper).await;
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(
            run.stderr.contains("spec.extract.json.items") && run.stderr.contains(function),
            "{}",
            run.stderr
        );
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn pages_are_followed_to_their_end_and_a_page_limit_makes_the_run_partial() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    Mock::given(path("/list"))
        .respond_with(|request: &Request| {
            let number: usize = request
                .url
                .query_pairs()
                .find(|(name, _)| name == "page")
                .map_or(1, |(_, n)| n.parse().unwrap());
            let next = if number < 4 {
                format!("<a rel=next href='?page={}'>more</a>", number + 1)
            } else {
                String::new()
            };
            let html = format!("<ul><li><b>Band {number}</b> <i>2099-05-{number:02}</i></li></ul>{next}");
            ResponseTemplate::new(200).set_body_raw(html, "text/html")
        })
        .mount(&server)
        .await;
    let spec = |max: u8| {
        format!(
            "  fetch: {{ url: \"{}/list\", robots: ignore, delay: 1ms, pages: {{ next: 'a[rel=next]', max: {max} }} }}\n  extract: {{ html: {{ items: li, fields: {{ title: {{ select: b }}, date: {{ select: i }} }} }} }}",
            server.uri()
        )
    };
    scraper.source("paged", &spec(10));
    let whole = ingest(&scraper).await.report();
    assert_eq!(
        (
            whole["pages"].as_i64(),
            whole["found"].as_i64(),
            whole["partial"].as_bool()
        ),
        (Some(4), Some(4), Some(false))
    );
    scraper.source("paged", &spec(2));
    let cut = ingest(&scraper).await.report();
    assert_eq!(
        (
            cut["pages"].as_i64(),
            cut["found"].as_i64(),
            cut["partial"].as_bool()
        ),
        (Some(2), Some(2), Some(true))
    );
}

#[tokio::test]
async fn a_detail_page_that_fails_leaves_its_event_and_makes_the_run_partial() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    Mock::given(path("/events"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(2)))
        .mount(&server)
        .await;
    Mock::given(path("/e/0"))
        .respond_with(
            ResponseTemplate::new(200).set_body_raw("<p class=about>All <b>about</b> it</p>", "text/html"),
        )
        .mount(&server)
        .await;
    let spec = format!(
        "  fetch: {{ url: \"{}/events\", robots: ignore, delay: 1ms, attempts: 1 }}\n  extract:\n    json: {{ items: .events }}\n    follow: {{ url: .url, html: {{ fields: {{ description: {{ select: .about }} }} }} }}",
        server.uri()
    );
    scraper.source("followed", &spec);
    let run = ingest(&scraper).await;
    let report = run.report();
    assert_eq!(
        (run.code, report["outcome"].as_str(), report["partial"].as_bool()),
        (0, Some("Succeeded"), Some(true))
    );
    assert_eq!(
        (
            report["errors"].as_i64(),
            report["errorsByStep"]["fetch"].as_i64()
        ),
        (Some(1), Some(1))
    );
    let events = scraper.events().await;
    assert_eq!(
        (events[0]["description"].as_str(), events[1].get("description")),
        (Some("All about it"), None)
    );
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
async fn one_bad_manifest_never_keeps_the_others_from_running() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(1)).await;
    scraper.write("sources/broken.yaml", "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: { name: broken }\nspec: { fetch: { url: 'https://x.example/' }, extract: { html: { items: 'div[', fields: { title: { select: b }, date: { select: i } } } } }\n");
    let run = ingest(&scraper).await;
    assert_eq!(run.code, 2);
    assert_eq!(run.report()["outcome"], "Succeeded");
    assert!(run.stderr.contains("spec.extract.html.items"), "{}", run.stderr);
}

#[tokio::test]
async fn a_source_from_the_variable_runs_alone_and_may_name_no_file() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    serve(&server, &page(2)).await;
    let object = |url: String| {
        json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": {"name": "sea-monster", "namespace": "shows"},
            "spec": {"fetch": {"url": url, "robots": "ignore"}, "extract": {"json": {"items": ".events"}}}
        })
        .to_string()
    };
    let message = scraper.path("termination-log");
    let variables = [
        ("SMS_SOURCE", object(format!("{}/events", server.uri()))),
        ("SMS_TERMINATION_MESSAGE_PATH", message.display().to_string()),
    ];
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let run = scraper.run_with(&["ingester"], &variables).await;
    assert_eq!(
        (run.code, run.report()["source"].as_str()),
        (0, Some("shows/sea-monster")),
        "{}",
        run.stderr
    );
    let told: Value = serde_json::from_str(&std::fs::read_to_string(message).unwrap()).unwrap();
    assert_eq!(told, run.report());

    let file = object("file:///etc/hostname".to_owned());
    let refused = scraper.run_with(&["ingester"], &[("SMS_SOURCE", &file)]).await;
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("file://"), "{}", refused.stderr);
}

#[tokio::test]
async fn private_addresses_are_refused_unless_whoever_runs_the_process_allows_them() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(1)).await;
    let run = scraper
        .run_with(&["ingester"], &[("SMS_ALLOW_PRIVATE_ADDRESSES", "false")])
        .await;
    assert_eq!(
        (run.code, run.report()["reason"].as_str()),
        (2, Some("AddressForbidden")),
        "{}",
        run.stderr
    );
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_stdout_store_prints_events_alone_and_says_what_it_cannot_do() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(3)).await;
    let run = scraper.run(&["ingester", "--store", "stdout:"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((lines.len(), lines[0]["title"].as_str()), (3, Some("Band 0")));
    assert!(
        run.report()["warnings"][0]
            .as_str()
            .unwrap()
            .contains("remembers nothing")
    );
}

#[tokio::test]
async fn secrets_reach_the_server_and_no_log() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    Mock::given(path("/events"))
        .and(header("x-api-key", "canary-3141"))
        .and(header_exists("user-agent"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(1)))
        .mount(&server)
        .await;
    scraper.write("secrets/sms-vera/key", "canary-3141\n");
    let spec = format!(
        "  fetch: {{ url: \"{}/events\", robots: ignore, attempts: 1, auth: {{ header: {{ name: x-api-key, secretKeyRef: {{ name: sms-vera, key: key }} }} }} }}\n  extract: {{ json: {{ items: .events }} }}",
        server.uri()
    );
    scraper.source("vera", &spec);
    let folder = scraper.path("secrets");
    let run = scraper
        .run_with(
            &["--log", "trace", "ingester"],
            &[("SMS_SECRETS_DIR", folder.to_str().unwrap())],
        )
        .await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("canary") && !run.stdout.contains("canary"));
    let missing = scraper.run(&["ingester"]).await;
    assert_eq!(
        (missing.code, missing.report()["reason"].as_str()),
        (2, Some("SecretMissing"))
    );
}

#[tokio::test]
async fn serve_ends_cleanly_on_sigterm_in_the_middle_of_a_run() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let slow = ResponseTemplate::new(200)
        .set_body_json(page(1))
        .set_delay(Duration::from_secs(25));
    Mock::given(path("/events"))
        .respond_with(slow)
        .mount(&server)
        .await;
    let child = scraper.spawn(
        &["serve", "--run-at-start"],
        &[("SMS_METRICS_PORT", "0"), ("SMS_HEALTH_PORT", "0")],
    );
    while server.received_requests().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let id = child.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = tokio::time::timeout(Duration::from_secs(15), child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let run = scraper::ended(output);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.report()["reason"], "Interrupted");
    // The lease was given back: the next run need not wait for it to expire.
    serve(&server, &page(1)).await;
    let started = std::time::Instant::now();
    assert_eq!(ingest(&scraper).await.report()["outcome"], "Succeeded");
    assert!(started.elapsed() < Duration::from_secs(20));
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

#[tokio::test]
async fn a_run_that_waits_for_another_heeds_sigterm_and_leaves_the_metrics_alone() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let slow = ResponseTemplate::new(200)
        .set_body_json(page(1))
        .set_delay(Duration::from_secs(8));
    Mock::given(path("/events"))
        .respond_with(slow)
        .mount(&server)
        .await;
    let holder = scraper.spawn(&["ingester"], &[]);
    while server.received_requests().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let late = scraper
        .run(&["ingester", "--run-timeout", "1", "--print-metrics"])
        .await;
    assert_eq!(
        (late.code, late.report()["reason"].as_str()),
        (1, Some("LeaseHeld")),
        "{}",
        late.stderr
    );
    assert!(!late.stdout.contains("sms_ingest_runs_total"), "{}", late.stdout);

    let waiting = scraper.spawn(&["ingester"], &[]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let id = waiting.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let ended = tokio::time::timeout(Duration::from_secs(3), waiting.wait_with_output()).await;
    let report = scraper::ended(ended.unwrap().unwrap()).report();
    assert_eq!(
        (report["reason"].as_str(), report["step"].as_str()),
        (Some("Interrupted"), Some("store"))
    );
    let output = holder.wait_with_output().await.unwrap();
    assert_eq!(scraper::ended(output).report()["outcome"], "Succeeded");
}

#[tokio::test]
async fn a_store_that_never_answers_keeps_neither_the_exporter_nor_the_stop_waiting() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("postgres://joe:canary@{}/events", silent.local_addr().unwrap());
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    let variables = [
        ("SMS_STORE_URL", store.as_str()),
        ("SMS_METRICS_PORT", "0"),
        ("SMS_HEALTH_PORT", port.as_str()),
    ];
    let child = scraper.spawn(&["serve", "--run-at-start"], &variables);
    let started = std::time::Instant::now();
    while tokio::net::TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .is_err()
    {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "the health port does not open"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let id = child.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = tokio::time::timeout(Duration::from_secs(8), child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let run = scraper::ended(output);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
}

#[tokio::test]
async fn preview_ends_at_once_when_it_is_told_to_and_at_the_time_limit_of_a_run() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    Mock::given(path("/events"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(page(1))
                .set_delay(Duration::from_mins(1)),
        )
        .mount(&server)
        .await;
    for (before, signal) in ["-INT", "-TERM"].into_iter().enumerate() {
        let child = scraper.spawn(&["preview", "sources/blue-moon.yaml"], &[]);
        while server.received_requests().await.unwrap().len() <= before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let started = std::time::Instant::now();
        let id = child.id().unwrap().to_string();
        std::process::Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap();
        let ended = scraper::ended(child.wait_with_output().await.unwrap());
        assert!(started.elapsed() < Duration::from_secs(5), "{signal}");
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("told to stop"), "{}", ended.stderr);
    }
    let late = scraper
        .run(&["preview", "sources/blue-moon.yaml", "--run-timeout", "1"])
        .await;
    assert!(
        late.code == 1 && late.stderr.contains("TimedOut"),
        "{}",
        late.stderr
    );
}
