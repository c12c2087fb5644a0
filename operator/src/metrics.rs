//! Metrics of the operator itself: what it did, not what its sources did. Bookkeeping, and on Linux what `/proc` says
//! about this process when it is asked.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, proto::MetricFamily,
};
use sms_crds::metrics::{Family, exported, operator};

/// Upper bounds of the reconcile buckets in seconds: from an answer out of memory to a server that crawls.
const RECONCILE_BUCKETS: [f64; 12] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// What became of a reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconcileResult {
    /// Something was written.
    Applied,
    /// Everything was as it should be.
    Unchanged,
    /// The source cannot be used as it is; its author has to change it.
    Refused,
    /// It failed and is tried again.
    Failed,
}

impl ReconcileResult {
    /// Every result, in the order of this enum.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Unchanged, Self::Refused, Self::Failed];

    /// The value of the label `result`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Metrics of the operator itself. Every series is there from the start, at 0.
#[derive(Debug)]
pub struct OperatorMetrics {
    registry: Registry,
    reconciliations: IntCounterVec,
    duration: Histogram,
    errors: IntCounterVec,
    leader: IntGauge,
}

impl OperatorMetrics {
    /// A registry with every series at 0. `reasons` are all values that [`Self::failed`] may get.
    ///
    /// # Errors
    /// Two families have one name, which the contract in `sms_crds::metrics` rules out.
    pub fn new(reasons: &[&str]) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            registry: Registry::new(),
            reconciliations: IntCounterVec::new(
                opts(operator::RECONCILIATIONS),
                operator::RECONCILIATIONS.labels,
            )?,
            duration: Histogram::with_opts(
                HistogramOpts::from(opts(operator::RECONCILE_DURATION)).buckets(RECONCILE_BUCKETS.to_vec()),
            )?,
            errors: IntCounterVec::new(
                opts(operator::RECONCILE_ERRORS),
                operator::RECONCILE_ERRORS.labels,
            )?,
            leader: IntGauge::with_opts(opts(operator::LEADER))?,
        };
        let build = IntGaugeVec::new(opts(exported::BUILD_INFO), exported::BUILD_INFO.labels)?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        for result in ReconcileResult::ALL {
            metrics.reconciliations.with_label_values(&[result.as_str()]);
        }
        for reason in reasons {
            metrics.errors.with_label_values(&[*reason]);
        }
        metrics
            .registry
            .register(Box::new(metrics.reconciliations.clone()))?;
        metrics.registry.register(Box::new(metrics.duration.clone()))?;
        metrics.registry.register(Box::new(metrics.errors.clone()))?;
        metrics.registry.register(Box::new(metrics.leader.clone()))?;
        metrics.registry.register(Box::new(build))?;
        #[cfg(target_os = "linux")]
        metrics.registry.register(Box::new(
            prometheus::process_collector::ProcessCollector::for_self(),
        ))?;
        Ok(metrics)
    }

    /// Counts a reconciliation and how long it took.
    pub fn reconciled(&self, result: ReconcileResult, took: Duration) {
        self.reconciliations.with_label_values(&[result.as_str()]).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts why a reconciliation failed, beside [`Self::reconciled`] with [`ReconcileResult::Failed`].
    pub fn failed(&self, reason: &'static str) {
        self.errors.with_label_values(&[reason]).inc();
    }

    /// Sets whether this process is the leader.
    pub fn set_leader(&self, is_leader: bool) {
        self.leader.set(i64::from(is_leader));
    }

    /// All families, as they are now.
    pub fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

fn opts(family: Family) -> Opts {
    Opts::new(family.name, family.help)
}

#[cfg(test)]
mod tests {
    use prometheus::TextEncoder;

    use super::*;

    fn text(metrics: &OperatorMetrics) -> String {
        TextEncoder::new().encode_to_string(&metrics.gather()).unwrap()
    }

    #[test]
    fn every_series_is_there_at_zero_before_the_first_reconciliation() {
        let text = text(&OperatorMetrics::new(&["apply", "status"]).unwrap());
        for series in [
            "sms_operator_reconciliations_total{result=\"applied\"} 0",
            "sms_operator_reconciliations_total{result=\"unchanged\"} 0",
            "sms_operator_reconciliations_total{result=\"refused\"} 0",
            "sms_operator_reconciliations_total{result=\"failed\"} 0",
            "sms_operator_reconcile_errors_total{reason=\"apply\"} 0",
            "sms_operator_reconcile_errors_total{reason=\"status\"} 0",
            "sms_operator_reconcile_duration_seconds_count 0",
            "sms_operator_leader 0",
        ] {
            assert!(
                text.lines().any(|line| line == series),
                "{series} is not in\n{text}"
            );
        }
        assert!(text.contains("sms_build_info{version="), "{text}");
        if cfg!(target_os = "linux") {
            for family in [
                "process_cpu_seconds_total",
                "process_open_fds",
                "process_resident_memory_bytes",
                "process_start_time_seconds",
            ] {
                assert!(
                    text.contains(&format!("\n{family} ")),
                    "{family} is not in\n{text}"
                );
            }
        }
    }

    #[test]
    fn what_happens_is_counted() {
        let metrics = OperatorMetrics::new(&["apply"]).unwrap();
        metrics.reconciled(ReconcileResult::Failed, Duration::from_millis(3));
        metrics.failed("apply");
        metrics.set_leader(true);
        let text = text(&metrics);
        for series in [
            "sms_operator_reconciliations_total{result=\"failed\"} 1",
            "sms_operator_reconcile_errors_total{reason=\"apply\"} 1",
            "sms_operator_reconcile_duration_seconds_bucket{le=\"0.0025\"} 0",
            "sms_operator_reconcile_duration_seconds_bucket{le=\"0.005\"} 1",
            "sms_operator_leader 1",
        ] {
            assert!(
                text.lines().any(|line| line == series),
                "{series} is not in\n{text}"
            );
        }
    }
}
