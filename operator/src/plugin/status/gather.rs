//! What a report is made of. IO: reads the cluster. What may not be read is told in the report, and the rest is gathered.

use jiff::Timestamp;
use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        coordination::v1::Lease,
        core::v1::{ConfigMap, Pod},
        events::v1::Event,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Resource, ResourceExt,
    api::{ListParams, LogParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sms_crds::labels;

use super::shape;
use crate::{
    plugin::{
        Result,
        args::StatusArgs,
        cluster::Cluster,
        problem::{self, Act, Scope},
    },
    startup::client,
};

/// Where the operator is if nothing else is known: the namespace of the manifests that ship.
const HOME: &str = "sms-system";
const CRD: &str = "scrapesources.sms-scraper.dev";
/// Most events, the newest.
const EVENTS: usize = 100;

/// What is read, and what could not be.
struct Gatherer<'c> {
    cluster: &'c Cluster,
    not_read: Vec<String>,
}

/// The report, with secrets.
///
/// # Errors
/// The sources cannot be read; without them there is nothing to report on.
pub async fn report(cluster: &Cluster, args: &StatusArgs, now: Timestamp) -> Result<Value> {
    let scope = cluster.scope(args.all_namespaces);
    let sources = cluster.sources(&scope).await?;
    let mut gatherer = Gatherer {
        cluster,
        not_read: Vec::new(),
    };
    let versions = gatherer.versions().await;
    let crd = gatherer.crd().await;
    let deployments = gatherer.deployments(args).await;
    let home = home(&deployments, args);
    let pods = gatherer.pods(&home).await;
    let operator = json!({
        "namespace": home,
        "deployments": deployments.iter().map(shape::deployment).collect::<Vec<_>>(),
        "pods": pods.iter().map(shape::pod).collect::<Vec<_>>(),
        "leases": gatherer.leases(&home, &deployments, &pods).await,
    });
    let settings = gatherer.settings(&home, &deployments).await;
    let events = gatherer.events(&scope).await;
    let logs = gatherer.logs(&home, &pods, args.log_lines).await;
    Ok(json!({
        "versions": versions,
        "crd": crd,
        "operator": operator,
        "settings": settings,
        "sources": sources.iter().map(|found| shape::source(found, now)).collect::<Vec<_>>(),
        "events": events,
        "notRead": gatherer.not_read,
        "logs": logs,
    }))
}

/// The namespace of the operator.
fn home(deployments: &[Deployment], args: &StatusArgs) -> String {
    let found = deployments.first().and_then(ResourceExt::namespace);
    let asked = args.operator_namespace.clone();
    asked.or(found).unwrap_or_else(|| HOME.to_owned())
}

/// Everything of the operator carries these.
fn of_operator() -> ListParams {
    ListParams::default().labels(&format!(
        "{}={},{}=operator",
        labels::APP_NAME,
        labels::APP_NAME_VALUE,
        labels::APP_COMPONENT
    ))
}

