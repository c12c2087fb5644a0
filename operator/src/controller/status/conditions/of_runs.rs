//! `LastRunSucceeded`, `DataHealthy` and `MetricsPublished`: what runs tell. Pure.

use sms_crds::{
    ScrapeSource, ScrapeSourceStatus,
    conditions::{ConditionReason, DATA_HEALTHY, METRICS_PUBLISHED},
    labels,
    report::{Outcome, Reason, RunReport},
    v1alpha1::status::LastRun,
};

use super::{Facts, Finding, of};
use crate::{controller::status::ledger, runs::FinishedRun};

/// The store of runs that keep nothing.
const STDOUT: &str = "stdout";

/// Whether the newest run succeeded.
pub(super) fn last_run_succeeded(counted: &ScrapeSourceStatus) -> Finding {
    let Some(LastRun { job, report, .. }) = &counted.last_run else {
        return Finding::no_run_yet("No run has finished yet");
    };
    let (status, reason, message) = match report.outcome {
        Outcome::Succeeded => ("True", report.outcome.as_str(), counts(report)),
        Outcome::Unchanged => {
            let kept = events(report.unchanged);
            let message = format!("the source has nothing new, {kept} stay as they are");
            ("True", report.outcome.as_str(), message)
        }
        Outcome::Suspicious | Outcome::Failed | Outcome::SkippedByCadence => {
            let reason = report.reason.unwrap_or(Reason::PodFailed);
            ("False", reason.as_str(), explanation(report, job))
        }
    };
    Finding::new(status, reason, format!("Job {job}: {message}"))
}

/// Whether the newest run that read events met the expectations.
pub(super) fn data_healthy(
    facts: &Facts<'_>,
    before: &ScrapeSourceStatus,
    new: &[&FinishedRun],
) -> Option<Finding> {
    let mut newer = new.iter().rev().filter(|run| ledger::is_newest(before, run));
    let judged = newer.find_map(|run| match run.report.outcome {
        Outcome::Succeeded => Some((&run.report, expected(&run.report))),
        Outcome::Unchanged => Some((&run.report, as_before(&run.report))),
        Outcome::Suspicious => Some((&run.report, suspicious(facts.source, &run.report, &run.job))),
        Outcome::Failed | Outcome::SkippedByCadence => None,
    });
    match judged {
        Some((report, finding)) if report.store == STDOUT => Some(Finding {
            message: format!(
                "{}. Events go to standard output and nothing is kept: no cadence, no comparison with \
                 earlier runs; name a Secret with the store's address in spec.store.secretRef to keep \
                 them",
                finding.message
            ),
            ..finding
        }),
        Some((_, finding)) => Some(finding),
        None if of(before, DATA_HEALTHY).is_some() => None,
        None => Some(Finding::no_run_yet("No run has read events yet")),
    }
}

/// Whether the metrics of the newest run reached the Pushgateway.
pub(super) fn metrics_published(
    facts: &Facts<'_>,
    before: &ScrapeSourceStatus,
    counted: &ScrapeSourceStatus,
) -> Option<Finding> {
    if let Some(owner) = &facts.api_name_owner {
        let api_name = facts.source.api_name();
        return Some(Finding::new(
            "False",
            ConditionReason::ApiNameTaken.as_str(),
            format!(
                "the API name {api_name} belongs to the older ScrapeSource {owner}, so runs of this one \
                 publish no metrics: create this source anew with another spec.apiName"
            ),
        ));
    }
    if !facts.has_pushgateway {
        return Some(Finding::new(
            "Unknown",
            ConditionReason::NotConfigured.as_str(),
            "No Pushgateway is configured: set pushgateway.url in the operator's job settings to push \
             metrics",
        ));
    }
    let Some(LastRun { job, report, .. }) = &counted.last_run else {
        return no_push_yet(before);
    };
    match (report.metrics_pushed, report.reason) {
        (Some(true), _) => Some(Finding::new(
            "True",
            ConditionReason::Pushed.as_str(),
            format!("Job {job} pushed the metrics of {}", facts.source.api_name()),
        )),
        (Some(false), _) => Some(Finding::new(
            "False",
            Reason::PushFailed.as_str(),
            format!("Job {job}: {}", push_problem(report)),
        )),
        (None, Some(reason)) if reason.is_of_the_cluster() => Some(Finding::new(
            "False",
            reason.as_str(),
            format!("Job {job} ended before it could push its metrics"),
        )),
        (None, _) => no_push_yet(before),
    }
}

/// What an earlier run told stays.
fn no_push_yet(before: &ScrapeSourceStatus) -> Option<Finding> {
    let is_of_a_run = |told: &str| {
        told == ConditionReason::Pushed.as_str()
            || Reason::ALL.iter().any(|reason| {
                reason.as_str() == told && (*reason == Reason::PushFailed || reason.is_of_the_cluster())
            })
    };
    let is_known = of(before, METRICS_PUBLISHED).is_some_and(|condition| is_of_a_run(&condition.reason));
    (!is_known).then(|| Finding::no_run_yet("No run has pushed metrics yet"))
}

fn expected(report: &RunReport) -> Finding {
    Finding::new(
        "True",
        ConditionReason::AsExpected.as_str(),
        format!("{} read, as expected", events(report.processed)),
    )
}

fn as_before(report: &RunReport) -> Finding {
    Finding::new(
        "True",
        ConditionReason::AsExpected.as_str(),
        format!(
            "The source has nothing new since it was as expected, with {}",
            events(report.unchanged)
        ),
    )
}

fn suspicious(source: &ScrapeSource, report: &RunReport, job: &str) -> Finding {
    let key = source.key();
    let reason = report.reason.unwrap_or(Reason::TooFewEvents);
    Finding::new(
        "False",
        reason.as_str(),
        format!(
            "{}. If the source really is so now: kubectl annotate --overwrite scrapesource -n {} {} {}={}",
            explanation(report, job).trim_end_matches('.'),
            key.namespace,
            key.name,
            labels::ACCEPT,
            report.run
        ),
    )
}

fn explanation(report: &RunReport, job: &str) -> String {
    report
        .message
        .clone()
        .unwrap_or_else(|| format!("the run gives no reason: kubectl logs job/{job}"))
}

fn push_problem(report: &RunReport) -> &str {
    let warnings = report.warnings.iter().rev();
    warnings
        .map(String::as_str)
        .find(|warning| warning.contains("Pushgateway"))
        .unwrap_or("the metrics did not reach the Pushgateway: its log and the run's say why")
}

fn counts(report: &RunReport) -> String {
    format!(
        "{} ({} new, {} updated, {} unchanged), {} removed, {} skipped, {} errors",
        events(report.processed),
        report.new,
        report.updated,
        report.unchanged,
        report.removed,
        report.skipped,
        report.errors
    )
}

fn events(number: i64) -> String {
    format!("{number} {}", if number == 1 { "event" } else { "events" })
}
