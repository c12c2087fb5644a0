//! A run's report while the run is under way. Pure but for the clock that it is given.

use std::time::Duration;

use jiff::Timestamp;
use sms_crds::{
    ScrapeSource,
    report::{Outcome, Reason, RunReport, SkipReason, Step},
};

use crate::{
    environment::StoreChoiceError, expectations::Breach, fetch::FetchError, secrets::SecretError,
    store::StoreError, worker::WorkerError,
};

/// Why a run failed: the step, one word, and the words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub step: Step,
    /// The word.
    pub reason: Reason,
    /// In words; holds no secret.
    pub message: String,
}

impl Failure {
    /// A failure.
    pub fn new(step: Step, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            step,
            reason,
            message: message.into(),
        }
    }

    /// The run's own time limit passed.
    pub fn timed_out(step: Step, limit: Duration) -> Self {
        let message = format!(
            "the run took longer than its limit of {} s (--run-timeout, in a cluster spec.job.activeDeadlineSeconds)",
            limit.as_secs()
        );
        Self::new(step, Reason::TimedOut, message)
    }

    /// The process was told to stop.
    pub fn interrupted(step: Step) -> Self {
        Self::new(
            step,
            Reason::Interrupted,
            "the process was told to stop in the middle of the run",
        )
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let step = match error.reason() {
            Reason::InvalidSource | Reason::SecretMissing => Step::Config,
            _ => Step::Fetch,
        };
        Self::new(step, error.reason(), error.to_string())
    }
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        let step = match error.reason() {
            Reason::InvalidSource => Step::Config,
            _ => Step::Extract,
        };
        Self::new(step, error.reason(), error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Step::Store, error.reason(), error.to_string())
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::new(Step::Config, Reason::SecretMissing, error.to_string())
    }
}

impl From<StoreChoiceError> for Failure {
    fn from(error: StoreChoiceError) -> Self {
        let message = error.to_string();
        match error {
            StoreChoiceError::Secret(_) => Self::new(Step::Config, Reason::SecretMissing, message),
            StoreChoiceError::Address(_) => Self::new(Step::Config, Reason::InvalidSource, message),
            StoreChoiceError::Store(error) => Self::new(Step::Store, error.reason(), message),
        }
    }
}

/// The report of a run that begins: failed until it is known to be something else.
pub fn begin(source: &ScrapeSource, run: &str, started_at: Timestamp) -> RunReport {
    RunReport {
        source: source.key().to_string(),
        api_name: source.api_name(),
        run: run.to_owned(),
        outcome: Outcome::Failed,
        reason: None,
        step: None,
        message: None,
        started_at: seconds(started_at),
        finished_at: seconds(started_at),
        duration_seconds: 0.0,
        http_status: None,
        pages: 0,
        found: 0,
        processed: 0,
        skipped: 0,
        errors: 0,
        errors_by_step: std::collections::BTreeMap::new(),
        new: 0,
        updated: 0,
        unchanged: 0,
        removed: 0,
        skipped_by_reason: std::collections::BTreeMap::new(),
        partial: false,
        store: String::new(),
        metrics_pushed: None,
        spec_hash: source.spec_hash(),
        warnings: Vec::new(),
    }
}

/// RFC 3339 with milliseconds.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The step that the run is at, for an end from outside.
pub fn current_step(report: &RunReport) -> Step {
    report.step.unwrap_or(Step::Config)
}

/// Sets the end of the run.
pub fn end(report: &mut RunReport, finished_at: Timestamp, length: Duration) {
    report.finished_at = seconds(finished_at);
    report.duration_seconds = (length.as_secs_f64() * 1000.0).round() / 1000.0;
}

/// Counts an error that does not end the run.
pub fn count_error(report: &mut RunReport, failure: &Failure) {
    report.errors += 1;
    *report.errors_by_step.entry(failure.step).or_default() += 1;
    if report.warnings.len() < 20 {
        report.warnings.push(failure.message.clone());
    }
}

/// Ends the run as failed. What it had read is not stored, so nothing counts as processed.
pub fn fail(report: &mut RunReport, failure: &Failure) {
    report.outcome = Outcome::Failed;
    report.processed = 0;
    report.reason = Some(failure.reason);
    report.step = Some(failure.step);
    report.message = Some(failure.message.clone());
    report.errors += 1;
    *report.errors_by_step.entry(failure.step).or_default() += 1;
}

/// Ends the run as succeeded, or as suspicious where an expectation is broken.
pub fn judge(report: &mut RunReport, breach: Option<Breach>) {
    report.step = None;
    match breach {
        None => report.outcome = Outcome::Succeeded,
        Some(breach) => {
            report.outcome = Outcome::Suspicious;
            report.reason = Some(breach.reason);
            report.message = Some(breach.message);
        }
    }
}

/// Counts a rejected item.
pub fn skip(report: &mut RunReport, reason: SkipReason) {
    report.skipped += 1;
    *report.skipped_by_reason.entry(reason).or_default() += 1;
}

