//! Waiting for a lease, and what the rows of a lease mean. Pure but for the waiting.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use jiff::Timestamp;
use sms_crds::SourceKey;

use super::{
    error::{Fault, StoreError},
    model::Lease,
    rows::{LeaseRow, moment},
};

/// Tries until the lease is taken or `wait` has passed.
pub(super) async fn wait_for<F: Future<Output = Result<Lease, StoreError>>>(
    attempt: impl FnMut() -> F,
    wait: Duration,
) -> Result<Lease, StoreError> {
    let waits = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(25))
        .with_max_delay(Duration::from_secs(1))
        .with_jitter()
        .without_max_times()
        .with_total_delay(Some(wait));
    attempt
        .retry(waits)
        .when(|error| matches!(error, StoreError::LeaseHeld { .. } | StoreError::Busy { .. }))
        .await
}

/// The lease that an attempt took, or who holds it.
pub(super) fn taken(
    source: &SourceKey,
    holder: &str,
    taken: Option<LeaseRow>,
    held: Option<LeaseRow>,
) -> Result<Lease, Fault> {
    let until = |row: &LeaseRow| row.until.as_deref().map(moment).transpose();
    match taken {
        Some(row) => Ok(Lease {
            source: source.clone(),
            holder: holder.to_owned(),
            until: until(&row)?.unwrap_or(Timestamp::UNIX_EPOCH),
            token: row.token,
        }),
        None => Err(Fault::Store(StoreError::LeaseHeld {
            source_key: source.clone(),
            until: held
                .as_ref()
                .map(until)
                .transpose()?
                .flatten()
                .unwrap_or(Timestamp::UNIX_EPOCH),
            by: holder_of(held),
        })),
    }
}

/// That somebody else has the lease now.
pub(super) fn lost(lease: &Lease, now: Option<LeaseRow>) -> Fault {
    Fault::Store(StoreError::LeaseLost {
        source_key: lease.source.clone(),
        by: holder_of(now),
    })
}

fn holder_of(row: Option<LeaseRow>) -> String {
    row.and_then(|row| row.holder)
        .unwrap_or_else(|| "a run that has ended".to_owned())
}
