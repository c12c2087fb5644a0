//! The four conditions, from what is known of a source and its runs. Pure.

mod of_runs;
mod ready;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use sms_crds::{
    ScrapeSourceStatus,
    conditions::{ConditionReason, TYPES},
};

use super::{Facts, ledger};
use crate::runs::{
    FinishedRun,
    text::{MESSAGE_LIMIT, plain},
};

/// What a condition says, without the times.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    status: &'static str,
    reason: &'static str,
    message: String,
}

impl Finding {
    fn new(status: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            message: message.into(),
        }
    }

    fn no_run_yet(message: &str) -> Self {
        Self::new("Unknown", ConditionReason::NoRunYet.as_str(), message)
    }
}

/// The conditions of `counted`, the status with the runs `new` already in it. `before` is the status as it was.
pub(super) fn all(
    facts: &Facts<'_>,
    before: &ScrapeSourceStatus,
    counted: &ScrapeSourceStatus,
    new: &[&FinishedRun],
    now: Timestamp,
) -> Vec<Condition> {
    // `None` leaves a condition as it was.
    let findings = [
        ready::ready(facts, before, counted),
        Some(of_runs::last_run_succeeded(counted)),
        of_runs::data_healthy(facts, before, new),
        of_runs::metrics_published(facts, before, counted),
    ];
    let generation = facts.source.metadata.generation;
    TYPES
        .into_iter()
        .zip(findings)
        .filter_map(|(type_, finding)| settled(type_, of(before, type_), finding, generation, now))
        .collect()
}

/// The condition of one type.
pub(super) fn of<'s>(status: &'s ScrapeSourceStatus, type_: &str) -> Option<&'s Condition> {
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == type_)
}

/// A condition after `previous`: its time moves only with its status.
fn settled(
    type_: &str,
    previous: Option<&Condition>,
    finding: Option<Finding>,
    generation: Option<i64>,
    now: Timestamp,
) -> Option<Condition> {
    let Some(finding) = finding else {
        return previous.map(|previous| Condition {
            observed_generation: generation,
            ..previous.clone()
        });
    };
    Some(Condition {
        last_transition_time: previous
            .filter(|previous| previous.status == finding.status)
            .map_or_else(
                || ledger::time(now),
                |previous| previous.last_transition_time.clone(),
            ),
        message: plain(&finding.message, MESSAGE_LIMIT),
        observed_generation: generation,
        reason: finding.reason.to_owned(),
        status: finding.status.to_owned(),
        type_: type_.to_owned(),
    })
}
