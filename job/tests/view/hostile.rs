//! Requests and clients that mean no good.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    bench::{Bench, Run, event},
    client::{View, parse, raw, request},
};

/// Texts that mean something to a database, a file system, a browser or a terminal.
const ODD: [&str; 14] = [
    "'%20OR%20'1'='1",
    "';%20DROP%20TABLE%20sms_events;--",
    "$1",
    "%25",
    "_",
    "%5C",
    "\"",
    "[]",
    "..%2F..%2F..%2Fetc%2Fpasswd",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "%1B%5B2J",
    "%E2%80%AE",
    "%00",
    "%FF%FE",
];

const CALENDAR: &str = "/events.ics?from=2026-01-01";

pub async fn no_request_breaks_it_or_reaches_the_database_as_sql(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &[event("a", 12), event("b", 13)])
        .commit(&store)
        .await;
    let view = View::of(&bench).await;
    for odd in ODD {
        for path in [
            format!("/v1/events?q={odd}"),
            format!("/v1/events?source={odd}"),
            format!("/v1/events?status={odd}"),
            format!("/v1/events?from={odd}&to={odd}"),
            format!("/v1/events?cursor={odd}"),
            format!("/v1/events?limit={odd}"),
            format!("/v1/events?{odd}=1"),
            format!("/v1/events/{odd}"),
            format!("/sources/{odd}/events.ics"),
            format!("/events.ics?q={odd}"),
            format!("/{odd}"),
        ] {
            let answer = request(view.port, "GET", &path, &[]).await;
            assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.body);
            if answer.status == 200 && answer.header("content-type") == "application/json" {
                // Nothing here is called like that: what a word means to SQL must not matter.
                assert_eq!(answer.json()["total"], 0, "{path}: {}", answer.body);
            }
        }
    }
    for (method, status) in [
        ("POST", 405),
        ("PUT", 405),
        ("DELETE", 405),
        ("PATCH", 405),
        ("TRACE", 405),
        ("BREW", 405),
    ] {
        let answer = request(view.port, method, "/v1/events", &[]).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (status, "GET,HEAD"),
            "{method}"
        );
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let head = request(view.port, "HEAD", "/v1/events", &[]).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let preflight = request(
        view.port,
        "OPTIONS",
        "/v1/events",
        &[
            ("Origin", "https://a.example"),
            ("Access-Control-Request-Method", "GET"),
        ],
    )
    .await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (200, "*")
    );

    let long = "x".repeat(1_000_000);
    let garbage: Vec<Vec<u8>> = vec![
        format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(5_000)).into_bytes(),
        format!("POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n{long}").into_bytes(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(50),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET http://other.example/v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
    ];
    for bytes in garbage {
        let answer = raw(view.port, &bytes).await;
        if let Some(answer) = parse(&answer) {
            assert!(answer.status < 500, "{}", answer.status);
        }
    }
    assert_eq!(view.json("/v1/events").await["total"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_keep_nobody_waiting_and_are_cut_off() {
    let bench = Bench::sqlite();
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    let view = View::of(&bench).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", view.port)).await.unwrap();
        stream.write_all(b"GET /v1/ev").await.unwrap();
        slow.push(stream);
    }
    let begun = Instant::now();
    assert_eq!(view.get("/v1/events").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(view.ready().await.status, 200);
    let mut first = slow.remove(0);
    let mut answer = Vec::new();
    let cut = tokio::time::timeout(Duration::from_secs(20), first.read_to_end(&mut answer)).await;
    assert!(cut.is_ok(), "a client without a head is kept for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_do_not_read_their_answer_do_not_fill_the_memory() {
    let bench = Bench::sqlite();
    store_long_events(&bench, 3_000, 2_000).await;
    let view = View::of(&bench).await;
    // Thirty megabytes each, if they were read into memory.
    let _deaf = ask_and_never_read(&view, &[CALENDAR], 24).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let answer = view.get_until("/v1/events?limit=1000", 200).await;
    // A page ends early rather than being as long as its events make it.
    assert!(answer.body.len() < 1_500_000, "{}", answer.body.len());
    assert!(answer.json()["next"].is_string());
    let peak = peak(&view);
    assert!(peak < 150_000, "{peak} kB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calendars_that_nobody_reads_keep_no_other_answer_waiting() {
    let bench = Bench::sqlite();
    store_long_events(&bench, 2_000, 2_000).await;
    let view = View::of(&bench).await;
    let _deaf = ask_and_never_read(&view, &[CALENDAR], 24).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for path in ["/", "/v1/events?limit=1", "/v1/events/e1"] {
        let begun = Instant::now();
        assert_eq!(view.get(path).await.status, 200, "{path}");
        // A calendar that is read to its end would take minutes.
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{path}: {:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_events_make_answers_short_rather_than_the_memory_full() {
    let bench = Bench::sqlite();
    store_long_events(&bench, 600, 12_000).await;
    let view = View::of(&bench).await;
    let _deaf = ask_and_never_read(&view, &["/v1/events?limit=1000", CALENDAR], 16).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let peak = peak(&view);
    assert!(peak < 100_000, "{peak} kB");
}

/// Stores one run of `count` events, each with a description of `words` words.
async fn store_long_events(bench: &Bench, count: usize, words: usize) {
    let long = "word ".repeat(words);
    let events: Vec<_> = (0..count)
        .map(|n| crate::bench::with(&format!("e{n}"), &serde_json::json!({ "description": long })))
        .collect();
    Run::new(1, &events).commit(&bench.open().await).await;
}

/// Clients, `each` for every path, that ask and read no byte of the answer for as long as they live.
async fn ask_and_never_read(view: &View, paths: &[&str], each: usize) -> Vec<TcpStream> {
    let mut deaf = Vec::new();
    for path in paths {
        for _ in 0..each {
            let mut stream = TcpStream::connect(("127.0.0.1", view.port)).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            deaf.push(stream);
        }
    }
    deaf
}

/// Most memory that a view has held so far, in kB.
fn peak(view: &View) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", view.process.id().unwrap())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}
