//! What a Pod tells about an attempt. Pure.

mod report;
mod stuck;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{ContainerState, ContainerStateTerminated, PodCondition, PodStatus},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use sms_crds::report::Reason;

use super::{
    PodRecord, PodState,
    job::controller,
    text::{MESSAGE_LIMIT, plain},
};

/// Name of the container of a Job's Pods.
pub const CONTAINER: &str = "scraper";

/// The reason that the kubelet gives to a container of which it knows nothing any more, one that never started among
/// them. Its exit code is made up.
const STATUS_UNKNOWN: &str = "ContainerStatusUnknown";

/// What is kept of a Pod. `None` for one that no API server wrote, and for one that belongs to no Job.
pub fn pod_record(metadata: &ObjectMeta, status: Option<&PodStatus>) -> Option<PodRecord> {
    let owner = controller(metadata)
        .filter(|owner| owner.kind == "Job" && owner.api_version.starts_with("batch/"))?;
    Some(PodRecord {
        uid: metadata.uid.clone()?,
        name: metadata.name.clone()?,
        job_uid: owner.uid.clone(),
        created: metadata.creation_timestamp.as_ref()?.0,
        is_deleted: metadata.deletion_timestamp.is_some(),
        state: status.map_or(PodState::Starting, pod_state),
    })
}

/// `next` with what only `previous`, the record of the same Pod before, tells: a Pod that is deleted forgets why it could
/// not start, and a status that was rebuilt has lost the report.
#[must_use]
pub fn follow(previous: &PodRecord, next: PodRecord) -> PodRecord {
    // The kubelet forgets the reason first, and ends the Pod only then.
    if let (PodState::Stuck { .. }, PodState::Starting, true) =
        (&previous.state, &next.state, next.is_deleted)
    {
        return PodRecord {
            state: previous.state.clone(),
            ..next
        };
    }
    let PodState::Ended {
        exit_code,
        reason: None,
        report: None,
        at,
        ..
    } = &next.state
    else {
        return next;
    };
    let state = match &previous.state {
        PodState::Stuck { reason, message } if exit_code.is_none() => PodState::Ended {
            exit_code: None,
            reason: Some(*reason),
            message: Some(message.clone()),
            report: None,
            at: *at,
        },
        PodState::Ended { reason, report, .. } if reason.is_some() || report.is_some() => {
            previous.state.clone()
        }
        _ => return next,
    };
    PodRecord { state, ..next }
}

fn pod_state(status: &PodStatus) -> PodState {
    let containers = status.container_statuses.iter().flatten();
    let container = containers
        .into_iter()
        .find(|container| container.name == CONTAINER);
    let state = container.and_then(|container| container.state.as_ref());
    let last_state = container.and_then(|container| container.last_state.as_ref());
    let is_over = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
    let end_of = |state: Option<&ContainerState>| state.and_then(|state| state.terminated.clone());

    let ends: Vec<_> = [end_of(state), end_of(last_state).filter(|_| is_over)]
        .into_iter()
        .flatten()
        .collect();
    if is_over || end_of(state).is_some() {
        return ended(status, &ends);
    }
    if state.is_some_and(|state| state.running.is_some()) {
        return PodState::Running;
    }
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let image = container.map_or("", |container| container.image.as_str());
    waiting
        .and_then(|waiting| stuck::while_waiting(waiting, image))
        .or_else(|| condition(status, "PodScheduled", "False").and_then(stuck::unscheduled))
        .map_or(PodState::Starting, |(reason, message)| PodState::Stuck {
            reason,
            message,
        })
}

/// A Pod that is over; `ends` are those of its container, the newest first.
fn ended(status: &PodStatus, ends: &[ContainerStateTerminated]) -> PodState {
    let known = ends
        .iter()
        .find(|end| end.reason.as_deref() != Some(STATUS_UNKNOWN));
    let messages = ends.iter().filter_map(|end| end.message.as_deref());
    let moments = ends.iter().filter_map(|end| end.finished_at.as_ref());
    let exit_code = known.map(|end| end.exit_code);
    let (reason, message) = match exit_code {
        Some(0) => (None, None),
        _ => cause(status, known).unzip(),
    };
    PodState::Ended {
        exit_code,
        reason,
        message: message.flatten(),
        report: messages.into_iter().find_map(report::parse).map(Box::new),
        at: moments.map(|time| time.0).find(|at| *at > Timestamp::UNIX_EPOCH),
    }
}

/// Why the cluster ended a Pod, with its words for it.
fn cause(status: &PodStatus, end: Option<&ContainerStateTerminated>) -> Option<(Reason, Option<String>)> {
    let words = |text: Option<&String>| plain(text.map_or("", String::as_str), MESSAGE_LIMIT / 2);
    let some = |text: String| (!text.is_empty()).then_some(text);
    let told = words(status.message.as_ref());
    match status.reason.as_deref().unwrap_or_default() {
        "Evicted" | "Preempting" | "Preempted" | "Shutdown" | "NodeShutdown" | "NodeLost" | "Terminated" => {
            return Some((Reason::Evicted, some(told)));
        }
        "DeadlineExceeded" => return Some((Reason::DeadlineExceeded, some(told))),
        // A node that the scheduler chose and that then refused the Pod.
        "NodeAffinity" | "NodeName" | "NodePorts" | "TaintToleration" | "UnexpectedAdmissionError" => {
            return Some((Reason::Unschedulable, Some(stuck::refused(&told))));
        }
        reason if reason.starts_with("OutOf") => {
            return Some((Reason::Unschedulable, Some(stuck::refused(&told))));
        }
        _ => {}
    }
    match end.and_then(|end| end.reason.as_deref()) {
        Some("OOMKilled") => return Some((Reason::OOMKilled, None)),
        Some("StartError" | "ContainerCannotRun") => {
            let told = words(end.and_then(|end| end.message.as_ref()));
            return Some((Reason::ContainerConfigInvalid, Some(stuck::not_started(&told))));
        }
        _ => {}
    }
    condition(status, "DisruptionTarget", "True")
        .map(|disruption| (Reason::Evicted, some(words(disruption.message.as_ref()))))
}

fn condition<'s>(status: &'s PodStatus, type_: &str, is: &str) -> Option<&'s PodCondition> {
    let mut conditions = status.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == type_ && condition.status == is)
}

#[cfg(test)]
mod tests;
