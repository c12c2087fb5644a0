//! What a report tells of each object. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod, events::v1::Event};
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::plugin::{found::Found, table};

pub(super) fn deployment(deployment: &Deployment) -> Value {
    let spec = deployment.spec.as_ref();
    let pod = spec.and_then(|spec| spec.template.spec.as_ref());
    let containers = pod.map(|pod| {
        pod.containers
            .iter()
            .map(|container| {
                json!({
                    "name": container.name,
                    "image": container.image,
                    "args": container.args,
                    "env": container.env,
                    "resources": container.resources,
                })
            })
            .collect::<Vec<_>>()
    });
    json!({
        "name": deployment.name_any(),
        "labels": deployment.metadata.labels,
        "replicas": spec.and_then(|spec| spec.replicas),
        "containers": containers,
        "status": deployment.status,
    })
}

pub(super) fn pod(pod: &Pod) -> Value {
    let status = pod.status.as_ref();
    json!({
        "name": pod.name_any(),
        "phase": status.and_then(|status| status.phase.as_ref()),
        "started": status.and_then(|status| status.start_time.as_ref()),
        "conditions": status.and_then(|status| status.conditions.as_ref()),
        "containers": status.and_then(|status| status.container_statuses.as_ref()),
    })
}

pub(super) fn config_maps(deployments: &[Deployment]) -> Vec<String> {
    let pods = deployments
        .iter()
        .filter_map(|deployment| deployment.spec.as_ref()?.template.spec.as_ref());
    let volumes = pods.flat_map(|pod| pod.volumes.iter().flatten());
    let names = volumes.filter_map(|volume| Some(volume.config_map.as_ref()?.name.clone()));
    let mut names: Vec<_> = names.collect();
    names.sort();
    names.dedup();
    names
}

/// Files as what they hold: only what has a structure can be redacted by it.
pub(super) fn files(data: BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let read = |text: &str| match serde_saphyr::from_str::<Value>(text) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) | Err(_) => json!(format!("no YAML mapping of {} bytes; left out", text.len())),
    };
    data.into_iter().map(|(name, text)| (name, read(&text))).collect()
}

pub(super) fn source(found: &Found, now: Timestamp) -> Value {
    let metadata = &found.object.metadata;
    json!({
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": metadata.uid,
        "generation": metadata.generation,
        "created": metadata.creation_timestamp,
        "stale": found.source.as_ref().ok().and_then(|source| table::is_stale(source, now)),
        "unreadable": found.source.as_ref().err(),
        "spec": found.object.data.get("spec"),
        "status": found.object.data.get("status"),
    })
}

/// When and what, for an event about a source or what belongs to one.
pub(super) fn event(event: &Event) -> Option<(Timestamp, String)> {
    let regarding = event.regarding.as_ref()?;
    let kind = regarding.kind.as_deref()?;
    if !["ScrapeSource", "CronJob", "Job"].contains(&kind) {
        return None;
    }
    let series = event.series.as_ref();
    let at = series
        .map(|series| series.last_observed_time.0)
        .or_else(|| event.event_time.as_ref().map(|time| time.0))
        .or_else(|| event.deprecated_last_timestamp.as_ref().map(|time| time.0))
        .or_else(|| event.creation_timestamp().map(|time| time.0))?;
    let count = series.map_or(1, |series| series.count);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Some((
        at,
        format!(
            "{at} {} {} {kind} {}/{} ({count}): {}",
            text(&event.type_),
            text(&event.reason),
            text(&regarding.namespace),
            text(&regarding.name),
            text(&event.note)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_settings_is_told_by_its_structure_and_anything_else_not_at_all() {
        let data = [
            (
                "job-settings.yaml",
                "image: x\nenv: [{ name: A, value: hunter2 }]\n",
            ),
            ("note.txt", "hunter2"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(
            json!(files(data.into())),
            json!({
                "job-settings.yaml": { "image": "x", "env": [{ "name": "A", "value": "hunter2" }] },
                "note.txt": "no YAML mapping of 7 bytes; left out",
            })
        );
    }

    #[test]
    fn an_event_is_a_line_with_its_newest_time() {
        let event = |kind: &str| -> Event {
            serde_json::from_value(json!({
                "metadata": { "name": "e" }, "type": "Warning", "reason": "DnsFailed", "note": "no address",
                "eventTime": "2026-11-22T10:00:00.000000Z",
                "series": { "count": 3, "lastObservedTime": "2026-11-22T12:00:00.000000Z" },
                "regarding": { "kind": kind, "namespace": "music", "name": "x" },
            }))
            .unwrap()
        };
        let (_, line) = super::event(&event("ScrapeSource")).unwrap();
        assert_eq!(
            line,
            "2026-11-22T12:00:00Z Warning DnsFailed ScrapeSource music/x (3): no address"
        );
        assert_eq!(super::event(&event("Node")), None);
    }

    #[test]
    fn the_files_that_a_deployment_mounts_are_found_once() {
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": { "name": "o" },
            "spec": { "selector": {}, "template": { "spec": { "containers": [], "volumes": [
                { "name": "a", "configMap": { "name": "settings" } }, { "name": "b", "secret": { "secretName": "s" } },
            ]}}},
        }))
        .unwrap();
        assert_eq!(config_maps(&[deployment.clone(), deployment]), ["settings"]);
    }
}
