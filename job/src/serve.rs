//! Runs sources on their schedules until told to stop. IO through [`pipeline`].

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{Timestamp, tz::TimeZone};
use sms_crds::schedule::Schedule;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::{
    environment::{Environment, LoadedSource},
    exporter::Exporter,
    pipeline::{self, RunOptions},
};

/// Longest sleep between two looks at the clock, so that a suspended machine or a set clock delays no run for long.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// A source with its parsed schedule.
pub struct Scheduled {
    /// The source.
    pub loaded: LoadedSource,
    /// When it runs.
    pub schedule: Schedule,
    /// The zone that the schedule is told in.
    pub zone: TimeZone,
}

/// Runs every source on its schedule until `environment.stop` is requested; runs that are under way then end as
/// interrupted. At most `parallel` sources run side by side, each source one run at a time.
pub async fn run(
    sources: &[Scheduled],
    environment: &Environment,
    exporter: &Exporter,
    parallel: usize,
    run_at_start: bool,
) {
    let slots = Semaphore::new(parallel);
    let running = sources
        .iter()
        .map(|scheduled| keep_running(scheduled, environment, exporter, &slots, run_at_start));
    join_all(running).await;
}

async fn keep_running(
    scheduled: &Scheduled,
    environment: &Environment,
    exporter: &Exporter,
    slots: &Semaphore,
    run_at_start: bool,
) {
    let source = &scheduled.loaded.source;
    let api = source.api_name();
    exporter.set_suspended(&api, source.spec.suspend);
    if source.spec.suspend {
        exporter.set_next_run(&api, None, 0);
        info!(api, "Suspended: no scheduled runs");
        return;
    }
    if run_at_start {
        run_once(scheduled, environment, exporter, slots).await;
    }
    let job = source.spec.job.clone().unwrap_or_default();
    let longest_seconds = job.starting_deadline() + job.active_deadline();
    let mut after = Timestamp::now();
    while !environment.stop.is_requested() {
        let Some(next) = scheduled.schedule.next_after(after, &scheduled.zone) else {
            exporter.set_next_run(&api, None, 0);
            warn!(api, "The schedule has no further run");
            return;
        };
        exporter.set_next_run(&api, Some(next), longest_seconds);
        tokio::select! {
            () = sleep_until(next) => {}
            () = environment.stop.requested() => return,
        }
        run_once(scheduled, environment, exporter, slots).await;
        // Slots that passed during a long run are not made up for, as with `concurrencyPolicy: Forbid`.
        after = next.max(Timestamp::now());
    }
}

async fn run_once(scheduled: &Scheduled, environment: &Environment, exporter: &Exporter, slots: &Semaphore) {
    let Ok(_slot) = slots.acquire().await else { return };
    if environment.stop.is_requested() {
        return;
    }
    let finished = pipeline::run(&scheduled.loaded, environment, RunOptions::default()).await;
    exporter.observe_run(&finished.report);
}

async fn sleep_until(at: Timestamp) {
    loop {
        let left = at.duration_since(Timestamp::now());
        match Duration::try_from(left) {
            Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LONGEST_SLEEP)).await,
            _ => return,
        }
    }
}
