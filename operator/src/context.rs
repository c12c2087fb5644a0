//! What every reconciliation shares: built once, never changed.

use std::sync::Arc;

use kube::{Client, runtime::events::Recorder};

use crate::{controller::Caches, metrics::OperatorMetrics, settings::Config};

/// What every reconciliation shares.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// Settings.
    pub config: Config,
    /// What is known of the cluster.
    pub caches: Arc<Caches>,
    /// Metrics of the operator itself.
    pub metrics: Arc<OperatorMetrics>,
    /// Kubernetes events.
    pub recorder: Recorder,
}
