//! What is old enough to be deleted. Pure.

use std::time::Duration;

use jiff::{Timestamp, civil, tz::TimeZone};

use super::model::RunCommit;

/// The first date that is kept: events that ended before it go. Of the UTC date, so that a retention of days keeps an
/// event at least that long in every zone but the furthest, and at most a day longer.
pub(super) fn first_date(run: &RunCommit<'_>) -> Option<civil::Date> {
    let first = before(run.finished_at, run.retention_events?)?;
    Some(first.to_zoned(TimeZone::UTC).date())
}

/// The first moment that is kept: runs that ended before it go.
pub(super) fn first_moment(run: &RunCommit<'_>) -> Option<Timestamp> {
    before(run.finished_at, run.retention_runs?)
}

/// `None` where the retention reaches further back than time does.
fn before(now: Timestamp, retention: Duration) -> Option<Timestamp> {
    now.checked_sub(retention).ok()
}
