//! The Job that run-now asks for. Pure.

use k8s_openapi::{
    api::{batch::v1::Job, core::v1::EnvVar},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use sms_crds::labels::RUN_NOW_TOKEN;

use super::{
    cron_job::{TTL_SECONDS, job_template},
    labels,
};
use crate::{controller::validate::ValidatedSource, names, settings::Config};

/// What `kubectl create job --from=cronjob/…` writes, so that tools know such a Job for what it is.
const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";

/// One run of the source as soon as possible, whatever its cadence. The same token gives the same name, so that a request
/// makes one Job, however often it is tried.
pub fn run_now_job(source: &ValidatedSource, config: &Config, token: &str) -> Job {
    let template = job_template(source, config);
    let mut spec = template.spec.unwrap_or_default();
    // No history limit counts them: without one of their own, requests by the minute would pile up for a month.
    spec.ttl_seconds_after_finished = spec
        .ttl_seconds_after_finished
        .map(|seconds| seconds.min(TTL_SECONDS));
    for container in spec.template.spec.iter_mut().flat_map(|pod| &mut pod.containers) {
        container.env.get_or_insert_default().push(EnvVar {
            name: "SMS_BYPASS_CADENCE".to_owned(),
            value: Some("true".to_owned()),
            value_from: None,
        });
    }
    let metadata = template.metadata.unwrap_or_default();
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations.insert(INSTANTIATE.to_owned(), "manual".to_owned());
    annotations.insert(RUN_NOW_TOKEN.to_owned(), names::kept_token(token));
    Job {
        metadata: ObjectMeta {
            name: Some(names::run_now_job(&source.key.name, token)),
            namespace: Some(source.key.namespace.clone()),
            labels: metadata.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![labels::owner(source)]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}
