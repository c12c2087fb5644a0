//! Why a pass failed, and when it is tried again. Pure.

use std::time::Duration;

use kube::core::Status;
use sms_crds::conditions::ConditionReason;

use crate::permit::NotLeading;

/// Label `reason` of `sms_operator_reconcile_errors_total`.
pub const REASONS: [&str; 6] = [
    "ApiUnavailable",
    "Forbidden",
    "Conflict",
    "Refused",
    "TimedOut",
    "Unexpected",
];

/// Longest text of Kubernetes that a message repeats.
const LONGEST: usize = 700;

/// A call of the API server that failed.
#[derive(Debug, thiserror::Error)]
#[error("failed to {act}: {}", words(.source))]
pub struct CallError {
    /// What was tried, e.g. `create CronJob music/blue-moon`.
    pub act: String,
    /// Why it failed.
    #[source]
    pub source: kube::Error,
}

/// Why objects could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An object of another owner has the name.
    #[error(
        "CronJob {name} exists already and belongs to {owner}: delete or rename it, or give the ScrapeSource another name"
    )]
    NameTaken {
        /// Name of the CronJob.
        name: String,
        /// Whose it is.
        owner: String,
    },
    /// A CronJob of this name is on its way out.
    #[error(
        "CronJob {name} is being deleted and has not gone yet: if it stays, something holds it, see its metadata.finalizers"
    )]
    BeingDeleted {
        /// Name of the CronJob.
        name: String,
    },
    /// The view of the source is older than what its CronJob was built from.
    #[error(
        "CronJob {name} was built from generation {built_from} of its ScrapeSource, and the watch shows an older one still"
    )]
    OldView {
        /// Name of the CronJob.
        name: String,
        /// The annotation.
        built_from: i64,
    },
}

/// Why a pass failed.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Apply failed.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The status could not be written.
    #[error(transparent)]
    Status(CallError),
    /// It took too long.
    #[error("the pass took longer than {} s: the API server is slow or does not answer", .0.as_secs())]
    TimedOut(Duration),
}

/// What the API server or the way to it says, in words.
fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => shortened(&status.message),
        error => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                let next = error.to_string();
                if !text.contains(&next) {
                    text = format!("{text}: {next}");
                }
                cause = error.source();
            }
            shortened(&text)
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The answer of the API server, if it was one.
fn status(error: &kube::Error) -> Option<&Status> {
    match error {
        kube::Error::Api(status) => Some(status),
        _ => None,
    }
}

impl CallError {
    /// Wraps the error of a call.
    pub fn of(act: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let act = act.into();
        move |source| Self { act, source }
    }

    fn code(&self) -> u16 {
        status(&self.source).map_or(0, |status| status.code)
    }

    /// Whether somebody else was faster.
    pub fn is_conflict(&self) -> bool {
        self.code() == 409 && status(&self.source).is_some_and(|status| status.reason != "AlreadyExists")
    }

    /// Whether the object is there already.
    pub fn is_already_exists(&self) -> bool {
        status(&self.source).is_some_and(|status| status.reason == "AlreadyExists")
    }

    /// Whether the object, or its namespace, is gone.
    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }

    /// Whether the namespace is being deleted: nothing can be created in it any more.
    pub fn is_namespace_terminating(&self) -> bool {
        self.code() == 403
            && status(&self.source).is_some_and(|status| status.message.contains("is being terminated"))
    }

    /// Whether trying the same again soon is pointless: the API server or a policy said no to this very object.
    pub fn is_refused(&self) -> bool {
        let is_of_a_webhook = |message: &str| message.contains("failed calling webhook");
        matches!(self.code(), 400 | 403 | 413 | 422) && !self.is_for_lack_of_rights()
            || self.code() == 500
                && status(&self.source).is_some_and(|status| is_of_a_webhook(&status.message))
    }

    /// Whether it is the operator that lacks a right, rather than the object that is refused (RBAC says so in one form of
    /// words; quotas and admission plug-ins in others).
    fn is_for_lack_of_rights(&self) -> bool {
        let is_of_rbac = |message: &str| {
            message.contains("User \"") && message.contains(" cannot ") && message.contains(" resource \"")
        };
        self.code() == 403 && status(&self.source).is_some_and(|status| is_of_rbac(&status.message))
    }

    /// Whether it was not sent, since this replica does not lead any more.
    fn is_after_leadership(&self) -> bool {
        matches!(&self.source, kube::Error::Service(error) if error.is::<NotLeading>())
    }

    fn reason(&self) -> &'static str {
        match self.code() {
            403 if self.is_for_lack_of_rights() => "Forbidden",
            401 => "Forbidden",
            409 => "Conflict",
            400 | 403 | 413 | 422 => "Refused",
            0 | 429 | 500..=599 => "ApiUnavailable",
            _ => "Unexpected",
        }
    }
}

