//! Keeps a run's lease alive while the run goes on. IO.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::store::{Lease, Store, StoreError};

/// How long a lease lives without renewal: so long does a killed run block its source.
pub const LEASE_TIME: Duration = Duration::from_mins(1);

/// How long a run waits for another before it says so.
const NOTICE_AFTER: Duration = Duration::from_secs(2);

/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// Says so when a lease has to be waited for.
pub async fn with_notice(
    acquired: impl Future<Output = Result<Lease, StoreError>>,
    api: &str,
) -> Result<Lease, StoreError> {
    let mut acquired = std::pin::pin!(acquired);
    tokio::select! {
        biased;
        lease = &mut acquired => return lease,
        () = tokio::time::sleep(NOTICE_AFTER) => {}
    }
    info!(api, "Waiting for another run of this source");
    acquired.await
}

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
