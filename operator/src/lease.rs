//! Leader election by a Lease, with the rules of Kubernetes' own components. IO.
//!
//! ```text
//! follow: GET ──▶ held by another ──▶ watch ──▶ released, deleted, or not renewed for its duration ─┐
//!           ▲ └──▶ free ──────────────────────────────▶ PUT with resourceVersion ◀──────────────────┘
//!           │                                                   │
//! lead:     └── not renewed in time, or taken ◀── PUT every ────┘
//! ```
//!
//! Clocks are never compared: a replica measures by its own clock since it saw the Lease change. A leader stops at two
//! thirds of the duration after it last began a renewal that worked, so that the last third is left for its work to end.

mod election;
pub mod record;

use std::{sync::Arc, time::Duration};

use kube::Client;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::permit::Permit;
use election::Election;

/// Which Lease, and who asks for it.
#[derive(Clone, Debug)]
pub struct LeaseSettings {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// This replica: nobody else may have the same.
    pub identity: String,
    /// How long a leader that gives no sign of life keeps the Lease. Whole seconds.
    pub duration: Duration,
}

impl LeaseSettings {
    /// An identity of this process: the Pod's name, and what tells two containers of one Pod apart.
    pub fn identity(hostname: Option<&str>) -> String {
        format!("{}_{:08x}", hostname.unwrap_or("sms-operator"), fastrand::u32(..))
    }

    /// How long after the last renewal a leader goes on.
    fn renew_deadline(&self) -> Duration {
        self.duration * 2 / 3
    }

    /// Time between two renewals.
    fn retry_period(&self) -> Duration {
        self.duration * 2 / 15
    }

    /// Time for one request: a connection that is dead must not use up the deadline.
    fn call_limit(&self) -> Duration {
        self.duration * 2 / 9
    }

    /// How long the work of a leader may go on after leadership is lost.
    pub fn time_to_stop(&self) -> Duration {
        self.duration
            .saturating_sub(self.renew_deadline())
            .min(Duration::from_secs(5))
    }
}

/// Whether this process leads, now and from now on.
#[derive(Debug)]
pub struct Leadership {
    leads: watch::Receiver<bool>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Leadership {
    /// Takes part in the election until [`Self::release`]. `permit` holds while this process leads, and ends by itself with
    /// the time for which it was elected. `on_read` is called whenever the Lease could be read.
    pub fn start(
        client: Client,
        settings: LeaseSettings,
        permit: Permit,
        on_read: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (sender, leads) = watch::channel(false);
        let stop = CancellationToken::new();
        let election = Election::new(client, settings, permit, Arc::new(on_read));
        let task = tokio::spawn(election.run(sender, stop.clone()));
        Self {
            leads,
            stop,
            task: Some(task),
        }
    }

    /// Leads from the start, without an election.
    pub fn always(permit: &Permit) -> Self {
        permit.grant_always();
        let (sender, leads) = watch::channel(true);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            stopped.cancelled().await;
            drop(sender);
        });
        Self {
            leads,
            stop,
            task: Some(task),
        }
    }

    /// Tells whether this process leads. Closed if the election ended by itself, which it does not.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.leads.clone()
    }

    /// Gives the Lease back, so that another replica leads at once. Call it when the work of a leader has ended.
    pub async fn release(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Leadership {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[cfg(test)]
mod tests;
