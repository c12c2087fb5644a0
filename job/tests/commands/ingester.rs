//! `ingester`: what it prints and leaves.

use serde_json::json;

use crate::{file_source, scraper::Scraper};

#[tokio::test]
async fn a_wrong_source_variable_is_told_and_left_as_the_termination_message() {
    let scraper = Scraper::new();
    let path = scraper.path("message");
    let path = path.to_str().unwrap();
    let head = json!({"apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource"});
    let mut unknown = head.clone();
    unknown["metadata"] = json!({"name": "blue-moon", "namespace": "sms"});
    unknown["spec"] =
        json!({"fetch": {"url": "https://a.example", "timeut": "5s"}, "extract": {"jsonLd": {}}});
    for (source, words, name) in [
        ("{garbage".to_owned(), "line 1 column 2", ""),
        ("{}".to_owned(), "is no Kubernetes object", ""),
        ("[]".to_owned(), "expected an object", ""),
        (
            unknown.to_string(),
            "spec.fetch.timeut: is not a field: did you mean timeout?",
            "sms/blue-moon",
        ),
    ] {
        let run = scraper
            .run_with(
                &["ingester"],
                &[("SMS_SOURCE", &source), ("SMS_TERMINATION_MESSAGE_PATH", path)],
            )
            .await;
        assert_eq!(run.code, 2);
        assert!(
            run.stderr.contains("SMS_SOURCE: is not a ScrapeSource as JSON: ") && run.stderr.contains(words),
            "{}",
            run.stderr
        );
        let report: sms_crds::report::RunReport =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(report.source, name);
        assert_eq!(
            (report.outcome.as_str(), report.reason, report.step),
            (
                "Failed",
                Some(sms_crds::report::Reason::InvalidSource),
                Some(sms_crds::report::Step::Config)
            )
        );
        assert!(report.message.unwrap().contains(words));
    }
}

#[tokio::test]
async fn a_dry_run_heads_each_table_with_its_source_and_tells_nothing_about_the_store() {
    let scraper = Scraper::new();
    file_source(&scraper, 2);
    let run = scraper.run(&["ingester", "--dry-run"]).await;
    assert!(
        run.stdout
            .contains("blue_moon: 2 events (dry run: nothing is stored or pushed)\n┌"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("┆ 2         ┆ -   ┆ -       ┆"),
        "{}",
        run.stderr
    );
}
