//! A source that cannot even be read: its status says so, the others go on. IO.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject, error_boundary::InvalidObject},
    runtime::controller::Action,
};
use serde_json::json;
use sms_crds::{
    ScrapeSource,
    conditions::{ConditionReason, READY},
};
use tracing::warn;

use super::{
    calls::FIELD_MANAGER,
    error::{CallError, ReconcileError},
};
use crate::{context::Context, metrics::ReconcileResult};

/// Longest message of a condition.
const LONGEST: usize = 1024;

/// Tells in the object itself what is wrong with it, once.
pub async fn tell(
    context: &Context,
    object: &InvalidObject,
) -> Result<(ReconcileResult, Action), ReconcileError> {
    let metadata = &object.metadata;
    let (namespace, name) = (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    );
    let message = message(&object.error);
    let api: Api<DynamicObject> = Api::namespaced_with(
        context.client.clone(),
        &namespace,
        &ApiResource::erase::<ScrapeSource>(&()),
    );
    let found = match api.get(&name).await {
        Ok(found) => found,
        Err(kube::Error::Api(status)) if status.code == 404 => {
            return Ok((ReconcileResult::Refused, Action::await_change()));
        }
        Err(error) => {
            return Err(ReconcileError::Status(CallError::of(format!(
                "read ScrapeSource {namespace}/{name}"
            ))(error)));
        }
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
        return Ok((ReconcileResult::Refused, Action::await_change()));
    }
    warn!(
        "ScrapeSource {namespace}/{name} cannot be read and is left alone: {}",
        object.error
    );
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
        message,
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
    api.patch_status(&found.name_any(), &parameters, &patch)
        .await
        .map_err(|error| {
            ReconcileError::Status(CallError::of(format!(
                "write the status of ScrapeSource {namespace}/{name}"
            ))(error))
        })?;
    Ok((ReconcileResult::Refused, Action::await_change()))
}

fn message(error: &str) -> String {
    let text =
        format!("cannot be read: {error}; correct the field, or bring operator and CRD to the same version");
    text.chars().take(LONGEST).collect()
}
