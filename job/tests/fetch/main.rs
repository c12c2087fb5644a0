//! Fetching, against real servers on loopback: some plain, some slow, broken, hostile or lying.

// Clippy's allowance for tests covers test functions alone, not what they share.
#![allow(clippy::panic, clippy::too_many_lines, clippy::unwrap_used)]

mod addresses;
mod answers;
mod bodies;
mod compression;
mod files;
mod limits;
mod proxy;
mod redirects;
mod retries;
mod robots;
mod server;
mod tls;

use std::{fs, path::Path};

use jiff::Timestamp;
use sms_crds::{
    DurationString,
    v1alpha1::{FetchSpec, RobotsRule, SecretKeyRef},
};
use sms_job::{
    fetch::{FetchError, FetchSettings, Fetched, Fetcher, Page},
    secrets::Secrets,
};

/// The value of the only secret in the tests.
const SECRET: &str = "c4n4ry-s3cr3t";

/// A spec without pauses and without robots.txt.
fn spec(url: &str) -> FetchSpec {
    FetchSpec {
        url: url.to_owned(),
        robots: RobotsRule::Ignore,
        delay: Some(DurationString::new("1ms")),
        ..FetchSpec::default()
    }
}

/// The same with one try only, for what is not about retries.
fn once(url: &str) -> FetchSpec {
    FetchSpec {
        attempts: Some(1),
        ..spec(url)
    }
}

fn duration(text: &str) -> DurationString {
    DurationString::new(text)
}

fn loopback() -> FetchSettings {
    FetchSettings {
        allow_private_addresses: true,
        ..FetchSettings::default()
    }
}

fn reference() -> SecretKeyRef {
    SecretKeyRef {
        name: "sms-test".to_owned(),
        key: "key".to_owned(),
    }
}

fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn fetcher_with(spec: &FetchSpec, settings: &FetchSettings) -> Result<Fetcher, FetchError> {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "sms-test/key", SECRET);
    Fetcher::new(
        spec,
        settings,
        &Secrets::from_dir(Some(dir.path().to_owned())),
        now(),
        "America/Los_Angeles",
    )
}

fn fetcher(spec: &FetchSpec) -> Fetcher {
    fetcher_with(spec, &loopback()).unwrap()
}

fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn page(fetched: Result<Fetched, FetchError>) -> Page {
    match fetched {
        Ok(Fetched::Page(page)) => page,
        other => panic!("no page: {other:?}"),
    }
}

async fn first(spec: &FetchSpec) -> Result<Fetched, FetchError> {
    fetcher(spec).first(None).await
}

/// A fetcher can be used by several tasks.
#[test]
fn a_fetcher_and_its_futures_go_to_any_thread() {
    fn check<T: Send + Sync>(value: T) -> T {
        value
    }
    fn check_future<T: Send>(value: T) -> T {
        value
    }
    let fetcher = check(fetcher(&spec("https://a.example/")));
    drop(check_future(fetcher.first(None)));
    drop(check_future(fetcher.detail("/")));
}

/// A row of the proof for what the test has asserted so far.
#[must_use]
fn record(attack: &str, figure: impl Into<String>, goal: &str) -> bool {
    sms_proof::record(sms_proof::Group::HostileServers, attack, figure, goal, true)
}

async fn failure(spec: &FetchSpec) -> FetchError {
    first(spec).await.unwrap_err()
}
