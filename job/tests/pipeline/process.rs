//! The process around a run: variables, secrets, signals, stores.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, header_exists, path},
};

use super::{ingest, page, serve, source};
use crate::scraper::{self, Scraper};

#[tokio::test]
async fn one_bad_manifest_never_keeps_the_others_from_running() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(1)).await;
    scraper.write("sources/broken.yaml", "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: { name: broken }\nspec: { fetch: { url: 'https://x.example/' }, extract: { html: { items: 'div[', fields: { title: { select: b }, date: { select: i } } } } }\n");
    let run = ingest(&scraper).await;
    assert_eq!(run.code, 2);
    assert_eq!(run.report()["outcome"], "Succeeded");
    assert!(run.stderr.contains("spec.extract.html.items"), "{}", run.stderr);
}

#[tokio::test]
async fn a_source_from_the_variable_runs_alone_and_may_name_no_file() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    serve(&server, &page(2)).await;
    let object = |url: String| {
        json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": {"name": "sea-monster", "namespace": "shows"},
            "spec": {"fetch": {"url": url, "robots": "ignore"}, "extract": {"json": {"items": ".events"}}}
        })
        .to_string()
    };
    let message = scraper.path("termination-log");
    let variables = [
        ("SMS_SOURCE", object(format!("{}/events", server.uri()))),
        ("SMS_TERMINATION_MESSAGE_PATH", message.display().to_string()),
    ];
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let run = scraper.run_with(&["ingester"], &variables).await;
    assert_eq!(
        (run.code, run.report()["source"].as_str()),
        (0, Some("shows/sea-monster")),
        "{}",
        run.stderr
    );
    let told: Value = serde_json::from_str(&std::fs::read_to_string(message).unwrap()).unwrap();
    assert_eq!(told, run.report());

    let file = object("file:///etc/hostname".to_owned());
    let refused = scraper.run_with(&["ingester"], &[("SMS_SOURCE", &file)]).await;
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("file://"), "{}", refused.stderr);
}

#[tokio::test]
async fn private_addresses_are_refused_unless_whoever_runs_the_process_allows_them() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(1)).await;
    let run = scraper
        .run_with(&["ingester"], &[("SMS_ALLOW_PRIVATE_ADDRESSES", "false")])
        .await;
    assert_eq!(
        (run.code, run.report()["reason"].as_str()),
        (2, Some("AddressForbidden")),
        "{}",
        run.stderr
    );
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_stdout_store_prints_events_alone_and_says_what_it_cannot_do() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(3)).await;
    let run = scraper.run(&["ingester", "--store", "stdout:"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((lines.len(), lines[0]["title"].as_str()), (3, Some("Band 0")));
    assert!(
        run.report()["warnings"][0]
            .as_str()
            .unwrap()
            .contains("remembers nothing")
    );
}

#[tokio::test]
async fn secrets_reach_the_server_and_no_log() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    Mock::given(path("/events"))
        .and(header("x-api-key", "canary-3141"))
        .and(header_exists("user-agent"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(1)))
        .mount(&server)
        .await;
    scraper.write("secrets/sms-vera/key", "canary-3141\n");
    let spec = format!(
        "  fetch: {{ url: \"{}/events\", robots: ignore, attempts: 1, auth: {{ header: {{ name: x-api-key, secretKeyRef: {{ name: sms-vera, key: key }} }} }} }}\n  extract: {{ json: {{ items: .events }} }}",
        server.uri()
    );
    scraper.source("vera", &spec);
    let folder = scraper.path("secrets");
    let run = scraper
        .run_with(
            &["--log", "trace", "ingester"],
            &[("SMS_SECRETS_DIR", folder.to_str().unwrap())],
        )
        .await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("canary") && !run.stdout.contains("canary"));
    let missing = scraper.run(&["ingester"]).await;
    assert_eq!(
        (missing.code, missing.report()["reason"].as_str()),
        (2, Some("SecretMissing"))
    );
}

#[tokio::test]
async fn serve_ends_cleanly_on_sigterm_in_the_middle_of_a_run() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let slow = ResponseTemplate::new(200)
        .set_body_json(page(1))
        .set_delay(Duration::from_secs(25));
    Mock::given(path("/events"))
        .respond_with(slow)
        .mount(&server)
        .await;
    let child = scraper.spawn(
        &["serve", "--run-at-start"],
        &[("SMS_METRICS_PORT", "0"), ("SMS_HEALTH_PORT", "0")],
    );
    while server.received_requests().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scraper::terminate(&child);
    let output = tokio::time::timeout(Duration::from_secs(15), child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let run = scraper::ended(output);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.report()["reason"], "Interrupted");
    // The lease was given back: the next run need not wait for it to expire.
    serve(&server, &page(1)).await;
    let started = std::time::Instant::now();
    assert_eq!(ingest(&scraper).await.report()["outcome"], "Succeeded");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_run_that_waits_for_another_heeds_sigterm_and_leaves_the_metrics_alone() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let slow = ResponseTemplate::new(200)
        .set_body_json(page(1))
        .set_delay(Duration::from_secs(8));
    Mock::given(path("/events"))
        .respond_with(slow)
        .mount(&server)
        .await;
    let holder = scraper.spawn(&["ingester"], &[]);
    while server.received_requests().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let late = scraper
        .run(&["ingester", "--run-timeout", "1", "--print-metrics"])
        .await;
    assert_eq!(
        (late.code, late.report()["reason"].as_str()),
        (1, Some("LeaseHeld")),
        "{}",
        late.stderr
    );
    assert!(!late.stdout.contains("sms_ingest_runs_total"), "{}", late.stdout);

    let waiting = scraper.spawn(&["ingester"], &[]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    scraper::terminate(&waiting);
    let ended = tokio::time::timeout(Duration::from_secs(3), waiting.wait_with_output()).await;
    let report = scraper::ended(ended.unwrap().unwrap()).report();
    assert_eq!(
        (report["reason"].as_str(), report["step"].as_str()),
        (Some("Interrupted"), Some("store"))
    );
    let output = holder.wait_with_output().await.unwrap();
    assert_eq!(scraper::ended(output).report()["outcome"], "Succeeded");
}

