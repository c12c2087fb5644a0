//! Pages, detail pages and programs that do not behave.

use std::time::Duration;

use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::path};

use super::{ingest, page, serve};
use crate::scraper::Scraper;

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
