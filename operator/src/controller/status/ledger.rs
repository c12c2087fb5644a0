//! The ledger: finished runs, each entered once into a status. Pure.

use std::collections::HashSet;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use sms_crds::{
    ScrapeSourceStatus,
    metrics::DURATION_BUCKETS,
    report::{Outcome, RunReport, Step},
    v1alpha1::status::{LastRun, RecentRun, RunTotals},
};

use crate::runs::{FinishedRun, Run};

/// Most entries of `recentRuns`.
const RECENT_RUNS: usize = 10;

/// The finished runs that `status` has not counted, in the order in which they ended.
pub(super) fn uncounted<'r>(status: &ScrapeSourceStatus, runs: &'r [Run]) -> Vec<&'r FinishedRun> {
    let mut known: HashSet<&str> = status.counted_jobs.iter().map(String::as_str).collect();
    let finished = runs.iter().filter_map(|run| match run {
        Run::Finished(run) => Some(run.as_ref()),
        Run::Active { .. } => None,
    });
    let mut new: Vec<_> = finished.filter(|run| known.insert(&run.job_uid)).collect();
    new.sort_by_key(|run| run.finished_at);
    new
}

/// `status` with one more run in it.
pub(super) fn enter(status: ScrapeSourceStatus, run: &FinishedRun) -> ScrapeSourceStatus {
    let status = remembered(status, run);
    match run.report.outcome {
        // It did nothing: no run to anybody but the history.
        Outcome::SkippedByCadence => status,
        Outcome::Succeeded | Outcome::Unchanged => succeeded(counted(status, run), run),
        Outcome::Failed | Outcome::Suspicious => failed(counted(status, run), run),
    }
}

/// `status` without the UIDs of Jobs that are gone.
pub(super) fn pruned(mut status: ScrapeSourceStatus, runs: &[Run]) -> ScrapeSourceStatus {
    let present: HashSet<&str> = runs.iter().map(uid).collect();
    status.counted_jobs.retain(|uid| present.contains(uid.as_str()));
    status
}

/// A moment as the API server keeps it: in whole seconds.
pub(super) fn time(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// Whether `run` ended no earlier than the newest run of `status`.
pub(super) fn is_newest(status: &ScrapeSourceStatus, run: &FinishedRun) -> bool {
    let newest = status
        .last_run
        .as_ref()
        .and_then(|last| last.report.finished_at.parse().ok());
    newest.is_none_or(|newest: Timestamp| newest <= run.finished_at)
}

fn uid(run: &Run) -> &str {
    match run {
        Run::Active { job_uid, .. } => job_uid,
        Run::Finished(run) => &run.job_uid,
    }
}

fn remembered(mut status: ScrapeSourceStatus, run: &FinishedRun) -> ScrapeSourceStatus {
    let finished_at = time(run.finished_at);
    let at = status
        .recent_runs
        .iter()
        .position(|recent| recent.finished_at <= finished_at);
    let recent = RecentRun {
        job: run.job.clone(),
        finished_at,
        outcome: run.report.outcome,
        reason: run.report.reason,
        processed: run.report.processed,
    };
    status
        .recent_runs
        .insert(at.unwrap_or(status.recent_runs.len()), recent);
    status.recent_runs.truncate(RECENT_RUNS);
    status.counted_jobs.push(run.job_uid.clone());
    status
}

fn counted(mut status: ScrapeSourceStatus, run: &FinishedRun) -> ScrapeSourceStatus {
    status.totals = Some(added(status.totals.unwrap_or_default(), &run.report));
    if is_newest(&status, run) {
        status.last_run = Some(LastRun {
            job: run.job.clone(),
            trigger: run.trigger,
            attempts: run.attempts,
            report: run.report.clone(),
        });
    }
    status
}

fn added(mut totals: RunTotals, report: &RunReport) -> RunTotals {
    add(totals.runs.entry(report.outcome).or_default(), 1);
    add(&mut totals.processed, report.processed);
    for (reason, number) in &report.skipped_by_reason {
        add(totals.skipped.entry(*reason).or_default(), *number);
    }
    for (step, number) in &report.errors_by_step {
        add(totals.errors.entry(*step).or_default(), *number);
    }
    // A push comes after the report's errors are counted and never changes them.
    if report.metrics_pushed == Some(false) && !report.errors_by_step.contains_key(&Step::Push) {
        add(totals.errors.entry(Step::Push).or_default(), 1);
    }
    let seconds = report.duration_seconds.max(0.0);
    totals.duration_seconds = ((totals.duration_seconds + seconds) * 1000.0).round() / 1000.0;
    let bucket = DURATION_BUCKETS.iter().position(|bound| seconds <= *bound);
    totals.duration_buckets.resize(DURATION_BUCKETS.len() + 1, 0);
    if let Some(number) = totals
        .duration_buckets
        .get_mut(bucket.unwrap_or(DURATION_BUCKETS.len()))
    {
        add(number, 1);
    }
    totals
}

fn add(sum: &mut i64, number: i64) {
    *sum = sum.saturating_add(number.max(0));
}

fn succeeded(mut status: ScrapeSourceStatus, run: &FinishedRun) -> ScrapeSourceStatus {
    let at = time(run.finished_at);
    if status
        .last_failure_time
        .as_ref()
        .is_none_or(|failure| *failure <= at)
    {
        status.consecutive_failures = 0;
    }
    status.last_success_time = status.last_success_time.max(Some(at));
    status
}

fn failed(mut status: ScrapeSourceStatus, run: &FinishedRun) -> ScrapeSourceStatus {
    let at = time(run.finished_at);
    if status
        .last_success_time
        .as_ref()
        .is_none_or(|success| *success <= at)
    {
        add(&mut status.consecutive_failures, 1);
    }
    status.last_failure_time = status.last_failure_time.max(Some(at));
    status
}
