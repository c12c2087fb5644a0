//! What the exporter tells of each source, as numbers. Pure.

use jiff::Timestamp;
use sms_crds::{
    ScrapeSource, SourceKey, conditions,
    metrics::DURATION_BUCKETS,
    report::{Outcome, SkipReason, Step},
    schedule::Schedule,
    v1alpha1::status::RunTotals,
    zone::time_zone,
};

use super::{Sources, intervals::Intervals, text::escaped};

/// Outcomes that are counted: a run that its cadence skipped is none.
pub(super) const OUTCOMES: [Outcome; 4] = [
    Outcome::Succeeded,
    Outcome::Unchanged,
    Outcome::Suspicious,
    Outcome::Failed,
];

/// One source.
#[derive(Debug)]
pub(super) struct Row {
    /// Namespace and name.
    pub(super) key: SourceKey,
    /// The API name as the value of a label.
    pub(super) api: String,
    /// What its series say; none for a source that lost its API name to an older one.
    pub(super) numbers: Option<Numbers>,
}

/// The numbers of one source.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) runs: [f64; OUTCOMES.len()],
    pub(super) processed: f64,
    pub(super) skipped: [f64; SkipReason::ALL.len()],
    pub(super) errors: [f64; Step::ALL.len()],
    /// Runs by length, as the totals have them: not added up, the last beyond every bound.
    pub(super) durations: [u64; DURATION_BUCKETS.len() + 1],
    pub(super) duration_seconds: f64,
    /// What the schedule says; absent if it cannot be read.
    pub(super) timing: Option<Timing>,
    pub(super) last_success: f64,
    pub(super) run_deadline: f64,
    pub(super) created: Option<f64>,
    pub(super) consecutive_failures: f64,
    pub(super) is_suspended: bool,
    /// For each type of condition the index of its status.
    pub(super) conditions: [usize; conditions::TYPES.len()],
    pub(super) is_pending: bool,
}

/// When a source runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) interval_seconds: f64,
    pub(super) next_run: f64,
}

/// The rows of all sources, ordered by API name, the owner of each first.
pub(super) fn rows(sources: &Sources<'_>, now: Timestamp, intervals: &mut Intervals) -> Vec<Row> {
    intervals.begin();
    let mut rows = Vec::new();
    (sources.each)(&mut |source| {
        let is_owner = sources.names.is_owner(source);
        rows.push(Row {
            key: source.key(),
            api: escaped(&source.api_name()),
            numbers: is_owner.then(|| numbers(source, now, intervals)),
        });
    });
    intervals.end();
    rows.sort_by(|one, other| (&one.api, one.numbers.is_none()).cmp(&(&other.api, other.numbers.is_none())));
    rows
}

fn numbers(source: &ScrapeSource, now: Timestamp, intervals: &mut Intervals) -> Numbers {
    let (status, spec) = (source.status.as_ref(), &source.spec);
    let totals = status.and_then(|status| status.totals.as_ref());
    let of = |number: Option<&i64>| count(number.copied().unwrap_or_default());
    Numbers {
        runs: OUTCOMES.map(|outcome| of(totals.and_then(|totals| totals.runs.get(&outcome)))),
        processed: of(totals.map(|totals| &totals.processed)),
        skipped: SkipReason::ALL.map(|reason| of(totals.and_then(|totals| totals.skipped.get(&reason)))),
        errors: Step::ALL.map(|step| of(totals.and_then(|totals| totals.errors.get(&step)))),
        durations: durations(totals),
        duration_seconds: totals.map_or(0.0, |totals| totals.duration_seconds.max(0.0)),
        timing: timing(source, now, intervals),
        last_success: status
            .and_then(|status| status.last_success_time.as_ref())
            .map_or(0.0, |time| seconds(time.0)),
        run_deadline: run_deadline(source),
        created: source
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|created| seconds(created.0)),
        consecutive_failures: of(status.map(|status| &status.consecutive_failures)),
        is_suspended: spec.suspend,
        conditions: conditions::TYPES.map(|kind| condition(source, kind)),
        is_pending: is_pending(source),
    }
}

fn timing(source: &ScrapeSource, now: Timestamp, intervals: &mut Intervals) -> Option<Timing> {
    let schedule = Schedule::parse(&source.spec.schedule, &source.key()).ok()?;
    let zone = time_zone(&source.spec.time_zone, "spec.timeZone").ok()?;
    let next_run = match source.spec.suspend {
        true => None,
        false => schedule.next_after(now, &zone),
    };
    Some(Timing {
        interval_seconds: source
            .expected_interval(intervals.between_slots(&schedule, &source.spec.time_zone, &zone, now))
            .as_secs_f64(),
        next_run: next_run.map_or(0.0, seconds),
    })
}

/// The status knows when a run was due that nothing has been heard of since; the schedule alone would only ever look ahead.
fn run_deadline(source: &ScrapeSource) -> f64 {
    let due = source
        .status
        .as_ref()
        .and_then(|status| status.next_run_time.as_deref());
    let due: Option<Timestamp> = due.and_then(|text| text.parse().ok());
    due.filter(|_| !source.spec.suspend)
        .map_or(0.0, |due| seconds(due) + longest_run(source))
}

/// A condition that is absent is unknown (Kubernetes API conventions, "Typical status properties").
fn condition(source: &ScrapeSource, kind: &str) -> usize {
    let written = source
        .status
        .as_ref()
        .map_or(&[][..], |status| &status.conditions);
    let current = written
        .iter()
        .find(|condition| condition.type_ == kind)
        .map_or("Unknown", |condition| condition.status.as_str());
    let known = conditions::STATUSES.iter().position(|status| *status == current);
    known.unwrap_or(usize::MAX)
}

/// A source that is being deleted is not reconciled any more.
fn is_pending(source: &ScrapeSource) -> bool {
    let observed = source
        .status
        .as_ref()
        .and_then(|status| status.observed_generation);
    source.metadata.deletion_timestamp.is_none() && source.metadata.generation != observed
}

fn durations(totals: Option<&RunTotals>) -> [u64; DURATION_BUCKETS.len() + 1] {
    let mut durations = [0; DURATION_BUCKETS.len() + 1];
    let single = totals.map_or(&[][..], |totals| &totals.duration_buckets);
    for (index, runs) in single.iter().enumerate() {
        // What is beyond every bound counts as such.
        if let Some(sum) = durations.get_mut(index.min(DURATION_BUCKETS.len())) {
            *sum += u64::try_from(*runs).unwrap_or_default();
        }
    }
    durations
}

/// Exact up to 2⁵³, as every number in Prometheus.
#[allow(clippy::cast_precision_loss, reason = "numbers in Prometheus are f64")]
fn count(number: i64) -> f64 {
    number.max(0) as f64
}

/// From the time when a run is due to the time when Kubernetes has ended it, in seconds.
#[allow(clippy::cast_precision_loss, reason = "numbers in Prometheus are f64")]
fn longest_run(source: &ScrapeSource) -> f64 {
    let job = source.spec.job.clone().unwrap_or_default();
    (job.starting_deadline() + job.active_deadline()) as f64
}

#[allow(clippy::cast_precision_loss, reason = "numbers in Prometheus are f64")]
fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}
