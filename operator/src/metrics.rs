//! Metrics of the operator itself. Pure.

/// Metrics of the operator itself.
#[derive(Default)]
pub struct OperatorMetrics {}
