//! The exporter of a long-running process: what its runs add up to since it started. The registry is pure bookkeeping;
//! [`server`] is the IO.

pub mod server;

use jiff::Timestamp;
use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec, Registry, TextEncoder};
use sms_crds::{
    SourceKey,
    report::{Outcome, RunReport, SkipReason, Step},
};

use crate::metrics::families::{self, DURATION_BUCKETS, Family, exported};
use crate::metrics::{count, register};
pub use server::{Listeners, Readiness, ServerError};

/// The outcomes that count as runs.
const COUNTED: [Outcome; 4] = [
    Outcome::Succeeded,
    Outcome::Unchanged,
    Outcome::Suspicious,
    Outcome::Failed,
];

/// The exporter's registry. A clone shares the series.
#[derive(Clone, Debug)]
pub struct Exporter {
    registry: Registry,
    runs: IntCounterVec,
    processed: IntCounterVec,
    skipped: IntCounterVec,
    errors: IntCounterVec,
    duration: HistogramVec,
    info: IntGaugeVec,
    expected_interval: GaugeVec,
    last_success: IntGaugeVec,
    next_run: IntGaugeVec,
    run_deadline: IntGaugeVec,
    created: IntGaugeVec,
    consecutive_failures: IntGaugeVec,
    suspended: IntGaugeVec,
}

impl Exporter {
    /// A registry with every family of [`exported`] and no source yet.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |family: &Family| -> Result<IntCounterVec, prometheus::Error> {
            let counter = IntCounterVec::new(families::opts(family), family.labels)?;
            register(&registry, &counter).map(|()| counter)
        };
        let gauge = |family: &Family| -> Result<IntGaugeVec, prometheus::Error> {
            let gauge = IntGaugeVec::new(families::opts(family), family.labels)?;
            register(&registry, &gauge).map(|()| gauge)
        };
        let duration = exported::PIPELINE_DURATION;
        let duration = HistogramVec::new(
            families::histogram_opts(&duration, &DURATION_BUCKETS),
            duration.labels,
        )?;
        register(&registry, &duration)?;
        let interval = exported::SOURCE_EXPECTED_INTERVAL;
        let expected_interval = GaugeVec::new(families::opts(&interval), interval.labels)?;
        register(&registry, &expected_interval)?;
        gauge(&exported::BUILD_INFO)?
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        Ok(Self {
            runs: counter(&exported::INGEST_RUNS)?,
            processed: counter(&exported::EVENTS_PROCESSED)?,
            skipped: counter(&exported::EVENTS_SKIPPED)?,
            errors: counter(&exported::PIPELINE_ERRORS)?,
            duration,
            info: gauge(&exported::SOURCE_INFO)?,
            expected_interval,
            last_success: gauge(&exported::SOURCE_LAST_SUCCESS)?,
            next_run: gauge(&exported::SOURCE_NEXT_RUN)?,
            run_deadline: gauge(&exported::SOURCE_RUN_DEADLINE)?,
            created: gauge(&exported::SOURCE_CREATED)?,
            consecutive_failures: gauge(&exported::SOURCE_CONSECUTIVE_FAILURES)?,
            suspended: gauge(&exported::SOURCE_SUSPENDED)?,
            registry,
        })
    }

    /// Makes every series of a source exist at 0, so that rates and quantiles work from its first run. Doing it again
    /// only updates the interval, in seconds. `installation` is the name that this process pushes under.
    pub fn register_source(
        &self,
        api: &str,
        source: &SourceKey,
        installation: &str,
        expected_interval_seconds: f64,
    ) {
        for outcome in COUNTED {
            self.runs.with_label_values(&[api, outcome.as_str()]);
        }
        for reason in SkipReason::ALL {
            self.skipped.with_label_values(&[api, reason.as_str()]);
        }
        for step in Step::ALL {
            self.errors.with_label_values(&[api, step.as_str()]);
        }
        self.processed.with_label_values(&[api]);
        self.duration.with_label_values(&[api]);
        self.info
            .with_label_values(&[api, &source.namespace, &source.name, installation])
            .set(1);
        self.expected_interval
            .with_label_values(&[api])
            .set(expected_interval_seconds);
        self.last_success.with_label_values(&[api]);
        self.next_run.with_label_values(&[api]);
        self.run_deadline.with_label_values(&[api]);
        self.created.with_label_values(&[api]);
        self.consecutive_failures.with_label_values(&[api]);
        self.suspended.with_label_values(&[api]);
    }

    /// Counts a finished run. A run that its cadence skipped is none.
    pub fn observe_run(&self, report: &RunReport) {
        if report.outcome == Outcome::SkippedByCadence {
            return;
        }
        let api = report.api_name.as_str();
        self.runs.with_label_values(&[api, report.outcome.as_str()]).inc();
        self.processed
            .with_label_values(&[api])
            .inc_by(count(report.processed));
        for (reason, number) in &report.skipped_by_reason {
            self.skipped
                .with_label_values(&[api, reason.as_str()])
                .inc_by(count(*number));
        }
        for (step, number) in &report.errors_by_step {
            self.errors
                .with_label_values(&[api, step.as_str()])
                .inc_by(count(*number));
        }
        // A push happens after the report's errors are counted and never changes them.
        if report.metrics_pushed == Some(false) && !report.errors_by_step.contains_key(&Step::Push) {
            self.errors.with_label_values(&[api, Step::Push.as_str()]).inc();
        }
        self.duration
            .with_label_values(&[api])
            .observe(report.duration_seconds.max(0.0));
        let failures = self.consecutive_failures.with_label_values(&[api]);
        match report.outcome.is_success() {
            true => failures.set(0),
            false => failures.inc(),
        }
        if report.outcome.is_success()
            && let Ok(finished_at) = report.finished_at.parse()
        {
            self.set_last_success(api, finished_at);
        }
    }

    /// Sets when the last successful run ended; at the start it comes from the store.
    pub fn set_last_success(&self, api: &str, at: Timestamp) {
        self.last_success.with_label_values(&[api]).set(at.as_second());
    }

    /// Sets when the next run is due, and how many seconds later it has to be over; nothing for a source that is
    /// suspended or never due again.
    pub fn set_next_run(&self, api: &str, at: Option<Timestamp>, longest_seconds: i64) {
        let at = at.map(Timestamp::as_second);
        self.next_run.with_label_values(&[api]).set(at.unwrap_or(0));
        self.run_deadline
            .with_label_values(&[api])
            .set(at.map_or(0, |at| at.saturating_add(longest_seconds)));
    }

    /// Sets since when the source is known.
    pub fn set_created(&self, api: &str, at: Timestamp) {
        self.created.with_label_values(&[api]).set(at.as_second());
    }

    /// Sets whether scheduled runs are suspended.
    pub fn set_suspended(&self, api: &str, suspended: bool) {
        self.suspended.with_label_values(&[api]).set(i64::from(suspended));
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    pub fn to_text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

#[cfg(test)]
mod tests;
