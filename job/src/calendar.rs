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
        lines.push_str(&address(&typed(
            ICalendarProperty::Source,
            ICalendarValueType::Uri,
            url,
        )));
        lines.push_str(&address(&text(ICalendarProperty::Url, url)));
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
        lines.push_str(&address(&text(ICalendarProperty::Url, url)));
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
fn address(entry: &ICalendarEntry) -> String {
    line(entry)
        .replace("\\,", ",")
        .replace("\\;", ";")
        .replace("\\\\", "%5C")
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
mod tests {
    use super::*;
    use crate::event::Event;
    use calcard::icalendar::ICalendar;
    use serde_json::json;

    fn stored(event: serde_json::Value) -> StoredEvent {
        let event: Event = serde_json::from_value(event).unwrap();
        StoredEvent {
            source: "default/blue-moon".into(),
            api_name: "blue_moon".into(),
            uid: "abc".into(),
            event,
            first_seen: Timestamp::UNIX_EPOCH,
            last_seen: Timestamp::UNIX_EPOCH,
            last_modified: Timestamp::UNIX_EPOCH,
            removed_at: None,
        }
    }

    #[test]
    fn the_feed_reads_back_as_what_was_written() {
        let events = [
            stored(json!({
                "title": "Tom; Jerry, & \"Friends\"\nlive", "start": "2026-05-10T19:30:00-07:00",
                "end": "2026-05-10T22:00:00-07:00", "timeKnown": true, "timeZone": "America/Los_Angeles",
                "venue": "Blue Moon", "url": "https://x.example/a?b=1,2;c", "status": "cancelled", "description": "é".repeat(100),
            })),
            stored(
                json!({"title": "Fair", "start": "2026-05-10", "end": "2026-05-12", "allDay": true, "timeKnown": true, "timeZone": "UTC"}),
            ),
        ];
        let feed = write(&events);
        assert!(feed.lines().all(|line| line.len() <= 75), "{feed}");
        assert!(feed.contains("DTSTART:20260511T023000Z\r\n"), "{feed}");
        assert!(
            feed.contains("DTSTART;VALUE=DATE:20260510\r\n")
                && feed.contains("DTEND;VALUE=DATE:20260513\r\n"),
            "{feed}"
        );
        let parsed = ICalendar::parse(&feed).unwrap();
        assert_eq!(parsed.components.len(), 3);
        let summary = parsed.components[1]
            .entries
            .iter()
            .find(|entry| entry.name == ICalendarProperty::Summary)
            .unwrap();
        assert_eq!(
            summary.values,
            [ICalendarValue::Text("Tom; Jerry, & \"Friends\"\nlive".into())]
        );
    }

    #[test]
    fn an_event_is_written_line_by_line_as_clients_expect_it() {
        let mut show = stored(json!({
            "title": "Tom; Jerry, & \"Friends\"\r\n\u{7}live \\o/", "start": "2026-05-10T19:30:00-07:00",
            "end": "2026-05-10T19:30:00-07:00", "timeKnown": true, "timeZone": "America/Los_Angeles",
            "venue": "Blue Moon", "address": "712 NE 45th St", "categories": ["rock, loud", "all ages"],
            "url": "https://x.example/a?b=1,2;c", "status": "postponed",
        }));
        show.first_seen = "2026-05-01T00:00:00Z".parse().unwrap();
        show.last_modified = "2026-05-01T00:01:30Z".parse().unwrap();
        let wanted = [
            "BEGIN:VEVENT",
            "UID:abc@default.blue-moon.sms-scraper.dev",
            "DTSTAMP:20260501T000130Z",
            "CREATED:20260501T000000Z",
            "LAST-MODIFIED:20260501T000130Z",
            "SEQUENCE:90",
            "SUMMARY:Tom\\; Jerry\\, & \"Friends\"\\nlive \\\\o/",
            "DTSTART:20260511T023000Z",
            "LOCATION:Blue Moon\\, 712 NE 45th St",
            "CATEGORIES:rock\\, loud,all ages",
            "STATUS:TENTATIVE",
            "TRANSP:TRANSPARENT",
            "URL:https://x.example/a?b=1,2;c",
            "END:VEVENT",
            "",
        ];
        assert_eq!(event(&show), wanted.join("\r\n"));
    }

    #[test]
    fn a_calendar_says_what_it_is_and_where() {
        let about = About {
            name: "Café".to_owned(),
            description: "a, b".to_owned(),
            url: Some("https://x.example/events.ics?source=a,b".to_owned()),
        };
        let wanted = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//sms-scraper.dev//sms_scraper//EN",
            "CALSCALE:GREGORIAN",
            "NAME:Café",
            "X-WR-CALNAME:Café",
            "DESCRIPTION:a\\, b",
            "X-WR-CALDESC:a\\, b",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "X-PUBLISHED-TTL:PT1H",
            "SOURCE;VALUE=URI:https://x.example/events.ics?source=a,b",
            "URL:https://x.example/events.ics?source=a,b",
            "",
        ];
        assert_eq!(head(Some(&about)), wanted.join("\r\n"));
    }

    #[test]
    fn a_removed_event_is_cancelled_and_an_end_before_the_start_is_none() {
        let mut gone = stored(json!({
            "title": "Fair", "start": "2026-05-10", "end": "2026-05-09", "allDay": true, "timeKnown": true, "timeZone": "UTC",
        }));
        gone.removed_at = Some(Timestamp::UNIX_EPOCH);
        let lines = event(&gone);
        assert!(lines.contains("\r\nSTATUS:CANCELLED\r\n"), "{lines}");
        assert!(!lines.contains("DTEND"), "{lines}");
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_title_is_lines_are_short_and_whole(title in "[a-z]\\PC{0,200}[a-z]", url in "[!-~é]{0,120}") {
            let mut one = stored(json!({"title": "x", "start": "2026-05-10", "timeKnown": false, "timeZone": "UTC"}));
            one.event.title = title.clone();
            one.event.description = Some(format!("{title}\r{url}"));
            one.event.url = Some(url);
            let feed = write(&[one]);
            for line in feed.split("\r\n") {
                proptest::prop_assert!(line.len() <= 75, "{}", line);
                proptest::prop_assert!(!line.contains(['\r', '\n']));
            }
            let parsed = ICalendar::parse(&feed).unwrap();
            let summary = parsed.components[1].property(&ICalendarProperty::Summary).unwrap();
            proptest::prop_assert_eq!(&summary.values, &[ICalendarValue::Text(title)]);
        }
    }
}
