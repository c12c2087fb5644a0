//! What goes into a store and comes out of it. Pure.

use std::time::Duration;

use jiff::{Timestamp, civil};
use serde::{Serialize, Serializer, ser};
use serde_json::{Map, Value};
use sms_crds::{
    SourceKey,
    report::{Outcome, RunReport},
};

use crate::{event::Event, identity::Identified};

/// The right to write one source, held by one run at a time.
///
/// It is a row with an expiry, not a lock of the session: it outlives the connection and works behind a connection
/// pooler. Its token grows with every holder, and a commit with an outdated token writes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The source.
    pub source: SourceKey,
    /// Who holds it: the run.
    pub holder: String,
    /// When it expires unless it is renewed; by the database's clock.
    pub until: Timestamp,
    pub(super) token: i64,
}

/// What the store knows of a source before a run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SourceState {
    /// Runs of the source since the store began.
    pub runs_total: i64,
    /// Start of the last run that succeeded: what the cadence is measured from.
    pub last_success_started_at: Option<Timestamp>,
    /// End of the last run that succeeded.
    pub last_success_at: Option<Timestamp>,
    /// Event counts of the last accepted runs that read events, newest first. Where a person accepted a suspicious run,
    /// it starts with that run.
    pub baseline: Vec<i64>,
    /// Event count of the suspicious run that a person accepted, if the store knows it.
    pub accepted: Option<i64>,
    /// For conditional requests; of the given spec hash alone.
    pub validators: Option<StoredValidators>,
    /// Events of the newest run that read events: what an unchanged source still has.
    pub live_events: i64,
}

/// What a conditional request and the comparison of bodies need.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StoredValidators {
    /// `ETag` header.
    pub etag: Option<String>,
    /// `Last-Modified` header.
    pub last_modified: Option<String>,
    /// Hash of the body.
    pub body_hash: Option<String>,
    /// When a full body was last read.
    pub full_fetch_at: Option<Timestamp>,
}

/// A finished run, to be stored in one transaction.
#[derive(Clone, Debug)]
pub struct RunCommit<'a> {
    /// The report as known before storing. Its identifier, outcome, spec hash and counts are the run's; the counts that
    /// only the store knows are filled in the stored copy.
    pub report: &'a RunReport,
    /// Start of the run.
    pub started_at: Timestamp,
    /// End of the run: the `first_seen`, `last_seen` and `removed_at` that it gives.
    pub finished_at: Timestamp,
    /// Whether the run counts for the baseline and may keep validators.
    pub accepted: bool,
    /// Accepted events. Read for the outcomes `Succeeded` and `Suspicious`, ignored for the others.
    pub events: &'a [Identified],
    /// Whether events that are missing may be removed.
    pub removal: Removal,
    /// A run that read events replaces the stored validators, with none if it brings none or is not accepted, since they
    /// must describe what is stored. An unchanged run replaces them only if it brings some, a failed one never.
    pub validators: Option<StoredValidators>,
    /// Delete events that ended (or started) longer ago and are no longer on the page.
    pub retention_events: Option<Duration>,
    /// Delete rows of runs that ended longer ago.
    pub retention_runs: Option<Duration>,
}

/// Whether a run may remove events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// No: partial, truncated, suspicious, or with rejected items.
    None,
    /// The run saw everything and rejected nothing.
    Complete {
        /// The venue's date: earlier events never become removed.
        today: civil::Date,
    },
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct StoreSummary {
    /// Events stored for the first time.
    pub new: i64,
    /// Events with other content than before, and removed ones that are back.
    pub updated: i64,
    /// Events that are as they were; for an unchanged source all that it still has.
    pub unchanged: i64,
    /// Future events that vanished.
    pub removed: i64,
    /// Future events that this run misses for the first time: the next complete run decides.
    pub missed: i64,
    /// Runs of the source since the store began, this one included.
    pub runs_total: i64,
}

impl StoreSummary {
    /// Writes the counts into a report.
    pub fn fill(&self, report: &mut RunReport) {
        report.new = self.new;
        report.updated = self.updated;
        report.unchanged = self.unchanged;
        report.removed = self.removed;
        report.processed = self.new + self.updated + self.unchanged;
    }
}

/// Which stored events are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EventQuery {
    /// Only these sources; empty: all.
    pub sources: Vec<SourceKey>,
    /// Only sources with these API names; empty: all.
    pub apis: Vec<String>,
    /// Only events that end on this local date or later.
    pub from: Option<civil::Date>,
    /// Only events that start on this local date or earlier.
    pub to: Option<civil::Date>,
    /// Removed events too.
    pub include_removed: bool,
    /// At most so many, the earliest first.
    pub limit: Option<u32>,
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredEvent {
    /// `namespace/name` of the source.
    pub source: String,
    /// Name of the source in metrics.
    pub api_name: String,
    /// Identity inside the source: `id` in JSON, as in the view `events_v1`.
    #[serde(rename = "id")]
    pub uid: String,
    /// The event; its own [`Event::id`] is `externalId` in JSON.
    #[serde(flatten, serialize_with = "with_external_id")]
    pub event: Event,
    /// End of the run that first saw it.
    pub first_seen: Timestamp,
    /// End of the run that last saw it.
    pub last_seen: Timestamp,
    /// End of the run that last wrote something about it: its content, its return, or that it is gone.
    pub last_modified: Timestamp,
    /// End of the run that found it gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
}

/// Writes an event beside its identity: what the source calls `id` is `externalId`.
pub(super) fn with_external_id<S: Serializer>(event: &Event, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = Map::new();
    if let Value::Object(own) = serde_json::to_value(event).map_err(ser::Error::custom)? {
        for (name, value) in own {
            let name = if name == "id" {
                "externalId".to_owned()
            } else {
                name
            };
            fields.insert(name, value);
        }
    }
    fields.serialize(serializer)
}

/// A stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// `namespace/name` of the source.
    pub source: String,
    /// Identifier of the run.
    pub run: String,
    /// Start.
    pub started_at: Timestamp,
    /// End.
    pub finished_at: Timestamp,
    /// [`Outcome`] as text, since a newer version may know more of them.
    pub outcome: String,
    /// Whether it counts for the baseline.
    pub accepted: bool,
    /// Accepted events.
    pub processed: i64,
    /// The report; `None` where a newer version wrote one that this version cannot read.
    pub report: Option<RunReport>,
}

impl RunCommit<'_> {
    /// Whether the run read events, so that they are to be stored.
    pub(super) fn reads_events(&self) -> bool {
        matches!(self.report.outcome, Outcome::Succeeded | Outcome::Suspicious)
    }

    /// Whether the page is as it was.
    pub(super) fn is_unchanged(&self) -> bool {
        self.report.outcome == Outcome::Unchanged
    }

    /// The report with the counts that only the store knows.
    pub(super) fn filled_report(&self, summary: &StoreSummary) -> RunReport {
        let mut report = self.report.clone();
        summary.fill(&mut report);
        report
    }

    /// The validators to store, or `None` to keep those that are.
    pub(super) fn new_validators(&self, summary: &StoreSummary) -> Option<StoredValidators> {
        match self.report.outcome {
            // The page has to be read once more, or an unchanged body would put off the removal for a day.
            Outcome::Succeeded if summary.missed > 0 => Some(StoredValidators::default()),
            Outcome::Succeeded | Outcome::Suspicious => Some(
                self.validators
                    .clone()
                    .filter(|_| self.accepted)
                    .unwrap_or_default(),
            ),
            Outcome::Unchanged => self.validators.clone(),
            Outcome::SkippedByCadence | Outcome::Failed => None,
        }
    }
}
