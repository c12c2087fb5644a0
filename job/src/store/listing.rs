//! What a reader asks a store for, and what it gets. Pure.

use jiff::{Timestamp, civil};
use serde::Serialize;

use super::model::StoredEvent;

/// Questions that are put to the database at once; more wait.
pub const PARALLEL: u32 = 4;

/// Which events are wanted; an empty list is no condition.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filter {
    /// Keys of sources, `namespace/name`. A source that is in this list or in `apis` is wanted.
    pub sources: Vec<String>,
    /// API names of sources.
    pub apis: Vec<String>,
    /// Only events that end on this local date or later.
    pub from: Option<civil::Date>,
    /// Only events that start on this local date or earlier.
    pub to: Option<civil::Date>,
    /// Statuses as the view `events_v1` has them.
    pub statuses: Vec<String>,
    /// Words that title, venue or a performer holds, upper and lower case alike.
    pub text: Option<String>,
    /// Removed events too.
    pub removed: bool,
}

/// A place in the order of all events: by start, identity, source. The next page begins after it, whatever is stored or
/// deleted meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Start as a moment in UTC, in the database's own writing.
    pub start_at: String,
    /// Identity.
    pub uid: String,
    /// `namespace/name`.
    pub source: String,
}

/// An event of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its place.
    pub position: Position,
    /// The event, or why it cannot be told: one such event must not take the others with it.
    pub stored: Result<StoredEvent, Unreadable>,
}

/// An event that this version cannot read. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event {uid} of {source_key} is stored in a form that this version cannot read ({problem}): use the version \
     that wrote it, or a newer one"
)]
pub struct Unreadable {
    /// `namespace/name`.
    pub source_key: String,
    /// Identity.
    pub uid: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What of one source a list holds. Any change of the list's events changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// `namespace/name`.
    pub source: String,
    /// Its API name.
    pub api_name: String,
    /// When its page was last read: `last_seen` of the events that are on it.
    pub seen_at: Option<String>,
    /// Number of events.
    pub events: i64,
    /// Newest change of one of them.
    pub newest: Timestamp,
    /// Sum of the moments of their newest changes.
    pub checksum: String,
}

/// A source as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredSource {
    /// `namespace/name`.
    pub source: String,
    /// Its API name.
    pub api_name: String,
    /// Stored events, without removed ones.
    pub events: i64,
    /// Those of them that end on the day asked for, or later.
    pub upcoming: i64,
    /// End of its last successful run.
    pub last_success: Option<Timestamp>,
    /// End of the last run that read its page or found it unchanged.
    pub last_read: Option<Timestamp>,
}
