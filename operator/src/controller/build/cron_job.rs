//! The CronJob of a source. Pure.

use k8s_openapi::{
    api::batch::v1::{
        CronJob, CronJobSpec, JobSpec, JobTemplateSpec, PodFailurePolicy,
        PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use sms_crds::labels::{SOURCE_GENERATION, SPEC_HASH};

use super::{labels, pod};
use crate::{controller::validate::ValidatedSource, names, settings::Config};

/// Finished Jobs are kept this long, in seconds, so that an operator that was away for a day misses no run.
pub const TTL_SECONDS: i32 = 86_400;
const BACKOFF_LIMIT: i32 = 1;
const HISTORY_LIMIT: i32 = 3;
/// `sms_scraper` ends with it where trying again cannot help.
const EXIT_CONFIGURATION: i32 = 2;

/// The CronJob that `source` should have, with the hash of what is the operator's in it.
pub fn cron_job(source: &ValidatedSource, config: &Config) -> CronJob {
    let spec = CronJobSpec {
        schedule: source.schedule.to_cron(),
        time_zone: Some(source.zone_name.clone()),
        suspend: Some(source.suspend),
        concurrency_policy: Some("Forbid".to_owned()),
        starting_deadline_seconds: Some(source.job.starting_deadline()),
        successful_jobs_history_limit: Some(
            source.job.successful_jobs_history_limit.unwrap_or(HISTORY_LIMIT),
        ),
        failed_jobs_history_limit: Some(source.job.failed_jobs_history_limit.unwrap_or(HISTORY_LIMIT)),
        job_template: job_template(source, config),
    };
    let labels = labels::of_cron_job(source, config);
    let hash = labels::spec_hash(&(&spec, &labels));
    // Outside the hash: a generation that changes nothing here is not worth a write.
    let generation = source
        .generation
        .map(|generation| (SOURCE_GENERATION.to_owned(), generation.to_string()));
    let annotations = generation.into_iter().chain([(SPEC_HASH.to_owned(), hash)]);
    CronJob {
        metadata: ObjectMeta {
            name: Some(names::cron_job(&source.key.name)),
            namespace: Some(source.key.namespace.clone()),
            labels: Some(labels),
            annotations: Some(annotations.collect()),
            owner_references: Some(vec![labels::owner(source)]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}

/// What every Job of the source is made from.
pub fn job_template(source: &ValidatedSource, config: &Config) -> JobTemplateSpec {
    let annotations = labels::annotations_of_job(source, config);
    JobTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels::of_job(source, config)),
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(JobSpec {
            active_deadline_seconds: Some(source.job.active_deadline()),
            backoff_limit: Some(source.job.backoff_limit.unwrap_or(BACKOFF_LIMIT)),
            ttl_seconds_after_finished: Some(source.job.ttl_seconds_after_finished.unwrap_or(TTL_SECONDS)),
            pod_failure_policy: Some(PodFailurePolicy {
                rules: vec![PodFailurePolicyRule {
                    action: "FailJob".to_owned(),
                    on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                        container_name: Some(pod::CONTAINER.to_owned()),
                        operator: "In".to_owned(),
                        values: vec![EXIT_CONFIGURATION],
                    }),
                    on_pod_conditions: None,
                }],
            }),
            template: pod::template(source, config),
            ..JobSpec::default()
        }),
    }
}