impl ApplyError {
    /// The reason of the condition `Ready` if a person may have to mend it; `None` if the pass is simply tried again.
    pub fn condition(&self) -> Option<ConditionReason> {
        match self {
            Self::NameTaken { .. } => Some(ConditionReason::NameTaken),
            Self::Call(call) if call.is_refused() && !call.is_namespace_terminating() => {
                Some(ConditionReason::CronJobRefused)
            }
            Self::Call(call) if call.is_for_lack_of_rights() => Some(ConditionReason::OperatorLacksRights),
            Self::BeingDeleted { .. } => Some(ConditionReason::CronJobDeleting),
            Self::Call(_) | Self::OldView { .. } => None,
        }
    }
}

impl ReconcileError {
    /// The word for metrics, one of [`REASONS`].
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Apply(ApplyError::Call(call)) | Self::Status(call) => call.reason(),
            Self::Apply(ApplyError::NameTaken { .. }) => "Refused",
            Self::Apply(ApplyError::BeingDeleted { .. } | ApplyError::OldView { .. }) => "Conflict",
            Self::TimedOut(_) => "TimedOut",
        }
    }

    /// Whether the object is gone, so that there is nothing to try again.
    pub fn is_of_a_vanished_source(&self) -> bool {
        match self {
            Self::Apply(ApplyError::Call(call)) => call.is_namespace_terminating() || call.is_not_found(),
            Self::Status(call) => call.is_not_found(),
            _ => false,
        }
    }

    /// Whether the API server has shown that the view of the source is old.
    pub fn is_of_an_old_view(&self) -> bool {
        match self {
            Self::Apply(ApplyError::OldView { .. }) => true,
            Self::Status(error) => error.is_conflict() || error.is_not_found(),
            _ => false,
        }
    }

    /// Whether it is part of normal life and not worth a warning.
    pub fn is_ordinary(&self) -> bool {
        match self {
            Self::Apply(ApplyError::Call(call)) => call.is_after_leadership(),
            Self::Apply(ApplyError::BeingDeleted { .. } | ApplyError::OldView { .. }) => true,
            Self::Status(call) => call.is_conflict() || call.is_after_leadership(),
            Self::Apply(ApplyError::NameTaken { .. }) | Self::TimedOut(_) => false,
        }
    }
}

/// How long to wait before the next try, after `attempts` failures in a row: 1 s, doubling up to a minute, and a part of it
/// that differs between sources, so that they do not all come at once.
pub fn pause(attempts: u32, key: &sms_crds::SourceKey) -> Duration {
    let seconds = 1_u64 << attempts.saturating_sub(1).min(6);
    let base = Duration::from_secs(seconds.min(60));
    let spread: u32 = key
        .name
        .bytes()
        .chain(key.namespace.bytes())
        .fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    base + base * (spread % 100) / 200
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_a_former_leader_did_not_send_is_no_failure_to_tell_of() {
        let unsent = || CallError::of("write")(kube::Error::Service(NotLeading.into()));
        let broken = || CallError::of("write")(kube::Error::Service("connection reset".into()));
        assert!(ReconcileError::Status(unsent()).is_ordinary());
        assert!(ReconcileError::Apply(unsent().into()).is_ordinary());
        assert!(!ReconcileError::Status(broken()).is_ordinary());
        assert!(!ReconcileError::Apply(broken().into()).is_ordinary());
    }
}
