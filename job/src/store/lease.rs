//! Waiting for a lease, and what the rows of a lease mean. Pure but for the waiting.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use sms_crds::SourceKey;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    error::{Fault, StoreError},
    model::Lease,
    rows::{LeaseRow, moment},
};

/// Tries until the lease is taken or `wait` has passed. The first attempt is made in any case; after that whoever is in the
/// way is told, also where an attempt itself waits, as one for a locked file does.
pub(super) async fn wait_for<F: Future<Output = Result<Lease, StoreError>>>(
    mut attempt: impl FnMut() -> F,
    wait: Duration,
) -> Result<Lease, StoreError> {
    let deadline = Instant::now() + wait;
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(25))
        .with_max_delay(Duration::from_secs(1))
        .with_jitter()
        .without_max_times()
        .build();
    let mut taken = attempt().await;
    loop {
        let obstacle = match taken {
            Err(error @ (StoreError::LeaseHeld { .. } | StoreError::Busy { .. })) => error,
            other => return other,
        };
        let pause = pauses.next().unwrap_or(Duration::from_secs(1));
        let again = async {
            sleep(pause).await;
            attempt().await
        };
        taken = match timeout_at(deadline, again).await {
            Ok(taken) => taken,
            Err(_) => return Err(obstacle),
        };
    }
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
