//! The loop of the election: follow until the Lease is ours, then lead until it is not. IO.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client,
    api::{PostParams, WatchEvent, WatchParams},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    LeaseSettings,
    record::{self, Observed},
};
use crate::{permit::Permit, startup::client::in_words};

/// Least time between two requests of a replica that does not lead, whatever the API server answers.
const LEAST_GAP: Duration = Duration::from_millis(500);
/// Time to give the Lease back at the end.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);

/// Why a request about the Lease failed.
#[derive(Debug, thiserror::Error)]
enum LeaseError {
    #[error("the API server did not answer within {limit:?}")]
    TimedOut { limit: Duration },
    #[error("{}", in_words(.0))]
    Kube(#[from] kube::Error),
}

impl LeaseError {
    fn code(&self) -> Option<u16> {
        match self {
            Self::Kube(kube::Error::Api(status)) => Some(status.code),
            _ => None,
        }
    }
}

/// One replica in the election.
pub(super) struct Election {
    api: Api<Lease>,
    settings: LeaseSettings,
    permit: Permit,
    on_read: Arc<dyn Fn() + Send + Sync>,
    /// What was logged last, so that nothing is said twice.
    told: Option<String>,
}

/// What a look at the Lease led to.
enum Attempt {
    /// This replica has it.
    Acquired(Lease),
    /// Another replica has it.
    Held(Lease),
}

impl Election {
    pub(super) fn new(
        client: Client,
        settings: LeaseSettings,
        permit: Permit,
        on_read: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            api: Api::namespaced(client, &settings.namespace),
            settings,
            permit,
            on_read,
            told: None,
        }
    }

    /// Takes part until `stop`, and gives the Lease back then.
    pub(super) async fn run(mut self, sender: watch::Sender<bool>, stop: CancellationToken) {
        let election = async {
            loop {
                let (lease, renewed_at) = self.follow().await;
                tracing::info!(identity = self.settings.identity, "Became leader");
                self.told = None;
                self.permit.grant(renewed_at + self.settings.renew_deadline());
                sender.send_replace(true);
                self.lead(lease, renewed_at).await;
                self.permit.withdraw();
                sender.send_replace(false);
                // The permit is the process's: what the last term left must have ended before another begins.
                let stopped = self.settings.time_to_stop();
                sleep(stopped.max(self.settings.retry_period())).await;
            }
        };
        let _: Option<()> = stop.run_until_cancelled(election).await;
        if *sender.borrow() {
            self.permit.withdraw();
            match timeout(RELEASE_LIMIT, self.give_back()).await {
                Ok(Ok(())) => tracing::info!("Released leadership"),
                Ok(Err(error)) => tracing::warn!("failed to release leadership: {error}"),
                Err(_) => tracing::warn!("failed to release leadership within {RELEASE_LIMIT:?}"),
            }
            sender.send_replace(false);
        }
    }

    /// Waits until the Lease is ours: the Lease, and when the request for it was begun.
    async fn follow(&mut self) -> (Lease, Instant) {
        let mut observed = Observed::default();
        let mut earliest = Instant::now();
        loop {
            sleep_until(earliest).await;
            let begun = Instant::now();
            earliest = begun + LEAST_GAP;
            match self.acquire(&mut observed).await {
                Ok(Attempt::Acquired(lease)) => return (lease, begun),
                Ok(Attempt::Held(lease)) => {
                    let holder = record::holder(&lease).unwrap_or_default();
                    self.tell(format!("Another replica leads: {holder}"), false);
                    if !self.wait_for_change(&lease, &mut observed).await {
                        earliest = Instant::now() + self.pause();
                    }
                }
                // Somebody was faster.
                Err(error) if error.code() == Some(409) => earliest = begun + self.pause(),
                Err(error) => {
                    self.tell(self.in_words(&error), true);
                    earliest = Instant::now() + self.pause();
                }
            }
        }
    }

    /// Looks at the Lease and takes it if it is free.
    async fn acquire(&self, observed: &mut Observed) -> Result<Attempt, LeaseError> {
        let settings = &self.settings;
        let found = self.limited(self.api.get_opt(&settings.name)).await?;
        (self.on_read)();
        let Some(found) = found else {
            let wanted = record::new(
                &settings.name,
                &settings.identity,
                settings.duration,
                Timestamp::now(),
            );
            let created = self
                .limited(self.api.create(&PostParams::default(), &wanted))
                .await?;
            return Ok(Attempt::Acquired(created));
        };
        observed.see(&found, Instant::now());
        if !observed.is_free(&settings.identity, settings.duration, Instant::now()) {
            return Ok(Attempt::Held(found));
        }
        let wanted = record::claimed(found, &settings.identity, settings.duration, Timestamp::now());
        self.replace(&wanted).await.map(Attempt::Acquired)
    }

