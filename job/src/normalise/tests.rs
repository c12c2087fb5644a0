//! Items to events, whole. Pure.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, json};
use sms_crds::DurationString;

use super::*;
use crate::{
    event::{EventStatus, EventTime},
    processor_time::within,
};

mod timing;

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
    normaliser.events(3, &RawItem::from(object.clone()), "https://example.org/shows/")
}

fn events(fields: Value) -> Result<Vec<Event>, Rejected> {
    events_by(&normaliser(None, &[]), fields)
}

fn one(fields: &Value) -> Event {
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
                        text = format!("{text}{mark}{time}");
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
fn an_event_is_the_same_after_it_was_written_and_read() {
    for fields in [
        json!({"start": "2026-05-10T19:30:00.511-07:00", "end": 1_778_470_000_511_i64, "doors": "2026-05-10T19:00:00.9"}),
        json!({"start": "2026-05-10T19:30:00.999"}),
    ] {
        let event = one(&fields);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{fields}");
    }
}

#[test]
fn daily_times_of_a_run_of_days_go_to_extra() {
    let event = one(&json!({"when": "Feb 6 - 8, 2026, 10am - 8pm"}));
    assert_eq!(
        (event.start.to_string(), event.end.map(|end| end.to_string())),
        ("2026-02-06".into(), Some("2026-02-08".into()))
    );
    assert!(!event.time_known);
    assert_eq!(event.extra.get("dailyTimes"), Some(&json!([["10:00", "20:00"]])));
    let event = one(&json!({"date": "Feb 6 - 8, 2026", "time": "10am"}));
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
    let event = one(&json!({
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
    let status = |fields: Value| one(&fields).status;
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
    let event = one(&json!({"start": "2026-05-08", "priceMin": "30", "priceMax": 10, "currency": "cad"}));
    assert_eq!(
        (event.price_min, event.price_max, event.currency.as_deref()),
        (Some(10.0), Some(30.0), Some("CAD"))
    );
    let event = one(&json!({"start": "2026-05-08", "price": 22.5, "currency": "$"}));
    assert_eq!(
        (event.price_min, event.price_max, event.currency.as_deref()),
        (Some(22.5), Some(22.5), Some("USD"))
    );
}

#[test]
fn sold_out_in_the_place_of_a_price_counts() {
    assert!(one(&json!({"start": "2026-05-08", "price": "Sold out"})).sold_out);
    assert!(!one(&json!({"start": "2026-05-08", "price": "$20 (VIP sold out)"})).sold_out);
}

#[test]
fn hostile_items_end_quickly() {
    let attributes = (0..9000).map(|i| format!("a{i}")).collect::<Vec<_>>().join(" ");
    let texts = [
        "<b>".repeat(20_000),
        format!("<p {attributes}>"),
        "&amp;".repeat(12_000),
        "&#".repeat(30_000),
        "<".repeat(60_000),
        "$1-".repeat(20_000),
        "(sold out ".repeat(6_000),
        "url(".repeat(15_000),
    ];
    for text in texts {
        let item = json!({
            "title": text, "description": text, "price": text, "when": text, "status": text, "url": text, "image": text,
            "performers": text, "doors": text, "duration": text, "date": "2026-05-08",
        });
        println!("{}", &text[..12]);
        let _ = within(Duration::from_secs(5), || events(item));
    }
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
        let item: serde_json::Map<_, _> = FIELDS.iter().map(|name| (*name).to_owned()).zip(values).collect();
        let item = RawItem::from(item);
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
