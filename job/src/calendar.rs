//! Stored events as an iCalendar feed (RFC 5545). Pure.

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarParameter,
    ICalendarParameterName, ICalendarParameterValue, ICalendarProperty, ICalendarValue, ICalendarValueType,
    Uri,
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::{
    event::{EventStatus, EventTime},
    store::StoredEvent,
};

/// The feed: times in UTC, so that no VTIMEZONE is needed; days as dates, whose end is exclusive there.
pub fn write(events: &[StoredEvent]) -> String {
    let mut calendar = ICalendarComponent {
        component_type: ICalendarComponentType::VCalendar,
        entries: vec![
            text(ICalendarProperty::Version, "2.0"),
            text(ICalendarProperty::Prodid, "-//sms-scraper.dev//sms_scraper//EN"),
            text(ICalendarProperty::Calscale, "GREGORIAN"),
        ],
        component_ids: Vec::new(),
    };
    let mut components = Vec::with_capacity(events.len() + 1);
    for (number, stored) in (1..).zip(events) {
        calendar.component_ids.push(number);
        components.push(event(stored));
    }
    components.insert(0, calendar);
    ICalendar { components }.to_string()
}

fn event(stored: &StoredEvent) -> ICalendarComponent {
    let event = &stored.event;
    let uid = format!(
        "{}@{}.sms-scraper.dev",
        stored.uid,
        stored.source.replace('/', ".")
    );
    let mut entries = vec![
        text(ICalendarProperty::Uid, &uid),
        text(ICalendarProperty::Dtstamp, &utc(stored.last_seen)),
        text(ICalendarProperty::Summary, &event.title),
        time(ICalendarProperty::Dtstart, &event.start, 0),
    ];
    let end = event.end.as_ref().filter(|end| {
        matches!(
            (&event.start, end),
            (EventTime::Date(_), EventTime::Date(_)) | (EventTime::At(_), EventTime::At(_))
        )
    });
    // The end of days is the day after the last one (RFC 5545 §3.6.1); ours is the last one.
    entries.extend(end.map(|end| time(ICalendarProperty::Dtend, end, 1)));
    let place: Vec<&str> = [&event.venue, &event.address]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if !place.is_empty() {
        entries.push(text(ICalendarProperty::Location, &place.join(", ")));
    }
    entries.extend(
        event
            .description
            .as_deref()
            .map(|words| text(ICalendarProperty::Description, words)),
    );
    entries.extend(event.url.as_ref().map(|url| ICalendarEntry {
        name: ICalendarProperty::Url,
        params: Vec::new(),
        values: vec![ICalendarValue::Uri(Uri::Location(url.clone()))],
    }));
    if !event.categories.is_empty() {
        entries.push(ICalendarEntry {
            name: ICalendarProperty::Categories,
            params: Vec::new(),
            values: event
                .categories
                .iter()
                .cloned()
                .map(ICalendarValue::Text)
                .collect(),
        });
    }
    let status = match event.status {
        _ if stored.removed_at.is_some() => "CANCELLED",
        EventStatus::Cancelled => "CANCELLED",
        EventStatus::Postponed => "TENTATIVE",
        EventStatus::Scheduled | EventStatus::Rescheduled | EventStatus::MovedOnline => "CONFIRMED",
    };
    entries.push(text(ICalendarProperty::Status, status));
    ICalendarComponent {
        component_type: ICalendarComponentType::VEvent,
        entries,
        component_ids: Vec::new(),
    }
}

fn text(name: ICalendarProperty, value: &str) -> ICalendarEntry {
    ICalendarEntry {
        name,
        params: Vec::new(),
        values: vec![ICalendarValue::Text(value.to_owned())],
    }
}

fn time(name: ICalendarProperty, time: &EventTime, more_days: i64) -> ICalendarEntry {
    match time {
        EventTime::At(zoned) => text(name, &utc(zoned.timestamp())),
        EventTime::Date(date) => {
            let date = date.checked_add(more_days.days()).unwrap_or(*date);
            ICalendarEntry {
                name,
                params: vec![ICalendarParameter {
                    name: ICalendarParameterName::Value,
                    value: ICalendarParameterValue::Value(ICalendarValueType::Date),
                }],
                values: vec![ICalendarValue::Text(date.strftime("%Y%m%d").to_string())],
            }
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
}