impl Gatherer<'_> {
    async fn list<K>(&mut self, scope: &Scope, parameters: &ListParams) -> Option<Vec<K>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + std::fmt::Debug + DeserializeOwned,
    {
        match self.cluster.api::<K>(scope).list(parameters).await {
            Ok(list) => Some(list.items),
            Err(error) => {
                let problem = problem::explain(&error, &Act::on("list", &K::plural(&()), scope));
                self.not_read.push(problem.message);
                None
            }
        }
    }

    async fn versions(&mut self) -> Value {
        let kubernetes = match self.cluster.client.apiserver_version().await {
            Ok(version) => json!({ "gitVersion": version.git_version, "platform": version.platform }),
            Err(error) => {
                self.not_read
                    .push(format!("the version of Kubernetes: {}", client::in_words(&error)));
                Value::Null
            }
        };
        json!({ "plugin": env!("CARGO_PKG_VERSION"), "kubernetes": kubernetes })
    }

    async fn crd(&mut self) -> Value {
        let crds: Api<CustomResourceDefinition> = Api::all(self.cluster.client.clone());
        let crd = match crds.get(CRD).await {
            Ok(crd) => crd,
            Err(error) => {
                let act = Act::on("get", "customresourcedefinitions", &Scope::All).named(CRD);
                self.not_read.push(problem::explain(&error, &act).message);
                return Value::Null;
            }
        };
        let status = crd.status.as_ref();
        let version = |version: &_| {
            let version: &k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionVersion = version;
            json!({ "name": version.name, "served": version.served, "storage": version.storage })
        };
        json!({
            "name": CRD,
            "generation": crd.metadata.generation,
            "created": crd.metadata.creation_timestamp,
            "labels": crd.metadata.labels,
            "versions": crd.spec.versions.iter().map(version).collect::<Vec<_>>(),
            "storedVersions": status.map(|status| &status.stored_versions),
            "conditions": status.map(|status| &status.conditions),
        })
    }

    /// Those of the operator, wherever they are, or as far as one may look.
    async fn deployments(&mut self, args: &StatusArgs) -> Vec<Deployment> {
        if args.operator_namespace.is_none() {
            let api: Api<Deployment> = self.cluster.api(&Scope::All);
            if let Ok(list) = api.list(&of_operator()).await {
                return list.items;
            }
        }
        let home = Scope::Namespace(home(&[], args));
        self.list(&home, &of_operator()).await.unwrap_or_default()
    }

    async fn pods(&mut self, home: &str) -> Vec<Pod> {
        let home = Scope::Namespace(home.to_owned());
        self.list(&home, &of_operator()).await.unwrap_or_default()
    }

    /// The Leases that a Pod of the operator holds, or that are named like a Deployment of it.
    async fn leases(&mut self, home: &str, deployments: &[Deployment], pods: &[Pod]) -> Vec<Value> {
        let scope = Scope::Namespace(home.to_owned());
        let all: Vec<Lease> = self
            .list(&scope, &ListParams::default())
            .await
            .unwrap_or_default();
        let is_ours = |lease: &Lease| {
            let holder = lease
                .spec
                .as_ref()
                .and_then(|spec| spec.holder_identity.as_deref());
            let is_held = pods
                .iter()
                .any(|pod| holder.is_some_and(|holder| holder.contains(&pod.name_any())));
            is_held
                || deployments
                    .iter()
                    .any(|deployment| deployment.name_any() == lease.name_any())
        };
        all.iter()
            .filter(|lease| is_ours(lease))
            .map(|lease| json!({ "name": lease.name_any(), "spec": lease.spec }))
            .collect()
    }

    /// The `ConfigMap`s that the operator's Pods mount.
    async fn settings(&mut self, home: &str, deployments: &[Deployment]) -> Value {
        let scope = Scope::Namespace(home.to_owned());
        let mut found = serde_json::Map::new();
        for name in shape::config_maps(deployments) {
            let api: Api<ConfigMap> = self.cluster.api(&scope);
            match api.get(&name).await {
                Ok(map) => {
                    found.insert(name, json!(shape::files(map.data.unwrap_or_default())));
                }
                Err(error) => {
                    let act = Act::on("get", "configmaps", &scope).named(&name);
                    self.not_read.push(problem::explain(&error, &act).message);
                }
            }
        }
        Value::Object(found)
    }

    /// What Kubernetes tells about sources and their Jobs, oldest first.
    async fn events(&mut self, scope: &Scope) -> Vec<String> {
        let all: Vec<Event> = self.list(scope, &ListParams::default()).await.unwrap_or_default();
        let mut events: Vec<_> = all.iter().filter_map(shape::event).collect();
        events.sort();
        let excess = events.len().saturating_sub(EVENTS);
        events.drain(..excess);
        events.into_iter().map(|(_, line)| line).collect()
    }

    async fn logs(&mut self, home: &str, pods: &[Pod], lines: u32) -> Value {
        let scope = Scope::Namespace(home.to_owned());
        let api: Api<Pod> = self.cluster.api(&scope);
        let wanted = LogParams {
            tail_lines: Some(lines.into()),
            ..LogParams::default()
        };
        let mut found = serde_json::Map::new();
        for pod in pods {
            let name = pod.name_any();
            // The first is the operator's: a side-car that was injected must not be asked instead.
            let first = pod.spec.as_ref().and_then(|spec| spec.containers.first());
            let wanted = LogParams {
                container: first.map(|container| container.name.clone()),
                ..wanted.clone()
            };
            match api.logs(&name, &wanted).await {
                Ok(log) => {
                    let lines: Vec<_> = log.lines().collect();
                    found.insert(name, json!(lines));
                }
                Err(error) => {
                    let act = Act::on("get", "pods/log", &scope).named(&name);
                    self.not_read.push(problem::explain(&error, &act).message);
                }
            }
        }
        Value::Object(found)
    }
}