#[tokio::test]
async fn a_store_that_never_answers_keeps_neither_the_exporter_nor_the_stop_waiting() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("postgres://joe:canary@{}/events", silent.local_addr().unwrap());
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    let variables = [
        ("SMS_STORE_URL", store.as_str()),
        ("SMS_METRICS_PORT", "0"),
        ("SMS_HEALTH_PORT", port.as_str()),
    ];
    let child = scraper.spawn(&["serve", "--run-at-start"], &variables);
    let started = std::time::Instant::now();
    while tokio::net::TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .is_err()
    {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "the health port does not open"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scraper::terminate(&child);
    let output = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let run = scraper::ended(output);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
}

#[tokio::test]
async fn preview_ends_at_once_when_it_is_told_to_and_at_the_time_limit_of_a_run() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    Mock::given(path("/events"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(page(1))
                .set_delay(Duration::from_mins(1)),
        )
        .mount(&server)
        .await;
    for (before, signal) in ["-INT", "-TERM"].into_iter().enumerate() {
        let child = scraper.spawn(&["preview", "sources/blue-moon.yaml"], &[]);
        while server.received_requests().await.unwrap().len() <= before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let started = std::time::Instant::now();
        let id = child.id().unwrap().to_string();
        std::process::Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap();
        let ended = scraper::ended(child.wait_with_output().await.unwrap());
        assert!(started.elapsed() < Duration::from_secs(30), "{signal}");
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("told to stop"), "{}", ended.stderr);
    }
    let late = scraper
        .run(&["preview", "sources/blue-moon.yaml", "--run-timeout", "1"])
        .await;
    assert!(
        late.code == 1 && late.stderr.contains("TimedOut"),
        "{}",
        late.stderr
    );
}

#[tokio::test]
async fn a_store_that_is_mounted_only_where_it_exists_gives_way_to_the_default() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    serve(&server, &page(2)).await;
    let file = scraper.path("mounted/url").display().to_string();
    let variables = [
        ("SMS_STORE_URL", ""),
        ("SMS_STORE_URL_FILE", file.as_str()),
        ("SMS_DEFAULT_STORE_URL", "stdout:"),
    ];
    let run = scraper.run_with(&["ingester"], &variables).await;
    assert_eq!(
        (run.code, run.report()["store"].as_str()),
        (0, Some("stdout")),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout.lines().count(), 2);

    std::fs::create_dir(scraper.path("mounted")).unwrap();
    std::fs::write(
        &file,
        format!("sqlite://{}\n", scraper.path("mounted/events").display()),
    )
    .unwrap();
    let run = scraper.run_with(&["ingester"], &variables).await;
    assert_eq!(
        (run.code, run.report()["store"].as_str()),
        (0, Some("sqlite")),
        "{}",
        run.stderr
    );

    std::fs::remove_file(&file).unwrap();
    let run = scraper.run_with(&["ingester"], &variables[..2]).await;
    assert_eq!(run.code, 2, "without a default a missing file is an error");
}

#[tokio::test]
async fn what_keeps_a_run_from_beginning_is_left_as_the_termination_message() {
    let (scraper, server) = (Scraper::new(), MockServer::start().await);
    source(&scraper, &server, "");
    let object = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": {"name": "sea-monster", "namespace": "shows"},
        "spec": {"fetch": {"url": server.uri()}, "extract": {"jsonLd": {}}}
    })
    .to_string();
    let path = scraper.path("termination-log");
    let authorities = scraper.path("nothing.crt").display().to_string();
    let variables = [
        ("SMS_SOURCE", object.as_str()),
        ("SMS_TERMINATION_MESSAGE_PATH", path.to_str().unwrap()),
        ("SMS_CA_FILE", authorities.as_str()),
    ];
    assert_eq!(scraper.run_with(&["ingester"], &variables).await.code, 2);
    let told: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(told["reason"], "ContainerConfigInvalid");
    assert_eq!(told["source"], "shows/sea-monster");
    assert!(
        told["message"].as_str().unwrap().contains("SMS_CA_FILE"),
        "{told}"
    );
}
