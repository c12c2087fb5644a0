//! The order of a run's steps, and nothing else: lease, cadence, fetch, extract, normalise, store, report. IO through
//! the steps.

pub mod collect;
pub mod lease;
pub mod preview;
pub mod progress;

use std::{sync::Arc, time::Instant};

use jiff::{Timestamp, tz::TimeZone};
use sms_crds::{
    DurationString, ScrapeSource, labels,
    report::{Outcome, Reason, RunReport, Step},
};
use tracing::{info, warn};

use crate::{
    cadence::{self, Due},
    environment::{Environment, LoadedSource},
    expectations,
    extract::session::Extraction,
    identity::{self, Identified},
    metrics::RunMetrics,
    push,
    store::{Lease, Removal, RunCommit, SourceState, Store, StoredValidators},
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
    runs_total: i64,
}

/// Runs one source once. Never fails: whatever happens is in the report.
pub async fn run(loaded: &LoadedSource, environment: &Environment, options: RunOptions) -> Finished {
    let started_at = Timestamp::now();
    let id = run_id(started_at);
    let mut run = Run {
        loaded,
        environment,
        options,
        started_at,
        clock: Instant::now(),
        report: progress::begin(&loaded.source, &id, started_at),
        events: Vec::new(),
        runs_total: 1,
    };
    info!(api = run.report.api_name, run = id, "Started run");
    if let Err(failure) = run.steps().await {
        progress::fail(&mut run.report, &failure);
    }
    progress::end(&mut run.report, Timestamp::now(), run.clock.elapsed());
    let metrics = RunMetrics::from_report(
        &run.report,
        u64::try_from(run.runs_total).unwrap_or_default(),
        None,
        &environment.installation,
    );
    if let (Some(metrics), false) = (&metrics, options.dry_run) {
        push_metrics(&mut run.report, environment, metrics).await;
    }
    log_report(&run.report);
    Finished {
        report: run.report,
        events: run.events,
        metrics,
    }
}

/// Unique enough for one source: microseconds since the epoch, in base 36 so that a person can type it.
fn run_id(started_at: Timestamp) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = u64::try_from(started_at.as_microsecond()).unwrap_or_default();
    let mut id = Vec::new();
    while rest > 0 {
        id.push(DIGITS[(rest % 36) as usize]);
        rest /= 36;
    }
    id.reverse();
    String::from_utf8_lossy(&id).into_owned()
}

