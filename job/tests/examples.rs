//! The manifests that ship: they are valid, the offline ones read their pages as the live ones do, and each gives events
//! from the example server.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/preview.rs"]
mod preview;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use preview::{Preview, preview};
use serde_json::Value;
use sms_venues::{placeholder, site};

/// What each offline source gives: items found, events, and the reasons of what is left out on purpose.
const EXPECTED: &[(&str, usize, usize, &[&str])] = &[
    ("blue-moon", 5, 5, &[]),
    // Six weekly nights, one of them past, one taken out and one moved; and three single ones.
    ("blue-moon-calendar", 7, 7, &[]),
    ("chop-suey", 4, 4, &[]),
    ("darrells-tavern", 5, 4, &["Excluded"]),
    ("fremont-chamber", 3, 3, &[]),
    ("majestic-bay", 6, 6, &[]),
    ("neumos", 5, 5, &[]),
    ("royal-room", 4, 3, &["Excluded"]),
    ("sea-monster", 5, 5, &[]),
    ("vera-project", 5, 5, &[]),
];

fn examples(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(folder)
}

/// The manifests of a folder by file name, without `.yaml`.
fn manifests(folder: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(examples(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&file).unwrap())
        })
        .collect()
}

fn spec(manifest: &str) -> Value {
    serde_saphyr::from_str::<Value>(manifest).unwrap()["spec"].take()
}

/// Starts the example server and gives its address.
async fn venues() -> String {
    let router = site::router(&examples("venues")).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// The events of an offline manifest, read from the server at `base` instead of the compose network's.
async fn offline(name: &str, manifest: &str, base: &str) -> Preview {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{name}.yaml"));
    fs::write(&file, manifest.replace("http://venues:8000", base)).unwrap();
    let read = tokio::task::spawn_blocking(move || preview(&file, None, "", &[]))
        .await
        .unwrap();
    read.unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

#[test]
fn every_example_is_valid() {
    for folder in ["sources", "offline"] {
        let output = Command::new(env!("CARGO_BIN_EXE_sms_scraper"))
            .arg("check")
            .arg(examples(folder))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{folder}: {told}");
        assert!(told.contains("10 valid sources, 0 problems"), "{folder}: {told}");
    }
}

#[test]
fn offline_examples_read_their_pages_as_the_live_ones_do() {
    let offline = manifests("offline");
    let live = manifests("sources");
    assert_eq!(
        live.keys().collect::<Vec<_>>(),
        offline.keys().collect::<Vec<_>>()
    );
    for (name, manifest) in &live {
        let (mut live, mut offline) = (spec(manifest), spec(&offline[name]));
        // Only where the pages are differs; for the calendar files of one site also in `follow`.
        let root = offline["fetch"]["url"].as_str().unwrap();
        assert!(root.starts_with("http://venues:8000/"), "{name}: {root}");
        for spec in [&mut live, &mut offline] {
            spec["fetch"].take();
            if let Some(address) = spec["extract"].pointer_mut("/follow/url") {
                let text = address.as_str().unwrap().replace("/fremont_chamber", "");
                *address = Value::from(text);
            }
        }
        assert_eq!(live, offline, "{name}");
    }
}

#[tokio::test]
async fn every_offline_example_gives_its_events() {
    let base = venues().await;
    let manifests = manifests("offline");
    assert_eq!(manifests.len(), EXPECTED.len());
    for (name, items, events, reasons) in EXPECTED {
        let found = offline(name, &manifests[*name], &base).await;
        let left_out: Vec<&str> = found
            .rejected
            .iter()
            .filter_map(|one| one["reason"].as_str())
            .collect();
        let counts = (found.found, found.events.len(), left_out.as_slice());
        assert_eq!(
            counts,
            (*items, *events, *reasons),
            "{name}: {:#?}",
            found.rejected
        );
        assert!(!found.partial, "{name}: {:?}", found.warnings);
        assert!(found.warnings.is_empty(), "{name}: {:?}", found.warnings);
        let today = jiff::Timestamp::now().to_string();
        for event in &found.events {
            let start = event["start"].as_str().unwrap();
            assert!(start > &today[..10], "{name}: {start} is past");
            // A calendar file with an empty LOCATION is among that site's.
            let has_place = *name == "fremont-chamber" || event["venue"].is_string();
            assert!(has_place, "{name}: no venue in {event:#}");
        }
    }
}

#[tokio::test]
async fn dates_without_a_year_and_defaults_are_read_from_malformed_html() {
    let base = venues().await;
    let found = offline("darrells-tavern", &manifests("offline")["darrells-tavern"], &base).await;
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::get(placeholder::ZONE).unwrap())
        .date();
    let told: Vec<(String, &str, f64)> = found
        .events
        .iter()
        .map(|event| {
            let start = event["start"].as_str().unwrap();
            let days = start[..10]
                .parse::<jiff::civil::Date>()
                .unwrap()
                .since(today)
                .unwrap()
                .get_days();
            let title = event["title"].as_str().unwrap();
            (
                format!("+{days} {}", &start[11..16]),
                title,
                event["priceMin"].as_f64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("+2 20:00", "PAPER LANTERNS, SLOW COMET, THE NIGHT FERRIES", 10.0),
        ("+3 19:00", "GRAVEL PARADE, COPPER KETTLE TRIO", 15.0),
        ("+9 20:30", "Rust Belt Revival Night", 10.0),
        ("+16 20:00", "THE 3RD SHIFT & SONS, OVERCAST", 0.0),
    ];
    let expected: Vec<_> = expected
        .map(|(when, title, price)| (when.to_owned(), title, price))
        .into();
    assert_eq!(told, expected);
    assert_eq!(
        found.events[2]["performers"],
        serde_json::json!(["LOW CEILING", "HEY, BARNACLE!"])
    );
}

#[tokio::test]
async fn the_example_server_answers_a_conditional_request_with_304() {
    let base = venues().await;
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let client = reqwest::Client::new();
    let page = client
        .get(format!("{base}/darrells_tavern/show-calendar/"))
        .send()
        .await
        .unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let tag = page.headers()["etag"].clone();
    let modified = page.headers()["last-modified"].clone();
    assert!(!page.text().await.unwrap().contains("{{"));
    for (name, value) in [("if-none-match", tag), ("if-modified-since", modified)] {
        let request = client
            .get(format!("{base}/darrells_tavern/show-calendar/"))
            .header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 304, "{name}");
    }
    for (path, status) in [
        ("/healthz", 200),
        ("/robots.txt", 200),
        ("/", 200),
        ("/nothing", 404),
        ("/%2e%2e/x", 404),
    ] {
        assert_eq!(
            client.get(format!("{base}{path}")).send().await.unwrap().status(),
            status,
            "{path}"
        );
    }
}
