//! Many idle sources of one namespace. IO.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use kube::{
    Api,
    api::{ListParams, PostParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use sms_crds::{ScrapeSource, conditions::READY};

use crate::{Namespace, eventually};

/// A schedule that does not come due while a test runs, but on one day in four years.
pub const FAR_AWAY: &str = "0 0 29 2 *";

/// The manifest of a source that never runs by itself.
pub fn idle(name: &str) -> Value {
    json!({
        "apiVersion": "sms-scraper.dev/v1alpha1",
        "kind": "ScrapeSource",
        "metadata": { "name": name },
        "spec": {
            "schedule": FAR_AWAY,
            "fetch": { "url": "https://venue.example/events" },
            "extract": { "json": { "items": ".[]", "fields": { "title": ".title", "start": ".start" } } },
        },
    })
}

/// A `spec.job.nodeSelector` that no node has: with a node or without one, runs wait for ever.
pub fn nowhere() -> Value {
    json!({ "sms-scraper.dev/nowhere": "true" })
}

/// Names of a crowd.
pub fn names(size: usize) -> Vec<String> {
    (0..size).map(|number| format!("source-{number:03}")).collect()
}

/// Creates a source as its manifest says.
///
/// # Panics
/// If the API server refuses it.
#[allow(clippy::panic, reason = "a test ends with a panic")]
pub async fn create(namespace: &Namespace, manifest: &Value) {
    let source: ScrapeSource = serde_json::from_value(manifest.clone())
        .unwrap_or_else(|error| panic!("{manifest} is no source: {error}"));
    let sources: Api<ScrapeSource> = namespace.api();
    let created = sources.create(&PostParams::default(), &source).await;
    created.unwrap_or_else(|error| panic!("cannot create {manifest}: {error}"));
}

/// Creates idle sources of these names, several at a time.
///
/// # Panics
/// If the API server refuses one.
pub async fn create_all(namespace: &Namespace, names: &[String]) {
    stream::iter(names)
        .for_each_concurrent(8, |name| async move { create(namespace, &idle(name)).await })
        .await;
}

/// Waits until all sources of a namespace are `Ready` as of their newest spec, and that they are so many.
///
/// # Panics
/// If they are not, with those that are missing.
pub async fn until_ready(namespace: &Namespace, size: usize, limit: Duration) {
    eventually(limit, &format!("{size} sources are ready"), || async {
        let listed = list(namespace).await?;
        let missing: Vec<_> = listed
            .iter()
            .filter(|source| !is_ready(source))
            .map(account)
            .collect();
        match missing.is_empty() && listed.len() == size {
            true => Ok(()),
            false => Err(format!(
                "{} sources, of which {} are not ready: {}",
                listed.len(),
                missing.len(),
                missing.iter().take(3).cloned().collect::<Vec<_>>().join("; ")
            )),
        }
    })
    .await;
}

/// The sources of a namespace as they are stored, also those that are no sources any more.
///
/// # Errors
/// They cannot be listed; in words.
pub async fn list(namespace: &Namespace) -> Result<Vec<Value>, String> {
    let kind = kube::core::ApiResource::erase::<ScrapeSource>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(namespace.client(), namespace.name(), &kind);
    let listed = api
        .list(&ListParams::default())
        .await
        .map_err(|error| error.to_string())?;
    Ok(listed.items.iter().map(|source| json!(source)).collect())
}

fn is_ready(source: &Value) -> bool {
    let mut conditions = source["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions.find(|condition| condition["type"] == READY);
    ready.is_some_and(|ready| {
        ready["status"] == "True" && ready["observedGeneration"] == source["metadata"]["generation"]
    })
}

fn account(source: &Value) -> String {
    format!(
        "{} {}",
        source["metadata"]["name"], source["status"]["conditions"]
    )
}
