//! Why a Pod does not start, in words that stay the same while it does not. Pure.
//!
//! Kubernetes writes counters, back-off times and identifiers into these texts, and two reasons of one cause take turns:
//! each change would be a status write.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerStateWaiting, PodCondition};
use sms_crds::report::Reason;

use crate::runs::text::{MESSAGE_LIMIT, clip, plain};

/// Reason and remedy of a container that waits; `None` while all is as it should be.
pub(super) fn while_waiting(waiting: &ContainerStateWaiting, image: &str) -> Option<(Reason, String)> {
    let text = waiting.message.as_deref().unwrap_or_default();
    let image = match plain(image, 300) {
        image if image.is_empty() => quoted(text).map_or_else(String::new, |image| plain(image, 300)),
        image => image,
    };
    let image = format!(
        "the image {}",
        if image.is_empty() { "of the Job" } else { &image }
    );
    let reason = waiting.reason.as_deref()?;
    let found = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" => (
            Reason::ImagePullFailed,
            format!(
                "{image} cannot be pulled: check its name and tag, that the nodes reach its registry, and \
                 imagePullSecrets in the operator's job settings"
            ),
        ),
        "ErrImageNeverPull" => (
            Reason::ImagePullFailed,
            format!(
                "{image} is not on the node and imagePullPolicy is Never: load it there, or set \
                 imagePullPolicy to IfNotPresent in the operator's job settings"
            ),
        ),
        "InvalidImageName" => (
            Reason::ImagePullFailed,
            format!("{image} has an invalid name: correct --job-image (SMS_JOB_IMAGE) of the operator"),
        ),
        "SignatureValidationFailed" | "ImageInspectError" => (
            Reason::ImagePullFailed,
            format!(
                "{image} cannot be used, the node refuses it ({reason}): check its signature, or push it \
                 again"
            ),
        ),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => (
            Reason::ContainerConfigInvalid,
            format!(
                "the container cannot be created: {}: create what is missing there in the source's \
                 namespace, or correct the name in the source",
                match steady(text) {
                    text if text.is_empty() => reason.to_owned(),
                    text => text,
                }
            ),
        ),
        _ => return None,
    };
    Some((found.0, clip(found.1, MESSAGE_LIMIT)))
}

/// Reason and remedy of a Pod with the condition `PodScheduled` = `False`.
pub(super) fn unscheduled(condition: &PodCondition) -> Option<(Reason, String)> {
    if condition.reason.as_deref() != Some("Unschedulable") {
        return None;
    }
    let why = obstacles(condition.message.as_deref().unwrap_or_default());
    let message = format!(
        "no node takes the Pod{}: lower requests in spec.job.resources, correct spec.job.nodeSelector, or \
         add a node that fits",
        if why.is_empty() { why } else { format!(" ({why})") }
    );
    Some((Reason::Unschedulable, clip(message, MESSAGE_LIMIT)))
}

/// Remedy for a Pod that its node refused.
pub(super) fn refused(told: &str) -> String {
    format!(
        "the node refused the Pod ({}): lower requests in spec.job.resources, correct spec.job.nodeSelector, or \
         add a node that fits",
        told.trim_end_matches('.')
    )
}

/// Remedy for a container that was created and could not be started.
pub(super) fn not_started(told: &str) -> String {
    format!(
        "the container could not start ({}): check the image of --job-image (SMS_JOB_IMAGE) of the operator",
        steady(told)
    )
}

/// What keeps nodes from taking a Pod, without the number of nodes.
///
/// The scheduler writes `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: …`.
fn obstacles(message: &str) -> String {
    let line = plain(message, MESSAGE_LIMIT);
    let filters = line
        .split_once("nodes are available: ")
        .map_or("", |(_, rest)| rest);
    let end = ["preemption: ", "no new claims"]
        .iter()
        .filter_map(|word| filters.find(word))
        .min()
        .unwrap_or(filters.len());
    let mut found = BTreeSet::new();
    let mut open = String::new();
    // A reason may hold a comma itself: a new one begins with a number.
    for part in filters[..end].trim().trim_end_matches(['.', ',']).split(", ") {
        let without_count = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if without_count.len() < part.len() && without_count.starts_with(' ') {
            found.insert(std::mem::replace(&mut open, without_count.trim().to_owned()));
        } else if open.is_empty() {
            part.clone_into(&mut open);
        } else {
            open.push_str(", ");
            open.push_str(part);
        }
    }
    found.insert(open);
    let found: Vec<_> = found.into_iter().filter(|text| !text.is_empty()).collect();
    clip(found.join("; "), MESSAGE_LIMIT / 2)
}

/// `text` without identifiers of containers, which are new at each try.
fn steady(text: &str) -> String {
    let is_identifier = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.len() >= 12 && word.chars().all(|c| c.is_ascii_hexdigit())
    };
    let line = plain(text, MESSAGE_LIMIT / 2);
    let words = line.split(' ').filter(|word| !is_identifier(word));
    words.collect::<Vec<_>>().join(" ")
}

/// What stands in the first pair of quotation marks.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}
