//! Secrets of a source: each kind of credential, at a server that repeats it and fails in every way.

use sms_proof::{Group, record};
use tokio::net::TcpListener;

use crate::{
    canary::{CANARY, IN_AUTHORITY, Search, USER},
    parrot::Parrot,
    scraper::{Ended, Scraper},
};

/// Each way of giving a source a secret, as YAML of `spec.fetch`.
const CREDENTIALS: [(&str, &str); 6] = [
    (
        "secret header",
        "headers: [{ name: X-Custom, secretKeyRef: { name: sms-vera, key: key } }]",
    ),
    (
        "cookie",
        "headers: [{ name: Cookie, secretKeyRef: { name: sms-vera, key: key } }]",
    ),
    (
        "auth header",
        "auth: { header: { name: X-Api-Key, secretKeyRef: { name: sms-vera, key: key } } }",
    ),
    (
        "bearer token",
        "auth: { bearer: { secretKeyRef: { name: sms-vera, key: key } } }",
    ),
    (
        "basic auth",
        "auth: { basic: { username: vera, secretKeyRef: { name: sms-vera, key: key } } }",
    ),
    (
        "query parameter",
        "auth: { query: { name: key, secretKeyRef: { name: sms-vera, key: key } } }",
    ),
];

/// What the server does: a path, and whether the run ends well.
const ANSWERS: [(&str, bool); 14] = [
    ("/ok", true),
    ("/next", true),
    ("/status/400", false),
    ("/status/401", false),
    ("/status/403", false),
    ("/status/404", false),
    ("/status/429", false),
    ("/status/500", false),
    ("/redirect", true),
    ("/redirect-with-it", false),
    ("/redirect-nowhere", false),
    ("/no-json", false),
    ("/wrong-shape", true),
    ("/slow", false),
];

fn source(scraper: &Scraper, url: &str, credential: &str, more: &str) {
    let spec = format!(
        "  timeZone: America/Los_Angeles\n  fetch: {{ url: \"{url}\", delay: 1ms, attempts: 1, timeout: 3s, {credential}{more} }}\n  extract: {{ json: {{ items: '.events' }} }}"
    );
    scraper.source("vera", &spec);
}

fn look_at(search: &mut Search, place: &str, run: &Ended) {
    search.look(&format!("{place}: standard output"), run.stdout.as_bytes());
    search.look(&format!("{place}: standard error"), run.stderr.as_bytes());
}

/// A run and what reads the store, with everything logged that there is.
async fn everything(
    search: &mut Search,
    scraper: &Scraper,
    place: &str,
    format: &str,
    gateway: &str,
) -> Ended {
    let secrets = scraper.path("secrets").display().to_string();
    let message = scraper.path("termination-log").display().to_string();
    let variables = [
        ("SMS_SECRETS_DIR", secrets.as_str()),
        ("SMS_PUSHGATEWAY_URL", gateway),
        ("SMS_TERMINATION_MESSAGE_PATH", message.as_str()),
        ("SMS_LOG", "trace"),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
        ("SMS_LOG_FORMAT", format),
    ];
    let run = scraper
        .run_with(&["ingester", "--bypass-cadence", "--print-metrics"], &variables)
        .await;
    look_at(search, place, &run);
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_of_a_source_reaches_its_server_and_nothing_else() {
    let elsewhere = Parrot::start("http://127.0.0.1:1").await;
    let gateway = Parrot::start("http://127.0.0.1:1").await;
    let mut runs = 0;
    let mut wrong = Vec::new();
    for (number, (credential, yaml)) in CREDENTIALS.into_iter().enumerate() {
        let home = Parrot::start(&elsewhere.url()).await;
        let scraper = Scraper::new();
        scraper.write("secrets/sms-vera/key", &format!("{CANARY}\n"));
        let mut search = Search::default();
        for (path, ends_well) in ANSWERS {
            let more = if path == "/next" {
                ", pages: { nextPath: .next, max: 3 }"
            } else {
                ""
            };
            source(&scraper, &format!("{}{path}", home.url()), yaml, more);
            let place = format!("{credential}, {path}");
            let format = if number % 2 == 0 { "json" } else { "pretty" };
            let run = everything(&mut search, &scraper, &place, format, &gateway.url()).await;
            runs += 1;
            if (run.code == 0) != ends_well {
                wrong.push(format!("{place} ended with exit {}: {}", run.code, run.stderr));
            }
        }
        // Servers that cannot be reached at all.
        let closed = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let plain = home.url().replace("http://", "https://");
        for url in [
            format!("http://{closed}/ok"),
            format!("{plain}/ok"),
            "http://no-such-host.invalid/ok".to_owned(),
        ] {
            source(&scraper, &url, yaml, "");
            everything(
                &mut search,
                &scraper,
                &format!("{credential}, {url}"),
                "json",
                &gateway.url(),
            )
            .await;
            runs += 1;
        }
        source(&scraper, &format!("{}/ok", home.url()), yaml, "");
        let secrets = scraper.path("secrets").display().to_string();
        let variables = [("SMS_SECRETS_DIR", secrets.as_str()), ("SMS_LOG", "trace")];
        for arguments in [
            vec!["preview", "sources/vera.yaml"],
            vec!["preview", "sources/vera.yaml", "--format", "json"],
            vec!["ingester", "--dry-run"],
            vec!["check", "sources"],
            vec!["events", "--format", "json"],
            vec!["events", "--format", "csv"],
            vec!["events", "--format", "ical"],
        ] {
            let shown = scraper.run_with(&arguments, &variables).await;
            assert_eq!(shown.code, 0, "{arguments:?}: {}", shown.stderr);
            look_at(&mut search, &arguments.join(" "), &shown);
        }
        let events = scraper.events().await;
        assert!(!events.is_empty(), "nothing was stored that could hold it");
        search.look_below(credential, scraper.path("sources").parent().unwrap());
        assert!(
            home.got().contains("canary7f3e91") || home.got().contains(&pair()),
            "the server never got it: {}",
            home.got()
        );
        if credential == "query parameter" {
            // The link to the second page held the secret, the page that was read held a mask, and the server got the secret.
            let asked = home.got();
            let second = asked
                .lines()
                .find(|line| line.contains("page=2"))
                .unwrap_or_default();
            assert!(
                second.contains(&format!("key={IN_AUTHORITY}")) && !second.contains("***"),
                "{second}"
            );
        }
        search.look("what another server got", elsewhere.got().as_bytes());
        search.look("what was pushed", gateway.got().as_bytes());
        let met = record(
            Group::Secrets,
            &format!("{credential} of a source, repeated by its server"),
            search.figure(),
            "0 hits in logs at trace, reports, messages, files, database, pushes, output, other servers",
            search.hits.is_empty(),
        );
        assert!(met, "{}: {:#?}", search.hits.len(), search.hits);
    }
    assert!(runs > 90 && wrong.is_empty(), "{wrong:#?}");
}

fn pair() -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(format!("{USER}:{CANARY}"))
}
