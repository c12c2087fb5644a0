//! What is kept of every CronJob of ours: enough to see that it is as we left it. Pure.

use std::collections::{HashMap, VecDeque};

use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, core::PartialObjectMeta};
use sms_crds::{
    ScrapeSource, SourceKey,
    labels::{SOURCE, SOURCE_GENERATION, SPEC_HASH},
};

use super::build::own_labels_hash;
use crate::settings::Config;

/// Which source a CronJob is about. Its own name is hardly ever another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// The source of the CronJob's name.
    ByName,
    /// Another one, or none.
    To(Option<Box<str>>),
}

/// A CronJob as the API server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJobRecord {
    /// `metadata.uid`
    pub uid: Box<str>,
    /// `metadata.generation`: grows with every change of the spec, whoever makes it.
    pub generation: i64,
    /// The annotation with the hash of what the operator gave it.
    pub spec_hash: Option<Box<str>>,
    /// The annotation with the generation of the source that it was built from.
    pub source_generation: Option<i64>,
    /// Hash of the labels that the operator answers for.
    pub labels: u64,
    /// UID of the controlling owner.
    pub owner_uid: Option<Box<str>>,
    /// Kind and name of the controlling owner, for messages, unless that is the source of its own name.
    pub owner: Option<Box<str>>,
    /// The source that owns it; without one, the source that its label names.
    pub source: Belongs,
    /// Whether it is being deleted: its controller starts nothing any more.
    pub is_terminating: bool,
    /// The generation that our own last write gave it.
    pub own_generation: Option<i64>,
}

impl CronJobRecord {
    /// What is kept of an object.
    pub fn of(metadata: &ObjectMeta, config: &Config) -> Self {
        let owner = metadata
            .owner_references
            .iter()
            .flatten()
            .find(|owner| owner.controller == Some(true));
        let labels = metadata.labels.clone().unwrap_or_default();
        // Anybody can change a label, and then this source has to put it right.
        let source = owner
            .filter(|owner| owner.kind == ScrapeSource::kind(&()))
            .map(|owner| &owner.name)
            .or_else(|| labels.get(SOURCE));
        let name = metadata.name.as_ref();
        let belongs = match source {
            Some(source) if Some(source) == name => Belongs::ByName,
            source => Belongs::To(source.map(|source| source.as_str().into())),
        };
        let is_of_its_name =
            |owner: &&OwnerReference| owner.kind == ScrapeSource::kind(&()) && Some(&owner.name) == name;
        let foreign = owner.filter(|owner| !is_of_its_name(owner));
        let annotation = |key: &str| metadata.annotations.as_ref()?.get(key).map(String::as_str);
        Self {
            uid: metadata.uid.clone().unwrap_or_default().into(),
            generation: metadata.generation.unwrap_or_default(),
            spec_hash: annotation(SPEC_HASH).map(Into::into),
            source_generation: annotation(SOURCE_GENERATION).and_then(|text| text.parse().ok()),
            labels: own_labels_hash(&labels, config),
            owner_uid: owner.map(|owner| owner.uid.as_str().into()),
            owner: foreign.map(|owner| format!("{} {}", owner.kind, owner.name).into()),
            source: belongs,
            is_terminating: metadata.deletion_timestamp.is_some(),
            own_generation: None,
        }
    }
}

impl CronJobRecord {
    /// Kind and name of the controlling owner of this CronJob, whose name is `name`.
    pub fn owner(&self, name: &str) -> Option<String> {
        self.owner_uid.as_ref()?;
        let by_name = || format!("{} {name}", ScrapeSource::kind(&()));
        Some(self.owner.as_deref().map_or_else(by_name, str::to_owned))
    }

    /// The record with what only we know of the same object.
    fn after(mut self, previous: Option<&Self>) -> Self {
        self.own_generation = previous
            .filter(|previous| previous.uid == self.uid)
            .and_then(|previous| previous.own_generation);
        self
    }
}

/// Namespace and name of an object.
pub type ObjectKey = (Box<str>, Box<str>);

/// Key of an object.
pub fn object_key(metadata: &ObjectMeta) -> ObjectKey {
    (
        metadata.namespace.clone().unwrap_or_default().into(),
        metadata.name.clone().unwrap_or_default().into(),
    )
}

