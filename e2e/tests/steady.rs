//! Whatever happens to operator, gateway or objects, the end is that of an undisturbed run. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "steady/collision.rs"]
mod collision;
#[path = "steady/counted.rs"]
mod counted;
#[path = "steady/drift.rs"]
mod drift;
#[path = "steady/gateway.rs"]
mod gateway;
#[path = "steady/killed.rs"]
mod killed;

use std::time::Duration;

use sms_e2e::{Namespace, end_state::EndState, eventually};

const A_WHILE: Duration = Duration::from_mins(3);

/// Waits until a namespace has come to what `other` has.
async fn until_same(namespace: &Namespace, other: &EndState) {
    eventually(A_WHILE, "the same end as that of an undisturbed run", || async {
        let state = EndState::of(namespace).await?;
        state.difference(other).map_or(Ok(()), Err)
    })
    .await;
}

/// Waits until sources, statuses and CronJobs agree, and gives that.
async fn settled(namespace: &Namespace) -> EndState {
    eventually(A_WHILE, "statuses are about what is", || EndState::of(namespace)).await
}
