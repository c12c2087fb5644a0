//! The order of a run's steps: store, lease, cadence, fetch and extract, identify, judge, commit, push. IO through the
//! steps.

pub mod collect;
mod commit;
pub mod lease;
pub mod preview;
pub mod progress;
mod publish;

use std::{sync::Arc, time::Duration, time::Instant};

use jiff::Timestamp;
use sms_crds::{
    DurationString, ScrapeSource, labels,
    report::{Reason, RunReport, Step},
};
use tracing::{info, warn};

use crate::{
    cadence::{self, Due},
    environment::{Environment, LoadedSource},
    expectations,
    extract::session::Extraction,
    identity::{self, Identified},
    metrics::RunMetrics,
    store::{Lease, SourceState, Store, StoredValidators},
};
use collect::{CollectOptions, Collected, collect};
use lease::LeaseKeeper;
use progress::Failure;

/// A full body is read at least this often, in hours, whatever the validators say: servers lie about them.
const FULL_FETCH_HOURS: i64 = 24;

/// What the caller of a run may ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Run although the last success is younger than the cadence.
    pub bypass_cadence: bool,
    /// Fetch and extract, but neither store nor push.
    pub dry_run: bool,
}

/// A finished run.
#[derive(Debug)]
pub struct Finished {
    /// What is told about it.
    pub report: RunReport,
    /// Its events.
    pub events: Vec<Identified>,
    /// The metrics that were or would be pushed.
    pub metrics: Option<RunMetrics>,
}

/// What a run knows while it goes on.
struct Run<'a> {
    loaded: &'a LoadedSource,
    environment: &'a Environment,
    options: RunOptions,
    started_at: Timestamp,
    clock: Instant,
    report: RunReport,
    events: Vec<Identified>,
    /// Runs of the source since its store began; unknown until the store is asked.
    runs_total: Option<i64>,
}

/// Runs one source once. Never fails: whatever happens is in the report.
pub async fn run(loaded: &LoadedSource, environment: &Environment, options: RunOptions) -> Finished {
    let started_at = Timestamp::now();
    let id = progress::run_id(started_at, fastrand::u32(..));
    let mut run = Run {
        loaded,
        environment,
        options,
        started_at,
        clock: Instant::now(),
        report: progress::begin(&loaded.source, &id, started_at),
        events: Vec::new(),
        runs_total: None,
    };
    info!(api = run.report.api_name, run = id, "Started run");
    if let Err(failure) = run.steps().await {
        progress::fail(&mut run.report, &failure);
    }
    progress::end(&mut run.report, Timestamp::now(), run.clock.elapsed());
    let metrics = run.publish().await;
    publish::log_report(&run.report);
    Finished {
        report: run.report,
        events: run.events,
        metrics,
    }
}

