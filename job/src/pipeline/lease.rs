//! Keeps a run's lease alive while the run goes on. IO.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tracing::warn;

use crate::store::{Lease, Store};

/// How long a lease lives without renewal: so long does a killed run block its source.
pub const LEASE_TIME: Duration = Duration::from_mins(1);

/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// Renews a lease in the background until it is stopped or dropped.
pub struct LeaseKeeper(JoinHandle<()>);

impl LeaseKeeper {
    /// Starts renewing.
    pub fn start(store: Arc<Store>, mut lease: Lease) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                // A lost lease shows again, and decisively, when the run commits.
                if let Err(error) = store.renew_lease(&mut lease, LEASE_TIME).await {
                    warn!(source = %lease.source, "Failed to renew the lease: {error}");
                }
            }
        }))
    }

    /// Stops renewing.
    pub fn stop(self) {
        self.0.abort();
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}
