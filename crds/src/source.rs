//! Identity of a source: namespace, name, API name and hashes. Pure.

use std::{fmt, time::Duration};

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

    /// Longest time between two runs that are no `SkippedByCadence`, where two slots of the schedule are no further apart
    /// than `between_slots`. A run that succeeds lets all slots pass until nine tenths of the cadence are over.
    pub fn expected_interval(&self, between_slots: Duration) -> Duration {
        let cadence = self.spec.cadence.as_ref();
        let cadence = cadence
            .and_then(|cadence| cadence.to_std().ok())
            .unwrap_or_default();
        let waits = cadence.saturating_sub(cadence / 10);
        match waits > between_slots {
            true => waits.saturating_add(between_slots),
            false => between_slots,
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cadence_that_is_longer_than_the_schedule_makes_the_expected_interval_longer() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let expected = |cadence: Option<&str>| {
            let source: ScrapeSource = serde_json::from_value(json!({
                "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
                "metadata": {"name": "x"},
                "spec": {"cadence": cadence, "fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}}},
            }))
            .unwrap();
            source.expected_interval(hours(6))
        };
        assert_eq!(expected(None), hours(6));
        assert_eq!(expected(Some("4h")), hours(6));
        assert_eq!(expected(Some("6h")), hours(6), "the slack of a tenth");
        assert_eq!(expected(Some("20h")), hours(18 + 6));
        assert_eq!(expected(Some("nonsense")), hours(6));
    }
}