/// Every CronJob of ours.
#[derive(Debug, Default)]
pub struct CronJobs {
    known: HashMap<ObjectKey, CronJobRecord>,
    /// What a new list has shown so far.
    listed: Option<HashMap<ObjectKey, CronJobRecord>>,
    /// The last objects that went, out of the cluster or only out of our sight with a label: an answer to our own write may
    /// come later than that.
    gone: VecDeque<Gone>,
}

/// An object that went: its UID and the version in which it did.
#[derive(Debug)]
struct Gone {
    uid: Box<str>,
    version: Option<u64>,
}

/// How many objects that went are remembered.
const REMEMBERED: usize = 256;

impl CronJobs {
    /// The CronJob called `name`.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&CronJobRecord> {
        self.known.get(&(namespace.into(), name.into()))
    }

    /// A new list begins.
    pub fn begin(&mut self) {
        self.listed = Some(HashMap::new());
    }

    /// An object of the new list.
    pub fn list(&mut self, object: &PartialObjectMeta<CronJob>, config: &Config) {
        let key = object_key(&object.metadata);
        let record = CronJobRecord::of(&object.metadata, config);
        let record = record.after(self.known.get(&key));
        self.listed.get_or_insert_default().insert(key, record);
    }

    /// The list is complete. Gives the sources for which something changed.
    pub fn complete(&mut self) -> Vec<SourceKey> {
        let Some(listed) = self.listed.take() else {
            return Vec::new();
        };
        let before = std::mem::replace(&mut self.known, listed);
        let changed = self
            .known
            .iter()
            .filter(|(key, record)| before.get(*key) != Some(record));
        let gone = before.iter().filter(|(key, _)| !self.known.contains_key(*key));
        changed
            .chain(gone)
            .filter_map(|(key, record)| source_key(key, record))
            .collect()
    }

    /// An object as the API server has it now, by a watch or as the answer to our own write. Gives its source if that is
    /// news. An echo of something older than our own last write is none.
    pub fn set(&mut self, metadata: &ObjectMeta, config: &Config) -> Option<SourceKey> {
        let key = object_key(metadata);
        let record = CronJobRecord::of(metadata, config).after(self.known.get(&key));
        // A watch shows things in their order: it came back.
        self.gone.retain(|gone| gone.uid != record.uid);
        let is_old = |known: &CronJobRecord| known.uid == record.uid && known.generation > record.generation;
        if self
            .known
            .get(&key)
            .is_some_and(|known| *known == record || is_old(known))
        {
            return None;
        }
        let source = source_key(&key, &record);
        self.known.insert(key, record);
        source
    }

    /// The answer to our own write, unless the watch has shown meanwhile that its object went.
    pub fn set_own(&mut self, metadata: &ObjectMeta, config: &Config) {
        let went_since =
            |gone: &Gone| Some(&*gone.uid) == metadata.uid.as_deref() && version(metadata) <= gone.version;
        if self.gone.iter().any(went_since) {
            return;
        }
        self.set(metadata, config);
        if let Some(record) = self.known.get_mut(&object_key(metadata)) {
            record.own_generation = metadata.generation;
        }
    }

    /// An object is gone, unless another of its name has come since.
    pub fn remove(&mut self, metadata: &ObjectMeta) -> Option<SourceKey> {
        let key = object_key(metadata);
        self.gone.extend(metadata.uid.as_deref().map(|uid| Gone {
            uid: uid.into(),
            version: version(metadata),
        }));
        if self.gone.len() > REMEMBERED {
            self.gone.pop_front();
        }
        let known = self.known.get(&key)?;
        if Some(&*known.uid) != metadata.uid.as_deref() {
            return None;
        }
        let record = self.known.remove(&key)?;
        source_key(&key, &record)
    }
}

/// Versions of one kind can be compared (KEP-5504).
fn version(metadata: &ObjectMeta) -> Option<u64> {
    metadata.resource_version.as_ref()?.parse().ok()
}

fn source_key((namespace, name): &ObjectKey, record: &CronJobRecord) -> Option<SourceKey> {
    let source = match &record.source {
        Belongs::ByName => name,
        Belongs::To(source) => source.as_deref()?,
    };
    Some(SourceKey {
        namespace: namespace.to_string(),
        name: source.to_owned(),
    })
}

#[cfg(test)]
mod tests;
