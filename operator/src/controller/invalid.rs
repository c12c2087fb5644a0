//! A source that cannot even be read: its status and an event say so, the others go on. IO.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::ObjectReference,
    apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time},
};
use kube::{
    Api, Resource,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject},
    runtime::events::{Event, EventType},
};
use serde_json::{Value, json};
use sms_crds::{
    ScrapeSource, SourceKey,
    conditions::{ConditionReason, READY},
};
use tracing::{debug, warn};

use super::{
    calls::FIELD_MANAGER,
    confidential::Confidential,
    error::{CallError, ReconcileError},
};
use crate::{
    context::Context,
    metrics::ReconcileResult,
    runs::text::{MESSAGE_LIMIT, clip},
};

/// Tells what is wrong with an object, once for each change of it: in its status where the API server takes one, and by a
/// Kubernetes event.
pub async fn tell(
    context: &Context,
    metadata: &ObjectMeta,
) -> Result<(ReconcileResult, Option<Duration>), ReconcileError> {
    let done = Ok((ReconcileResult::Refused, None));
    let key = SourceKey {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
    };
    // Its CronJob may go on, and each of its runs asks for a pass.
    if context.caches.is_told(&key, metadata.generation) {
        return done;
    }
    let kind = ApiResource::erase::<ScrapeSource>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(context.client.clone(), &key.namespace, &kind);
    let found = api
        .get_opt(&key.name)
        .await
        .map_err(CallError::of(format!("read ScrapeSource {key}")))
        .map_err(ReconcileError::Status)?;
    // Otherwise it is gone or was mended meanwhile, and the watch is about to show it.
    if let Some(found) = found
        && let Some(message) = problem(&json!(found))
    {
        let confidential = Confidential::of(&found.data["spec"], &context.config);
        let message = confidential.hide(&message).into_owned();
        let generation = found.metadata.generation;
        if let Some(status) = status(&found, &message, Time(Timestamp::now())) {
            warn!("ScrapeSource {key} is left alone: {message}");
            let written = write(&api, &key, status).await;
            match written {
                // Where a rule of the CRD meets a value of another type, the API server takes no status at all.
                Err(error) if error.is_refused() => debug!("{}", confidential.hide(&error.to_string())),
                written => written.map_err(ReconcileError::Status)?,
            }
            publish(context, &found.object_ref(&kind), message).await;
        }
        context.caches.note_told(key, generation);
    }
    done
}

/// The part of the status that says what is wrong; `None` if it says so already.
fn status(found: &DynamicObject, message: &str, now: Time) -> Option<Value> {
    let generation = found.metadata.generation;
    let conditions = found.data.pointer("/status/conditions").cloned();
    let mut conditions: Vec<Condition> = conditions
        .and_then(|conditions| serde_json::from_value(conditions).ok())
        .unwrap_or_default();
    let before = conditions.iter().position(|condition| condition.type_ == READY);
    let before = before
        .map(|at| conditions.remove(at))
        .filter(|condition| condition.status == "False");
    if before
        .as_ref()
        .is_some_and(|before| before.message == message && before.observed_generation == generation)
    {
        return None;
    }
    let ready = Condition {
        type_: READY.to_owned(),
        status: "False".to_owned(),
        reason: ConditionReason::InvalidSource.as_str().to_owned(),
        last_transition_time: before.map_or(now, |before| before.last_transition_time),
        observed_generation: generation,
        message: message.to_owned(),
    };
    conditions.insert(0, ready);
    Some(json!({"observedGeneration": generation, "conditions": conditions}))
}

async fn write(api: &Api<DynamicObject>, key: &SourceKey, status: Value) -> Result<(), CallError> {
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = Patch::Merge(json!({"status": status}));
    let written = api.patch_status(&key.name, &parameters, &patch).await;
    written
        .map(|_| ())
        .map_err(CallError::of(format!("write the status of ScrapeSource {key}")))
}

async fn publish(context: &Context, about: &ObjectReference, message: String) {
    let event = Event {
        type_: EventType::Warning,
        reason: ConditionReason::InvalidSource.as_str().to_owned(),
        note: Some(message),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    if let Err(error) = context.recorder.publish(&event, about).await {
        let name = about.name.as_deref().unwrap_or_default();
        warn!("Failed to publish an event about ScrapeSource {name}: {error}");
    }
}

/// Where an object is no source, and why.
fn problem(object: &Value) -> Option<String> {
    let error = serde_path_to_error::deserialize::<_, ScrapeSource>(object).err()?;
    let text = format!(
        "{}: cannot be read: {}; correct it, or bring operator and CRD to the same version",
        error.path(),
        error.inner()
    );
    Some(clip(text, MESSAGE_LIMIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(schedule: &Value) -> Value {
        json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
            "metadata": {"name": "a", "namespace": "b"},
            "spec": {"schedule": schedule, "fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}}}
        })
    }

    #[test]
    fn the_field_that_cannot_be_read_is_named() {
        let message = problem(&object(&json!(5))).unwrap();
        assert!(
            message.starts_with("spec.schedule: cannot be read: "),
            "{message}"
        );
    }

    #[test]
    fn the_condition_is_written_once_for_each_generation_and_the_others_stay() {
        let now = || Time(Timestamp::UNIX_EPOCH);
        let condition = |type_: &str, message: &str, generation: i64| {
            json!({
                "type": type_, "status": "False", "reason": "InvalidSource", "message": message,
                "observedGeneration": generation, "lastTransitionTime": "2026-05-01T00:00:00Z",
            })
        };
        let mut found: DynamicObject = serde_json::from_value(object(&json!(5))).unwrap();
        found.metadata.generation = Some(2);
        found.data["status"]["conditions"] =
            json!([condition("DataHealthy", "few", 1), condition("Ready", "old", 1)]);
        let expected = [condition("Ready", "new", 2), condition("DataHealthy", "few", 1)];
        let written = status(&found, "new", now()).unwrap();
        assert_eq!(written, json!({"observedGeneration": 2, "conditions": expected}));
        found.data["status"] = written;
        assert_eq!(status(&found, "new", now()), None);
    }

    #[test]
    fn nothing_is_wrong_with_a_source() {
        assert_eq!(problem(&object(&json!("5 * * * *"))), None);
    }
}
