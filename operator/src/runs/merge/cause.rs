//! Why a run ended without a report, and what to do about it. Pure.

use sms_crds::report::{Outcome, Reason};

use crate::runs::{
    JobEnd, JobRecord, Owner, PodRecord, PodState,
    text::{MESSAGE_LIMIT, clip},
};

/// What the cluster did to the run: the Pod's own reason, which is nearer to the cause, before the Job's.
pub(super) fn of_cluster(
    job: &JobRecord,
    end: &JobEnd,
    last: Option<&PodRecord>,
) -> Option<(Reason, String)> {
    of_pod(last)
        .or_else(|| {
            (!end.is_complete && end.reason == "DeadlineExceeded")
                .then(|| (Reason::DeadlineExceeded, deadline(job, last)))
        })
        .map(|(reason, message)| (reason, clip(message, MESSAGE_LIMIT)))
}

fn of_pod(last: Option<&PodRecord>) -> Option<(Reason, String)> {
    match &last?.state {
        PodState::Stuck { reason, message } => Some((*reason, message.clone())),
        PodState::Ended {
            reason: Some(reason),
            message,
            ..
        } => Some((*reason, in_words(*reason, message.as_deref()))),
        PodState::Ended { reason: None, .. } | PodState::Starting | PodState::Running => None,
    }
}

/// Problem and remedy; `told` is what the Pod's record says.
fn in_words(reason: Reason, told: Option<&str>) -> String {
    let in_brackets = told.map_or_else(String::new, |told| {
        format!(" ({})", told.trim_end_matches(['.', ' ']))
    });
    match (reason, told) {
        (Reason::OOMKilled, _) => {
            "the container used more memory than its limit: raise spec.job.resources.limits.memory".to_owned()
        }
        (Reason::Evicted, _) => format!(
            "the Pod was pushed out of its node{in_brackets}: the next run starts on schedule; if this goes on, \
             raise requests in spec.job.resources"
        ),
        (Reason::DeadlineExceeded, _) => {
            format!("the Pod took longer than it may{in_brackets}: raise spec.job.activeDeadlineSeconds")
        }
        // What kept it from starting, with its remedy.
        (_, Some(told)) => told.to_owned(),
        (reason, None) => format!("the Pod ended: {}", reason.as_str()),
    }
}

/// What a Job did until its deadline, as far as its last Pod tells.
fn deadline(job: &JobRecord, last: Option<&PodRecord>) -> String {
    let limit = job.active_deadline_seconds.map_or_else(
        || "its deadline".to_owned(),
        |seconds| format!("{seconds} seconds"),
    );
    let name = &job.name;
    match last.map(|pod| &pod.state) {
        None if job.ended_pods == 0 => format!(
            "the Job had no Pod within {limit}: kubectl describe job {name} says why, often a quota or an \
             admission policy"
        ),
        Some(PodState::Starting | PodState::Ended { exit_code: None, .. }) => format!(
            "the container did not start within {limit}: look whether every Secret, ConfigMap and volume \
             that the Pod mounts exists (kubectl describe job {name} and its Pod's events), or raise \
             spec.job.activeDeadlineSeconds"
        ),
        _ => format!(
            "the Job took longer than {limit}: raise spec.job.activeDeadlineSeconds, or let the run do less"
        ),
    }
}

/// An end that nothing explains.
pub(super) fn unexplained(
    owner: &Owner,
    job: &JobRecord,
    end: &JobEnd,
    last: Option<&PodRecord>,
) -> (Reason, String) {
    let logs = format!("kubectl logs -n {} job/{}", owner.key.namespace, job.name);
    let exit_code = last.and_then(|pod| match pod.state {
        PodState::Ended { exit_code, .. } => exit_code,
        _ => None,
    });
    let message = match exit_code {
        Some(code) => format!("the scraper ended with exit code {code} and without a report: {logs}"),
        None if end.is_complete => format!(
            "the Job completed, but its Pod is gone and nobody has seen a report, so what it did is \
             unknown: {logs}, or wait for the next run"
        ),
        None => format!(
            "the Job failed ({}) and left no report: {}",
            given(end),
            describe(owner, job)
        ),
    };
    (Reason::PodFailed, clip(message, MESSAGE_LIMIT))
}

/// A Job that failed although its last Pod reports something else.
pub(super) fn contradiction(owner: &Owner, job: &JobRecord, end: &JobEnd, told: Outcome) -> (Reason, String) {
    let message = format!(
        "the run reports {}, but its Job failed ({}): {}",
        told.as_str(),
        given(end),
        describe(owner, job)
    );
    (Reason::PodFailed, clip(message, MESSAGE_LIMIT))
}

fn given(end: &JobEnd) -> &str {
    if end.reason.is_empty() {
        "no reason given"
    } else {
        &end.reason
    }
}

fn describe(owner: &Owner, job: &JobRecord) -> String {
    format!("kubectl describe job -n {} {}", owner.key.namespace, job.name)
}
