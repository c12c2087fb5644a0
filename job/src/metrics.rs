//! The metrics of one run as the Pushgateway gets them: a fresh registry each run, and its text. Pure.

pub mod families;

use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{Gauge, GaugeVec, IntCounter, IntGauge, IntGaugeVec, Registry, TextEncoder};
use sms_crds::report::{Outcome, Reason, RunReport};

use families::{Family, pushed};

/// How a push treats what the group already holds (Pushgateway README, "API").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushMethod {
    /// The group becomes exactly what is pushed.
    Put,
    /// Families that are pushed are replaced, the others stay.
    Post,
}

/// What one run tells the Pushgateway.
#[derive(Clone, Debug, PartialEq)]
pub struct RunMetrics {
    /// Name of the source in metrics: the grouping label `instance`.
    pub api_name: String,
    /// Namespace of the source.
    pub namespace: String,
    /// Name of the source.
    pub name: String,
    /// Which installation pushes, so that a shared gateway can be tidied without touching others' groups.
    pub installation: String,
    /// Runs of this API since its store began, this one included; `None` where the store could not be asked: the gateway
    /// then keeps the number that it has.
    pub runs_total: Option<u64>,
    /// Failed items and steps.
    pub errors: u64,
    /// Length in seconds.
    pub duration_seconds: f64,
    /// End of the run.
    pub finished_at: Option<Timestamp>,
    /// Events by what became of them, in the order new, updated, unchanged, removed, skipped.
    pub events: [(&'static str, i64); 5],
    /// What only a successful run tells; absent after a failed or suspicious one.
    pub success: Option<SuccessMetrics>,
}

/// The part that stays in the gateway as it was when a run does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuccessMetrics {
    /// Accepted events.
    pub processed: u64,
    /// Rejected items.
    pub skipped: u64,
    /// End of the last successful run.
    pub last_success: Option<Timestamp>,
}

impl RunMetrics {
    /// The metrics of a finished run. Nothing for one that its cadence skipped, or that waited in vain for another run of
    /// its source: that other run is the one to tell about the API.
    ///
    /// `runs_total` counts the runs since the store began, this one included.
    pub fn from_report(report: &RunReport, runs_total: Option<u64>, installation: &str) -> Option<Self> {
        let waited_in_vain = report.reason == Some(Reason::LeaseHeld);
        if report.outcome == Outcome::SkippedByCadence || waited_in_vain {
            return None;
        }
        let (namespace, name) = report
            .source
            .split_once('/')
            .unwrap_or(("default", &report.source));
        let finished_at = report.finished_at.parse::<Timestamp>().ok();
        let success = report.outcome.is_success().then(|| SuccessMetrics {
            processed: count(report.processed),
            skipped: count(report.skipped),
            last_success: finished_at,
        });
        Some(Self {
            api_name: report.api_name.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            installation: installation.to_owned(),
            runs_total,
            errors: count(report.errors),
            duration_seconds: report.duration_seconds.max(0.0),
            finished_at,
            events: [
                ("new", report.new),
                ("updated", report.updated),
                ("unchanged", report.unchanged),
                ("removed", report.removed),
                ("skipped", report.skipped),
            ],
            success,
        })
    }

    /// PUT after a success; otherwise POST, so that the last success stays visible beside the failure.
    pub fn method(&self) -> PushMethod {
        if self.success.is_some() {
            PushMethod::Put
        } else {
            PushMethod::Post
        }
    }

    /// The body of the push in the Prometheus text format, version 0.0.4.
    pub fn to_text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&run_registry(self)?.gather())
    }
}

/// A registry that holds the families of this run and nothing else.
pub fn run_registry(run: &RunMetrics) -> Result<Registry, prometheus::Error> {
    let registry = Registry::new();
    if let Some(runs) = run.runs_total {
        counter(&registry, &pushed::INGEST_RUNS, runs)?;
    }
    counter(&registry, &pushed::PIPELINE_ERRORS, run.errors)?;
    let duration = Gauge::with_opts(families::opts(&pushed::PIPELINE_DURATION))?;
    duration.set(run.duration_seconds);
    register(&registry, &duration)?;
    gauge(
        &registry,
        &pushed::LAST_RUN_SUCCESS,
        i64::from(run.success.is_some()),
    )?;
    if let Some(finished_at) = run.finished_at {
        gauge(&registry, &pushed::LAST_RUN_TIMESTAMP, finished_at.as_second())?;
    }

    let events = IntGaugeVec::new(
        families::opts(&pushed::LAST_RUN_EVENTS),
        pushed::LAST_RUN_EVENTS.labels,
    )?;
    for (outcome, number) in run.events {
        events.with_label_values(&[outcome]).set(number);
    }
    register(&registry, &events)?;

    let info = GaugeVec::new(families::opts(&pushed::SOURCE_INFO), pushed::SOURCE_INFO.labels)?;
    info.with_label_values(&[&run.namespace, &run.name, &run.installation])
        .set(1.0);
    register(&registry, &info)?;

    if let Some(success) = run.success {
        counter(&registry, &pushed::EVENTS_PROCESSED, success.processed)?;
        counter(&registry, &pushed::EVENTS_SKIPPED, success.skipped)?;
        if let Some(last_success) = success.last_success {
            gauge(
                &registry,
                &pushed::LAST_SUCCESS_TIMESTAMP,
                last_success.as_second(),
            )?;
        }
    }
    Ok(registry)
}

/// A count as metrics have it: never negative.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn counter(registry: &Registry, family: &Family, value: u64) -> Result<(), prometheus::Error> {
    let counter = IntCounter::with_opts(families::opts(family))?;
    counter.inc_by(value);
    register(registry, &counter)
}

fn gauge(registry: &Registry, family: &Family, value: i64) -> Result<(), prometheus::Error> {
    let gauge = IntGauge::with_opts(families::opts(family))?;
    gauge.set(value);
    register(registry, &gauge)
}

pub(crate) fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: &C,
) -> Result<(), prometheus::Error> {
    registry.register(Box::new(collector.clone()))
}

#[cfg(test)]
mod tests;