    /// Watches a Lease that another replica has, until it may be free. `false` if that cannot be watched just now.
    async fn wait_for_change(&self, lease: &Lease, observed: &mut Observed) -> bool {
        let settings = &self.settings;
        let params = WatchParams::default()
            .fields(&format!("metadata.name={}", settings.name))
            .timeout(290);
        let version = lease.metadata.resource_version.as_deref().unwrap_or("0");
        let Ok(events) = self.limited(self.api.watch(&params, version)).await else {
            return false;
        };
        let mut events = events.boxed();
        loop {
            let expiry = observed.expiry(settings.duration);
            match timeout_at(expiry, events.try_next()).await {
                Err(_) | Ok(Ok(Some(WatchEvent::Deleted(_)))) => return true,
                Ok(Ok(Some(WatchEvent::Added(lease) | WatchEvent::Modified(lease)))) => {
                    (self.on_read)();
                    observed.see(&lease, Instant::now());
                    if observed.is_free(&settings.identity, settings.duration, Instant::now()) {
                        return true;
                    }
                }
                Ok(Ok(Some(WatchEvent::Bookmark(_)))) => {}
                Ok(Ok(Some(WatchEvent::Error(_)) | None) | Err(_)) => return false,
            }
        }
    }

    /// Renews the Lease until that fails for too long, or another replica has it.
    async fn lead(&mut self, mut lease: Lease, mut renewed_at: Instant) {
        loop {
            let deadline = renewed_at + self.settings.renew_deadline();
            self.permit.grant(deadline);
            let mut earliest = renewed_at + self.settings.retry_period();
            let renewed = async {
                loop {
                    sleep_until(earliest).await;
                    let begun = Instant::now();
                    earliest = begun + self.settings.retry_period();
                    match self.renew(&lease).await {
                        Ok(renewal) => break renewal.map(|lease| (lease, begun)),
                        Err(error) => tracing::warn!("failed to renew leadership: {error}"),
                    }
                }
            };
            match timeout_at(deadline, renewed).await {
                Ok(Some(renewal)) => (lease, renewed_at) = renewal,
                Ok(None) => {
                    tracing::warn!("Lost leadership: the Lease was taken or deleted");
                    return;
                }
                Err(_) => {
                    let deadline = self.settings.renew_deadline();
                    tracing::warn!("Lost leadership: the Lease could not be renewed for {deadline:?}");
                    return;
                }
            }
        }
    }

    /// Renews the Lease. `None` if it is not ours any more.
    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, LeaseError> {
        let settings = &self.settings;
        let renewed = |lease| record::claimed(lease, &settings.identity, settings.duration, Timestamp::now());
        let error = match self.replace(&renewed(lease.clone())).await {
            Ok(lease) => {
                (self.on_read)();
                return Ok(Some(lease));
            }
            Err(error) => error,
        };
        match error.code() {
            Some(404) => return Ok(None),
            // Somebody wrote it: perhaps only a label, perhaps ourselves by a request whose answer was lost.
            Some(409) => {}
            _ => return Err(error),
        }
        let Some(found) = self.limited(self.api.get_opt(&settings.name)).await? else {
            return Ok(None);
        };
        if record::holder(&found) != Some(settings.identity.as_str()) {
            return Ok(None);
        }
        self.replace(&renewed(found)).await.map(Some)
    }

    async fn give_back(&self) -> Result<(), LeaseError> {
        let found = self.limited(self.api.get_opt(&self.settings.name)).await?;
        match found {
            Some(lease) if record::holder(&lease) == Some(self.settings.identity.as_str()) => self
                .replace(&record::released(lease, Timestamp::now()))
                .await
                .map(drop),
            _ => Ok(()),
        }
    }

    async fn replace(&self, lease: &Lease) -> Result<Lease, LeaseError> {
        self.limited(
            self.api
                .replace(&self.settings.name, &PostParams::default(), lease),
        )
        .await
    }

    async fn limited<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, LeaseError> {
        let limit = self.settings.call_limit();
        match timeout(limit, call).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(LeaseError::TimedOut { limit }),
        }
    }

    /// Replicas that lost a race must not run it again at the same moment.
    fn pause(&self) -> Duration {
        self.settings.retry_period().mul_f64(1.0 + fastrand::f64() / 2.0)
    }

    fn tell(&mut self, message: String, is_bad: bool) {
        if self.told.as_ref() != Some(&message) {
            match is_bad {
                true => tracing::warn!("{message}"),
                false => tracing::info!("{message}"),
            }
            self.told = Some(message);
        }
    }

    fn in_words(&self, error: &LeaseError) -> String {
        let LeaseSettings { namespace, name, .. } = &self.settings;
        match error.code() {
            Some(403) => format!(
                "cannot use Lease {namespace}/{name}: {error}; allow get, create, update and watch on leases of \
                 coordination.k8s.io in namespace {namespace}"
            ),
            Some(404) => {
                format!("cannot use Lease {namespace}/{name}: {error}; is --namespace (SMS_NAMESPACE) right?")
            }
            _ => format!("cannot use Lease {namespace}/{name}: {error}"),
        }
    }
}
