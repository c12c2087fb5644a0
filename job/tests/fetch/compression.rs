//! Compressed bodies: honest, broken, and bombs.

use async_compression::{
    Level,
    tokio::bufread::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder},
    zstd::CParameter,
};
use sms_crds::report::Reason;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

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

/// What a bomb comes to if it is let: 1 GiB, in the long form 10 GiB.
fn expanded() -> usize {
    let gibibytes = if sms_proof::long() { 10 } else { 1 };
    gibibytes * 1024 * MIB
}

type Bytes = Box<dyn AsyncRead + Send + Unpin>;

/// A bomb of one layer, made while it is read.
fn stream(coding: &str) -> Bytes {
    let zeros = BufReader::new(tokio::io::repeat(0).take(expanded() as u64));
    match coding {
        "gzip" => Box::new(GzipEncoder::with_quality(zeros, Level::Fastest)),
        "deflate" => Box::new(ZlibEncoder::with_quality(zeros, Level::Fastest)),
        "raw deflate" => Box::new(DeflateEncoder::with_quality(zeros, Level::Fastest)),
        "br" => Box::new(BrotliEncoder::with_quality(zeros, Level::Fastest)),
        "zstd" => Box::new(ZstdEncoder::with_quality(zeros, Level::Fastest)),
        other => panic!("{other}"),
    }
}

/// Bombs in bombs, by their codings. The inner one is small enough to be held; the outer one is of members that follow
/// each other.
async fn doubled() -> Vec<(String, Vec<u8>)> {
    let zeros = vec![0; 8 * MIB];
    let mut bombs = Vec::new();
    for inner in ["gzip", "zstd"] {
        let members = encode(inner, &zeros).await.repeat(expanded() / zeros.len());
        for outer in ["gzip", "deflate", "br", "zstd"] {
            bombs.push((format!("{inner}, {outer}"), encode(outer, &members).await));
        }
    }
    // One whose outer layer alone is too large …
    let inner = encode("gzip", &zeros).await.repeat(4096);
    bombs.push(("gzip, zstd".to_owned(), encode("zstd", &inner).await));
    // … and one whose inner layer never gives a byte, so that counting only what comes out would never end.
    let empty = encode("gzip", b"").await.repeat(2 * MIB);
    bombs.push(("gzip, zstd".to_owned(), encode("zstd", &empty).await));
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
    if let Ok(target) = std::env::var("SMS_TEST_BOMB") {
        let idle = kib("VmRSS");
        assert_eq!(failure(&spec(&target)).await.reason(), Reason::BodyTooLarge);
        println!("bomb: {} {}", (kib("VmHWM") - idle) / 1024, processor_ticks());
        return;
    }
    let (mut mebibytes, mut ticks, mut count) = (0, 0, 0);
    let mut hit = async |name: &str, server: Server| {
        let output = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "compression::bombs_are_given_up_at_the_limit_without_much_memory",
            ])
            .env("SMS_TEST_BOMB", server.url("/"))
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let figures = text.lines().find_map(|line| line.split_once("bomb: "));
        let (_, figures) = figures.unwrap_or_else(|| panic!("{name}: {text}"));
        let (grown, used) = figures.split_once(' ').unwrap();
        mebibytes = mebibytes.max(grown.parse().unwrap());
        ticks = ticks.max(used.parse().unwrap());
        count += 1;
        assert_eq!(server.requests().len(), 1, "{name} was tried again");
    };
    for coding in ["gzip", "deflate", "raw deflate", "br", "zstd"] {
        let server = Server::custom(move |mut socket, _| async move {
            let header = coding.trim_start_matches("raw ");
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {header}\r\n\r\n");
            let _ = socket.write_all(head.as_bytes()).await;
            let _ = tokio::io::copy(&mut stream(coding), &mut socket).await;
        });
        hit(coding, server.await).await;
    }
    for (codings, bomb) in doubled().await {
        assert!(bomb.len() < 10 * MIB, "{codings}");
        hit(&codings, Server::scripted([encoded(&codings, &bomb)]).await).await;
    }
    let met = sms_proof::record(
        sms_proof::Group::HostileServers,
        "decompression bombs in every coding, one in the other",
        format!(
            "{count} bombs of {} GiB: {mebibytes} MiB above idle, {}0 ms of processor time, 1 request each",
            expanded() / 1024 / MIB,
            ticks
        ),
        "given up at 10 MiB, 64 MiB above idle, 2 s",
        mebibytes <= 64 && ticks <= 200,
    );
    assert!(met, "{mebibytes} MiB above idle, {ticks} ticks of 10 ms");
}

/// A figure of this process in KiB.
fn kib(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Processor time of this process in ticks of 10 ms.
fn processor_ticks() -> usize {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<usize>().unwrap() + fields[12].parse::<usize>().unwrap()
}
