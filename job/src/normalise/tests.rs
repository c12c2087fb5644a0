//! Items to events, whole. Pure.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, json};
use sms_crds::{DurationString, v1alpha1::MidnightRule};

use super::*;
use crate::event::{EventStatus, EventTime};

const NOW: &str = "2026-02-21T20:00:00Z";

fn normaliser(rules: Option<&DateRules>, defaults: &[(&str, &str)]) -> Normaliser {
    let defaults = defaults
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Normaliser::new(
        "America/Los_Angeles",
        rules,
        &defaults,
        NOW.parse::<Timestamp>().unwrap(),
    )
    .unwrap()
}

fn events_by(normaliser: &Normaliser, mut fields: Value) -> Result<Vec<Event>, Rejected> {
    let object = fields.as_object_mut().unwrap();
    object.entry("title").or_insert(json!("T"));
    normaliser.events(3, object, "https://example.org/shows/")
}

fn events(fields: Value) -> Result<Vec<Event>, Rejected> {
    events_by(&normaliser(None, &[]), fields)
}

fn one(fields: Value) -> Event {
    let found = events(fields.clone()).unwrap_or_else(|rejected| panic!("{fields}: {rejected:?}"));
    assert_eq!(found.len(), 1, "{fields}");
    found.into_iter().next().unwrap()
}

/// `start > end doors …` of every event.
fn when_by(normaliser: &Normaliser, fields: Value) -> String {
    match events_by(normaliser, fields) {
        Err(rejected) => rejected.reason.as_str().to_owned(),
        Ok(events) => {
            let shown = |event: &Event| {
                let mut text = event.start.to_string();
                for (mark, time) in [(" > ", &event.end), (" doors ", &event.doors)] {
                    if let Some(time) = time {
                        text += &format!("{mark}{time}");
                    }
                }
                if event.all_day {
                    text += " all day";
                }
                assert_eq!(
                    event.time_known,
                    event.all_day || matches!(event.start, EventTime::At(_))
                );
                text
            };
            events.iter().map(shown).collect::<Vec<_>>().join("; ")
        }
    }
}

