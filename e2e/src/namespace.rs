//! A namespace of one test. IO.

use std::{
    collections::BTreeMap,
    fs,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use k8s_openapi::api::core::v1::{Namespace as Object, ServiceAccount};
use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, ObjectMeta, PostParams},
    core::NamespaceResourceScope,
};

use crate::{Cluster, eventually};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A namespace that no other test uses and that enforces the `restricted` Pod Security standard.
pub struct Namespace {
    name: String,
    cluster: Cluster,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Namespace {
    /// Creates it; `purpose` is the first part of its name. It is ready for Pods.
    ///
    /// # Panics
    /// If the API server refuses it, or if its service account does not come.
    pub async fn create(cluster: &Cluster, purpose: &str) -> Self {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Process ids repeat; this has to differ even from a namespace that is still being deleted.
        let random = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
        let random: String = random.chars().take(6).collect();
        let name = format!("{purpose}-{random}-{count}");
        let labels = BTreeMap::from([(
            "pod-security.kubernetes.io/enforce".to_owned(),
            "restricted".to_owned(),
        )]);
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        };
        let object = Object {
            metadata,
            ..Object::default()
        };
        let namespaces: Api<Object> = Api::all(cluster.client());
        let created = namespaces.create(&PostParams::default(), &object).await;
        created.unwrap_or_else(|error| panic!("cannot create the namespace {name}: {error}"));
        let namespace = Self {
            name,
            cluster: cluster.clone(),
        };
        if cluster.has_node() {
            let accounts: Api<ServiceAccount> = namespace.api();
            let what = format!("{} has a service account", namespace.name);
            // After an outage of the API server the controllers take up to a minute.
            eventually(Duration::from_mins(4), &what, || accounts.get("default")).await;
        }
        namespace
    }

    /// One that is there, or will be.
    pub fn existing(cluster: &Cluster, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            cluster: cluster.clone(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The administrator's client.
    pub fn client(&self) -> kube::Client {
        self.cluster.client()
    }

    /// The objects of one kind in it.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.cluster.client(), &self.name)
    }

    /// Begins to delete it and all in it. A test that fails leaves it, with what can be looked at.
    ///
    /// # Panics
    /// If the API server refuses.
    pub async fn delete(self) {
        let namespaces: Api<Object> = Api::all(self.cluster.client());
        let deleted = namespaces.delete(&self.name, &DeleteParams::background()).await;
        deleted.unwrap_or_else(|error| panic!("cannot delete the namespace {}: {error}", self.name));
    }

    /// Names of the objects of one kind in it, sorted.
    ///
    /// # Panics
    /// If they cannot be listed.
    pub async fn names<K>(&self) -> Vec<String>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let listed = self.api::<K>().list(&kube::api::ListParams::default()).await;
        let listed =
            listed.unwrap_or_else(|error| panic!("cannot list {} in {}: {error}", K::plural(&()), self.name));
        let mut names: Vec<_> = listed.items.iter().map(ResourceExt::name_any).collect();
        names.sort();
        names
    }
}
