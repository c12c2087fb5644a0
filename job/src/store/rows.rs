//! Rows as both databases give them: moments are texts in UTC. Pure.

use jiff::Timestamp;

use super::{
    error::Fault,
    listing::{Extent, Listed, Position, StoredSource, Unreadable},
    model::{RunRow, SourceState, StoreSummary, StoredEvent, StoredValidators},
};

#[derive(sqlx::FromRow)]
pub(super) struct StateRow {
    runs_total: i64,
    last_success_started_at: Option<String>,
    last_success_at: Option<String>,
    validator_spec: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
    body_hash: Option<String>,
    full_fetch_at: Option<String>,
    live_events: i64,
    accepted: Option<i64>,
}

#[derive(sqlx::FromRow)]
pub(super) struct EventRow {
    source: String,
    api_name: String,
    uid: String,
    document: String,
    first_seen: String,
    last_seen: String,
    last_modified: String,
    removed_at: Option<String>,
}

/// An event and its place in the order of lists.
#[derive(sqlx::FromRow)]
pub(super) struct ListedRow {
    start_at: String,
    #[sqlx(flatten)]
    event: EventRow,
}

/// What a source holds of the events that a list is of.
#[derive(sqlx::FromRow)]
pub(super) struct ExtentRow {
    source: String,
    api_name: String,
    seen_at: Option<String>,
    events: i64,
    newest: String,
    checksum: String,
}

#[derive(sqlx::FromRow)]
pub(super) struct SourceRow {
    source: String,
    api_name: String,
    last_success_at: Option<String>,
    seen_at: Option<String>,
    events: i64,
    upcoming: i64,
}

#[derive(sqlx::FromRow)]
pub(super) struct ReportRow {
    source: String,
    run: String,
    started_at: String,
    finished_at: String,
    outcome: String,
    accepted: bool,
    processed: i64,
    report: String,
}

/// What a stored run came to.
#[derive(sqlx::FromRow)]
pub(super) struct SummaryRow {
    new: i64,
    updated: i64,
    unchanged: i64,
    removed: i64,
    runs_total: i64,
}

impl From<SummaryRow> for StoreSummary {
    fn from(row: SummaryRow) -> Self {
        Self {
            new: row.new,
            updated: row.updated,
            unchanged: row.unchanged,
            removed: row.removed,
            // Only the commit itself needs it.
            missed: 0,
            runs_total: row.runs_total,
        }
    }
}

/// Who holds a lease.
#[derive(sqlx::FromRow)]
pub(super) struct LeaseRow {
    #[sqlx(rename = "lease_token")]
    pub(super) token: i64,
    #[sqlx(rename = "lease_holder")]
    pub(super) holder: Option<String>,
    #[sqlx(rename = "lease_until")]
    pub(super) until: Option<String>,
}

impl StateRow {
    pub(super) fn into_state(self, spec_hash: &str, baseline: Vec<i64>) -> Result<SourceState, Fault> {
        let validators = StoredValidators {
            etag: self.etag,
            last_modified: self.last_modified,
            body_hash: self.body_hash,
            full_fetch_at: optional_moment(self.full_fetch_at.as_deref())?,
        };
        let is_current = self.validator_spec.as_deref() == Some(spec_hash);
        Ok(SourceState {
            runs_total: self.runs_total,
            last_success_started_at: optional_moment(self.last_success_started_at.as_deref())?,
            last_success_at: optional_moment(self.last_success_at.as_deref())?,
            baseline,
            accepted: self.accepted,
            validators: Some(validators)
                .filter(|stored| is_current && *stored != StoredValidators::default()),
            live_events: self.live_events,
        })
    }
}

impl EventRow {
    pub(super) fn into_event(self) -> Result<StoredEvent, Fault> {
        self.into_readable()
            .map_err(|error| Fault::Value(error.to_string()))
    }

    pub(super) fn into_readable(self) -> Result<StoredEvent, Unreadable> {
        let (source_key, uid) = (self.source.clone(), self.uid.clone());
        self.parsed().map_err(|problem| Unreadable {
            source_key,
            uid,
            problem,
        })
    }

    fn parsed(self) -> Result<StoredEvent, String> {
        Ok(StoredEvent {
            event: serde_json::from_str(&self.document).map_err(|error| error.to_string())?,
            source: self.source,
            api_name: self.api_name,
            uid: self.uid,
            first_seen: parsed_moment(&self.first_seen)?,
            last_seen: parsed_moment(&self.last_seen)?,
            last_modified: parsed_moment(&self.last_modified)?,
            removed_at: self.removed_at.as_deref().map(parsed_moment).transpose()?,
        })
    }
}

impl ListedRow {
    pub(super) fn into_listed(self) -> Listed {
        let position = Position {
            start_at: self.start_at,
            uid: self.event.uid.clone(),
            source: self.event.source.clone(),
        };
        Listed {
            position,
            stored: self.event.into_readable(),
        }
    }
}

impl ExtentRow {
    pub(super) fn into_extent(self) -> Result<Extent, Fault> {
        Ok(Extent {
            newest: moment(&self.newest)?,
            source: self.source,
            api_name: self.api_name,
            seen_at: self.seen_at,
            events: self.events,
            checksum: self.checksum,
        })
    }
}

impl SourceRow {
    pub(super) fn into_source(self) -> Result<StoredSource, Fault> {
        Ok(StoredSource {
            source: self.source,
            api_name: self.api_name,
            events: self.events,
            upcoming: self.upcoming,
            last_success: optional_moment(self.last_success_at.as_deref())?,
            last_read: optional_moment(self.seen_at.as_deref())?,
        })
    }
}

impl ReportRow {
    pub(super) fn into_run(self) -> Result<RunRow, Fault> {
        Ok(RunRow {
            started_at: moment(&self.started_at)?,
            finished_at: moment(&self.finished_at)?,
            source: self.source,
            run: self.run,
            outcome: self.outcome,
            accepted: self.accepted,
            processed: self.processed,
            report: serde_json::from_str(&self.report).ok(),
        })
    }
}

pub(super) fn moment(text: &str) -> Result<Timestamp, Fault> {
    parsed_moment(text).map_err(Fault::Value)
}

fn parsed_moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|error| format!("{text:?} is no moment: {error}"))
}

fn optional_moment(text: Option<&str>) -> Result<Option<Timestamp>, Fault> {
    text.map(moment).transpose()
}
