//! The exporter: what the status of all sources says, as Prometheus metrics. Pure.
//!
//! The counters are the totals in the status, so that a restart of the operator is no reset.

mod families;
mod intervals;
mod rows;
mod text;

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;
use prometheus::{TextEncoder, proto::MetricFamily};
use sms_crds::{ScrapeSource, SourceKey};

use crate::api_names::ApiNames;
use intervals::Intervals;

/// What is known of all sources.
pub struct Sources<'s> {
    each: Box<Each<'s>>,
    names: &'s ApiNames,
}

/// Hands over every source, one after another: all of them in their types would take several times the memory in which they
/// are kept.
type Each<'s> = dyn Fn(&mut dyn FnMut(&ScrapeSource)) + 's;

impl<'s> Sources<'s> {
    /// `sources`, of which `names` knows the owners.
    pub fn new(sources: impl IntoIterator<Item = &'s ScrapeSource>, names: &'s ApiNames) -> Self {
        let sources: Vec<_> = sources.into_iter().collect();
        Self::of(
            move |see| {
                for source in &sources {
                    see(source);
                }
            },
            names,
        )
    }

    /// The sources that `each` hands over, of which `names` knows the owners.
    pub fn of(each: impl Fn(&mut dyn FnMut(&ScrapeSource)) + 's, names: &'s ApiNames) -> Self {
        Self {
            each: Box::new(each),
            names,
        }
    }

    /// The source that each API name belongs to.
    pub fn owners(&self) -> HashMap<String, SourceKey> {
        let mut owners = HashMap::new();
        (self.each)(&mut |source| {
            if self.names.is_owner(source) {
                owners.insert(source.api_name(), source.key());
            }
        });
        owners
    }
}

/// Writes the metrics of all sources.
#[derive(Debug)]
pub struct Exporter {
    installation: String,
    intervals: Mutex<Intervals>,
    /// Bytes of the last text: the next one is about as long, and is not moved while it grows.
    size: AtomicUsize,
}

impl Exporter {
    /// An exporter of this installation.
    pub fn new(installation: impl Into<String>) -> Self {
        Self {
            installation: installation.into(),
            intervals: Mutex::default(),
            size: AtomicUsize::default(),
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
        let mut text = String::with_capacity(self.size.load(Ordering::Relaxed));
        TextEncoder::new().encode_utf8(own, &mut text)?;
        if let Some(sources) = sources {
            let mut intervals = self.intervals.lock().unwrap_or_else(PoisonError::into_inner);
            let rows = rows::rows(sources, now, &mut intervals);
            drop(intervals);
            families::write(&mut text, &rows, &self.installation);
        }
        self.size.store(text.len() + text.len() / 64, Ordering::Relaxed);
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
