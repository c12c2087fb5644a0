//! Stored events as an iCalendar feed (RFC 5545, RFC 7986). Pure.
//!
//! Written in pieces, [`head`], one [`event`] after the other, and [`END`], so that a long feed need not be in memory.
//! Times are in UTC: every client understands them, shows them in its reader's zone, and no VTIMEZONE can be wrong. Nothing
//! is lost by it, since no event recurs. Days are dates, whose end is exclusive there.

use calcard::icalendar::{
    ICalendarEntry, ICalendarParameter, ICalendarParameterName, ICalendarParameterValue, ICalendarProperty,
    ICalendarValue, ICalendarValueType,
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::{
    event::{EventStatus, EventTime},
    store::StoredEvent,
};

/// The last line.
pub const END: &str = "END:VCALENDAR\r\n";

/// How often a client should ask again (ISO 8601): sources run every few hours.
const REFRESH: &str = "PT1H";

/// What a calendar says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name in lists of calendars.
    pub name: String,
    /// More words.
    pub description: String,
    /// Where it is served.
    pub url: Option<String>,
}

/// The whole calendar.
pub fn write(events: &[StoredEvent]) -> String {
    let mut feed = head(None);
    for stored in events {
        feed.push_str(&event(stored));
    }
    feed + END
}

/// Everything before the first event. The names that begin with X are what clients go by that do not know RFC 7986.
pub fn head(about: Option<&About>) -> String {
    let mut entries = vec![
        text(ICalendarProperty::Version, "2.0"),
        text(ICalendarProperty::Prodid, "-//sms-scraper.dev//sms_scraper//EN"),
        text(ICalendarProperty::Calscale, "GREGORIAN"),
    ];
    if let Some(about) = about {
        let other = |name: &str| ICalendarProperty::Other(name.to_owned());
        entries.extend([
            text(ICalendarProperty::Name, &about.name),
            text(other("X-WR-CALNAME"), &about.name),
            text(ICalendarProperty::Description, &about.description),
            text(other("X-WR-CALDESC"), &about.description),
            typed(
                ICalendarProperty::RefreshInterval,
                ICalendarValueType::Duration,
                REFRESH,
            ),
            text(other("X-PUBLISHED-TTL"), REFRESH),
        ]);
    }
    let mut lines = "BEGIN:VCALENDAR\r\n".to_owned();
    for entry in &entries {
        lines.push_str(&line(entry));
    }
    if let Some(url) = about.and_then(|about| about.url.as_deref()) {
        lines.push_str(&address(
            ICalendarProperty::Source,
            Some(ICalendarValueType::Uri),
            url,
        ));
        lines.push_str(&address(ICalendarProperty::Url, None, url));
    }
    lines
}