/// Ends the run as one that found nothing new.
pub fn unchanged(report: &mut RunReport) {
    report.step = None;
    report.outcome = Outcome::Unchanged;
}

/// Ends the run as one that its cadence keeps from starting.
pub fn skipped_by_cadence(report: &mut RunReport, earliest: Timestamp) {
    report.step = None;
    report.outcome = Outcome::SkippedByCadence;
    report.message = Some(format!(
        "the last success is younger than the cadence; next run from {earliest:.0}"
    ));
}

/// Identifier of a run: microseconds since the epoch and four random digits, in base 36, which a person can type. Two runs
/// that start in the same microsecond, as in a crowd that one machine starts at once, are two runs all the same: of rows with
/// one identifier the store keeps the last.
pub fn run_id(started_at: Timestamp, random: u32) -> String {
    let moment = u64::try_from(started_at.as_microsecond()).unwrap_or_default();
    base_36(moment, 1) + &base_36(u64::from(random) % 36_u64.pow(4), 4)
}

/// A number in base 36, with zeros in front up to `digits`.
fn base_36(mut rest: u64, digits: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut reversed = Vec::new();
    while rest > 0 || reversed.len() < digits {
        reversed.push(char::from(DIGITS[usize::try_from(rest % 36).unwrap_or_default()]));
        rest /= 36;
    }
    reversed.iter().rev().collect()
}

/// Whether the run saw everything that the source has, so that what is missing is gone.
pub fn is_complete(report: &RunReport) -> bool {
    let rejected = report
        .skipped_by_reason
        .keys()
        .any(|reason| !reason.is_intended());
    report.outcome == Outcome::Succeeded && !report.partial && !rejected && report.errors == 0
}

/// The exit code of one run: 0 done, 1 transient, 2 a configuration that no retry mends.
pub fn exit_code(report: &RunReport) -> u8 {
    match (report.outcome, report.reason) {
        (Outcome::Failed, Some(reason)) if !reason.is_transient() => 2,
        (Outcome::Failed, _) => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> RunReport {
        let source: ScrapeSource = serde_json::from_value(serde_json::json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": {"name": "blue-moon"},
            "spec": {"fetch": {"url": "https://blue-moon.example/"}, "extract": {"jsonLd": {}}}
        }))
        .unwrap();
        begin(&source, "r1", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn runs_of_one_microsecond_differ_and_later_ones_sort_after_them() {
        let moment: Timestamp = "2026-01-02T03:04:05.000006Z".parse().unwrap();
        let ids = [
            run_id(moment, 0),
            run_id(moment, 1),
            run_id(moment, 36_u32.pow(4) + 1),
        ];
        assert_eq!(ids[1], ids[2]);
        assert_ne!(ids[0], ids[1]);
        assert!(ids[0].ends_with("0000"), "{}", ids[0]);
        let later = run_id(moment + jiff::SignedDuration::from_micros(1), 0);
        assert!(later > ids[1] && later.len() == ids[0].len(), "{later}");
    }

    #[test]
    fn only_a_whole_run_without_defects_is_complete() {
        let mut run = report();
        judge(&mut run, None);
        skip(&mut run, SkipReason::Excluded);
        skip(&mut run, SkipReason::Duplicate);
        assert!(is_complete(&run));
        skip(&mut run, SkipReason::InvalidDate);
        assert!(!is_complete(&run));

        let mut partial = report();
        judge(&mut partial, None);
        partial.partial = true;
        assert!(!is_complete(&partial));

        let mut suspicious = report();
        judge(
            &mut suspicious,
            Some(Breach {
                reason: Reason::DropDetected,
                message: "x".into(),
            }),
        );
        assert!(!is_complete(&suspicious));
        assert_eq!(
            (suspicious.outcome, exit_code(&suspicious)),
            (Outcome::Suspicious, 0)
        );
    }

    #[test]
    fn a_run_whose_events_could_not_be_stored_has_processed_none() {
        let mut run = report();
        run.processed = 5;
        judge(&mut run, None);
        fail(
            &mut run,
            &Failure::new(Step::Store, Reason::StoreFailed, "the disk is full"),
        );
        assert_eq!((run.outcome, run.processed, run.errors), (Outcome::Failed, 0, 1));
    }

    #[test]
    fn the_exit_code_tells_a_wrong_manifest_from_a_bad_day() {
        let code = |reason| {
            let mut run = report();
            fail(&mut run, &Failure::new(Step::Fetch, reason, "x"));
            exit_code(&run)
        };
        assert_eq!(code(Reason::TimedOut), 1);
        assert_eq!(code(Reason::Interrupted), 1);
        assert_eq!(code(Reason::InvalidSource), 2);
        assert_eq!(code(Reason::SecretMissing), 2);
        assert_eq!(
            exit_code(&{
                let mut run = report();
                judge(&mut run, None);
                run
            }),
            0
        );
    }
}
