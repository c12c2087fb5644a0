//! What a namespace has come to: its sources and CronJobs without what differs from one run to the next. IO, the
//! comparison is pure.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::batch::v1::CronJob;
use kube::{Api, api::ListParams};
use serde_json::{Value, json};
use sms_crds::labels::{SOURCE_GENERATION, SPEC_HASH};

use crate::{Namespace, crowd};

/// Fields that no two runs share. Generations are compared by [`EndState::of`], within one run.
const MASKED: [&str; 13] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "lastTransitionTime",
    "managedFields",
    "generation",
    "observedGeneration",
    "startedAt",
    "finishedAt",
    "durationSeconds",
    "durationBuckets",
    "lastSuccessTime",
    "lastFailureTime",
];

/// The objects of a namespace by kind and name.
#[derive(Debug, Clone, PartialEq)]
pub struct EndState(BTreeMap<String, Value>);

impl EndState {
    /// What is in `namespace` now: every source whose status is about its newest spec and about the CronJob as it is.
    ///
    /// # Errors
    /// A status that is about something else, or objects that cannot be listed; in words.
    pub async fn of(namespace: &Namespace) -> Result<Self, String> {
        let sources = crowd::list(namespace).await?;
        let cron_jobs: Api<CronJob> = namespace.api();
        let cron_jobs = cron_jobs
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let cron_jobs: Vec<_> = cron_jobs.items.iter().map(built).collect();
        for source in &sources {
            is_about_what_is(source, &cron_jobs)?;
        }
        let named = |kind: &str, object: Value| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            (format!("{kind} {name}"), masked(object, namespace.name()))
        };
        let sources = sources.into_iter().map(|object| named("ScrapeSource", object));
        let cron_jobs = cron_jobs.into_iter().map(|object| named("CronJob", object));
        Ok(Self(sources.chain(cron_jobs).collect()))
    }

    /// Where the two differ, in words; nothing if they are the same.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let keys: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let text = |state: &Self, key| state.0.get(key).map_or("nothing".to_owned(), Value::to_string);
        let told: Vec<_> = keys
            .into_iter()
            .filter(|key| self.0.get(*key) != other.0.get(*key))
            .map(|key| {
                format!(
                    "{key}\n  here:  {}\n  there: {}",
                    text(self, key),
                    text(other, key)
                )
            })
            .collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A CronJob without its status, which is Kubernetes' own: its controller counts runs by the name of their owner, so that a
/// Job of an earlier CronJob that is not yet collected gives a new one a `lastSuccessfulTime`.
fn built(cron_job: &CronJob) -> Value {
    let mut object = json!(cron_job);
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    object
}

/// Whether the status of a source is about its spec and its CronJob as they are.
fn is_about_what_is(source: &Value, cron_jobs: &[Value]) -> Result<(), String> {
    let name = &source["metadata"]["name"];
    let status = &source["status"];
    if status["observedGeneration"] != source["metadata"]["generation"] {
        return Err(format!(
            "the status of {name} is not about its newest spec: {status}"
        ));
    }
    let noted = &status["cronJob"];
    let found = cron_jobs
        .iter()
        .find(|found| found["metadata"]["name"] == noted["name"]);
    let found = found.map_or(&Value::Null, |found| &found["metadata"]);
    match noted["uid"] == found["uid"] && noted["generation"] == found["generation"] {
        true => Ok(()),
        false => Err(format!(
            "the status of {name} knows the CronJob {noted}, there is {found}"
        )),
    }
}

/// The object without what differs from one run to the next.
fn masked(mut object: Value, namespace: &str) -> Value {
    mask(&mut object, namespace);
    object
}

fn mask(value: &mut Value, namespace: &str) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !MASKED.contains(&name.as_str()));
            for (name, value) in fields {
                // The hash covers the namespace, which is another one each time.
                match name.as_str() {
                    SPEC_HASH => *value = json!("a hash"),
                    // What came before is another history.
                    SOURCE_GENERATION => *value = json!("a generation"),
                    // UIDs.
                    "countedJobs" => *value = json!(value.as_array().map(Vec::len)),
                    _ => mask(value, namespace),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, namespace)),
        Value::String(text) if text.contains(namespace) => *text = text.replace(namespace, "NAMESPACE"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(object: Value) -> EndState {
        EndState(BTreeMap::from([(
            "CronJob a".to_owned(),
            masked(object, "steady-1"),
        )]))
    }

    #[test]
    fn what_differs_by_chance_is_no_difference() {
        let object = |namespace: &str, uid: &str, hash: &str| {
            json!({
                "metadata": { "namespace": namespace, "uid": uid, "annotations": { SPEC_HASH: hash } },
                "spec": [{ "value": format!("{{\"namespace\":\"{namespace}\"}}") }],
            })
        };
        let here = EndState(BTreeMap::from([(
            "a".to_owned(),
            masked(object("x-1", "1", "a"), "x-1"),
        )]));
        let there = EndState(BTreeMap::from([(
            "a".to_owned(),
            masked(object("x-2", "2", "b"), "x-2"),
        )]));
        assert_eq!(here.difference(&there), None);
    }

    #[test]
    fn what_kubernetes_notes_of_a_cron_job_is_no_part_of_it() {
        let cron_job = json!({ "metadata": { "name": "a" }, "status": { "lastSuccessfulTime": "2026-01-02T00:00:00Z" } });
        let cron_job: CronJob = serde_json::from_value(cron_job).unwrap();
        assert_eq!(built(&cron_job)["metadata"]["name"], "a");
        assert_eq!(built(&cron_job).get("status"), None);
    }

    #[test]
    fn another_spec_and_a_missing_object_are_told() {
        let one = state(json!({ "spec": { "suspend": true } }));
        let other = state(json!({ "spec": { "suspend": false } }));
        assert!(one.difference(&other).unwrap().contains("CronJob a"));
        let nothing = EndState(BTreeMap::new());
        assert!(one.difference(&nothing).unwrap().contains("there: nothing"));
    }

    #[test]
    fn a_status_that_knows_another_generation_of_the_cron_job_is_told() {
        let source = json!({
            "metadata": { "name": "a", "generation": 1 },
            "status": { "observedGeneration": 1, "cronJob": { "name": "a", "uid": "u", "generation": 1 } },
        });
        let cron_job =
            |generation: i64| json!({ "metadata": { "name": "a", "uid": "u", "generation": generation } });
        assert_eq!(is_about_what_is(&source, &[cron_job(1)]), Ok(()));
        assert!(is_about_what_is(&source, &[cron_job(2)]).is_err());
        assert!(is_about_what_is(&source, &[]).is_err());
    }
}