fn check(rules: Option<&DateRules>, cases: Vec<(Value, &str)>) {
    let normaliser = normaliser(rules, &[]);
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(fields, expected)| {
            let found = when_by(&normaliser, fields.clone());
            (found != expected).then(|| format!("{fields}\n    expected {expected}\n    found    {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_time_fields_work_together_in_their_order() {
    check(
        None,
        vec![
            (
                json!({"start": "2026-05-10T19:30:00-07:00", "end": "2026-05-10T22:00:00-07:00"}),
                "2026-05-10T19:30:00-07:00 > 2026-05-10T22:00:00-07:00",
            ),
            (
                json!({"start": "2026-07-02T02:30:00.000Z", "end": "2026-07-02T04:00:00.000Z"}),
                "2026-07-01T19:30:00-07:00 > 2026-07-01T21:00:00-07:00",
            ),
            (json!({"start": "20990612T023000Z"}), "2099-06-11T19:30:00-07:00"),
            (
                json!({"start": "2026-05-10 19:30:00"}),
                "2026-05-10T19:30:00-07:00",
            ),
            (json!({"start": 1_767_225_600}), "2025-12-31T16:00:00-08:00"),
            (
                json!({"start": 1_767_225_600_000_i64}),
                "2025-12-31T16:00:00-08:00",
            ),
            (json!({"start": "1767225600"}), "2025-12-31T16:00:00-08:00"),
            (json!({"start": "2026-05-10"}), "2026-05-10"),
            (
                json!({"start": "2026-02-12", "time": "Show: 8:00 PM", "doors": "Doors: 7:00 PM"}),
                "2026-02-12T20:00:00-08:00 doors 2026-02-12T19:00:00-08:00",
            ),
            (
                json!({"date": "February 13, 2026", "time": "6:45 pm", "endDate": "February 13, 2026", "doors": "6:30 pm"}),
                "2026-02-13T18:45:00-08:00 doors 2026-02-13T18:30:00-08:00",
            ),
            (
                json!({"date": "May  6 2026", "time": "Doors: 7:00 PM"}),
                "2026-05-06T19:00:00-07:00 doors 2026-05-06T19:00:00-07:00",
            ),
            (
                json!({"date": "May  6 2026", "doors": "Doors: 7:00 PM"}),
                "2026-05-06T19:00:00-07:00 doors 2026-05-06T19:00:00-07:00",
            ),
            (
                json!({"date": "February 22, 2026", "time": "2–4 pm"}),
                "2026-02-22T14:00:00-08:00 > 2026-02-22T16:00:00-08:00",
            ),
            (
                json!({"date": "May 8", "time": "5 & 8 p.m."}),
                "2026-05-08T17:00:00-07:00; 2026-05-08T20:00:00-07:00",
            ),
            (json!({"date": "May 8", "time": "TBA"}), "2026-05-08"),
            (json!({"date": "May 8", "time": ""}), "2026-05-08"),
            (json!({"date": "May 8", "time": "25:99"}), "InvalidDate"),
            (
                json!({"date": "May 8", "time": 1930}),
                "2026-05-08T19:30:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "7pm", "endTime": "9pm"}),
                "2026-05-08T19:00:00-07:00 > 2026-05-08T21:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "9pm", "endTime": "2am"}),
                "2026-05-08T21:00:00-07:00 > 2026-05-09T02:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "9pm", "endDate": "May 9", "endTime": "2am"}),
                "2026-05-08T21:00:00-07:00 > 2026-05-09T02:00:00-07:00",
            ),
            (
                json!({"date": "2026-05-08", "endDate": "2026-05-10"}),
                "2026-05-08 > 2026-05-10",
            ),
            (
                json!({"date": "2026-05-08", "time": "7pm", "endDate": "2026-05-10"}),
                "2026-05-08T19:00:00-07:00 > 2026-05-10",
            ),
            (
                json!({"date": "Dec 30", "endDate": "Jan 2"}),
                "2025-12-30 > 2026-01-02",
            ),
            (
                json!({"date": "May 8", "start": "7:30 pm", "end": "9:00 pm"}),
                "2026-05-08T19:30:00-07:00 > 2026-05-08T21:00:00-07:00",
            ),
            (
                json!({"when": "May 9, 8pm", "start": "2026-05-08T19:00", "date": "May 7"}),
                "2026-05-09T20:00:00-07:00",
            ),
            (
                json!({"when": "8pm", "date": "May 7"}),
                "2026-05-07T20:00:00-07:00",
            ),
            (
                json!({"when": "May 9", "time": "8pm"}),
                "2026-05-09T20:00:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T00:00:00", "time": "7:30 PM"}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T00:00:00Z", "time": "7:30 PM"}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T19:30", "time": "8 PM"}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"when": ["Friday, May 8", "Doors: 7pm", "Show: 8pm"]}),
                "2026-05-08T20:00:00-07:00 doors 2026-05-08T19:00:00-07:00",
            ),
            (
                json!({"date": ["2026-05-08", "2026-05-09", "2026-05-08"], "time": "8pm"}),
                "2026-05-08T20:00:00-07:00; 2026-05-09T20:00:00-07:00",
            ),
            (
                json!({"date": ["2026-05-08", "2026-05-09"], "time": ["7pm", "8pm"]}),
                "2026-05-08T19:00:00-07:00; 2026-05-09T20:00:00-07:00",
            ),
            (
                json!({"start": ["2026-05-08T19:00", "2026-05-09T19:00"], "end": ["2026-05-08T21:00", "2026-05-09T22:00"]}),
                "2026-05-08T19:00:00-07:00 > 2026-05-08T21:00:00-07:00; 2026-05-09T19:00:00-07:00 > 2026-05-09T22:00:00-07:00",
            ),
            (
                json!({"when": "February 21 & 28, 2026", "time": "8 p.m."}),
                "2026-02-21T20:00:00-08:00; 2026-02-28T20:00:00-08:00",
            ),
            (
                json!({"start": [2026, 5, 8, 19, 30]}),
                "2026-05-08T19:30:00-07:00",
            ),
        ],
    );
}

