//! The controller: one pass for one source, as five visible steps. IO.

pub mod build;
pub mod error;
pub mod status;
pub mod validate;

mod apply;
mod caches;
mod calls;
mod confidential;
mod cron_jobs;
mod invalid;
mod kept;
mod observe;
mod run_cache;
mod run_now;
mod watch;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, future, stream};
use jiff::Timestamp;
use k8s_openapi::api::{batch::v1::CronJob, core::v1::ObjectReference};
use kube::{
    Resource,
    runtime::{
        Controller,
        controller::{self, Action},
        events::Event,
    },
};
use sms_crds::{Problem, ScrapeSource, SourceKey, v1alpha1::status::RunNow};
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::{context::Context, metrics::ReconcileResult, settings::Config};
use build::Resources;
pub use caches::Caches;
use confidential::Confidential;
use error::{ApplyError, ReconcileError, pause};
pub use kept::Kept;
use observe::Observed;
use run_now::Decision;
use status::{Assessment, Facts, Verdict};

/// Longest time of one pass: kube's own calls have no limit together.
const PASS_LIMIT: Duration = Duration::from_mins(1);

/// Every source is looked at this often, although a watch tells of every change.
const RESYNC: Duration = Duration::from_hours(1);

/// Runs until `stop`: first lists what is there, then keeps every source as it should be.
///
/// `gone` is told of every source that vanished, with its API name.
pub async fn run(
    context: Arc<Context>,
    namespace: Option<String>,
    concurrency: u16,
    gone: impl Fn(SourceKey, String) + Send + Sync + 'static,
    stop: CancellationToken,
) {
    let caches = Arc::clone(&context.caches);
    let (Some(writer), Some(mut triggered)) = (caches.take_writer(), caches.take_triggers()) else {
        error!("The caches of this context were used before");
        return;
    };
    let mut watches = JoinSet::new();
    let mut listed = Vec::new();
    macro_rules! follow {
        ($watch:path) => {{
            let (sender, receiver) = oneshot::channel();
            watches.spawn($watch(Arc::clone(&context), namespace.clone(), sender));
            listed.push(receiver);
        }};
    }
    follow!(watch::cron_jobs);
    follow!(watch::jobs);
    follow!(watch::pods);
    let mut sources = watch::sources(&context, namespace.as_deref(), writer, gone).boxed();
    // A pass that knows nothing of CronJobs and runs would create what is there, and count runs without their reports. Sources
    // are listed at the same time as all else, and each gets its pass afterwards.
    let mut seen = Vec::new();
    let see = async {
        while let Some(source) = sources.next().await {
            seen.extend(source.as_ref().map(Kept::key).ok());
        }
    };
    tokio::select! {
        _ = future::join_all(listed) => caches.set_listed(),
        () = see => return error!("A watch has ended by itself"),
        () = stop.cancelled() => return,
    }
    for key in seen {
        caches.trigger(&key);
    }

    let triggers = stream::poll_fn(move |task| triggered.poll_recv(task));
    let passes = Controller::for_stream(sources, caches.sources().clone())
        .reconcile_on(triggers)
        .with_config(controller::Config::default().concurrency(concurrency))
        .graceful_shutdown_on(stop.clone().cancelled_owned())
        .run(reconcile, on_error, Arc::clone(&context))
        .for_each(|result| {
            match result {
                // `on_error` has told of it, without what is confidential.
                Ok(_) | Err(controller::Error::ReconcilerFailed(..)) => {}
                // What is left are sources that are gone meanwhile.
                Err(error) => debug!("{error}"),
            }
            future::ready(())
        });
    tokio::select! {
        () = passes => {}
        // A controller that no longer sees what happens must not go on.
        _ = watches.join_next() => error!("A watch has ended by itself"),
        () = resync(&caches) => {}
    }
}

/// Asks for a pass over every source now and then, for ever. A pause of its own for each source would take as much memory as
/// all that is kept of its CronJob.
async fn resync(caches: &Caches) {
    loop {
        sleep(RESYNC).await;
        for source in caches.sources().state() {
            caches.trigger(&source.key());
        }
    }
}

