//! robots.txt: fetched once for each origin, obeyed as RFC 9309 says.

use std::time::{Duration, Instant};

use sms_crds::{
    report::Reason,
    v1alpha1::{AuthSpec, fetch::BearerAuth},
};

use super::*;
use crate::server::{Server, ok, reply};

fn obedient(url: &str) -> FetchSpec {
    FetchSpec {
        robots: RobotsRule::Respect,
        attempts: Some(1),
        ..spec(url)
    }
}

async fn site(robots: Vec<u8>) -> Server {
    Server::routed(move |line| {
        if line.contains("/robots.txt") {
            robots.clone()
        } else {
            ok("page")
        }
    })
    .await
}

#[tokio::test]
async fn the_answer_for_robots_txt_decides() {
    let disallow_all = "User-agent: *\nDisallow: /\n";
    let cases = [
        (ok("User-agent: *\nDisallow: /private\n"), None),
        (ok(disallow_all), Some(Reason::RobotsDisallowed)),
        (
            ok("User-agent: sms_scraper\nDisallow: /events\n"),
            Some(Reason::RobotsDisallowed),
        ),
        (
            ok("User-agent: sms_scraper\nAllow: /\n\nUser-agent: *\nDisallow: /\n"),
            None,
        ),
        (ok("<!DOCTYPE html><html><body>Welcome</body></html>"), None),
        (ok(""), None),
        (reply("204 No Content", "", ""), None),
        (reply("404 Not Found", "", disallow_all), None),
        (reply("401 Unauthorized", "", disallow_all), None),
        (reply("403 Forbidden", "", disallow_all), None),
        (
            reply("429 Too Many Requests", "Retry-After: 1000\r\n", disallow_all),
            None,
        ),
        (
            reply("500 Internal Server Error", "", ""),
            Some(Reason::RobotsDisallowed),
        ),
        (
            reply("503 Service Unavailable", "Retry-After: 1000\r\n", ""),
            Some(Reason::RobotsDisallowed),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nUser-agent".to_vec(),
            Some(Reason::BodyBroken),
        ),
        (b"nonsense".to_vec(), Some(Reason::ConnectFailed)),
    ];
    let count = cases.len();
    for (answer, reason) in cases {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        let server = site(answer).await;
        let outcome = first(&obedient(&server.url("/events?page=1"))).await;
        assert_eq!(
            outcome.as_ref().err().map(FetchError::reason),
            reason,
            "{shown}: {outcome:?}"
        );
        let wanted: &[&str] = if reason.is_some() {
            &["/robots.txt"]
        } else {
            &["/robots.txt", "/events?page=1"]
        };
        assert_eq!(server.paths(), wanted, "{shown}");
        if let Err(error) = outcome {
            assert!(error.to_string().contains("robots.txt"), "{error}");
            assert!(error.reason().is_transient());
        }
    }
    let figure = format!("{count} answers, {count} as RFC 9309 says");
    assert!(record(
        "robots.txt: statuses, HTML instead, cut off, garbage",
        figure,
        "as RFC 9309 says"
    ));
}

#[tokio::test]
async fn it_is_read_once_and_asked_for_every_page_and_redirect() {
    let server = Server::routed(|line| match line.split(' ').nth(1).unwrap() {
        "/robots.txt" => ok("User-agent: *\nDisallow: /private\n"),
        "/moved" => reply("302 Found", "Location: /private/1\r\n", ""),
        _ => ok("page"),
    })
    .await;
    let fetcher = fetcher(&obedient(&server.url("/events")));
    page(fetcher.first(None).await);
    page(fetcher.page(&server.url("/events/2")).await);
    for path in ["/private/2", "/moved"] {
        let error = fetcher.detail(&server.url(path)).await.unwrap_err();
        assert_eq!(error.reason(), Reason::RobotsDisallowed);
        assert!(error.to_string().contains("/private/"), "{error}");
    }
    assert_eq!(server.paths(), ["/robots.txt", "/events", "/events/2", "/moved"]);
}

