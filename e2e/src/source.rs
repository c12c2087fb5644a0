//! One source in a cluster, as a test looks at it. IO.

use std::time::Duration;

use k8s_openapi::{
    api::{batch::v1::Job, core::v1::Pod, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use sms_crds::{ScrapeSource, labels, report::Reason};

use crate::{Cluster, Namespace, eventually};

/// A source.
#[derive(Clone)]
pub struct Source {
    cluster: Cluster,
    namespace: String,
    name: String,
}

/// A Kubernetes event about a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `Normal` or `Warning`.
    pub kind: String,
    /// One word.
    pub reason: String,
    /// In words.
    pub note: String,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Source {
    /// A source that is there or will be.
    pub fn named(cluster: &Cluster, namespace: &Namespace, name: &str) -> Self {
        Self {
            cluster: cluster.clone(),
            namespace: namespace.name().to_owned(),
            name: name.to_owned(),
        }
    }

    /// Creates a source of this `spec` that reads a page of [`crate::venue::Venue`]; what `spec` says wins. Its schedule
    /// fires once a year: runs are asked for.
    ///
    /// # Panics
    /// If the API server refuses it.
    pub async fn create(
        cluster: &Cluster,
        namespace: &Namespace,
        name: &str,
        url: &str,
        spec: &Value,
    ) -> Self {
        let source = Self::named(cluster, namespace, name);
        let mut object = json!({
            "apiVersion": "sms-scraper.dev/v1alpha1",
            "kind": "ScrapeSource",
            "metadata": { "name": name },
            "spec": {
                "schedule": "7 4 1 1 *",
                "fetch": { "url": url },
                "extract": { "json": { "items": ".[]", "fields": { "id": ".id", "title": ".title", "start": ".start" } } },
            },
        });
        merge(&mut object["spec"], spec);
        let object: ScrapeSource =
            serde_json::from_value(object).unwrap_or_else(|error| panic!("{name} is no source: {error}"));
        let created = source.api().create(&PostParams::default(), &object).await;
        created.unwrap_or_else(|error| panic!("cannot create {name}: {error}"));
        source
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name in metrics.
    pub fn api_name(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The sources of its namespace.
    pub fn api(&self) -> Api<ScrapeSource> {
        self.namespaced()
    }

    /// The object.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn get(&self) -> ScrapeSource {
        let found = self.api().get(&self.name).await;
        found.unwrap_or_else(|error| panic!("cannot read {}: {error}", self.name))
    }

    /// Merges `patch` into the object.
    ///
    /// # Panics
    /// If the API server refuses.
    pub async fn patch(&self, patch: Value) {
        let patched = self
            .api()
            .patch(&self.name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        patched.unwrap_or_else(|error| panic!("cannot change {}: {error}", self.name));
    }

    /// Asks for a run now.
    pub async fn run_now(&self, token: &str) {
        self.patch(json!({ "metadata": { "annotations": { labels::RUN_NOW: token } } }))
            .await;
    }

    /// Waits until the object is as `is_so` wants it, and gives it.
    ///
    /// # Panics
    /// After `limit`, with the status, the Jobs' and the Pods' as they are then.
    pub async fn until(
        &self,
        limit: Duration,
        what: &str,
        is_so: impl Fn(&ScrapeSource) -> bool,
    ) -> ScrapeSource {
        let what = format!("{}: {what}", self.name);
        eventually(limit, &what, || async {
            let source = self.get().await;
            match is_so(&source) {
                true => Ok(source),
                false => Err(self.account(&source).await),
            }
        })
        .await
    }

    /// Waits until the status knows of so many runs, and gives the object.
    pub async fn until_runs(&self, limit: Duration, number: i64) -> ScrapeSource {
        self.until(limit, &format!("{number} runs are counted"), |source| {
            runs(source) >= number
        })
        .await
    }

    /// Its Jobs, oldest first.
    ///
    /// # Panics
    /// If they cannot be listed.
    pub async fn jobs(&self) -> Vec<Job> {
        let mut jobs = self.list::<Job>().await;
        jobs.sort_by_key(|job| job.metadata.creation_timestamp.clone().map(|time| time.0));
        jobs
    }

    /// Its Pods, oldest first.
    ///
    /// # Panics
    /// If they cannot be listed.
    pub async fn pods(&self) -> Vec<Pod> {
        let mut pods = self.list::<Pod>().await;
        pods.sort_by_key(|pod| pod.metadata.creation_timestamp.clone().map(|time| time.0));
        pods
    }

    /// What Kubernetes events tell about it.
    ///
    /// # Panics
    /// If they cannot be listed.
    pub async fn events(&self) -> Vec<Told> {
        let events: Api<Event> = self.namespaced();
        let found = events.list(&ListParams::default()).await;
        let found = found.unwrap_or_else(|error| panic!("cannot list events: {error}"));
        let is_mine = |event: &Event| {
            event.regarding.as_ref().is_some_and(|object| {
                object.kind.as_deref() == Some("ScrapeSource") && object.name.as_ref() == Some(&self.name)
            })
        };
        let told = found.items.into_iter().filter(is_mine).map(|event| Told {
            kind: event.type_.unwrap_or_default(),
            reason: event.reason.unwrap_or_default(),
            note: event.note.unwrap_or_default(),
        });
        told.collect()
    }

    async fn list<K>(&self) -> Vec<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let of_source = ListParams::default().labels(&format!("{}={}", labels::SOURCE, self.name));
        let found = self.namespaced::<K>().list(&of_source).await;
        let found = found.unwrap_or_else(|error| panic!("cannot list {}: {error}", K::plural(&())));
        found.items
    }

    fn namespaced<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.cluster.client(), &self.namespace)
    }

    /// Everything that explains why something did not happen.
    async fn account(&self, source: &ScrapeSource) -> String {
        let jobs: Vec<_> = self
            .jobs()
            .await
            .into_iter()
            .map(|job| json!(job.status))
            .collect();
        let pods: Vec<_> = self
            .pods()
            .await
            .into_iter()
            .map(|pod| json!(pod.status))
            .collect();
        format!(
            "\nstatus {}\nJobs {}\nPods {}",
            json!(source.status),
            Value::from(jobs),
            Value::from(pods)
        )
    }
}

/// Runs that the status counted.
pub fn runs(source: &ScrapeSource) -> i64 {
    let totals = source.status.as_ref().and_then(|status| status.totals.as_ref());
    totals.map_or(0, |totals| totals.runs.values().sum())
}

/// One condition of a source.
///
/// # Panics
/// If there is none of this type.
#[allow(clippy::panic, reason = "a test ends with a panic")]
pub fn condition<'s>(source: &'s ScrapeSource, type_: &str) -> &'s Condition {
    let mut all = source.status.iter().flat_map(|status| &status.conditions);
    all.find(|condition| condition.type_ == type_)
        .unwrap_or_else(|| panic!("no condition {type_}: {}", json!(source.status)))
}

/// Whether a condition has this status and reason.
pub fn has_condition(source: &ScrapeSource, type_: &str, status: &str, reason: &str) -> bool {
    let mut all = source.status.iter().flat_map(|status| &status.conditions);
    all.any(|condition| condition.type_ == type_ && condition.status == status && condition.reason == reason)
}

/// Reason of the newest run.
pub fn last_reason(source: &ScrapeSource) -> Option<Reason> {
    source.status.as_ref()?.last_run.as_ref()?.report.reason
}

fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch.clone(),
    }
}
