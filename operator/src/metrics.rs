//! Metrics of the operator itself. Pure.

use std::time::Duration;

/// How a pass over a source ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconcileResult {
    /// Something was written.
    Applied,
    /// Everything was as it should be.
    Unchanged,
    /// The source is wrong.
    Refused,
    /// The pass failed and is tried again.
    Failed,
}

/// Metrics of the operator itself.
#[derive(Default)]
pub struct OperatorMetrics {}

impl OperatorMetrics {
    /// Counts a pass.
    pub fn reconciled(&self, _result: ReconcileResult, _took: Duration) {}
    /// Counts a failure.
    pub fn failed(&self, _reason: &'static str) {}
}
