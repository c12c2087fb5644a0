//! Identity of a source: namespace, name, API name and hashes. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{ScrapeSource, labels::ACCEPT};

/// `namespace/name` of a source: its identity in the store. Without a cluster the namespace is `default`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceKey {
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl ScrapeSource {
    /// `namespace/name`, with namespace `default` where the object has none.
    pub fn key(&self) -> SourceKey {
        SourceKey {
            namespace: self
                .metadata
                .namespace
                .clone()
                .unwrap_or_else(|| "default".to_owned()),
            name: self.metadata.name.clone().unwrap_or_default(),
        }
    }

    /// `spec.apiName`, or the object's name with `-` and `.` written `_`.
    pub fn api_name(&self) -> String {
        self.spec.api_name.clone().unwrap_or_else(|| {
            self.metadata
                .name
                .as_deref()
                .unwrap_or_default()
                .replace(['-', '.'], "_")
        })
    }

    /// Time zone of times that name none: `extract.timeZone`, else `timeZone`.
    pub fn venue_time_zone(&self) -> &str {
        self.spec
            .extract
            .time_zone
            .as_deref()
            .unwrap_or(&self.spec.time_zone)
    }

    /// The source as it travels to a Job: kind, name, namespace, spec, and the annotation with the run to accept. Labels, all
    /// other annotations (among them what `kubectl apply` keeps), managed fields and status stay behind.
    #[must_use]
    pub fn to_travel(&self) -> Self {
        let mut source = Self::new(
            self.metadata.name.as_deref().unwrap_or_default(),
            self.spec.clone(),
        );
        source.metadata.namespace.clone_from(&self.metadata.namespace);
        let annotations = self.metadata.annotations.as_ref();
        source.metadata.annotations = annotations
            .and_then(|annotations| annotations.get_key_value(ACCEPT))
            .map(|(key, run)| [(key.clone(), run.clone())].into());
        source
    }

    /// Bytes of [`Self::to_travel`] as JSON with every `$` doubled, as an environment variable of a container holds it.
    pub fn travel_size(&self) -> usize {
        let json = serde_json::to_vec(&self.to_travel()).unwrap_or_default();
        json.len() + json.split(|byte| *byte == b'$').count() - 1
    }

    /// Hash of what decides which events a page gives: `fetch`, `extract` and the time zones. Validators and removal
    /// counts of another hash are void.
    pub fn spec_hash(&self) -> String {
        let relevant = (&self.spec.fetch, &self.spec.extract, &self.spec.time_zone);
        hex(&Sha256::digest(serde_json::to_vec(&relevant).unwrap_or_default())[..8])
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |four_bits: u8| char::from_digit(u32::from(four_bits), 16).unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
