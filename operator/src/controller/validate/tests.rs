//! What may become a CronJob, as a table.

use serde_json::json;

use super::*;
use crate::settings::{self, PushgatewaySettings};

fn config() -> Config {
    let mut job = settings::parse("image: job", "settings.yaml").unwrap();
    job.pushgateway = Some(PushgatewaySettings {
        url: "http://pushgateway:9091".to_owned(),
        secret_name: Some("sms-pushgateway".to_owned()),
        auth: settings::PushgatewayAuth::Basic,
    });
    Config::new(job, None, "sms-".to_owned(), "test".to_owned()).unwrap()
}

fn source(change: &serde_json::Value) -> ScrapeSource {
    let mut object = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
        "metadata": {"name": "blue-moon", "namespace": "music", "uid": "u"},
        "spec": {"fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}}}
    });
    merge(&mut object["spec"], change);
    serde_json::from_value(object).unwrap()
}

fn merge(into: &mut serde_json::Value, change: &serde_json::Value) {
    match (into.as_object_mut(), change.as_object()) {
        (Some(fields), Some(changes)) => {
            for (name, value) in changes {
                merge(fields.entry(name.clone()).or_insert(json!(null)), value);
            }
        }
        _ => *into = change.clone(),
    }
}

fn header(secret: &str, key: &str) -> serde_json::Value {
    json!({"fetch": {"headers": [{"name": "x", "secretKeyRef": {"name": secret, "key": key}}]}})
}

#[test]
fn what_cannot_be_built_is_refused_with_the_field_and_the_remedy() {
    use ConditionReason::{InvalidSource, SecretNotAllowed, VolumeNotAllowed};
    let table = [
        (
            json!({"timeZone": "Mars/Olympus"}),
            InvalidSource,
            "spec.timeZone: ",
        ),
        (
            json!({"schedule": "61 * * * *"}),
            InvalidSource,
            "spec.schedule: ",
        ),
        (json!({"schedule": "0 0 30 2 *"}), InvalidSource, "never runs"),
        (
            json!({"fetch": {"url": "file:///etc/passwd"}}),
            InvalidSource,
            "spec.fetch.url: ",
        ),
        (
            json!({"job": {"labels": {"app.kubernetes.io/name": "x"}}}),
            InvalidSource,
            "spec.job.labels.app.kubernetes.io/name: ",
        ),
        (
            json!({"job": {"annotations": {"container.apparmor.security.beta.kubernetes.io/scraper": "unconfined"}}}),
            InvalidSource,
            "choose another key",
        ),
        (
            json!({"job": {"annotations": {"eks.amazonaws.com/role-arn": "x"}}}),
            InvalidSource,
            "spec.job.annotations.eks.amazonaws.com/role-arn: gives Pods more than a source may",
        ),
        (
            header("other", "k"),
            SecretNotAllowed,
            "spec.fetch.headers[0].secretKeyRef.name: ",
        ),
        (
            header("sms-store", "k"),
            SecretNotAllowed,
            "for the store or the Pushgateway alone",
        ),
        (
            header("sms-pushgateway", "password"),
            SecretNotAllowed,
            "for the store or the Pushgateway alone",
        ),
        (
            header("sms-postgres", "url"),
            SecretNotAllowed,
            "address of a store",
        ),
        (
            json!({"fetch": {"auth": {"bearer": {"secretKeyRef": {"name": "kube-token", "key": "t"}}}}}),
            SecretNotAllowed,
            "spec.fetch.auth.bearer.secretKeyRef.name: a source may name only Secrets that begin with sms-: rename Secret kube-token, for example to sms-kube-token",
        ),
        (
            json!({"store": {"volumeClaim": {"claimName": "postgres-data"}}}),
            VolumeNotAllowed,
            "spec.store.volumeClaim.claimName: ",
        ),
        (
            json!({"store": {"secretRef": {"name": "postgres"}}}),
            SecretNotAllowed,
            "spec.store.secretRef.name: ",
        ),
    ];
    for (change, reason, words) in table {
        let refusal = validate(&source(&change), &config(), true).unwrap_err();
        assert_eq!(refusal.reason, reason, "{change}");
        assert!(
            refusal.message().contains(words),
            "{change}: {}",
            refusal.message()
        );
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let both = json!({"timeZone": "Mars/Olympus", "schedule": "61 * * * *"});
    let refusal = validate(&source(&both), &config(), true).unwrap_err();
    assert_eq!(refusal.problems.len(), 2, "{}", refusal.message());
}

#[test]
fn every_secret_that_is_named_is_mounted_and_no_key_more() {
    let mut change = header("sms-a", "one");
    merge(
        &mut change,
        &json!({"fetch": {"auth": {"query": {"name": "key", "secretKeyRef": {"name": "sms-a", "key": "two"}}}},
                "store": {"secretRef": {"name": "sms-postgres"}}}),
    );
    let valid = validate(&source(&change), &config(), true).unwrap();
    let keys = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(
        valid.secrets,
        BTreeMap::from([
            ("sms-a".to_owned(), keys(&["one", "two"])),
            ("sms-postgres".to_owned(), keys(&["url"])),
        ])
    );
    assert_eq!(valid.store, StoreChoice::Secret);
}

#[test]
fn a_source_without_a_store_gets_the_operators_and_one_with_a_claim_its_volume() {
    assert_eq!(
        validate(&source(&json!({})), &config(), true).unwrap().store,
        StoreChoice::Default
    );
    let claim = json!({"store": {"volumeClaim": {"claimName": "sms-events"}}});
    assert_eq!(
        validate(&source(&claim), &config(), true).unwrap().store,
        StoreChoice::VolumeClaim("sms-events".to_owned())
    );
}
