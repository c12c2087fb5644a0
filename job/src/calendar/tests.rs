//! Tests of the feed.

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
        feed.contains("DTSTART;VALUE=DATE:20260510\r\n") && feed.contains("DTEND;VALUE=DATE:20260513\r\n"),
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
