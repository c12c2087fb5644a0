//! `probe` against an operator that is ready at once, later, or never. IO: starts the program, listens on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    process::{Command, Output, Stdio},
    thread,
};

/// An operator that answers `refusals` times that it is not ready.
fn operator(refusals: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (answers, connection) in listener.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let mut request = [0; 1024];
            let length = connection.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /readyz "));
            let (status, body) = match answers < refusals {
                true => ("503 Service Unavailable", "reads the sources\n"),
                false => ("200 OK", "ok\n"),
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            connection.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

fn probe(arguments: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sms_operator"))
        .arg("probe")
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    (output, told)
}

#[test]
fn a_ready_operator_is_told_at_once() {
    let (output, told) = probe(&["--ready-url", &format!("http://{}/readyz", operator(0))]);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.trim_end().ends_with("/readyz is ready"), "{told}");
}

#[test]
fn one_that_becomes_ready_is_waited_for_and_its_reason_is_told_once() {
    let (output, told) = probe(&["--ready-url", &format!("http://{}/readyz", operator(2))]);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(
        told.matches("503 Service Unavailable: reads the sources").count(),
        1,
        "{told}"
    );
}

#[test]
fn one_that_does_not_become_ready_in_time_is_exit_code_1_with_the_reason() {
    let url = format!("http://{}/readyz", operator(usize::MAX));
    let (output, told) = probe(&["--ready-url", &url, "--timeout", "2s"]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("error: not ready within 2s: ") && told.contains("reads the sources"),
        "{told}"
    );

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (output, told) = probe(&[
        "--ready-url",
        &format!("http://{closed}/readyz"),
        "--timeout",
        "1s",
    ]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot be reached"), "{told}");
}

#[test]
fn a_dry_run_without_a_cluster_is_exit_code_2() {
    let url = format!("http://{}/readyz", operator(0));
    let (output, told) = probe(&["--ready-url", &url, "--create-source-dry-run", "music"]);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("error: no cluster to work on"), "{told}");
}

#[test]
fn a_wrong_flag_is_exit_code_2() {
    for arguments in [
        &["--ready-url", "nonsense"][..],
        &["--ready-url", "http://x/", "--timeout", "2h"],
        &[],
    ] {
        let (output, told) = probe(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {told}");
    }
}
