//! Compressed bodies: honest, broken, and bombs.

use async_compression::{
    Level,
    tokio::bufread::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder},
    zstd::CParameter,
};
use sms_crds::report::Reason;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::server::{Server, reply};

const MIB: usize = 1024 * 1024;

async fn all(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn encode(coding: &str, data: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" | "x-gzip" | "GZIP" => all(GzipEncoder::with_quality(data, Level::Fastest)).await,
        "deflate" => all(ZlibEncoder::with_quality(data, Level::Fastest)).await,
        "raw deflate" => all(DeflateEncoder::with_quality(data, Level::Fastest)).await,
        "br" => all(BrotliEncoder::with_quality(data, Level::Fastest)).await,
        "zstd" => all(ZstdEncoder::with_quality(data, Level::Fastest)).await,
        other => panic!("{other}"),
    }
}

fn encoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("Content-Encoding: {}\r\n", coding.trim_start_matches("raw "));
    reply("200 OK", &header, body)
}

const CODINGS: [&str; 7] = ["gzip", "x-gzip", "GZIP", "deflate", "raw deflate", "br", "zstd"];

#[tokio::test]
async fn every_coding_is_undone() {
    let text = "Grüße from the Sea Monster Lounge. ".repeat(500);
    for coding in CODINGS {
        let server = Server::scripted([encoded(coding, &encode(coding, text.as_bytes()).await)]).await;
        assert_eq!(
            page(first(&once(&server.url("/"))).await).document.body,
            text.as_bytes(),
            "{coding}"
        );
    }
}

#[tokio::test]
async fn an_empty_body_may_declare_any_coding() {
    for coding in ["gzip", "br", "zstd", "deflate", "identity", ""] {
        let server = Server::scripted([encoded(coding, b"")]).await;
        assert_eq!(
            page(first(&once(&server.url("/"))).await).document.body,
            b"",
            "{coding}"
        );
    }
}

#[tokio::test]
async fn codings_are_undone_in_reverse_order() {
    let inner = encode("gzip", b"twice").await;
    let both = encode("br", &inner).await;
    for header in [
        "Content-Encoding: gzip, br\r\n",
        "Content-Encoding: gzip\r\nContent-Encoding: br\r\n",
    ] {
        let server = Server::scripted([reply("200 OK", header, &both)]).await;
        assert_eq!(
            page(first(&once(&server.url("/"))).await).document.body,
            b"twice",
            "{header}"
        );
    }
}

#[tokio::test]
async fn members_that_follow_each_other_are_one_body() {
    for coding in ["gzip", "zstd"] {
        let body = [encode(coding, b"one ").await, encode(coding, b"two").await].concat();
        let server = Server::scripted([encoded(coding, &body)]).await;
        assert_eq!(
            page(first(&once(&server.url("/"))).await).document.body,
            b"one two",
            "{coding}"
        );
    }
}

#[tokio::test]
async fn broken_and_cut_bodies_are_broken() {
    let text = "not too short a text, so that it can be cut. ".repeat(50);
    for coding in ["gzip", "deflate", "raw deflate", "br", "zstd"] {
        let whole = encode(coding, text.as_bytes()).await;
        let cut = &whole[..whole.len() - 10];
        let mut flipped = whole.clone();
        flipped.iter_mut().skip(12).for_each(|byte| *byte ^= 0xa5);
        let bodies = [
            ("cut", cut),
            ("flipped", &flipped[..]),
            ("plain", text.as_bytes()),
        ];
        for (kind, body) in bodies {
            let server = Server::scripted([encoded(coding, body)]).await;
            let error = failure(&once(&server.url("/"))).await;
            assert_eq!(error.reason(), Reason::BodyBroken, "{coding} {kind}: {error}");
        }
    }
}

#[tokio::test]
async fn unknown_and_many_codings_are_refused_with_a_remedy() {
    let server = Server::scripted([encoded("compress", b"x")]).await;
    let error = failure(&once(&server.url("/"))).await;
    assert_eq!(error.reason(), Reason::BodyBroken);
    assert!(
        error.to_string().contains("compress") && error.to_string().contains("identity"),
        "{error}"
    );
    let server = Server::scripted([encoded("gzip, gzip, gzip", b"x")]).await;
    assert_eq!(
        failure(&once(&server.url("/"))).await.reason(),
        Reason::BodyBroken
    );
}

/// Compressed bodies of far more than 10 MiB.
async fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = vec![0; 8 * MIB];
    let mut bombs = Vec::new();
    for coding in ["gzip", "zstd"] {
        bombs.push((coding, encode(coding, &zeros).await.repeat(64)));
    }
    for coding in ["deflate", "br"] {
        bombs.push((coding, encode(coding, &[zeros.as_slice(), &zeros].concat()).await));
    }
    // A bomb in a bomb, whose outer layer alone is too large …
    let inner = encode("gzip", &zeros).await.repeat(4096);
    bombs.push(("gzip, zstd", encode("zstd", &inner).await));
    // … and one whose inner layer never gives a byte, so that counting only what comes out would never end.
    let empty = encode("gzip", b"").await.repeat(2 * MIB);
    bombs.push(("gzip, zstd", encode("zstd", &empty).await));
    bombs
}

#[tokio::test]
async fn a_zstd_window_larger_than_eight_mib_is_refused() {
    let params = [CParameter::window_log(27)];
    let data = vec![b'x'; 300_000];
    let bytes = all(ZstdEncoder::with_quality_and_params(
        &data[..],
        Level::Fastest,
        &params,
    ))
    .await;
    let server = Server::scripted([encoded("zstd", &bytes)]).await;
    assert_eq!(
        failure(&once(&server.url("/"))).await.reason(),
        Reason::BodyTooLarge
    );
}

#[tokio::test]
async fn compressed_bytes_that_give_nothing_end_at_the_wire_limit() {
    let member = encode("gzip", b"").await;
    let server = Server::custom(move |mut stream, _| {
        let block = member.repeat(500);
        async move {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
                .await;
            while stream.write_all(&block).await.is_ok() {}
        }
    })
    .await;
    let spec = FetchSpec {
        max_body_bytes: Some(100_000),
        ..once(&server.url("/"))
    };
    assert_eq!(failure(&spec).await.reason(), Reason::BodyTooLarge);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bombs_are_given_up_at_the_limit_without_much_memory() {
    fn kib(field: &str) -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
    if let Ok(target) = std::env::var("SMS_TEST_BOMB") {
        let (idle, started) = (kib("VmRSS"), std::time::Instant::now());
        assert_eq!(failure(&spec(&target)).await.reason(), Reason::BodyTooLarge);
        assert!(started.elapsed().as_secs() < 8, "{:?}", started.elapsed());
        let grown = (kib("VmHWM") - idle) / 1024;
        assert!(grown <= 64, "{grown} MiB above idle");
        return;
    }
    for (coding, bomb) in bombs().await {
        assert!(bomb.len() < 10 * MIB, "{coding}");
        let server = Server::scripted([encoded(coding, &bomb)]).await;
        let output = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "compression::bombs_are_given_up_at_the_limit_without_much_memory",
            ])
            .env("SMS_TEST_BOMB", server.url("/"))
            .output()
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{coding}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(server.requests().len(), 1, "{coding} was tried again");
    }
}
