//! Addresses that may not be reached: nothing connects to them.

use sms_crds::report::Reason;

use super::*;
use crate::server::{Server, ok};

#[tokio::test]
async fn nothing_connects_to_a_private_address_in_any_spelling() {
    let server = Server::scripted([ok("private")]).await;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
    ];
    for host in hosts {
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