impl Run<'_> {
    /// The steps, in their order.
    async fn steps(&mut self) -> Result<(), Failure> {
        let source = Arc::clone(&self.loaded.source);
        if self.options.dry_run {
            "none".clone_into(&mut self.report.store);
            return self.collected(None, &[], None).await.map(drop);
        }
        let (store, lease) = self.take_lease(&source).await?;
        let keeper = LeaseKeeper::start(Arc::clone(&store), lease.clone());
        let result = self.leased(&source, &store, &lease).await;
        keeper.stop();
        // The lease ends by itself if this fails; the run's result does not depend on it.
        if let Err(error) = store.release_lease(lease).await {
            warn!(api = self.report.api_name, "Failed to release the lease: {error}");
        }
        result
    }

    /// Opens the store and takes the source's lease; both may wait, so both heed the time limit and the stop.
    async fn take_lease(&mut self, source: &ScrapeSource) -> Result<(Arc<Store>, Lease), Failure> {
        self.report.step = Some(Step::Store);
        let environment = self.environment;
        let api_name = self.report.api_name.clone();
        let run = self.report.run.clone();
        // Boxed: connecting to a database is a large future, and every run waits for one.
        let taken = Box::pin(async {
            let store = environment
                .stores
                .for_source(source, &environment.secrets)
                .await?;
            let wait = environment.run_timeout.saturating_sub(self.clock.elapsed());
            let key = source.key();
            let acquired = store.acquire_lease(&key, &api_name, &run, lease::LEASE_TIME, wait);
            let lease = lease::with_notice(acquired, &api_name).await?;
            Ok((store, lease))
        });
        let (store, lease) = self.limited(taken, Step::Store).await?;
        store.kind().clone_into(&mut self.report.store);
        if !store.remembers() {
            self.report.warnings.push(
                "the stdout store remembers nothing: cadence, conditional requests and change detection are off"
                    .to_owned(),
            );
        }
        Ok((store, lease))
    }

    /// What happens while this run alone may write the source: a failed run leaves a row too.
    async fn leased(&mut self, source: &ScrapeSource, store: &Store, lease: &Lease) -> Result<(), Failure> {
        let expect = source.spec.expect.as_ref();
        let runs = expect.map_or(expectations::DEFAULT_BASELINE_RUNS, expectations::baseline_runs);
        let key = source.key();
        let state = store
            .source_state(&key, &self.report.spec_hash, runs, accepted_run(source))
            .await?;
        self.runs_total = Some(state.runs_total);
        if let Due::NotBefore(earliest) = self.due(source, &state)? {
            progress::skipped_by_cadence(&mut self.report, earliest);
            return Ok(());
        }
        let known = state
            .validators
            .as_ref()
            .filter(|known| is_fresh(known, self.started_at));
        let (validators, failure) = match self.collected(known, &state.baseline, state.accepted).await {
            Ok(validators) => (validators, None),
            Err(failure) => (None, Some(failure)),
        };
        // An id that had several dates must not hand its identity on when one of them passes.
        if self.events.iter().any(|identified| identified.event.id.is_some()) {
            let starts = store.starts(&key).await?;
            if !starts.is_empty() {
                identity::keep_known(&key, &mut self.events, |uid| starts.get(uid).cloned());
            }
        }
        match (
            self.commit(source, store, lease, validators, failure.as_ref())
                .await,
            failure,
        ) {
            (Ok(()), None) => Ok(()),
            (Err(failure), None) => Err(failure),
            (committed, Some(failure)) => {
                // The first failure is the one to mend.
                if let Err(second) = committed {
                    warn!(
                        api = self.report.api_name,
                        "Failed to store the failed run: {}", second.message
                    );
                }
                Err(failure)
            }
        }
    }

    fn due(&self, source: &ScrapeSource, state: &SourceState) -> Result<Due, Failure> {
        if self.options.bypass_cadence {
            return Ok(Due::Yes);
        }
        let cadence = positive(source.spec.cadence.as_ref(), "spec.cadence")?;
        // Now, not when this run began: one that began later may have had the lease, and its success, before this one.
        Ok(cadence::due(
            state.last_success_started_at,
            cadence,
            Timestamp::now(),
        ))
    }

    /// Fetch, extract, normalise, identify and judge, inside the run's time limit.
    async fn collected(
        &mut self,
        known: Option<&StoredValidators>,
        baseline: &[i64],
        accepted: Option<i64>,
    ) -> Result<Option<StoredValidators>, Failure> {
        let options = CollectOptions {
            known,
            now: self.started_at,
            trace: false,
            deadline: self.clock + self.environment.run_timeout,
        };
        let mut report = self.report.clone();
        let collecting = collect(self.loaded, self.environment, &options, &mut report);
        let ended = tokio::select! {
            collected = collecting => Ok(collected),
            () = tokio::time::sleep_until(options.deadline.into()) => Err(false),
            () = self.environment.stop.requested() => Err(true),
        };
        self.report = report;
        let step = progress::current_step(&self.report);
        let collected = match ended {
            Ok(collected) => collected?,
            Err(true) => return Err(Failure::interrupted(step)),
            Err(false) => return Err(Failure::timed_out(step, self.environment.run_timeout)),
        };
        match collected {
            Collected::Unchanged { validators } => {
                progress::unchanged(&mut self.report);
                Ok(validators)
            }
            Collected::Read {
                extraction,
                validators,
            } => {
                self.identify(extraction);
                let expect = self.loaded.source.spec.expect.clone().unwrap_or_default();
                let events = self.events.iter().map(|identified| &identified.event);
                let breach = expectations::evaluate(&expect, events, baseline, accepted);
                progress::judge(&mut self.report, breach);
                Ok(validators)
            }
        }
    }

    /// Events get their identity; duplicates join the rejected items.
    fn identify(&mut self, extraction: Extraction) {
        self.report.found = count(extraction.found);
        self.report.partial |= extraction.truncated;
        self.report.warnings.extend(extraction.warnings);
        let (events, duplicates) = identity::identify(&self.loaded.source.key(), extraction.events);
        for rejected in extraction.rejected.iter().chain(&duplicates) {
            progress::skip(&mut self.report, rejected.reason);
        }
        self.report.processed = count(events.len());
        self.events = events;
    }

    /// Ends a step that waits for others at the run's time limit, and when the process is told to stop.
    async fn limited<T>(
        &self,
        step: impl Future<Output = Result<T, Failure>>,
        name: Step,
    ) -> Result<T, Failure> {
        let limit = self.environment.run_timeout;
        tokio::select! {
            done = step => done,
            // The store's own limit is the same; its words are better, so it goes first.
            () = tokio::time::sleep_until((self.clock + limit + Duration::from_secs(1)).into()) => {
                Err(Failure::timed_out(name, limit))
            }
            () = self.environment.stop.requested() => Err(Failure::interrupted(name)),
        }
    }
}

/// The suspicious run that a person accepted as the new normal.
fn accepted_run(source: &ScrapeSource) -> Option<&str> {
    let annotations = source.metadata.annotations.as_ref()?;
    annotations.get(labels::ACCEPT).map(String::as_str)
}

/// Whether validators may still stand for a whole body.
fn is_fresh(known: &StoredValidators, now: Timestamp) -> bool {
    known
        .full_fetch_at
        .is_some_and(|at| now.duration_since(at).as_hours() < FULL_FETCH_HOURS)
}

fn positive(duration: Option<&DurationString>, path: &str) -> Result<Option<Duration>, Failure> {
    duration
        .map(DurationString::to_std)
        .transpose()
        .map_err(|error| Failure::new(Step::Config, Reason::InvalidSource, format!("{path}: {error}")))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
