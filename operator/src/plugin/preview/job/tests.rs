//! Tests of the Job of a preview. Pure.

use std::time::Duration;

use serde_json::{Value, json};
use sms_crds::manifest::{FileAccess, read_manifests};

use super::*;
use crate::{
    controller::render,
    plugin::args::PreviewFormat,
    settings::{self, Config},
};

const SETTINGS: &str = "\
image: job:1
labels: { team: events }
env: [{ name: EXTRA, value: kept }]
log: debug
allowPrivateAddresses: true
pushgateway: { url: 'http://pushgateway:9091', secretName: sms-pushgateway }
";

fn source(store: &str) -> ScrapeSource {
    let yaml = format!(
        "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\n\
         metadata: {{ name: sea-monster, namespace: music, uid: u, annotations: {{ note: hidden }} }}\n\
         spec:\n  fetch: {{ url: 'https://example.org/', auth: {{ bearer: {{ secretKeyRef: {{ name: sms-venue, key: token }} }} }} }}\n\
         \x20 extract: {{ jsonLd: {{}} }}\n  job: {{ labels: {{ theirs: x }}, annotations: {{ mesh: off }} }}\n{store}"
    )
    .replace("mesh: off", "mesh: 'off'");
    let mut manifests = read_manifests(&yaml, "x", FileAccess::Refused);
    assert_eq!(manifests.problems, vec![]);
    manifests.sources.remove(0)
}

fn cron_job(source: &ScrapeSource) -> CronJob {
    let job = settings::parse(SETTINGS, "x").unwrap();
    let config = Config::new(job, None, "sms-".to_owned(), "seattle".to_owned()).unwrap();
    let mut source = source.clone();
    source.metadata.uid = Some("u".to_owned());
    render(&source, &config, true).unwrap()
}

fn args() -> PreviewArgs {
    PreviewArgs {
        name: None,
        filename: None,
        output: PreviewFormat::Json,
        limit: 7,
        timeout: Duration::from_mins(5),
    }
}

fn made(source: &ScrapeSource) -> Value {
    json!(preview(&cron_job(source), source, &args()).unwrap())
}

#[test]
fn it_is_the_sources_job_with_another_command_and_without_store_push_or_owner() {
    let source = source("");
    let travels = serde_json::to_string(&source.to_travel()).unwrap();
    assert!(!travels.contains("hidden"), "{travels}");
    let mut expected: Value = serde_saphyr::from_str(include_str!("expected.yaml")).unwrap();
    expected["spec"]["template"]["metadata"]["annotations"]["sms-scraper.dev/preview-source"] =
        json!(travels);
    assert_eq!(made(&source), expected);
}

#[test]
fn a_claim_is_not_mounted_and_the_sources_own_store_is_not_seen() {
    let claim = made(&source("  store: { volumeClaim: { claimName: sms-events } }\n"));
    let claim = claim["spec"]["template"]["spec"].to_string();
    assert!(
        !claim.contains("sms-events") && !claim.contains("/data"),
        "{claim}"
    );

    let own = made(&source("  store: { secretRef: { name: sms-postgres } }\n"));
    let volumes = own["spec"]["template"]["spec"]["volumes"].to_string();
    assert!(
        !volumes.contains("sms-postgres") && volumes.contains("sms-venue"),
        "{volumes}"
    );
}

#[test]
fn a_file_without_a_store_does_not_bring_in_the_store_of_the_source_whose_settings_it_takes() {
    let settings_of = source("  store: { secretRef: { name: sms-postgres } }\n");
    let job = preview(&cron_job(&settings_of), &source(""), &args()).unwrap();
    let volumes = json!(job.spec.unwrap().template.spec.unwrap().volumes).to_string();
    assert!(
        !volumes.contains("sms-postgres") && volumes.contains("sms-venue"),
        "{volumes}"
    );
}

#[test]
fn the_operator_counts_none_of_it() {
    let source = source("");
    let mut job = preview(&cron_job(&source), &source, &args()).unwrap();
    job.metadata.uid = Some("j".to_owned());
    job.metadata.name = Some("sea-monster-preview-abcde".to_owned());
    assert_eq!(crate::runs::job_record(&job), None);
    let labels = job.metadata.labels.unwrap();
    assert_ne!(labels[labels::MANAGED_BY], labels::MANAGED_BY_VALUE);
    assert!(!labels.contains_key(labels::SOURCE));
}

#[test]
fn a_long_name_leaves_room_for_what_kubernetes_adds() {
    let name = generate_name(&"x".repeat(63));
    assert!(name.len() + 11 <= 63, "{name}");
    assert_eq!(generate_name("blue-moon"), "blue-moon-preview-");
}

#[test]
fn a_cron_job_of_somebody_else_is_refused() {
    let source = source("");
    let mut foreign = cron_job(&source);
    foreign
        .spec
        .as_mut()
        .unwrap()
        .job_template
        .spec
        .as_mut()
        .unwrap()
        .template
        .spec
        .as_mut()
        .unwrap()
        .containers[0]
        .name = "backup".to_owned();
    let refused = preview(&foreign, &source, &args()).unwrap_err();
    assert!(refused.contains("is not one that the operator made"), "{refused}");
}