#[tokio::test]
async fn each_origin_has_its_own() {
    let other = site(ok("User-agent: *\nDisallow: /\n")).await;
    let home = site(reply("404 Not Found", "", "")).await;
    let fetcher = fetcher(&obedient(&home.url("/")));
    page(fetcher.first(None).await);
    let error = fetcher.detail(&other.url("/x")).await.unwrap_err();
    assert!(error.to_string().contains(&other.url("/robots.txt")), "{error}");
    assert_eq!(other.paths(), ["/robots.txt"]);
}

#[tokio::test]
async fn five_redirects_are_followed_and_more_mean_that_there_is_none() {
    for (redirects, reason) in [(5, Some(Reason::RobotsDisallowed)), (6, None)] {
        let server = Server::routed(move |line| {
            let path = line.split(' ').nth(1).unwrap();
            let hop: Option<u32> = if path == "/robots.txt" {
                Some(0)
            } else {
                path[1..].parse().ok()
            };
            match hop {
                Some(hop) if hop < redirects => {
                    reply("301 Moved", &format!("Location: /{}\r\n", hop + 1), "")
                }
                Some(_) => ok("User-agent: *\nDisallow: /\n"),
                None => ok("page"),
            }
        })
        .await;
        let outcome = first(&obedient(&server.url("/events"))).await;
        assert_eq!(outcome.err().map(|error| error.reason()), reason, "{redirects}");
    }
    assert!(record(
        "robots.txt behind 5 and 6 redirects",
        "obeyed, and as none",
        "RFC 9309, 2.3.1.2"
    ));
}

#[tokio::test]
async fn it_gets_no_secret_and_nothing_of_the_manifest() {
    let server = site(ok("")).await;
    let bearer = AuthSpec {
        bearer: Some(BearerAuth {
            secret_key_ref: reference(),
        }),
        ..AuthSpec::default()
    };
    let spec = FetchSpec {
        auth: Some(bearer),
        user_agent: Some("tester/1".to_owned()),
        ..obedient(&server.url("/"))
    };
    first(&spec).await.unwrap();
    let requests = server.requests();
    assert!(
        requests[0].starts_with("GET /robots.txt") && requests[0].contains("tester/1"),
        "{}",
        requests[0]
    );
    assert!(!requests[0].contains(SECRET));
    assert!(requests[1].contains(SECRET));
}

#[tokio::test]
async fn a_crawl_delay_longer_than_ours_wins_and_robots_txt_costs_no_pause() {
    let server = site(ok("User-agent: *\nCrawl-delay: 4\n")).await;
    let fetcher = fetcher(&FetchSpec {
        delay: Some(duration("300ms")),
        ..obedient(&server.url("/"))
    });
    let started = Instant::now();
    fetcher.first(None).await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    fetcher.page(&server.url("/2")).await.unwrap();
    assert!(
        started.elapsed() >= Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn ignore_does_not_even_ask() {
    let server = site(ok("User-agent: *\nDisallow: /\n")).await;
    page(first(&once(&server.url("/events"))).await);
    assert_eq!(server.paths(), ["/events"]);
}

#[tokio::test]
async fn a_hostile_file_costs_little_and_only_its_first_500_kib_count() {
    let mut file = "User-agent: *\nDisallow: /first\n".to_owned();
    while file.len() < 2_000_000 {
        file.push_str("Disallow: /*a*b*c$\n");
    }
    file.push_str("Disallow: /\n");
    let server = site(ok(&file)).await;
    let fetcher = fetcher(&obedient(&server.url("/events")));
    let started = Instant::now();
    page(fetcher.first(None).await);
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(
        fetcher.detail("/first/x").await.unwrap_err().reason(),
        Reason::RobotsDisallowed
    );
    assert!(record(
        "robots.txt of 2 MB of patterns",
        "obeyed; its first 500 KiB count",
        "costs little, and what is read counts"
    ));
}