#[test]
fn objects_of_well_known_programs_are_moments() {
    check(
        None,
        vec![
            (
                json!({"start": {"dateTime": "2026-05-10T19:30:00-07:00", "timeZone": "America/Los_Angeles"}, "end": {"dateTime": "2026-05-10T21:00:00-07:00"}}),
                "2026-05-10T19:30:00-07:00 > 2026-05-10T21:00:00-07:00",
            ),
            (
                json!({"start": {"dateTime": "2026-05-10T19:30:00", "timeZone": "America/New_York"}}),
                "2026-05-10T19:30:00-04:00",
            ),
            (
                json!({"start": {"date": "2026-05-10"}, "end": {"date": "2026-05-13"}}),
                "2026-05-10 > 2026-05-12",
            ),
            (
                json!({"start": {"date": "2026-05-10"}, "end": {"date": "2026-05-11"}}),
                "2026-05-10",
            ),
            (
                json!({"start": {"$date": "2026-05-10T19:30:00Z"}}),
                "2026-05-10T12:30:00-07:00",
            ),
            (
                json!({"start": {"$date": {"$numberLong": "1767225600000"}}}),
                "2025-12-31T16:00:00-08:00",
            ),
            (
                json!({"start": {"timezone": "America/Los_Angeles", "local": "2026-05-10T19:30:00", "utc": "2026-05-11T02:30:00Z"}}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"start": {"date": "2026-05-10 19:30:00.000000", "timezone_type": 3, "timezone": "America/Los_Angeles"}}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"start": {"_seconds": 1_767_225_600, "_nanoseconds": 0}}),
                "2025-12-31T16:00:00-08:00",
            ),
            (
                json!({"start": "/Date(1767225600000)/"}),
                "2025-12-31T16:00:00-08:00",
            ),
            (
                json!({"when": {"start": "2026-05-10T19:30", "end": "2026-05-10T21:00"}}),
                "2026-05-10T19:30:00-07:00 > 2026-05-10T21:00:00-07:00",
            ),
            (json!({"start": {}}), "MissingStart"),
            (json!({"start": {"foo": 1}}), "InvalidDate"),
            (json!({"start": true}), "InvalidDate"),
        ],
    );
}

#[test]
fn ends_are_after_starts() {
    check(
        None,
        vec![
            (
                json!({"start": "2026-05-10T19:30", "end": "2026-05-10T19:30"}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T21:00", "end": "2026-05-10T02:00"}),
                "2026-05-10T21:00:00-07:00 > 2026-05-11T02:00:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T21:00", "end": "2026-05-01T02:00"}),
                "2026-05-10T21:00:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T21:00", "end": "2026-05-09T23:00"}),
                "2026-05-10T21:00:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T21:00", "end": "garbage"}),
                "2026-05-10T21:00:00-07:00",
            ),
            (json!({"start": "2026-05-10", "end": "2026-05-09"}), "2026-05-10"),
            (
                json!({"start": "2026-02-05T02:00:00Z", "end": "2026-03-05T05:00:00Z"}),
                "2026-02-04T18:00:00-08:00 > 2026-03-04T21:00:00-08:00",
            ),
            (
                json!({"start": "2026-02-15T12:30:00-08:00", "duration": "PT2H6M"}),
                "2026-02-15T12:30:00-08:00 > 2026-02-15T14:36:00-08:00",
            ),
            (
                json!({"start": "2026-02-15T12:30:00-08:00", "duration": 90, "end": ""}),
                "2026-02-15T12:30:00-08:00 > 2026-02-15T14:00:00-08:00",
            ),
            (json!({"start": "2026-02-15", "duration": 90}), "2026-02-15"),
            (
                json!({"start": "2026-02-15", "duration": "P3D", "allDay": true}),
                "2026-02-15 > 2026-02-17 all day",
            ),
        ],
    );
}

#[test]
fn whole_days_have_inclusive_ends() {
    check(
        None,
        vec![
            (
                json!({"start": "2026-05-10", "allDay": true}),
                "2026-05-10 all day",
            ),
            (
                json!({"start": "2026-05-10T00:00:00", "end": "2026-05-10T23:59:59", "allDay": "1"}),
                "2026-05-10 all day",
            ),
            (
                json!({"start": "2026-05-10T00:00:00", "end": "2026-05-12T00:00:00", "allDay": true}),
                "2026-05-10 > 2026-05-11 all day",
            ),
            (
                json!({"start": "2026-05-10T00:00:00Z", "allDay": true}),
                "2026-05-10 all day",
            ),
            (
                json!({"start": "2026-05-10", "end": "2026-05-12", "allDay": true}),
                "2026-05-10 > 2026-05-12 all day",
            ),
            (
                json!({"start": "2026-05-10T19:00", "allDay": true}),
                "2026-05-10T19:00:00-07:00",
            ),
            (json!({"start": "2026-05-10", "allDay": "no"}), "2026-05-10"),
            (
                json!({"date": "2026-05-10", "time": "All day"}),
                "2026-05-10 all day",
            ),
            (json!({"when": "May 10, all day"}), "2026-05-10 all day"),
        ],
    );
}

