//! A source that cannot even be read: its status and an event say so, the others go on. IO.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject, error_boundary::InvalidObject},
    runtime::{
        controller::Action,
        events::{Event, EventType},
    },
};
use serde_json::{Value, json};
use sms_crds::{
    ScrapeSource, SourceKey,
    conditions::{ConditionReason, READY},
};
use tracing::{debug, warn};

use super::{
    calls::FIELD_MANAGER,
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
    object: &InvalidObject,
) -> Result<(ReconcileResult, Action), ReconcileError> {
    let metadata = &object.metadata;
    let (namespace, name) = (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    );
    let done = Ok((ReconcileResult::Refused, Action::await_change()));
    let key = SourceKey {
        namespace: namespace.clone(),
        name: name.clone(),
    };
    // Its CronJob may go on, and each of its runs asks for a pass.
    if context.caches.is_told(&key, metadata.generation) {
        return done;
    }
    let api: Api<DynamicObject> = Api::namespaced_with(
        context.client.clone(),
        &namespace,
        &ApiResource::erase::<ScrapeSource>(&()),
    );
    let found = match api.get(&name).await {
        Ok(found) => found,
        Err(kube::Error::Api(status)) if status.code == 404 => {
            return done;
        }
        Err(error) => {
            return Err(ReconcileError::Status(CallError::of(format!(
                "read ScrapeSource {namespace}/{name}"
            ))(error)));
        }
    };
    let Some(message) = problem(&json!(found)) else {
        // It was mended meanwhile, and the watch is about to show it.
        return done;
    };
    let generation = found.metadata.generation;
    let conditions = found
        .data
        .pointer("/status/conditions")
        .and_then(|conditions| serde_json::from_value::<Vec<Condition>>(conditions.clone()).ok())
        .unwrap_or_default();
    let before = conditions.iter().find(|condition| condition.type_ == READY);
    let is_told = before.is_some_and(|condition| {
        condition.status == "False"
            && condition.message == message
            && condition.observed_generation == generation
    });
    if is_told {
        context.caches.note_told(key, generation);
        return done;
    }
    warn!("ScrapeSource {namespace}/{name} is left alone: {message}");
    let ready = Condition {
        type_: READY.to_owned(),
        status: "False".to_owned(),
        reason: ConditionReason::InvalidSource.as_str().to_owned(),
        last_transition_time: before
            .filter(|condition| condition.status == "False")
            .map_or_else(
                || Time(Timestamp::now()),
                |condition| condition.last_transition_time.clone(),
            ),
        observed_generation: generation,
        message: message.clone(),
    };
    let mut all: Vec<_> = conditions
        .iter()
        .filter(|condition| condition.type_ != READY)
        .cloned()
        .collect();
    all.insert(0, ready);
    let patch = Patch::Merge(json!({"status": {"observedGeneration": generation, "conditions": all}}));
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let written = api
        .patch_status(&found.name_any(), &parameters, &patch)
        .await
        .map_err(CallError::of(format!(
            "write the status of ScrapeSource {namespace}/{name}"
        )));
    match written {
        Ok(_) => {}
        // Where a rule of the CRD meets a value of another type, the API server takes no status at all.
        Err(error) if error.is_refused() => debug!("{error}"),
        Err(error) => return Err(ReconcileError::Status(error)),
    }
    let event = Event {
        type_: EventType::Warning,
        reason: ConditionReason::InvalidSource.as_str().to_owned(),
        note: Some(message),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    let reference = found.object_ref(&ApiResource::erase::<ScrapeSource>(&()));
    if let Err(error) = context.recorder.publish(&event, &reference).await {
        warn!("Failed to publish an event about ScrapeSource {namespace}/{name}: {error}");
    }
    context.caches.note_told(key, generation);
    done
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
    fn nothing_is_wrong_with_a_source() {
        assert_eq!(problem(&object(&json!("5 * * * *"))), None);
    }
}