/// One event. `UID` is its identity and never changes; `DTSTAMP` and `LAST-MODIFIED` are the end of the run that last
/// wrote something about it, and `SEQUENCE` the seconds from its first sight until then: 0 for an event that never changed,
/// and more with every change.
pub fn event(stored: &StoredEvent) -> String {
    let event = &stored.event;
    let uid = format!(
        "{}@{}.sms-scraper.dev",
        stored.uid,
        stored.source.replace('/', ".")
    );
    let modified = utc(stored.last_modified);
    let age = stored.last_modified.as_second() - stored.first_seen.as_second();
    let mut entries = vec![
        text(ICalendarProperty::Uid, &uid),
        text(ICalendarProperty::Dtstamp, &modified),
        text(ICalendarProperty::Created, &utc(stored.first_seen)),
        text(ICalendarProperty::LastModified, &modified),
        text(
            ICalendarProperty::Sequence,
            &age.clamp(0, i64::from(i32::MAX)).to_string(),
        ),
        text(ICalendarProperty::Summary, &event.title),
        time(ICalendarProperty::Dtstart, &event.start, 0),
    ];
    // The end of days is the day after the last one (RFC 5545 §3.6.1); ours is the last one.
    entries.extend(end(stored).map(|end| time(ICalendarProperty::Dtend, end, 1)));
    let place: Vec<&str> = [&event.venue, &event.address]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if !place.is_empty() {
        entries.push(text(ICalendarProperty::Location, &place.join(", ")));
    }
    let description = event.description.as_deref();
    entries.extend(description.map(|words| text(ICalendarProperty::Description, words)));
    if !event.categories.is_empty() {
        entries.push(ICalendarEntry {
            name: ICalendarProperty::Categories,
            params: Vec::new(),
            values: event.categories.iter().map(|category| words(category)).collect(),
        });
    }
    let status = match event.status {
        _ if stored.removed_at.is_some() => "CANCELLED",
        EventStatus::Cancelled => "CANCELLED",
        EventStatus::Postponed => "TENTATIVE",
        EventStatus::Scheduled | EventStatus::Rescheduled | EventStatus::MovedOnline => "CONFIRMED",
    };
    entries.push(text(ICalendarProperty::Status, status));
    // Who subscribes to a calendar does not go to everything in it.
    entries.push(text(ICalendarProperty::Transp, "TRANSPARENT"));
    let mut lines = "BEGIN:VEVENT\r\n".to_owned();
    for entry in &entries {
        lines.push_str(&line(entry));
    }
    if let Some(url) = &event.url {
        lines.push_str(&address(ICalendarProperty::Url, None, url));
    }
    lines + "END:VEVENT\r\n"
}

/// An end that is one: of the start's kind, and after it.
fn end(stored: &StoredEvent) -> Option<&EventTime> {
    let end = stored.event.end.as_ref()?;
    let is_later = match (&stored.event.start, end) {
        (EventTime::Date(start), EventTime::Date(end)) => end >= start,
        (EventTime::At(start), EventTime::At(end)) => end > start,
        _ => false,
    };
    is_later.then_some(end)
}

fn line(entry: &ICalendarEntry) -> String {
    let mut line = String::new();
    // Writing into a String cannot fail.
    let _ = entry.write_to(&mut line);
    line
}

/// A line whose value is an address: those have no escapes (RFC 5545 §3.3.13), but the library writes them like texts.
/// What is escaped is never cut in two by folding.
fn address(name: ICalendarProperty, kind: Option<ICalendarValueType>, url: &str) -> String {
    let url: String = url.chars().filter(|c| !c.is_control()).collect();
    let url = url.replace('\\', "%5C");
    let entry = match kind {
        Some(kind) => typed(name, kind, &url),
        None => text(name, &url),
    };
    line(&entry).replace("\\,", ",").replace("\\;", ";")
}

/// A text without characters that no client could read; the library writes a carriage return as an escape that does not
/// exist.
fn words(text: &str) -> ICalendarValue {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    ICalendarValue::Text(
        text.chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
            .collect(),
    )
}

fn text(name: ICalendarProperty, value: &str) -> ICalendarEntry {
    ICalendarEntry {
        name,
        params: Vec::new(),
        values: vec![words(value)],
    }
}

fn typed(name: ICalendarProperty, kind: ICalendarValueType, value: &str) -> ICalendarEntry {
    ICalendarEntry {
        params: vec![ICalendarParameter {
            name: ICalendarParameterName::Value,
            value: ICalendarParameterValue::Value(kind),
        }],
        ..text(name, value)
    }
}

fn time(name: ICalendarProperty, time: &EventTime, more_days: i64) -> ICalendarEntry {
    match time {
        EventTime::At(zoned) => text(name, &utc(zoned.timestamp())),
        EventTime::Date(date) => {
            let date = date.checked_add(more_days.days()).unwrap_or(*date);
            typed(
                name,
                ICalendarValueType::Date,
                &date.strftime("%Y%m%d").to_string(),
            )
        }
    }
}

fn utc(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests;
