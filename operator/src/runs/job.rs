//! What a Job tells about a run. Pure.

use jiff::Timestamp;
use k8s_openapi::{
    api::batch::v1::{Job, JobCondition},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use sms_crds::{labels, v1alpha1::status::Trigger};

use super::{
    JobEnd, JobRecord,
    text::{MESSAGE_LIMIT, plain},
};

/// What is kept of `job`. `None` for one that no API server wrote, and for one that nobody controls.
pub fn job_record(job: &Job) -> Option<JobRecord> {
    let metadata = &job.metadata;
    let owner = controller(metadata)?;
    // A source may set annotations of its scheduled Jobs, and must not pass one off as an answer to a request.
    let run_now_token = metadata
        .annotations
        .as_ref()
        .filter(|_| owner.kind != "CronJob")
        .and_then(|annotations| annotations.get(labels::RUN_NOW_TOKEN))
        .cloned();
    let created = metadata.creation_timestamp.as_ref()?.0;
    let status = job.status.as_ref();
    let pods = |count: Option<i32>| i64::from(count.unwrap_or_default()).max(0);
    Some(JobRecord {
        uid: metadata.uid.clone()?,
        name: metadata.name.clone()?,
        owner_uid: owner.uid.clone(),
        trigger: run_now_token
            .as_ref()
            .map_or(Trigger::Schedule, |_| Trigger::RunNow),
        run_now_token,
        created,
        active_deadline_seconds: job.spec.as_ref().and_then(|spec| spec.active_deadline_seconds),
        ended_pods: status.map_or(0, |status| pods(status.succeeded) + pods(status.failed)),
        ended: status
            .and_then(|status| {
                status
                    .conditions
                    .iter()
                    .flatten()
                    .find(|condition| is_end(condition))
            })
            .map(|condition| job_end(condition, created)),
    })
}

/// The owner that controls an object.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = metadata.owner_references.iter().flatten();
    owners
        .filter(|owner| !owner.uid.is_empty())
        .find(|owner| owner.controller == Some(true))
}

/// Whether a condition is the end of a Job. `SuccessCriteriaMet` and `FailureTarget` come before it, while Pods still
/// run (Kubernetes, "Termination of Job Pods").
fn is_end(condition: &JobCondition) -> bool {
    condition.status == "True" && matches!(condition.type_.as_str(), "Complete" | "Failed")
}

fn job_end(condition: &JobCondition, created: Timestamp) -> JobEnd {
    let text = |text: &Option<String>| plain(text.as_deref().unwrap_or_default(), MESSAGE_LIMIT);
    JobEnd {
        at: condition
            .last_transition_time
            .as_ref()
            .map_or(created, |time| time.0.max(created)),
        is_complete: condition.type_ == "Complete",
        reason: text(&condition.reason),
        message: text(&condition.message),
    }
}

#[cfg(test)]
mod tests;
