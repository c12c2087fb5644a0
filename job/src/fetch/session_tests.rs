//! Tests of the session that need a resolver of their own.

use std::{net::IpAddr, time::Duration};

use jiff::tz::TimeZone;
use sms_crds::{DurationString, v1alpha1::FetchSpec};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    fetch::resolver::{CheckedResolver, scripted},
    secrets::Secrets,
};

/// A session that may reach public addresses only, but finds `a.example` on loopback, as if that were public.
fn session(home: &str) -> Session {
    let loopback: IpAddr = "127.0.0.1".parse().unwrap();
    let lenient = Guard {
        allow_private_addresses: true,
    };
    session_with(scripted(lenient, vec![vec![loopback]]).0, home)
}

fn session_with(resolver: CheckedResolver, home: &str) -> Session {
    let spec = FetchSpec {
        robots: RobotsRule::Ignore,
        timeout: Some(DurationString::new("3s")),
        attempts: Some(2),
        ..FetchSpec::default()
    };
    let limits = Limits::from_spec(&spec).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let home = Url::parse(home).unwrap();
    let plan = RequestPlan::new(&spec, home, &Secrets::default(), now, &TimeZone::UTC).unwrap();
    let transport = Transport::new(resolver, limits, None, None);
    Session::new(plan, limits, Guard::default(), transport, spec.robots, now)
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused_before_anything_connects() {
    let victim = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let victim_port = victim.local_addr().unwrap().port();
    let targets = [
        format!("http://127.0.0.1:{victim_port}/"),
        format!("http://2130706433:{victim_port}/"),
        format!("http://[::ffff:127.0.0.1]:{victim_port}/"),
        format!("http://localhost:{victim_port}/"),
        format!("http://metadata.google.internal:{victim_port}/"),
        format!("http://x@a.example:{victim_port}/"),
    ];
    for target in targets {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let home = format!("http://a.example:{}/", server.local_addr().unwrap().port());
        let location = target.clone();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
        });
        let session = session(&home);
        let url = session.plan.home.clone();
        let visit = session.visit(HttpMethod::Get, url, Purpose::Page(None)).await;
        let error = visit.err().unwrap();
        assert!(
            matches!(error, FetchError::AddressForbidden { .. }),
            "{target}: {error}"
        );
        answering.await.unwrap();
    }
    let accepted = tokio::time::timeout(Duration::from_millis(50), victim.accept()).await;
    assert!(accepted.is_err(), "somebody connected");
    assert!(sms_proof::record(
        sms_proof::Group::HostileServers,
        "redirects to private addresses",
        "6 redirects refused, 0 connections",
        "0 connections",
        true,
    ));
}

#[tokio::test]
async fn a_name_without_an_address_is_a_dns_failure_and_is_looked_up_again() {
    let (resolver, count) = scripted(Guard::default(), vec![vec![]]);
    let session = session_with(resolver, "http://no-such-host.example/");
    let url = session.plan.home.clone();
    let error = session
        .visit(HttpMethod::Get, url, Purpose::Page(None))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, FetchError::Dns { .. }), "{error}");
    assert!(error.to_string().contains("no-such-host.example"), "{error}");
    assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 2);
}
