//! Tests of the group address and the client.

use sms_crds::report::Reason;

use super::{PushSettings, group_url};

fn group(base: &str, instance: &str) -> String {
    group_url(PushSettings::new(base).unwrap().url(), instance).to_string()
}

#[test]
fn the_group_is_named_by_job_and_instance() {
    let wanted = "http://gw:9091/metrics/job/sms_scraper/instance/blue_moon";
    assert_eq!(group("http://gw:9091", "blue_moon"), wanted);
    assert_eq!(group("http://gw:9091/", "blue_moon"), wanted);
}

#[test]
fn a_path_in_the_address_is_kept() {
    let wanted = "https://gw/push/gateway/metrics/job/sms_scraper/instance/a";
    assert_eq!(group("https://gw/push/gateway", "a"), wanted);
    assert_eq!(group("https://gw/push/gateway/?x=1#y", "a"), wanted);
}

#[test]
fn a_name_that_a_path_cannot_hold_travels_as_base64() {
    let base = "http://gw/metrics/job/sms_scraper/instance@base64/";
    for (instance, encoded) in [("a/b", "YS9i"), ("..", "Li4"), ("", "="), ("ü?", "w7w_")] {
        assert_eq!(group("http://gw", instance), format!("{base}{encoded}"));
    }
}

#[test]
fn a_ca_file_without_certificates_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "nothing here\n").unwrap();
    let settings = PushSettings::new("https://gw").unwrap().with_ca_file(&file);
    let error = settings.client().unwrap_err();
    assert!(error.to_string().contains("ca.pem"), "{error}");
    assert_eq!(error.reason(), Reason::PushFailed);
}

#[test]
fn plain_http_builds_without_authorities() {
    let settings = PushSettings::new("http://gw")
        .unwrap()
        .with_ca_file("/no/such/file");
    assert!(settings.client().is_ok());
}
