//! Labels, annotations and owner of what the operator makes. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;
use sha2::{Digest, Sha256};
use sms_crds::{ScrapeSource, labels, source::hex};

use crate::{controller::validate::ValidatedSource, settings::Config};

/// What every object of a source carries, whatever anybody else wants.
fn own(source: &ValidatedSource) -> BTreeMap<String, String> {
    BTreeMap::from([
        (labels::APP_NAME.to_owned(), labels::APP_NAME_VALUE.to_owned()),
        (labels::APP_COMPONENT.to_owned(), labels::COMPONENT_JOB.to_owned()),
        (labels::MANAGED_BY.to_owned(), labels::MANAGED_BY_VALUE.to_owned()),
        (labels::SOURCE.to_owned(), source.key.name.clone()),
    ])
}

/// Labels of the CronJob.
pub fn of_cron_job(source: &ValidatedSource, config: &Config) -> BTreeMap<String, String> {
    let mut all = config.job.labels.clone();
    all.extend(own(source));
    all
}

/// Labels of Jobs and Pods: the source's, over them the operator's, over them our own.
pub fn of_job(source: &ValidatedSource, config: &Config) -> BTreeMap<String, String> {
    let mut all = source.job.labels.clone();
    all.extend(of_cron_job(source, config));
    all
}

/// Annotations of Jobs and Pods.
pub fn annotations_of_job(source: &ValidatedSource, config: &Config) -> BTreeMap<String, String> {
    let mut all = source.job.annotations.clone();
    all.extend(config.job.annotations.clone());
    all
}

/// The source as the owner. `blockOwnerDeletion` is left out: it needs a permission on the owner's finalizers, and nothing
/// is gained by waiting.
pub fn owner(source: &ValidatedSource) -> OwnerReference {
    OwnerReference {
        api_version: ScrapeSource::api_version(&()).into_owned(),
        kind: ScrapeSource::kind(&()).into_owned(),
        name: source.key.name.clone(),
        uid: source.uid.clone(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

/// Whether a label of a CronJob is one that the operator answers for.
pub fn is_own_label(key: &str, config: &Config) -> bool {
    [
        labels::APP_NAME,
        labels::APP_COMPONENT,
        labels::MANAGED_BY,
        labels::SOURCE,
    ]
    .contains(&key)
        || config.job.labels.contains_key(key)
}

/// Hash of the labels of a CronJob that the operator answers for: equal exactly if nobody changed them. Foreign labels are
/// left out, and stay.
pub fn own_labels_hash(labels: &BTreeMap<String, String>, config: &Config) -> u64 {
    let mut digest = Sha256::new();
    for (key, value) in labels.iter().filter(|(key, _)| is_own_label(key, config)) {
        digest.update(key);
        digest.update([0]);
        digest.update(value);
        digest.update([0]);
    }
    let bytes: [u8; 32] = digest.finalize().into();
    u64::from_be_bytes([
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
    ])
}

/// Hash of what the operator gives a CronJob, for the annotation.
pub fn spec_hash(content: &impl serde::Serialize) -> String {
    hex(&Sha256::digest(serde_json::to_vec(content).unwrap_or_default())[..16])
}