#[test]
fn zones_and_the_change_of_clocks_are_kept() {
    check(
        None,
        vec![
            (json!({"start": "2026-03-08T02:30"}), "2026-03-08T03:30:00-07:00"),
            (json!({"start": "2026-11-01T01:30"}), "2026-11-01T01:30:00-07:00"),
            (
                json!({"start": "2026-11-01T01:30:00-08:00"}),
                "2026-11-01T01:30:00-08:00",
            ),
            (
                json!({"start": "2026-03-07T23:00", "end": "2026-03-08T03:00"}),
                "2026-03-07T23:00:00-08:00 > 2026-03-08T03:00:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T19:30", "timeZone": "America/New_York"}),
                "2026-05-10T19:30:00-04:00",
            ),
            (
                json!({"start": "2026-05-10T19:30:00Z", "timeZone": "Europe/Berlin"}),
                "2026-05-10T21:30:00+02:00",
            ),
            (
                json!({"start": "2026-05-10T19:30", "timeZone": "Mars/Olympus"}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"start": "2026-02-19T09:00", "timeZone": "-0800"}),
                "2026-02-19T09:00:00-08:00",
            ),
            (
                json!({"start": "2026-02-19T09:00", "timeZone": "-05:00"}),
                "2026-02-19T06:00:00-08:00",
            ),
            (
                json!({"start": "2026-05-10T19:30:00-04:00[America/New_York]"}),
                "2026-05-10T19:30:00-04:00",
            ),
        ],
    );
    assert_eq!(
        one(json!({"start": "2026-05-10T19:30"})).time_zone,
        "America/Los_Angeles"
    );
    assert_eq!(
        one(json!({"start": "2026-05-10T19:30", "timeZone": "Europe/Berlin"})).time_zone,
        "Europe/Berlin"
    );
}

#[test]
fn rules_fill_what_pages_leave_out() {
    let rules = DateRules {
        default_time: Some("20:00".into()),
        default_duration: Some(DurationString::new("2h")),
        ..DateRules::default()
    };
    check(
        Some(&rules),
        vec![
            (
                json!({"date": "May 8"}),
                "2026-05-08T20:00:00-07:00 > 2026-05-08T22:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "TBA"}),
                "2026-05-08T20:00:00-07:00 > 2026-05-08T22:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "9pm"}),
                "2026-05-08T21:00:00-07:00 > 2026-05-08T23:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "9pm", "duration": 30}),
                "2026-05-08T21:00:00-07:00 > 2026-05-08T21:30:00-07:00",
            ),
            (
                json!({"date": "May 8", "doors": "7pm"}),
                "2026-05-08T19:00:00-07:00 > 2026-05-08T21:00:00-07:00 doors 2026-05-08T19:00:00-07:00",
            ),
            (json!({"date": "May 8", "allDay": true}), "2026-05-08 all day"),
            (json!({"when": "May 8 - 10"}), "2026-05-08 > 2026-05-10"),
        ],
    );
    let rules = DateRules {
        midnight: MidnightRule::Unknown,
        ..DateRules::default()
    };
    check(
        Some(&rules),
        vec![
            (json!({"start": "2026-05-25 00:00:00"}), "2026-05-25"),
            (json!({"start": "2026-05-25T07:00:00Z"}), "2026-05-25"),
            (
                json!({"start": "2026-05-25T00:00:00", "end": "2026-05-27T00:00:00"}),
                "2026-05-25 > 2026-05-27",
            ),
            (
                json!({"start": "2026-05-25T00:00:01"}),
                "2026-05-25T00:00:01-07:00",
            ),
        ],
    );
    check(
        None,
        vec![(
            json!({"start": "2026-05-25 00:00:00"}),
            "2026-05-25T00:00:00-07:00",
        )],
    );
}

#[test]
fn daily_times_of_a_run_of_days_go_to_extra() {
    let event = one(json!({"when": "Feb 6 - 8, 2026, 10am - 8pm"}));
    assert_eq!(
        (event.start.to_string(), event.end.map(|end| end.to_string())),
        ("2026-02-06".into(), Some("2026-02-08".into()))
    );
    assert!(!event.time_known);
    assert_eq!(event.extra.get("dailyTimes"), Some(&json!([["10:00", "20:00"]])));
    let event = one(json!({"date": "Feb 6 - 8, 2026", "time": "10am"}));
    assert_eq!(event.extra.get("dailyTimes"), Some(&json!([["10:00"]])));
}

