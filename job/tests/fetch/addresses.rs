//! Addresses that may not be reached: nothing connects to them.

use sms_crds::report::Reason;

use super::*;
use crate::server::{Server, ok};

/// Private and local hosts in the spellings that a URL may have.
const HOSTS: [&str; 55] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0X7F.0X0.0X0.0X1",
    "0177.0.0.1",
    "017700000001",
    "0x7f.0.0.0x1",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "１２７.0.0.1",
    "0",
    "0.0.0.0",
    "0x0",
    "00000000000",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "172.16.0.1",
    "192.0.0.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001::7f00:1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "kubernetes",
];

#[tokio::test]
async fn nothing_connects_to_a_private_address_in_any_spelling() {
    let server = Server::scripted([ok("private")]).await;
    // What is no address at all is refused as a manifest's mistake.
    for host in ["[fe80::1%25eth0]", "[::1%lo]", "127.0.0.1\\@example.org"] {
        let spec = spec(&format!("http://{host}:{}/", server.port));
        let outcome = match fetcher_with(&spec, &FetchSettings::default()) {
            Ok(fetcher) => fetcher.first(None).await.map(|_| ()),
            Err(error) => Err(error),
        };
        let error = outcome.unwrap_err();
        assert!(!error.reason().is_transient(), "{host}: {error}");
    }
    for host in HOSTS {
        for robots in [RobotsRule::Ignore, RobotsRule::Respect] {
            let spec = FetchSpec {
                robots,
                ..spec(&format!("http://{host}:{}/", server.port))
            };
            let error = fetcher_with(&spec, &FetchSettings::default())
                .unwrap()
                .first(None)
                .await
                .unwrap_err();
            assert_eq!(error.reason(), Reason::AddressForbidden, "{host}: {error}");
            assert!(error.to_string().contains("--allow-private-addresses"), "{error}");
            assert!(!error.reason().is_transient());
        }
    }
    assert!(server.requests().is_empty());
    let figure = format!("{} spellings, 0 connections", HOSTS.len() + 3);
    assert!(record(
        "spellings of private addresses and names",
        figure,
        "0 connections"
    ));
}

#[tokio::test]
async fn user_info_is_refused_without_being_told() {
    let server = Server::scripted([ok("x")]).await;
    let error = failure(&spec(&format!("http://me:{SECRET}@127.0.0.1:{}/", server.port))).await;
    assert_eq!(error.reason(), Reason::AddressForbidden);
    assert!(
        error.to_string().contains("spec.fetch.auth") && !error.to_string().contains(SECRET),
        "{error}"
    );
    assert!(server.requests().is_empty());
}
