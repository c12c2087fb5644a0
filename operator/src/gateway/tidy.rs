//! The task that tidies the gateway: deletes at once, sweeps now and then. IO.

use std::time::Duration;

use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{Gateway, GatewayError, Live, Request, groups};

/// When to sweep again after a source went: a run of it that was under way may push once more.
const FOLLOW_UP: Duration = Duration::from_mins(1);
/// When to look again whether the live sources are known.
const NOT_YET: Duration = Duration::from_secs(2);
/// How long a gateway that was away is left alone, sweeps aside.
const LEAVE_ALONE: Duration = Duration::from_secs(30);

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
    let work = async {
        loop {
            let due = follow_up.map_or(next_sweep, |follow_up| follow_up.min(next_sweep));
            tokio::select! {
                request = requests.recv() => match request {
                    Some(Request::Gone { key, api_name }) => {
                        task.delete(&key.to_string(), &api_name).await;
                        follow_up = Some(Instant::now() + FOLLOW_UP);
                    }
                    Some(Request::Sweep) => next_sweep = Instant::now(),
                    None => return,
                },
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
    /// Deletes the group of `source`, unless another has the API name by now or nobody knows.
    async fn delete(&mut self, source: &str, api_name: &str) {
        let belongs_to_nobody = (self.live)().is_some_and(|live| !live.owners.contains_key(api_name));
        let left_alone = self.away_since.is_some_and(|since| since.elapsed() < LEAVE_ALONE);
        if !belongs_to_nobody || left_alone {
            return;
        }
        let result = self.gateway.delete(api_name).await;
        if result.is_ok() {
            tracing::info!(
                source,
                api = api_name,
                "Deleted the group of a source that is gone from the Pushgateway"
            );
        }
        self.note(result);
    }

    /// Deletes every group of this installation whose source is gone. `false` if the live sources are not known.
    async fn sweep(&mut self) -> bool {
        if (self.live)().is_none() {
            return false;
        }
        let result = self.delete_orphans().await;
        self.note(result);
        true
    }

    async fn delete_orphans(&self) -> Result<(), GatewayError> {
        let pushed = self.gateway.groups().await?;
        let Some(live) = (self.live)() else {
            return Ok(());
        };
        for orphan in groups::orphans(pushed, &live) {
            // A source may have come, or leadership gone, while others were deleted.
            let is_still_one = (self.live)().is_some_and(|live| !groups::is_live(&orphan, &live));
            if is_still_one {
                self.gateway.delete(&orphan.api_name).await?;
                let (source, api) = (orphan.source.to_string(), orphan.api_name);
                tracing::info!(
                    source,
                    api,
                    "Swept the group of a source that is gone from the Pushgateway"
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
