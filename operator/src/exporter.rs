//! The exporter: what the status of all sources says, as Prometheus metrics. Pure.
//!
//! The counters are the totals in the status, so that a restart of the operator is no reset.

pub mod families;
pub mod intervals;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use prometheus::{Encoder, TextEncoder, proto::MetricFamily};
use sms_crds::{ScrapeSource, SourceKey};

use crate::api_names::ApiNames;
use intervals::Intervals;

/// What is known of all sources.
#[derive(Clone, Debug)]
pub struct Sources<'s> {
    /// Every source.
    pub sources: Vec<&'s ScrapeSource>,
    /// Which of them has which API name.
    pub names: &'s ApiNames,
}

impl<'s> Sources<'s> {
    /// `sources`, of which `names` knows the owners.
    pub fn new(sources: impl IntoIterator<Item = &'s ScrapeSource>, names: &'s ApiNames) -> Self {
        Self {
            sources: sources.into_iter().collect(),
            names,
        }
    }

    /// The source that each API name belongs to.
    pub fn owners(&self) -> HashMap<String, SourceKey> {
        self.sources
            .iter()
            .filter(|source| self.names.is_owner(source))
            .map(|source| (source.api_name(), source.key()))
            .collect()
    }
}

/// Writes the metrics of all sources.
#[derive(Debug)]
pub struct Exporter {
    installation: String,
    intervals: Mutex<Intervals>,
}

impl Exporter {
    /// An exporter of this installation.
    pub fn new(installation: impl Into<String>) -> Self {
        Self {
            installation: installation.into(),
            intervals: Mutex::default(),
        }
    }

    /// `own` families, and those of `sources` where they are known, in the Prometheus text format, version 0.0.4.
    ///
    /// Sources that lost their API name to an older one have `sms_source_info` alone.
    ///
    /// # Errors
    /// The text cannot be written; does not happen for families of the contract.
    pub fn to_text(
        &self,
        own: &[MetricFamily],
        sources: Option<&Sources<'_>>,
        now: Timestamp,
    ) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        let encoder = TextEncoder::new();
        encoder.encode(own, &mut text)?;
        if let Some(sources) = sources {
            let mut intervals = self.intervals.lock().unwrap_or_else(PoisonError::into_inner);
            let rows = families::rows(sources, now, &mut intervals);
            drop(intervals);
            // One family at a time: all of them together would take several times the memory of their text.
            for write in families::WRITERS {
                let family = write(&rows, &self.installation);
                if !family.get_metric().is_empty() {
                    encoder.encode(&[family], &mut text)?;
                }
            }
        }
        String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