#[test]
fn rejected_items_say_why_and_what_helps() {
    let reject = |fields: Value| events(fields).unwrap_err();
    let rejected = reject(json!({"start": "foo bar"}));
    assert_eq!(rejected.reason, SkipReason::InvalidDate);
    assert_eq!(
        rejected.detail,
        "start \"foo bar\" is no date that is understood: add a pattern to extract.dates.formats"
    );
    assert_eq!((rejected.index, rejected.title.as_deref()), (3, Some("T")));
    for (fields, reason) in [
        (
            json!({"title": " ", "start": "2026-05-10"}),
            SkipReason::MissingTitle,
        ),
        (
            json!({"title": null, "start": "2026-05-10"}),
            SkipReason::MissingTitle,
        ),
        (json!({}), SkipReason::MissingStart),
        (json!({"start": null, "date": " "}), SkipReason::MissingStart),
        (
            json!({"when": "Through April 12, 2026"}),
            SkipReason::MissingStart,
        ),
        (json!({"when": "TBA"}), SkipReason::MissingStart),
        (
            json!({"date": "Monday, February 19"}),
            SkipReason::WeekdayMismatch,
        ),
        (json!({"start": "3000-01-01"}), SkipReason::InvalidDate),
        (json!({"start": "not-a-real-date"}), SkipReason::InvalidDate),
        (json!({"start": "x".repeat(70_000)}), SkipReason::InvalidField),
    ] {
        assert_eq!(reject(fields.clone()).reason, reason, "{fields}");
        assert!(reject(fields).detail.len() < 400);
    }
    let rules = DateRules {
        year: sms_crds::v1alpha1::YearRule::Required,
        ..DateRules::default()
    };
    let rejected = events_by(&normaliser(Some(&rules), &[]), json!({"date": "May 8"})).unwrap_err();
    assert_eq!(rejected.reason, SkipReason::MissingYear);
    assert!(rejected.detail.contains("dates.year"), "{}", rejected.detail);
}

#[test]
fn a_whole_item_becomes_a_whole_event() {
    let event = one(json!({
        "id": 15782, "title": "  Pop &amp; EDM – SOLD OUT ", "start": "2026-05-08T20:00", "doors": "7pm",
        "venue": {"name": "Hall &amp; Bar", "address": {"streetAddress": "1 A St", "addressLocality": "Seattle"}},
        "description": "<p>One</p><p>Two</p>", "performers": ["A", {"name": "B"}], "categories": "rock\njazz",
        "url": "../e/1", "ticketUrl": "mailto:x@y.z", "image": [{"url": "//cdn.org/i.jpg"}], "price": "$20 adv / $25 dos",
        "status": "https://schema.org/EventScheduled", "age": "21+", "text": "whole text", "empty": "",
    }));
    assert_eq!(event.id.as_deref(), Some("15782"));
    assert_eq!(event.title, "Pop & EDM – SOLD OUT");
    assert_eq!(event.venue.as_deref(), Some("Hall & Bar"));
    assert_eq!(event.address.as_deref(), Some("1 A St, Seattle"));
    assert_eq!(event.description.as_deref(), Some("One\nTwo"));
    assert_eq!(
        (event.performers, event.categories),
        (
            vec!["A".into(), "B".into()],
            vec!["rock".to_owned(), "jazz".into()]
        )
    );
    assert_eq!(event.url.as_deref(), Some("https://example.org/e/1"));
    assert_eq!(
        (event.ticket_url, event.image.as_deref()),
        (None, Some("https://cdn.org/i.jpg"))
    );
    assert_eq!(
        (event.price_min, event.price_max, event.currency.as_deref()),
        (Some(20.0), Some(25.0), Some("USD"))
    );
    assert_eq!((event.status, event.sold_out), (EventStatus::Scheduled, true));
    assert_eq!(Value::Object(event.extra), json!({"age": "21+"}));
}

