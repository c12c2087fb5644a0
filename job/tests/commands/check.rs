//! `check`, and what it finds where sources conflict.

use crate::{file_source, scraper::Scraper};

#[tokio::test]
async fn check_says_which_path_holds_no_source() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    for (name, text) in [
        ("empty.yaml", ""),
        ("comment.yaml", "# nothing\n"),
        (
            "secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: { name: a }\n",
        ),
    ] {
        scraper.write(name, text);
        let alone = scraper.run(&["check", name]).await;
        let expected = format!("{name}: no ScrapeSource in it");
        assert!(
            alone.code == 2 && alone.stderr.contains(&expected),
            "{name}: {}",
            alone.stderr
        );
        let beside = scraper.run(&["check", name, "sources"]).await;
        assert!(
            beside.code == 0 && beside.stderr.contains(&expected),
            "{name}: {}",
            beside.stderr
        );
    }
    let nowhere = scraper.run(&["check", "/nonexistent"]).await;
    assert!(
        nowhere.code == 2 && nowhere.stderr.contains("no such file or folder: check the path"),
        "{}",
        nowhere.stderr
    );
}

#[tokio::test]
async fn of_sources_that_conflict_the_first_runs_and_the_message_names_both_files() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    scraper.source(
        "other",
        "  apiName: blue_moon\n  fetch: { url: 'file://./page.data' }\n  extract: { json: {} }",
    );
    let told = "sources/other.yaml: other: spec.apiName: blue_moon is the API name of default/blue-moon in sources/blue-moon.yaml already";
    let both = scraper
        .run(&["check", "sources/blue-moon.yaml", "sources/other.yaml"])
        .await;
    assert!(both.code == 2 && both.stderr.contains(told), "{}", both.stderr);
    assert!(
        both.stdout.contains("1 valid source, 1 problem"),
        "{}",
        both.stdout
    );

    let run = scraper.run(&["ingester"]).await;
    assert_eq!(
        (run.code, run.report()["source"].as_str()),
        (2, Some("default/blue-moon"))
    );
    let twice = scraper
        .run(&["check", "sources/blue-moon.yaml", "./sources/blue-moon.yaml"])
        .await;
    assert_eq!(twice.code, 0, "{}", twice.stderr);
}
