//! The report of a run, read from a termination message as data that anybody may have written. Pure.

use serde::de::DeserializeOwned;
use serde_json::Value;
use sms_crds::report::{RunReport, SkipReason, Step, TERMINATION_MESSAGE_LIMIT};

use crate::runs::text::{MESSAGE_LIMIT, plain};

/// Most that one run can count, so that sums over years stay numbers.
const COUNT_LIMIT: i64 = 1_000_000_000;

/// Longest run in seconds: a year.
const DURATION_LIMIT: f64 = 31_536_000.0;

/// Most warnings that are kept.
const WARNINGS_LIMIT: usize = 20;

/// The report in a termination message. `None` if there is none that can be read: a newer scraper may use other words.
pub(super) fn parse(message: &str) -> Option<RunReport> {
    if message.len() > TERMINATION_MESSAGE_LIMIT {
        return None;
    }
    let mut json: Value = serde_json::from_str(message.trim()).ok()?;
    keep_known::<SkipReason>(&mut json, "skippedByReason");
    keep_known::<Step>(&mut json, "errorsByStep");
    serde_json::from_value(json).ok().map(bounded)
}

/// Drops what a map counts under names that are not known here: the rest is still worth having.
fn keep_known<Name: DeserializeOwned>(json: &mut Value, field: &str) {
    if let Some(Value::Object(counts)) = json.get_mut(field) {
        counts.retain(|name, _| serde_json::from_value::<Name>(Value::from(name.as_str())).is_ok());
    }
}

fn bounded(report: RunReport) -> RunReport {
    let count = |number: i64| number.clamp(0, COUNT_LIMIT);
    let word = |text: &str| plain(text, 100);
    let line = |text: &str| plain(text, MESSAGE_LIMIT);
    RunReport {
        source: word(&report.source),
        api_name: word(&report.api_name),
        run: word(&report.run),
        outcome: report.outcome,
        reason: report.reason,
        step: report.step,
        message: report
            .message
            .as_deref()
            .map(line)
            .filter(|text| !text.is_empty()),
        started_at: word(&report.started_at),
        finished_at: word(&report.finished_at),
        duration_seconds: report.duration_seconds.clamp(0.0, DURATION_LIMIT),
        http_status: report.http_status.filter(|status| (100..600).contains(status)),
        pages: count(report.pages),
        found: count(report.found),
        processed: count(report.processed),
        skipped: count(report.skipped),
        errors: count(report.errors),
        errors_by_step: report
            .errors_by_step
            .into_iter()
            .map(|(step, n)| (step, count(n)))
            .collect(),
        new: count(report.new),
        updated: count(report.updated),
        unchanged: count(report.unchanged),
        removed: count(report.removed),
        skipped_by_reason: report
            .skipped_by_reason
            .into_iter()
            .map(|(reason, n)| (reason, count(n)))
            .collect(),
        partial: report.partial,
        store: word(&report.store),
        metrics_pushed: report.metrics_pushed,
        spec_hash: word(&report.spec_hash),
        warnings: report
            .warnings
            .iter()
            .take(WARNINGS_LIMIT)
            .map(|text| line(text))
            .collect(),
    }
}
