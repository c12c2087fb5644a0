//! Step five: the status that a source should have, from what was observed and applied. Pure.
//!
//! ```text
//! runs ──ledger──▶ totals, history ──conditions──▶ status ──events──▶ what to tell
//! ```

mod conditions;
mod events;
mod ledger;

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use kube::runtime::events::EventType;
use sms_crds::{
    ScrapeSource, ScrapeSourceStatus, SourceKey,
    conditions::ConditionReason,
    schedule::Schedule,
    v1alpha1::status::{AppliedCronJob, RunNow},
};

use crate::runs::Run;

/// The action of events about requests to run now.
pub const RUN_NOW: &str = "RunNow";

/// Everything that the status depends on.
#[derive(Clone, Debug)]
pub struct Facts<'f> {
    /// The source, with its status as it is now.
    pub source: &'f ScrapeSource,
    /// What became of the steps before.
    pub verdict: Verdict<'f>,
    /// The source's runs, oldest Job first.
    pub runs: &'f [Run],
    /// The newest request to run now; `None` if there never was one.
    pub run_now: Option<RunNow>,
    /// The older source that keeps the API name, if it is not this one.
    pub api_name_owner: Option<SourceKey>,
    /// Whether a Pushgateway is configured.
    pub has_pushgateway: bool,
}

/// What became of validate, build and apply.
#[derive(Clone, Debug)]
pub enum Verdict<'f> {
    /// The CronJob is as the source wants it.
    Applied {
        /// As the API server answered.
        cron_job: AppliedCronJob,
        /// The schedule.
        schedule: &'f Schedule,
        /// Its time zone.
        zone: &'f TimeZone,
    },
    /// Nothing was applied: an earlier CronJob stays as it was.
    Refused {
        /// Why.
        reason: ConditionReason,
        /// Field, problem and remedy.
        message: String,
    },
}

/// What is to be written and told.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The status; equal to the present one if nothing changed.
    pub status: ScrapeSourceStatus,
    /// Transitions that matter to a person, told after the status was written.
    pub events: Vec<Transition>,
    /// When to look again although nothing may change.
    pub look_again_after: Option<Duration>,
}

/// A transition that matters to a person: a Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Normal or warning.
    pub kind: EventType,
    /// From the closed vocabularies of `sms_crds`.
    pub reason: &'static str,
    /// What was done: `Reconcile`, `Run`, `RunNow`.
    pub action: &'static str,
    /// In words, at most 1 KiB, without secrets.
    pub note: String,
}

/// The status that a source should have at `now`. Of its own result it makes no other.
pub fn assess(facts: &Facts<'_>, now: Timestamp) -> Assessment {
    let before = facts.source.status.clone().unwrap_or_default();
    let new = ledger::uncounted(&before, facts.runs);
    let counted = new
        .iter()
        .fold(before.clone(), |status, run| ledger::enter(status, run));
    let after = ScrapeSourceStatus {
        observed_generation: facts.source.metadata.generation,
        conditions: conditions::all(facts, &before, &counted, &new, now),
        next_run_time: next_run_time(facts, &before, !new.is_empty(), now),
        cron_job: match &facts.verdict {
            Verdict::Applied { cron_job, .. } => Some(cron_job.clone()),
            Verdict::Refused { .. } => counted.cron_job.clone(),
        },
        run_now: facts.run_now.clone(),
        ..counted
    };
    Assessment {
        events: events::between(&before, &after),
        // That a Job is gone is no reason to write.
        status: if after == before {
            before
        } else {
            ledger::pruned(after, facts.runs)
        },
        look_again_after: look_again_after(facts.runs),
    }
}

/// When the next run is due. It is worked out anew only with something else that is written anyway: an idle source is not
/// written at every slot.
fn next_run_time(
    facts: &Facts<'_>,
    before: &ScrapeSourceStatus,
    has_run: bool,
    now: Timestamp,
) -> Option<String> {
    let is_old = has_run || before.observed_generation != facts.source.metadata.generation;
    match &facts.verdict {
        // The CronJob stays as it was, and what it is up to is not known here.
        Verdict::Refused { .. } => before.next_run_time.clone().filter(|_| !has_run),
        Verdict::Applied { .. } if facts.source.spec.suspend => None,
        Verdict::Applied { schedule, zone, .. } => before
            .next_run_time
            .clone()
            .filter(|_| !is_old)
            .or_else(|| schedule.next_after(now, zone).map(|at| at.to_string())),
    }
}

fn look_again_after(runs: &[Run]) -> Option<Duration> {
    let seconds = runs.iter().filter_map(|run| match run {
        Run::Active { look_again_after, .. } => *look_again_after,
        Run::Finished(_) => None,
    });
    seconds.min().map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