/// One pass over one source.
async fn reconcile(source: Arc<Kept>, context: Arc<Context>) -> Result<Action, ReconcileError> {
    let started = tokio::time::Instant::now();
    let pass = timeout(PASS_LIMIT, async {
        match source.read() {
            Ok(source) if source.metadata.deletion_timestamp.is_some() => {
                Ok((ReconcileResult::Unchanged, Action::await_change()))
            }
            Ok(source) => Box::pin(reconcile_source(source, &context)).await,
            Err(_) => invalid::tell(&context, source.meta()).await,
        }
    });
    let result = pass.await.unwrap_or(Err(ReconcileError::TimedOut(PASS_LIMIT)));
    let outcome = result
        .as_ref()
        .map_or(ReconcileResult::Failed, |(result, _)| *result);
    context.metrics.reconciled(outcome, started.elapsed());
    let (_, action) = result?;
    context.caches.note_success(&source.key());
    Ok(action)
}

/// One pass over a source, unless it is known that the API server has a newer one than the watch has shown: who acts on an
/// old view undoes what is new, and creates what was deleted.
async fn reconcile_source(
    source: ScrapeSource,
    context: &Context,
) -> Result<(ReconcileResult, Action), ReconcileError> {
    if let Some(pause) = context.caches.outdated_for(&source) {
        return Ok((ReconcileResult::Unchanged, Action::requeue(pause)));
    }
    let (key, version) = (source.key(), source.metadata.resource_version.clone());
    let result = Box::pin(steps(source, context)).await;
    if result.as_ref().is_err_and(ReconcileError::is_of_an_old_view) {
        context.caches.note_outdated(key, version);
    }
    result
}

/// Observe, validate, build, apply, status.
async fn steps(source: ScrapeSource, context: &Context) -> Result<(ReconcileResult, Action), ReconcileError> {
    let now = Timestamp::now();
    let observed = observe::observe(&context.caches, &context.config, source, now);
    let told = |text: String| {
        let confidential = Confidential::of_source(&observed.source, &context.config);
        confidential.hide(&text).into_owned()
    };
    let is_owner = observed.api_name_owner.is_none();
    let valid = match validate::validate(&observed.source, &context.config, is_owner) {
        Ok(valid) => valid,
        Err(refusal) => {
            // What was in force stays in force, but never against the will of the one or the other.
            if observed.source.spec.suspend || refusal.is_of_permission() {
                apply::suspend(context, &observed).await?;
            }
            let verdict = Verdict::Refused {
                reason: refusal.reason,
                message: told(refusal.message()),
            };
            return finish(context, &observed, verdict, None, now, ReconcileResult::Refused).await;
        }
    };
    let cron_job = build::cron_job(&valid, &context.config);
    let run_now = match (&observed.run_now, observed.run_now_token()) {
        (Decision::Start, Some(token)) => Some(build::run_now_job(&valid, &context.config, token)),
        _ => None,
    };
    let resources = Resources::prepared(cron_job, run_now);
    let applied = match Box::pin(apply::apply(context, &observed, resources)).await {
        Ok(applied) => applied,
        Err(error) => {
            let Some(reason) = error.condition() else {
                return Err(error.into());
            };
            let verdict = Verdict::Refused {
                reason,
                message: told(error.to_string()),
            };
            finish(context, &observed, verdict, None, now, ReconcileResult::Refused).await?;
            return Err(error.into());
        }
    };
    let verdict = Verdict::Applied {
        cron_job: applied.cron_job,
        schedule: &valid.schedule,
        zone: &valid.zone,
    };
    let result = match applied.is_changed {
        true => ReconcileResult::Applied,
        false => ReconcileResult::Unchanged,
    };
    let (run_now, refused) = match (applied.run_now, observed.run_now_token()) {
        (Some(Ok(job)), Some(token)) => (Some(run_now::started(token, &job)), None),
        (Some(Err(error)), Some(token)) => (
            Some(run_now::refused(token, &told(error.to_string()))),
            Some(error),
        ),
        _ => (None, None),
    };
    let finished = finish(context, &observed, verdict, run_now, now, result).await?;
    match refused {
        Some(error) => Err(ApplyError::from(error).into()),
        None => Ok(finished),
    }
}

