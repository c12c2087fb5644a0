//! Bodies that are too large, cut off, or not as long as they say.

use sms_crds::report::Reason;
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::server::{Server, reply};

fn small(url: &str) -> FetchSpec {
    FetchSpec {
        max_body_bytes: Some(1000),
        ..once(url)
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
    let server = Server::scripted([reply("200 OK", "", vec![b'x'; 1000])]).await;
    assert_eq!(
        page(first(&small(&server.url("/"))).await).document.body.len(),
        1000
    );
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        "x".repeat(1001)
    );
    let close_delimited = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(1001));
    for bytes in [
        reply("200 OK", "", vec![b'x'; 1001]),
        chunked.into_bytes(),
        close_delimited.into_bytes(),
    ] {
        let server = Server::scripted([bytes]).await;
        let error = failure(&small(&server.url("/"))).await;
        assert_eq!(error.reason(), Reason::BodyTooLarge, "{error}");
        assert!(
            error.to_string().contains("1000 bytes") && error.to_string().contains("maxBodyBytes"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_at_the_limit() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let is_chunked = head.contains("chunked");
        let server = Server::custom(move |mut stream, _| async move {
            let _ = stream.write_all(head.as_bytes()).await;
            let block = "x".repeat(4096);
            let block = if is_chunked {
                format!("1000\r\n{block}\r\n")
            } else {
                block
            };
            while stream.write_all(block.as_bytes()).await.is_ok() {}
        })
        .await;
        let spec = FetchSpec {
            max_body_bytes: Some(1_000_000),
            ..spec(&server.url("/"))
        };
        assert_eq!(failure(&spec).await.reason(), Reason::BodyTooLarge, "{head}");
        assert_eq!(server.requests().len(), 1, "it was tried again");
    }
    assert!(record(
        "bodies without an end, chunked and not",
        "2 bodies, 2 BodyTooLarge, 1 request each",
        "given up at maxBodyBytes"
    ));
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_without_reading() {
    let server = Server::custom(|mut stream, _| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
            .await;
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    })
    .await;
    let started = std::time::Instant::now();
    assert_eq!(
        failure(&once(&server.url("/"))).await.reason(),
        Reason::BodyTooLarge
    );
    assert!(started.elapsed().as_secs() < 30, "it waited for the body");
}

#[tokio::test]
async fn a_body_that_ends_early_or_is_garbled_is_broken() {
    let chunked = |rest: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{rest}");
    let heads = [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort".to_owned(),
        chunked("64\r\nshort"),
        chunked("5\r\nshort\r\n"),
        chunked("zz\r\nshort\r\n0\r\n\r\n"),
        chunked("-5\r\nshort\r\n0\r\n\r\n"),
        chunked("ffffffffffffffffff\r\nshort"),
        chunked("5\r\nshortXX0\r\n\r\n"),
        chunked(&format!("5;{}\r\nshort\r\n0\r\n\r\n", "x".repeat(100_000))),
        chunked("\0\0\0"),
    ];
    let count = heads.len();
    for head in heads {
        let server = Server::scripted([head.clone()]).await;
        let error = failure(&once(&server.url("/"))).await;
        let shown: String = head.chars().take(100).collect();
        assert_eq!(error.reason(), Reason::BodyBroken, "{shown:?}: {error}");
    }
    let figure = format!("{count} bodies, {count} BodyBroken");
    assert!(record(
        "bodies cut short, and chunks of garbage",
        figure,
        "BodyBroken"
    ));
}

#[tokio::test]
async fn a_length_that_makes_no_sense_is_an_error() {
    let lengths = [
        "-1",
        "abc",
        "1\r\nContent-Length: 2",
        "99999999999999999999999",
        "4, 5",
        "0x4",
        "4.0",
    ];
    for length in lengths {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nbody");
        let server = Server::scripted([answer]).await;
        let error = failure(&once(&server.url("/"))).await;
        assert_eq!(error.reason(), Reason::ConnectFailed, "{length}: {error}");
    }
    let figure = format!("{0} lengths, {0} ConnectFailed", lengths.len());
    assert!(record(
        "a Content-Length that is negative, doubled or no number",
        figure,
        "ConnectFailed"
    ));
}

#[tokio::test]
async fn what_comes_after_the_declared_length_is_ignored() {
    let server = Server::scripted(["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody and more"]).await;
    assert_eq!(page(first(&once(&server.url("/"))).await).document.body, b"body");
}
