//! Flags and variables of every command, and `completions`.

use crate::{file_source, scraper::Scraper};

#[tokio::test]
async fn an_empty_variable_is_one_that_is_not_set() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    let empty = [
        ("SMS_ALLOW_PRIVATE_ADDRESSES", ""),
        ("SMS_PUSHGATEWAY_URL", ""),
        ("SMS_STORE_URL_FILE", ""),
        ("SMS_SECRETS_DIR", ""),
        ("SMS_CA_FILE", ""),
        ("SMS_APIS", ""),
        ("SMS_PARALLEL", ""),
        ("SMS_LOG", ""),
    ];
    let run = scraper.run_with(&["ingester"], &empty).await;
    assert_eq!(
        (run.code, run.report()["outcome"].as_str()),
        (0, Some("Succeeded")),
        "{}",
        run.stderr
    );
    let yes = scraper
        .run_with(
            &["ingester", "--bypass-cadence"],
            &[("SMS_ALLOW_PRIVATE_ADDRESSES", "1")],
        )
        .await;
    assert_eq!(yes.code, 0, "{}", yes.stderr);
}

#[tokio::test]
async fn wrong_flags_name_the_flag_and_the_remedy() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    let cases: [(&[&str], &str); 7] = [
        (&["ingester", "--store", "mysql://x/y"], "--store (SMS_STORE_URL)"),
        (
            &["ingester", "--apis", "blue_mon"],
            "no source has the API name \"blue_mon\"; there are: blue_moon",
        ),
        (
            &["ingester", "--pushgateway", "gateway:9091"],
            "SMS_PUSHGATEWAY_URL",
        ),
        (
            &["ingester", "--ca-file", "/nowhere.pem"],
            "--ca-file (SMS_CA_FILE) /nowhere.pem: no such file; in a cluster",
        ),
        (&["--log", "a=b=c", "ingester"], "--log (SMS_LOG)"),
        (
            &["preview", "sources/blue-moon.yaml", "--now", "tomorrow"],
            "--now \"tomorrow\" is no time",
        ),
        (&["check", "nowhere"], "nowhere: "),
    ];
    for (arguments, expected) in cases {
        let run = scraper.run(arguments).await;
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn completions_are_printed_for_every_shell() {
    let scraper = Scraper::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = scraper.run(&["completions", shell]).await;
        assert!(run.code == 0 && run.stdout.contains("ingester"), "{shell}");
    }
}
