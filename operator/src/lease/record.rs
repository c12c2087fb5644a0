//! What a Lease says, and what to write into it. Pure; semantics of client-go's leader election.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use tokio::time::Instant;

/// The Lease as it was seen last, and since when it has been so.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    record: Option<(LeaseSpec, Instant)>,
}

impl Observed {
    /// Takes note of what the Lease says now.
    pub fn see(&mut self, lease: &Lease, now: Instant) {
        let spec = lease.spec.clone().unwrap_or_default();
        if self.record.as_ref().is_none_or(|(seen, _)| *seen != spec) {
            self.record = Some((spec, now));
        }
    }

    /// When the Lease becomes free unless it changes before. `own_duration` is for a Lease that has none.
    pub fn expiry(&self, own_duration: Duration) -> Instant {
        let Some((spec, since)) = &self.record else {
            return Instant::now();
        };
        let seconds = spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok());
        *since + seconds.map_or(own_duration, Duration::from_secs)
    }

    /// Whether `identity` may take the Lease.
    pub fn is_free(&self, identity: &str, own_duration: Duration, now: Instant) -> bool {
        let holder = self.record.as_ref().and_then(|(spec, _)| held_by(spec));
        match holder {
            None => true,
            Some(holder) => holder == identity || now >= self.expiry(own_duration),
        }
    }
}

/// Who has the Lease.
pub fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref().and_then(held_by)
}

fn held_by(spec: &LeaseSpec) -> Option<&str> {
    spec.holder_identity
        .as_deref()
        .filter(|holder| !holder.is_empty())
}

/// A Lease that `identity` makes.
pub fn new(name: &str, identity: &str, duration: Duration, now: Timestamp) -> Lease {
    let lease = Lease {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: None,
    };
    let mut lease = claimed(lease, identity, duration, now);
    if let Some(spec) = &mut lease.spec {
        spec.lease_transitions = Some(0);
    }
    lease
}

/// `lease`, taken or renewed by `identity`. Its `resourceVersion` makes the API server refuse if it has changed.
pub fn claimed(mut lease: Lease, identity: &str, duration: Duration, now: Timestamp) -> Lease {
    let spec = lease.spec.get_or_insert_default();
    if spec.holder_identity.as_deref() != Some(identity) {
        spec.holder_identity = Some(identity.to_owned());
        spec.acquire_time = Some(MicroTime(now));
        spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0).saturating_add(1));
    }
    spec.lease_duration_seconds = Some(i32::try_from(duration.as_secs().max(1)).unwrap_or(i32::MAX));
    spec.renew_time = Some(MicroTime(now));
    lease
}

/// `lease`, held by nobody.
pub fn released(mut lease: Lease, now: Timestamp) -> Lease {
    let spec = lease.spec.get_or_insert_default();
    spec.holder_identity = None;
    spec.lease_duration_seconds = Some(1);
    spec.acquire_time = Some(MicroTime(now));
    spec.renew_time = Some(MicroTime(now));
    lease
}
