//! What is tried again, how often, and after which wait.

use std::time::{Duration, Instant};

use sms_crds::{report::Reason, v1alpha1::HttpMethod};
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::server::{Server, close, ok, reply};

fn post(url: &str) -> FetchSpec {
    FetchSpec {
        method: HttpMethod::Post,
        body: Some("{}".to_owned()),
        ..spec(url)
    }
}

#[tokio::test]
async fn an_error_that_goes_away_is_no_error() {
    let server = Server::scripted([
        reply("503 Service Unavailable", "", ""),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".to_vec(),
        ok("third"),
    ])
    .await;
    let page = page(first(&spec(&server.url("/"))).await);
    assert_eq!(page.document.body, b"third");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn the_number_of_tries_is_bounded() {
    let server = Server::scripted([reply("500 Internal Server Error", "", "no")]).await;
    let error = failure(&FetchSpec {
        attempts: Some(2),
        ..spec(&server.url("/"))
    })
    .await;
    assert_eq!(error.status(), Some(500));
    assert_eq!(server.requests().len(), 2);
    assert!(record(
        "errors that do not go away",
        "as many requests as attempts",
        "bounded by attempts"
    ));
}

#[tokio::test]
async fn what_stays_wrong_is_not_tried_again() {
    for status in [
        "400 Bad Request",
        "404 Not Found",
        "403 Forbidden",
        "501 Not Implemented",
    ] {
        let server = Server::scripted([reply(status, "", "")]).await;
        failure(&spec(&server.url("/"))).await;
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_post_is_sent_again_only_if_it_did_nothing() {
    for (reply_bytes, tries) in [
        (reply("500 Internal Server Error", "", ""), 1),
        (reply("502 Bad Gateway", "", ""), 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".to_vec(), 1),
        (Vec::new(), 1),
        (reply("503 Service Unavailable", "", ""), 2),
        (reply("429 Too Many Requests", "", ""), 2),
    ] {
        let server = Server::scripted([reply_bytes.clone()]).await;
        failure(&FetchSpec {
            attempts: Some(2),
            ..post(&server.url("/"))
        })
        .await;
        assert_eq!(
            server.requests().len(),
            tries,
            "{}",
            String::from_utf8_lossy(&reply_bytes)
        );
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_is_tried_again_also_for_post() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for spec in [
        spec(&format!("http://127.0.0.1:{free}/")),
        post(&format!("http://127.0.0.1:{free}/")),
    ] {
        let started = Instant::now();
        let error = failure(&FetchSpec {
            attempts: Some(2),
            ..spec
        })
        .await;
        assert_eq!(error.reason(), Reason::ConnectFailed);
        assert!(
            started.elapsed() >= Duration::from_millis(500),
            "there was no second try"
        );
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_in_seconds_and_as_a_date() {
    let date = "Date: Fri, 01 May 2026 10:00:00 GMT\r\nRetry-After: Fri, 01 May 2026 10:00:02 GMT\r\n";
    let is_obeyed = async |status: &str, header: &str| {
        let server = Server::scripted([reply(status, header, ""), ok("then")]).await;
        let started = Instant::now();
        assert_eq!(page(first(&spec(&server.url("/"))).await).document.body, b"then");
        let waited = started.elapsed();
        assert!(
            waited >= Duration::from_secs(2) && waited < Duration::from_secs(10),
            "{header}: {waited:?}"
        );
    };
    tokio::join!(
        is_obeyed("429 Too Many Requests", "Retry-After: 2\r\n"),
        is_obeyed("503 Service Unavailable", date),
    );
}

#[tokio::test]
async fn a_wait_beyond_the_budget_ends_at_once_and_says_until_when() {
    let date = "Date: Fri, 01 May 2026 10:00:00 GMT\r\nRetry-After: Fri, 01 May 2026 11:00:00 GMT\r\n";
    for (status, header, until) in [
        (
            "429 Too Many Requests",
            "Retry-After: 3600\r\n",
            Some("2026-05-01T13:0"),
        ),
        ("503 Service Unavailable", date, Some("2026-05-01T13:0")),
        (
            "429 Too Many Requests",
            "Retry-After: 1000000000\r\n",
            Some("2058"),
        ),
        (
            "429 Too Many Requests",
            "Retry-After: 99999999999999999999\r\n",
            None,
        ),
    ] {
        let server = Server::scripted([reply(status, header, "")]).await;
        let started = Instant::now();
        let error = failure(&spec(&server.url("/"))).await;
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(server.requests().len(), 1, "{header}");
        assert_eq!(error.reason(), Reason::RateLimited, "{header}");
        assert_eq!(error.status(), status[..3].parse().ok());
        let text = error.to_string();
        assert_eq!(text.contains(" until "), until.is_some(), "{text}");
        assert!(text.contains(until.unwrap_or_default()), "{text}");
    }
    assert!(record(
        "Retry-After of an hour, of 10^9 s and of 10^20 s",
        "4 answers, 4 RateLimited, 1 request each",
        "ends at once as RateLimited"
    ));
}

#[tokio::test]
async fn a_retry_after_that_makes_no_sense_counts_as_none() {
    let values = [
        "-5",
        "soon",
        "1.5",
        "",
        "0x10",
        "5 seconds",
        "Fri, 99 May 2026 10:00:00 GMT",
        "٣",
    ];
    for value in values {
        let server = Server::scripted([reply(
            "429 Too Many Requests",
            &format!("Retry-After: {value}\r\n"),
            "",
        )])
        .await;
        let error = failure(&FetchSpec {
            attempts: Some(2),
            ..spec(&server.url("/"))
        })
        .await;
        assert_eq!(error.reason(), Reason::RateLimited);
        assert_eq!(server.requests().len(), 2, "{value}");
    }
    let figure = format!("{} values, 2 requests of 2 each", values.len());
    assert!(record(
        "Retry-After that is negative, garbage or no date",
        figure,
        "counts as none"
    ));
}

#[tokio::test]
async fn a_run_that_is_over_starts_no_wait() {
    let server = Server::scripted([reply("503 Service Unavailable", "Retry-After: 60\r\n", "")]).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    let started = Instant::now();
    let error = fetcher(&spec(&server.url("/")))
        .with_deadline(deadline)
        .first(None)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::RateLimited);
    assert!(started.elapsed() < Duration::from_secs(25));
    let silent = Server::silent().await;
    let deadline = Instant::now() + Duration::from_millis(300);
    let error = fetcher(&spec(&silent.url("/")))
        .with_deadline(deadline)
        .first(None)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(error.to_string().contains("the run"), "{error}");
}

#[tokio::test]
async fn requests_to_one_host_are_a_pause_apart() {
    let server = Server::scripted([ok("x")]).await;
    let fetcher = fetcher(&FetchSpec {
        delay: Some(duration("3s")),
        ..once(&server.url("/"))
    });
    let started = Instant::now();
    fetcher.first(None).await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "the first request waited"
    );
    fetcher.page(&server.url("/2")).await.unwrap();
    fetcher.detail(&server.url("/3")).await.unwrap();
    assert!(
        started.elapsed() >= Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_reset_before_the_answer_is_a_connection_failure() {
    let server = Server::custom(|stream, _| async move {
        drop(stream);
    })
    .await;
    let error = failure(&once(&server.url("/"))).await;
    assert_eq!(error.reason(), Reason::ConnectFailed, "{error}");
    let server = Server::custom(|mut stream, _| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
        close(stream).await;
    })
    .await;
    let error = failure(&once(&server.url("/"))).await;
    assert_eq!(error.reason(), Reason::ConnectFailed, "{error}");
}
