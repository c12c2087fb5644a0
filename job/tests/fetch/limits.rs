//! Servers that take their time.

use std::time::{Duration, Instant};

use sms_crds::report::Reason;
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::server::{Server, ok};

async fn timed(spec: &FetchSpec) -> (FetchError, Duration) {
    let started = Instant::now();
    (failure(spec).await, started.elapsed())
}

async fn drip(stream: &mut tokio::net::TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_that_never_answers_ends_after_the_idle_timeout() {
    let server = Server::silent().await;
    let spec = FetchSpec {
        idle_timeout: Some(duration("500ms")),
        ..once(&server.url("/"))
    };
    let (error, spent) = timed(&spec).await;
    assert_eq!(error.reason(), Reason::TimedOut);
    assert!(error.to_string().contains("spec.fetch.idleTimeout"), "{error}");
    assert!(
        spent >= Duration::from_millis(500) && spent < Duration::from_secs(20),
        "{spent:?}"
    );
    let figure = format!("given up after {:.1} s of 0.5 s", spent.as_secs_f64());
    assert!(record(
        "a server that accepts and is silent",
        figure,
        "TimedOut at idleTimeout"
    ));
}

#[tokio::test]
async fn a_body_that_stops_ends_after_the_idle_timeout() {
    let server = Server::custom(|mut stream, _| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            .await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let spec = FetchSpec {
        idle_timeout: Some(duration("500ms")),
        ..once(&server.url("/"))
    };
    let (error, spent) = timed(&spec).await;
    assert_eq!(error.reason(), Reason::TimedOut);
    assert!(error.to_string().contains("spec.fetch.idleTimeout"), "{error}");
    assert!(
        spent >= Duration::from_millis(500) && spent < Duration::from_secs(20),
        "{spent:?}"
    );
}

#[tokio::test]
async fn bytes_that_drip_end_after_the_whole_timeout() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    for quick in ["", head] {
        let server = Server::custom(move |mut stream, _| async move {
            let _ = stream.write_all(quick.as_bytes()).await;
            drip(&mut stream, format!("{head}{}", "x".repeat(500)).as_bytes()).await;
        })
        .await;
        let spec = FetchSpec {
            timeout: Some(duration("1s")),
            ..once(&server.url("/"))
        };
        let (error, spent) = timed(&spec).await;
        assert_eq!(error.reason(), Reason::TimedOut);
        assert!(error.to_string().contains("spec.fetch.timeout"), "{error}");
        assert!(
            spent >= Duration::from_secs(1) && spent < Duration::from_secs(20),
            "{spent:?}"
        );
    }
    assert!(record(
        "a byte at a time, in the head and in the body",
        "2 servers, 2 TimedOut at 1 s of dripping",
        "TimedOut at timeout"
    ));
}

#[tokio::test]
async fn all_tries_together_stay_within_the_timeout() {
    let server = Server::silent().await;
    let spec = FetchSpec {
        timeout: Some(duration("2s")),
        idle_timeout: Some(duration("300ms")),
        attempts: Some(10),
        ..spec(&server.url("/"))
    };
    let (error, spent) = timed(&spec).await;
    assert_eq!(error.reason(), Reason::TimedOut);
    assert!(spent < Duration::from_secs(10), "{spent:?}");
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_ends_after_the_connect_timeout() {
    let server = Server::silent().await;
    let url = server.url("/").replace("http:", "https:");
    let spec = FetchSpec {
        connect_timeout: Some(duration("500ms")),
        idle_timeout: Some(duration("200ms")),
        ..once(&url)
    };
    let (error, spent) = timed(&spec).await;
    assert_eq!(error.reason(), Reason::TimedOut);
    assert!(error.to_string().contains("spec.fetch.connectTimeout"), "{error}");
    assert!(
        spent >= Duration::from_millis(500) && spent < Duration::from_secs(20),
        "{spent:?}"
    );
    let figure = format!("given up after {:.1} s of 0.5 s", spent.as_secs_f64());
    assert!(record(
        "a TLS handshake that stalls",
        figure,
        "TimedOut at connectTimeout"
    ));
}

#[tokio::test]
async fn a_slow_answer_within_the_limits_is_no_error() {
    let server = Server::custom(|mut stream, _| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drip(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").await;
        for byte in [b"a", b"b", b"c"] {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let _ = stream.write_all(byte).await;
        }
    })
    .await;
    // All together takes longer than the idle timeout.
    let spec = FetchSpec {
        idle_timeout: Some(duration("2s")),
        ..once(&server.url("/"))
    };
    assert_eq!(page(first(&spec).await).document.body, b"abc");
}

#[tokio::test]
async fn an_error_page_that_drips_does_not_hide_its_status() {
    let server = Server::custom(|mut stream, _| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\n")
            .await;
        drip(&mut stream, &[b'x'; 500]).await;
    })
    .await;
    let (error, spent) = timed(&once(&server.url("/"))).await;
    assert_eq!(error.status(), Some(404));
    assert!(spent < Duration::from_secs(8), "{spent:?}");
}

#[tokio::test]
async fn huge_headers_are_refused() {
    let server = Server::custom(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream
            .write_all(format!("X-A: {}\r\n", "x".repeat(8000)).as_bytes())
            .await
            .is_ok()
        {}
    })
    .await;
    let (error, spent) = timed(&once(&server.url("/"))).await;
    assert_eq!(error.reason(), Reason::ConnectFailed, "{error}");
    assert!(spent < Duration::from_secs(8), "{spent:?}");
    assert!(record("headers without an end", "ConnectFailed", "refused"));
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_not_used() {
    if let Ok(target) = std::env::var("SMS_TEST_TARGET") {
        page(first(&once(&target)).await);
        return;
    }
    let (proxy, target) = (
        Server::scripted([ok("proxied")]).await,
        Server::scripted([ok("direct")]).await,
    );
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "limits::the_proxy_of_the_environment_is_not_used"]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
    ] {
        child.env(name, proxy.url(""));
    }
    let output = child
        .env("SMS_TEST_TARGET", target.url("/"))
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(proxy.requests().is_empty());
    assert_eq!(target.requests().len(), 1);
    assert!(record(
        "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY in the environment",
        "0 requests at the proxy",
        "0 requests at the proxy"
    ));
}
