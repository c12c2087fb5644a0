//! The task that tidies the gateway: deletes at once, sweeps now and then. IO.

use std::{collections::HashSet, time::Duration};

use sms_crds::SourceKey;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Gateway, GatewayError, Live, LiveSources, Request,
    groups::{self, Group},
};

/// When to sweep again after a source went: a run of it that was under way may push once more.
const FOLLOW_UP: Duration = Duration::from_mins(1);
/// When to look again whether the live sources are known.
const NOT_YET: Duration = Duration::from_secs(2);
/// How long a gateway that was away is left alone, sweeps aside.
const LEAVE_ALONE: Duration = Duration::from_secs(30);
/// How long a view of the live sources serves: each is a copy of all of them.
const VIEW_AGE: Duration = Duration::from_secs(1);
/// Most requests that are served together.
const BATCH: usize = 10_000;

/// Serves requests, and sweeps every `interval`, until `stop`.
pub(super) async fn run(
    gateway: Gateway,
    live: Live,
    interval: Duration,
    mut requests: UnboundedReceiver<Request>,
    stop: CancellationToken,
) {
    let mut task = Tidying {
        gateway,
        live,
        away_since: None,
    };
    let mut next_sweep = Instant::now();
    let mut follow_up: Option<Instant> = None;
    let mut batch = Vec::new();
    let work = async {
        loop {
            let due = follow_up.map_or(next_sweep, |follow_up| follow_up.min(next_sweep));
            tokio::select! {
                received = requests.recv_many(&mut batch, BATCH) => {
                    if received == 0 {
                        return;
                    }
                    let mut gone = HashSet::new();
                    for request in batch.drain(..) {
                        match request {
                            Request::Gone { key, api_name } => {
                                gone.insert((key, api_name));
                            }
                            Request::Sweep => next_sweep = Instant::now(),
                        }
                    }
                    if !gone.is_empty() {
                        task.delete(&gone).await;
                        follow_up = Some(Instant::now() + FOLLOW_UP);
                    }
                }
                () = sleep_until(due) => {
                    let now = Instant::now();
                    if task.sweep().await {
                        next_sweep = now + interval;
                        follow_up = follow_up.filter(|at| *at > now);
                    } else {
                        next_sweep = now + NOT_YET;
                        follow_up = follow_up.map(|at| at.max(next_sweep));
                    }
                }
            }
        }
    };
    // A sweep that is under way is dropped at the next await: it can be repeated at any time.
    let _ = stop.run_until_cancelled(work).await;
}

struct Tidying {
    gateway: Gateway,
    live: Live,
    away_since: Option<Instant>,
}

impl Tidying {
    /// Deletes the groups that the sources in `gone` pushed, unless another has the API name by now or nobody knows.
    async fn delete(&mut self, gone: &HashSet<(SourceKey, String)>) {
        let left_alone = self.away_since.is_some_and(|since| since.elapsed() < LEAVE_ALONE);
        if left_alone || (self.live)().is_none() {
            return;
        }
        let result = self
            .delete_where(|group, live| groups::is_of(group, gone) && groups::is_unclaimed(group, live))
            .await;
        self.note(result);
    }

    /// Deletes every group of this installation whose source is gone. `false` if the live sources are not known.
    async fn sweep(&mut self) -> bool {
        if (self.live)().is_none() {
            return false;
        }
        let result = self
            .delete_where(|group, live| !groups::is_live(group, live))
            .await;
        self.note(result);
        true
    }

    async fn delete_where(
        &self,
        is_left_over: impl Fn(&Group, &LiveSources) -> bool,
    ) -> Result<(), GatewayError> {
        let pushed = self.gateway.groups().await?;
        // Later than the groups: a source that came meanwhile may have pushed one of them.
        let mut live = (self.live)();
        let mut seen_at = Instant::now();
        for group in pushed {
            // A source may have come, or leadership gone, while others were deleted.
            if seen_at.elapsed() > VIEW_AGE {
                live = (self.live)();
                seen_at = Instant::now();
            }
            let Some(live) = &live else {
                return Ok(());
            };
            if is_left_over(&group, live) {
                self.gateway.delete(&group.api_name).await?;
                let (source, api) = (group.source.to_string(), group.api_name);
                tracing::info!(
                    source,
                    api,
                    "Deleted the group of a source that is gone from the Pushgateway"
                );
            }
        }
        Ok(())
    }

    /// Tells of a gateway that goes away or comes back, once each.
    fn note(&mut self, result: Result<(), GatewayError>) {
        match (result, self.away_since) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => {
                tracing::info!(
                    gateway = self.gateway.authority(),
                    "The Pushgateway answers again"
                );
                self.away_since = None;
            }
            (Err(error), None) => {
                tracing::warn!("cannot tidy the Pushgateway, the next sweep tries again: {error}");
                self.away_since = Some(Instant::now());
            }
            (Err(_), Some(_)) => self.away_since = Some(Instant::now()),
        }
    }
}
