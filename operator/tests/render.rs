//! Whole CronJobs: one folder a case, with the source, the settings of Jobs and what becomes of them. `UPDATE_GOLDEN=1`
//! rewrites what becomes of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, path::Path};

use k8s_openapi::api::batch::v1::CronJob;
use sms_crds::{
    ScrapeSource,
    manifest::{FileAccess, read_manifests},
};
use sms_operator::{
    controller::render,
    settings::{self, Config},
};

fn folder(case: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/render")
        .join(case)
}

fn source(case: &str) -> ScrapeSource {
    let text = fs::read_to_string(folder(case).join("source.yaml")).unwrap();
    let mut manifests = read_manifests(&text, "source.yaml", FileAccess::Refused);
    assert_eq!(manifests.problems, vec![]);
    let mut source = manifests.sources.remove(0);
    // A manifest has no UID; the API server gives it.
    let raw: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    source.metadata.uid = raw["metadata"]["uid"].as_str().map(str::to_owned);
    source
}

fn config(case: &str) -> Config {
    let text = fs::read_to_string(folder(case).join("settings.yaml")).unwrap();
    let job = settings::parse(&text, "settings.yaml").unwrap();
    Config::new(job, None, "sms-".to_owned(), "seattle".to_owned()).unwrap()
}

fn agrees(case: &str, name: &str, cron_job: &CronJob) {
    let path = folder(case).join(name);
    let text = serde_saphyr::to_string(cron_job).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected: CronJob = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        serde_json::to_value(cron_job).unwrap(),
        serde_json::to_value(expected).unwrap(),
        "{case}/{name}"
    );
}

#[test]
fn every_source_becomes_the_cron_job_beside_it() {
    for case in fs::read_dir(folder("")).unwrap() {
        let case = case.unwrap().file_name().into_string().unwrap();
        agrees(
            &case,
            "cron-job.yaml",
            &render(&source(&case), &config(&case), true).unwrap(),
        );
    }
}

#[test]
fn a_source_whose_api_name_is_taken_runs_without_pushing() {
    let cron_job = render(&source("every-knob"), &config("every-knob"), false).unwrap();
    agrees("every-knob", "cron-job-without-push.yaml", &cron_job);
}

#[test]
fn what_the_job_gets_back_is_the_source_that_was_applied() {
    let cron_job = render(&source("every-knob"), &config("every-knob"), true).unwrap();
    let value = serde_json::to_value(&cron_job).unwrap();
    let first = &value["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"][0];
    assert_eq!(first["name"], "SMS_SOURCE");
    // As the kubelet does (Kubernetes API, `EnvVar.value`): a doubled dollar sign is one, and nothing is replaced.
    let text = first["value"].as_str().unwrap();
    assert!(!text.replace("$$", "").contains('$'), "{text}");
    let received = sms_crds::manifest::read_admitted(&text.replace("$$", "$"), "SMS_SOURCE").unwrap();
    assert_eq!(received, source("every-knob").to_travel());
}

#[test]
fn the_hash_changes_with_the_spec_and_with_our_labels_and_with_nothing_else() {
    let hash = |cron_job: &CronJob| {
        cron_job.metadata.annotations.clone().unwrap()["sms-scraper.dev/spec-hash"].clone()
    };
    let (source, config) = (source("minimal"), config("minimal"));
    let first = hash(&render(&source, &config, true).unwrap());
    let mut same = source.clone();
    same.metadata.resource_version = Some("7".to_owned());
    same.metadata.labels = Some([("x".to_owned(), "y".to_owned())].into());
    same.status = Some(sms_crds::ScrapeSourceStatus::default());
    assert_eq!(hash(&render(&same, &config, true).unwrap()), first);
    let mut other = source.clone();
    other.spec.cadence = Some(sms_crds::DurationString::new("4h"));
    assert_ne!(hash(&render(&other, &config, true).unwrap()), first);
    let mut labelled = config;
    labelled.job.labels.insert("team".to_owned(), "events".to_owned());
    assert_ne!(hash(&render(&source, &labelled, true).unwrap()), first);
}
