//! `Ready`: whether the source has a CronJob that can run as the spec says. Pure.

use sms_crds::{
    ScrapeSourceStatus,
    conditions::{ConditionReason, READY},
    report::Reason,
};

use super::{Facts, Finding, of};
use crate::{controller::status::Verdict, runs::Run};

/// `None` leaves the condition as it is.
pub(super) fn ready(
    facts: &Facts<'_>,
    before: &ScrapeSourceStatus,
    counted: &ScrapeSourceStatus,
) -> Option<Finding> {
    let (schedule, cron_job) = match &facts.verdict {
        Verdict::Refused { reason, message } => {
            return Some(Finding::new("False", reason.as_str(), message.clone()));
        }
        Verdict::Applied {
            schedule, cron_job, ..
        } => (schedule, cron_job),
    };
    let problem = facts.runs.iter().rev().find_map(|run| match run {
        Run::Active { problem, .. } => problem.as_ref(),
        Run::Finished(_) => None,
    });
    if let Some((reason, message)) = problem {
        return Some(Finding::new("False", reason.as_str(), message.clone()));
    }
    if before.cron_job.as_ref() == Some(cron_job) && still_cannot_start(facts, before, counted) {
        return None;
    }
    let spec = &facts.source.spec;
    Some(match spec.suspend {
        true => Finding::new(
            "True",
            ConditionReason::Suspended.as_str(),
            "No scheduled runs: set spec.suspend to false to resume",
        ),
        false => Finding::new(
            "True",
            ConditionReason::Scheduled.as_str(),
            format!("Runs at {} ({})", schedule.to_cron(), spec.time_zone),
        ),
    })
}

/// Whether the source is not ready for what kept its newest run from starting, and nothing has changed since. Otherwise
/// a source whose image is missing would be ready between each two runs.
fn still_cannot_start(facts: &Facts<'_>, before: &ScrapeSourceStatus, counted: &ScrapeSourceStatus) -> bool {
    let reason = counted.last_run.as_ref().and_then(|last| last.report.reason);
    let is_about_starting = reason.is_some_and(Reason::keeps_from_starting);
    let is_said = of(before, READY).is_some_and(|condition| {
        condition.status == "False"
            && Some(condition.reason.as_str()) == reason.map(Reason::as_str)
            && condition.observed_generation == facts.source.metadata.generation
    });
    let has_started = |run: &Run| {
        matches!(
            run,
            Run::Active {
                has_started: true,
                ..
            }
        )
    };
    is_about_starting && is_said && !facts.runs.iter().any(has_started)
}