/// Step five: the status, written if it is another, and what a person should hear of.
async fn finish(
    context: &Context,
    observed: &Observed,
    verdict: Verdict<'_>,
    requested: Option<RunNow>,
    now: Timestamp,
    result: ReconcileResult,
) -> Result<(ReconcileResult, Action), ReconcileError> {
    let run_now = match (requested, &observed.run_now) {
        (Some(requested), _) => Some(requested),
        (None, Decision::Note(note)) => Some(note.clone()),
        (None, Decision::Forget) => None,
        (None, Decision::Nothing | Decision::Start) => observed.noted_run_now().cloned(),
    };
    let job = run_now.as_ref().and_then(|run_now| run_now.job.clone());
    let source = &observed.source;
    let Assessment {
        status,
        events,
        look_again_after,
    } = status::assess(
        &Facts {
            source,
            verdict,
            runs: &observed.runs,
            run_now,
            api_name_owner: observed.api_name_owner.clone(),
            has_pushgateway: context.config.job.pushgateway.is_some(),
        },
        now,
    );
    let mut result = result;
    if source.status.as_ref() != Some(&status) {
        let key = source.key();
        let version = calls::write_status(&context.client, source, &status)
            .await
            .inspect_err(|error| {
                if error.is_conflict() {
                    context.caches.forget_written(&key);
                }
            })
            .map_err(ReconcileError::Status)?;
        let outdated = source.metadata.resource_version.clone().unwrap_or_default();
        context.caches.note_written(&key, outdated, version, status);
        if result == ReconcileResult::Unchanged {
            result = ReconcileResult::Applied;
        }
    }
    for event in events {
        let event = Event {
            type_: event.kind,
            reason: event.reason.to_owned(),
            note: Some(event.note),
            action: event.action.to_owned(),
            // Events that differ in their note alone would be told as one.
            secondary: job
                .clone()
                .filter(|_| event.action == status::RUN_NOW)
                .map(|name| ObjectReference {
                    kind: Some("Job".to_owned()),
                    api_version: Some("batch/v1".to_owned()),
                    namespace: source.metadata.namespace.clone(),
                    name: Some(name),
                    ..ObjectReference::default()
                }),
        };
        if let Err(error) = context.recorder.publish(&event, &source.object_ref(&())).await {
            warn!(source = %source.key(), "Failed to publish the event {}: {error}", event.reason);
        }
    }
    Ok((
        result,
        look_again_after.map_or_else(Action::await_change, Action::requeue),
    ))
}

/// When a failed pass is tried again.
#[allow(clippy::needless_pass_by_value, reason = "kube's Controller calls it so")]
fn on_error(source: Arc<Kept>, error: &ReconcileError, context: Arc<Context>) -> Action {
    let key = source.key();
    if error.is_of_a_vanished_source() {
        return Action::await_change();
    }
    let attempts = context.caches.note_failure(&key);
    let text = error.to_string();
    let confidential = Confidential::of(&source.spec(), &context.config);
    let text = confidential.hide(&text);
    if error.is_ordinary() {
        debug!(source = %key, "{text}");
    } else {
        context.metrics.failed(error.reason());
        warn!(source = %key, attempts, "Failed to reconcile: {text}");
    }
    Action::requeue(pause(attempts, &key))
}

/// The CronJob that the operator would apply; needs no cluster.
///
/// # Errors
/// Everything that is wrong with the source.
pub fn render(source: &ScrapeSource, config: &Config, is_owner: bool) -> Result<CronJob, Vec<Problem>> {
    validate::validate(source, config, is_owner)
        .map(|valid| build::cron_job(&valid, config))
        .map_err(|refusal| refusal.problems)
}

#[cfg(test)]
mod tests;