impl Run<'_> {
    /// The steps, in their order.
    async fn steps(&mut self) -> Result<(), Failure> {
        let source = Arc::clone(&self.loaded.source);
        if self.options.dry_run {
            "none".clone_into(&mut self.report.store);
            self.collected(None, &[], None).await?;
            return Ok(());
        }
        let store = self
            .environment
            .stores
            .for_source(&source, &self.environment.secrets)
            .await?;
        store.kind().clone_into(&mut self.report.store);
        if !store.remembers() {
            self.report.warnings.push(
                "the stdout store remembers nothing: cadence, conditional requests and change detection are off".to_owned(),
            );
        }
        let wait = self.environment.run_timeout;
        let lease = store
            .acquire_lease(
                &source.key(),
                &self.report.api_name,
                &self.report.run,
                lease::LEASE_TIME,
                wait,
            )
            .await?;
        let keeper = LeaseKeeper::start(Arc::clone(&store), lease.clone());
        let result = self.leased(&source, &store, &lease).await;
        keeper.stop();
        // The lease ends by itself if this fails; the run's result does not depend on it.
        if let Err(error) = store.release_lease(lease).await {
            warn!(api = self.report.api_name, "Failed to release the lease: {error}");
        }
        result
    }

    /// What happens while this run alone may write the source: a failed run leaves a row too.
    async fn leased(&mut self, source: &ScrapeSource, store: &Store, lease: &Lease) -> Result<(), Failure> {
        let expect = source.spec.expect.as_ref();
        let runs = expect.map_or(expectations::DEFAULT_BASELINE_RUNS, expectations::baseline_runs);
        let state = store
            .source_state(&source.key(), &self.report.spec_hash, runs, accepted_run(source))
            .await?;
        self.runs_total = state.runs_total;
        if let Due::NotBefore(earliest) = self.due(source, &state)? {
            self.report.outcome = Outcome::SkippedByCadence;
            self.report.message = Some(format!(
                "the last success is younger than the cadence; next run from {earliest:.0}"
            ));
            return Ok(());
        }
        let known = state
            .validators
            .as_ref()
            .filter(|known| is_fresh(known, self.started_at));
        let (validators, failure) = match self.collected(known, &state.baseline, state.accepted).await {
            Ok(validators) => (validators, None),
            Err(failure) => {
                // Only in the stored copy: the caller adds the failure to the report itself.
                (None, Some(failure))
            }
        };
        // An id that had several dates must not hand its identity on when one of them passes.
        if self.events.iter().any(|identified| identified.event.id.is_some()) {
            let starts = store.starts(&source.key()).await?;
            identity::keep_known(&source.key(), &mut self.events, |uid| starts.get(uid).cloned());
        }
        self.commit(source, store, lease, validators, failure.as_ref())
            .await?;
        failure.map_or(Ok(()), Err)
    }

    fn due(&self, source: &ScrapeSource, state: &SourceState) -> Result<Due, Failure> {
        if self.options.bypass_cadence {
            return Ok(Due::Yes);
        }
        let cadence = positive(source.spec.cadence.as_ref(), "spec.cadence")?;
        Ok(cadence::due(
            state.last_success_started_at,
            cadence,
            self.started_at,
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
        let left = self.environment.run_timeout.saturating_sub(self.clock.elapsed());
        let collected = tokio::select! {
            collected = collect(self.loaded, self.environment, &options, &mut self.report) => collected?,
            () = tokio::time::sleep(left) => return Err(Failure::timed_out(self.environment.run_timeout)),
            () = self.environment.stop.requested() => return Err(Failure::interrupted()),
        };
        match collected {
            Collected::Unchanged { validators } => {
                self.report.outcome = Outcome::Unchanged;
                Ok(validators)
            }
            Collected::Read {
                extraction,
                validators,
            } => {
                self.identify(extraction);
                let breach = self.loaded.source.spec.expect.as_ref().and_then(|expect| {
                    let events = self.events.iter().map(|identified| &identified.event);
                    expectations::evaluate(expect, events, baseline, accepted)
                });
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

    async fn commit(
        &mut self,
        source: &ScrapeSource,
        store: &Store,
        lease: &Lease,
        validators: Option<StoredValidators>,
        failure: Option<&Failure>,
    ) -> Result<(), Failure> {
        let finished_at = Timestamp::now();
        let mut stored = self.report.clone();
        progress::end(&mut stored, finished_at, self.clock.elapsed());
        if let Some(failure) = failure {
            progress::fail(&mut stored, failure);
        }
        let zone = TimeZone::get(source.venue_time_zone()).unwrap_or(TimeZone::UTC);
        let removal = match progress::is_complete(&stored) {
            true => Removal::Complete {
                today: self.started_at.to_zoned(zone).date(),
            },
            false => Removal::None,
        };
        let retention = source.spec.retention.as_ref();
        let commit = RunCommit {
            report: &stored,
            started_at: self.started_at,
            finished_at,
            accepted: stored.outcome.is_success(),
            events: &self.events,
            removal,
            validators: validators.filter(|_| !stored.partial && stored.outcome.is_success()),
            retention_events: positive(
                retention.and_then(|keep| keep.events.as_ref()),
                "spec.retention.events",
            )?,
            retention_runs: positive(
                retention.and_then(|keep| keep.runs.as_ref()),
                "spec.retention.runs",
            )?,
        };
        let summary = store.commit_run(lease, commit).await?;
        self.runs_total = summary.runs_total;
        if failure.is_none() {
            summary.fill(&mut self.report);
        }
        Ok(())
    }
}

/// The suspicious run that a person accepted as the new normal.
fn accepted_run(source: &ScrapeSource) -> Option<&str> {
    source
        .metadata
        .annotations
        .as_ref()?
        .get(labels::ACCEPT)
        .map(String::as_str)
}

/// Whether validators may still stand for a whole body.
fn is_fresh(known: &StoredValidators, now: Timestamp) -> bool {
    known
        .full_fetch_at
        .is_some_and(|at| now.duration_since(at).as_hours() < FULL_FETCH_HOURS)
}

fn positive(duration: Option<&DurationString>, path: &str) -> Result<Option<std::time::Duration>, Failure> {
    duration
        .map(DurationString::to_std)
        .transpose()
        .map_err(|error| Failure::new(Step::Config, Reason::InvalidSource, format!("{path}: {error}")))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Pushes; whatever happens there is a warning in the report and nothing more.
async fn push_metrics(report: &mut RunReport, environment: &Environment, metrics: &RunMetrics) {
    let Some(settings) = &environment.push else { return };
    let pushed = push::push_run(settings, metrics).await;
    report.metrics_pushed = Some(pushed.is_ok());
    if let Err(error) = pushed {
        warn!(api = metrics.api_name, reason = ?error.reason(), "Failed to push metrics; the run is not affected: {error}");
        report.warnings.push(error.to_string());
    }
}

fn log_report(report: &RunReport) {
    let json = serde_json::to_string(report).unwrap_or_default();
    let outcome = report.outcome.as_str();
    match report.outcome {
        Outcome::Failed | Outcome::Suspicious => {
            let message = report.message.as_deref().unwrap_or_default();
            warn!(
                api = report.api_name,
                report = json,
                "Finished run: {outcome}: {message}"
            );
        }
        _ => info!(api = report.api_name, report = json, "Finished run: {outcome}"),
    }
}
