//! A source as it is kept in memory: spec and status as compressed text, since most of the time nobody looks at them. Pure.
//!
//! Ten thousand sources in their types take three times the memory of their text, and most of the text is what every source
//! has. Reading one takes microseconds.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Resource;
use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;
use sms_crds::{
    ScrapeSource, ScrapeSourceSpec, ScrapeSourceStatus, SourceKey,
    labels::{ACCEPT, RUN_NOW},
};

/// What most sources have in common. It goes with the process: nothing compressed is ever stored.
const TYPICAL: &[u8] = include_bytes!("kept/typical.json");

/// A source, readable or not: one bad object never stops the others.
#[derive(Resource, Clone, Debug)]
#[resource(inherit = ScrapeSource)]
pub struct Kept {
    metadata: ObjectMeta,
    /// `spec` and `status` as JSON, compressed (LZ4 block format).
    content: Box<[u8]>,
}

impl Kept {
    /// Its namespace and name.
    pub fn key(&self) -> SourceKey {
        SourceKey {
            namespace: self.metadata.namespace.clone().unwrap_or_default(),
            name: self.metadata.name.clone().unwrap_or_default(),
        }
    }

    /// Its `spec`, readable or not.
    pub fn spec(&self) -> Value {
        let content: Result<Unread, _> = self.content();
        content.map(|content| content.spec).unwrap_or_default()
    }

    fn content<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        let text = decompress_size_prepended_with_dict(&self.content, TYPICAL);
        serde_json::from_slice(&text.map_err(serde_json::Error::custom)?)
    }

    /// The source itself.
    ///
    /// # Errors
    /// The object is no source: it was stored under another version of the CRD.
    pub fn read(&self) -> Result<ScrapeSource, serde_json::Error> {
        let Content { spec, status } = self.content()?;
        Ok(ScrapeSource {
            metadata: self.metadata.clone(),
            spec,
            status,
        })
    }
}

#[derive(Deserialize)]
struct Content {
    spec: ScrapeSourceSpec,
    #[serde(default)]
    status: Option<ScrapeSourceStatus>,
}

/// What is read of an object as the API server sends it. `managedFields`, about half of it, is skipped.
#[derive(Deserialize)]
struct Sent {
    metadata: Metadata,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

/// What of it is kept as it is.
#[derive(Serialize, Deserialize)]
struct Unread {
    spec: Value,
    status: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl From<Metadata> for ObjectMeta {
    fn from(sent: Metadata) -> Self {
        let mut annotations = sent.annotations;
        // `kubectl apply` keeps a second copy of the object in one.
        annotations.retain(|key, _| [RUN_NOW, ACCEPT].contains(&key.as_str()));
        Self {
            name: sent.name,
            namespace: sent.namespace,
            uid: sent.uid,
            resource_version: sent.resource_version,
            generation: sent.generation,
            creation_timestamp: sent.creation_timestamp,
            deletion_timestamp: sent.deletion_timestamp,
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..Self::default()
        }
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Sent {
            metadata,
            spec,
            status,
        } = Sent::deserialize(deserializer)?;
        let content = serde_json::to_vec(&Unread { spec, status }).map_err(D::Error::custom)?;
        Ok(Self {
            metadata: metadata.into(),
            content: compress_prepend_size_with_dict(&content, TYPICAL).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> Value {
        json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
            "metadata": {
                "name": "a", "namespace": "b", "uid": "c", "resourceVersion": "7", "generation": 2,
                "creationTimestamp": "2026-05-01T00:00:00Z",
                "annotations": {RUN_NOW: "1", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
                "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}],
            },
            "spec": {
                "schedule": "5 * * * *", "timeZone": "UTC", "suspend": false,
                "fetch": {"url": "https://example.org/é"},
                "extract": {"jsonLd": {}},
            },
            "status": {"observedGeneration": 1, "totals": {"processed": 3}},
        })
    }

    #[test]
    fn a_source_is_read_as_it_was_sent_but_for_what_nobody_reads() {
        let kept: Kept = serde_json::from_value(object()).unwrap();
        let mut expected: ScrapeSource = serde_json::from_value(object()).unwrap();
        expected.metadata.managed_fields = None;
        let annotations = expected.metadata.annotations.as_mut().unwrap();
        annotations.retain(|key, _| key == RUN_NOW);
        assert_eq!(kept.read().unwrap(), expected);
        assert_eq!(kept.key(), expected.key());
    }

    #[test]
    fn what_every_source_has_takes_no_room() {
        let mut typical: Value = serde_json::from_slice(TYPICAL).unwrap();
        let length = typical.to_string().len();
        typical["metadata"] = object()["metadata"].clone();
        let kept: Kept = serde_json::from_value(typical.clone()).unwrap();
        assert!(kept.read().is_ok(), "it is a source");
        assert!(kept.content.len() < length / 20, "{}", kept.content.len());
        typical["spec"]["fetch"]["url"] = json!("é".repeat(5000));
        let long: Kept = serde_json::from_value(typical.clone()).unwrap();
        assert_eq!(json!(long.read().unwrap().spec), typical["spec"]);
    }

    #[test]
    fn a_new_source_has_no_status() {
        let mut new = object();
        new.as_object_mut().unwrap().remove("status");
        let kept: Kept = serde_json::from_value(new).unwrap();
        assert_eq!(kept.read().unwrap().status, None);
    }

    #[test]
    fn an_object_that_is_no_source_is_kept_with_its_name() {
        let mut wrong = object();
        wrong["spec"]["schedule"] = json!(5);
        let mut empty = object();
        empty.as_object_mut().unwrap().remove("spec");
        for object in [wrong, empty] {
            let kept: Kept = serde_json::from_value(object).unwrap();
            assert!(kept.read().is_err());
            assert_eq!(kept.key().to_string(), "b/a");
            assert_eq!(kept.meta().generation, Some(2));
        }
    }
}
