//! One pass over one source, as five visible steps. IO.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Resource, runtime::events::Event};
use sms_crds::{ScrapeSource, v1alpha1::status::RunNow};
use tracing::warn;

use super::{
    apply,
    build::{self, Resources},
    calls,
    confidential::Confidential,
    error::{ApplyError, ReconcileError},
    observe::{self, Observed},
    run_now::{self, Decision},
    status::{self, Assessment, Facts, Verdict},
    validate,
};
use crate::{context::Context, metrics::ReconcileResult};

/// One pass over a source, unless it is known that the API server has a newer one than the watch has shown: who acts on an
/// old view undoes what is new, and creates what was deleted.
pub async fn over(
    source: ScrapeSource,
    context: &Context,
) -> Result<(ReconcileResult, Option<Duration>), ReconcileError> {
    if let Some(pause) = context.caches.outdated_for(&source) {
        return Ok((ReconcileResult::Unchanged, Some(pause)));
    }
    let (key, version) = (source.key(), source.metadata.resource_version.clone());
    let result = Box::pin(steps(source, context)).await;
    if result.as_ref().is_err_and(ReconcileError::is_of_an_old_view) {
        context.caches.note_outdated(key, version);
    }
    result
}

/// Observe, validate, build, apply, status.
async fn steps(
    source: ScrapeSource,
    context: &Context,
) -> Result<(ReconcileResult, Option<Duration>), ReconcileError> {
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
) -> Result<(ReconcileResult, Option<Duration>), ReconcileError> {
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
    Ok((result, look_again_after))
}
