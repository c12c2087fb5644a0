//! Expectations, and metrics that never fail a run.

use std::time::Duration;

use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::{ingest, page, serve, source};
use crate::scraper::Scraper;

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

/// A redesign: the manifest says nothing of what it expects, and the page has nothing that it names any more.
#[tokio::test]
async fn a_source_that_falls_silent_is_suspicious_and_keeps_its_events() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(10)).await;
    assert_eq!(ingest(&scraper).await.report()["outcome"], "Succeeded");
    let mut ends = Vec::new();
    for round in 0..2 {
        serve(&server, &json!({"events": [], "round": round})).await;
        let report = ingest(&scraper).await.report();
        ends.push(format!("{} {}", report["outcome"], report["reason"]).replace('"', ""));
    }
    let events = scraper.events().await;
    let kept = events.iter().filter(|event| event["removedAt"].is_null()).count();
    let met = sms_proof::record(
        sms_proof::Group::HostileServers,
        "a site that changes its layout, so that nothing is found",
        format!("{}; {kept} of 10 events kept", ends.join(", ")),
        "Suspicious at once, nothing removed",
        ends == ["Suspicious TooFewEvents"; 2] && kept == 10,
    );
    assert!(met, "{ends:?}, {kept} kept");
    let ended = ingest(&scraper).await;
    assert_eq!(ended.code, 0);
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