#[test]
fn status_and_prices_come_from_several_fields() {
    let status = |fields: Value| one(fields).status;
    assert_eq!(
        status(json!({"start": "2026-05-08", "cancelled": true})),
        EventStatus::Cancelled
    );
    assert_eq!(
        status(json!({"start": "2026-05-08", "cancelled": "false"})),
        EventStatus::Scheduled
    );
    assert_eq!(
        status(json!({"start": "2026-05-08", "status": ["rescheduled", "code-locked"]})),
        EventStatus::Rescheduled
    );
    assert_eq!(
        status(json!({"start": "2026-05-08", "title": "CANCELLED - T", "status": "rescheduled"})),
        EventStatus::Cancelled
    );
    let event = one(json!({"start": "2026-05-08", "priceMin": "30", "priceMax": 10, "currency": "cad"}));
    assert_eq!(
        (event.price_min, event.price_max, event.currency.as_deref()),
        (Some(10.0), Some(30.0), Some("CAD"))
    );
    let event = one(json!({"start": "2026-05-08", "price": 22.5, "currency": "$"}));
    assert_eq!(
        (event.price_min, event.price_max, event.currency.as_deref()),
        (Some(22.5), Some(22.5), Some("USD"))
    );
}

#[test]
fn defaults_stand_in_for_missing_fields() {
    let normaliser = normaliser(
        None,
        &[
            ("venue", "Blue Moon"),
            ("price", "$10"),
            ("time", "9pm"),
            ("city", "Seattle"),
        ],
    );
    let event = events_by(&normaliser, json!({"date": "May 8"}))
        .unwrap()
        .remove(0);
    assert_eq!(
        (event.venue.as_deref(), event.price_min),
        (Some("Blue Moon"), Some(10.0))
    );
    assert_eq!(event.start.to_string(), "2026-05-08T21:00:00-07:00");
    assert_eq!(
        event.extra,
        Map::from_iter([("city".to_owned(), json!("Seattle"))])
    );
}

#[test]
fn wrong_rules_are_named_with_their_place() {
    let error = |zone: &str, rules: DateRules| {
        Normaliser::new(zone, Some(&rules), &BTreeMap::new(), Timestamp::UNIX_EPOCH)
            .unwrap_err()
            .path
    };
    assert_eq!(
        error("Mars/Olympus", DateRules::default()),
        "spec.extract.timeZone"
    );
    let seattle = "America/Los_Angeles";
    assert_eq!(
        error(
            seattle,
            DateRules {
                formats: vec!["%Q".into()],
                ..DateRules::default()
            }
        ),
        "spec.extract.dates.formats[0]"
    );
    assert_eq!(
        error(
            seattle,
            DateRules {
                default_time: Some("8pm".into()),
                ..DateRules::default()
            }
        ),
        "spec.extract.dates.defaultTime"
    );
    let rules = DateRules {
        default_duration: Some(DurationString::new("x")),
        ..DateRules::default()
    };
    assert_eq!(error(seattle, rules), "spec.extract.dates.defaultDuration");
}

#[test]
fn an_occurrence_merged_into_its_item_gives_the_same_event() {
    let normaliser = normaliser(None, &[]);
    for text in [
        "May 8, doors 7pm, show 8pm - 11pm",
        "Feb 6 - 8, 2026, 10am - 8pm",
        "May 8",
        "May 8, all day",
        "May 8 5 & 8 p.m.",
    ] {
        let item = json!({"title": "T", "when": text, "time": null});
        let direct = events_by(&normaliser, item.clone()).unwrap();
        let occurrences = dates::parse_when(text, normaliser.dates()).unwrap();
        let merged: Vec<Event> = occurrences
            .iter()
            .flat_map(|occurrence| {
                let mut item = item.clone();
                item.as_object_mut()
                    .unwrap()
                    .extend(occurrence.to_json().as_object().unwrap().clone());
                events_by(&normaliser, item).unwrap()
            })
            .collect();
        assert_eq!(merged, direct, "{text}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        Just(json!("2026-05-08T19:30")),
        Just(json!("May 8 - 10, 7pm")),
        Just(json!("$10-20")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(
                prop_oneof![
                    Just("url".to_owned()),
                    Just("date".to_owned()),
                    Just("name".to_owned()),
                    "[a-z]{1,5}"
                ],
                inner,
                0..4
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_item_panics_and_events_are_in_order(values in proptest::collection::vec(any_value(), FIELDS.len())) {
        let item: RawItem = FIELDS.iter().map(|name| (*name).to_owned()).zip(values).collect();
        if let Ok(events) = normaliser(None, &[]).events(0, &item, "https://example.org/") {
            for event in events {
                prop_assert!(!event.title.is_empty());
                if let Some(end) = &event.end {
                    prop_assert!(end.date() >= event.start.date());
                }
                prop_assert!(event.price_min.is_none_or(|price| price >= 0.0));
            }
        }
    }
}
