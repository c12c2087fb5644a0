//! Whether a run looks healthy: too few events, a sudden drop, missing fields. Pure.

use serde_json::Value;
use sms_crds::{report::Reason, v1alpha1::ExpectSpec};

use crate::event::{Event, EventTime};

/// Share of the events, in percent, that must have each required field where the manifest gives none.
const DEFAULT_REQUIRED_PERCENT: i64 = 90;

/// How many accepted runs the median is taken of where the manifest gives no number.
pub const DEFAULT_BASELINE_RUNS: usize = 5;

/// A broken expectation: the run is suspicious.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The first expectation that is broken.
    pub reason: Reason,
    /// Every broken expectation, in words, with the remedy.
    pub message: String,
}

/// How many runs [`evaluate`] wants as `baseline`.
pub fn baseline_runs(spec: &ExpectSpec) -> usize {
    spec.baseline_runs
        .and_then(|runs| usize::try_from(runs).ok())
        .unwrap_or(DEFAULT_BASELINE_RUNS)
}

/// Compares the accepted events of a run with what the manifest expects.
///
/// `baseline` holds the event counts of the last accepted runs; without any, `maxDropPercent` is not evaluated.
/// `accepted` is the count of a suspicious run that a person accepted as the new normal: so many events are never too
/// few. (That the baseline then starts at that run is the store's business.)
pub fn evaluate<'a>(
    spec: &ExpectSpec,
    events: impl IntoIterator<Item = &'a Event>,
    baseline: &[i64],
    accepted: Option<i64>,
) -> Option<Breach> {
    let events: Vec<&Event> = events.into_iter().collect();
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let mut breaches = Vec::new();
    breaches.extend(too_few(spec, count, accepted));
    breaches.extend(silence(spec, count, baseline, accepted));
    breaches.extend(drop_of(spec, count, baseline));
    breaches.extend(
        spec.required_fields
            .iter()
            .filter_map(|field| missing(spec, field, &events, count)),
    );
    let reason = breaches.first()?.0;
    let messages: Vec<String> = breaches.into_iter().map(|(_, message)| message).collect();
    Some(Breach {
        reason,
        message: messages.join("; "),
    })
}

fn too_few(spec: &ExpectSpec, count: i64, accepted: Option<i64>) -> Option<(Reason, String)> {
    let wanted = spec.min_events?;
    let least = accepted.map_or(wanted, |accepted| wanted.min(accepted));
    (count < least).then(|| {
        let message =
            format!("{count} events, expect.minEvents is {wanted}: look at the page, then at the selectors");
        (Reason::TooFewEvents, message)
    })
}

/// Nothing where there was something: most likely the site was redesigned. Said without being asked, since whoever
/// expects nothing would hear nothing.
fn silence(
    spec: &ExpectSpec,
    count: i64,
    baseline: &[i64],
    accepted: Option<i64>,
) -> Option<(Reason, String)> {
    let is_judged = spec.min_events.is_some() || spec.max_drop_percent.is_some() || accepted == Some(0);
    let doubled = doubled_median(baseline)?;
    (count == 0 && doubled > 0 && !is_judged).then(|| {
        let message = format!(
            "no events, where recent runs had {}: look at the page, then at the selectors; if a calendar without events is \
             normal, set expect.minEvents to 0, or accept this run as the new normal",
            (doubled + 1) / 2
        );
        (Reason::TooFewEvents, message)
    })
}

fn drop_of(spec: &ExpectSpec, count: i64, baseline: &[i64]) -> Option<(Reason, String)> {
    let limit = i64::from(spec.max_drop_percent?);
    let doubled = doubled_median(baseline)?;
    let lost = doubled - count.saturating_mul(2);
    (doubled > 0 && lost.saturating_mul(100) > doubled.saturating_mul(limit)).then(|| {
        let percent = lost.saturating_mul(100) / doubled;
        let median = if doubled % 2 == 0 { (doubled / 2).to_string() } else { format!("{}.5", doubled / 2) };
        let message = format!(
            "{count} events are {percent} % fewer than the {median} of recent runs, expect.maxDropPercent is {limit}: \
             look at the page, or accept this run as the new normal"
        );
        (Reason::DropDetected, message)
    })
}

/// Twice the median, so that the mean of two middle counts stays a whole number.
fn doubled_median(counts: &[i64]) -> Option<i64> {
    let mut counts = counts.to_vec();
    counts.sort_unstable();
    let upper = counts.get(counts.len() / 2)?;
    let lower = counts.get((counts.len() - 1) / 2)?;
    Some(upper.saturating_add(*lower))
}

fn missing(spec: &ExpectSpec, field: &str, events: &[&Event], count: i64) -> Option<(Reason, String)> {
    let percent = spec.required_percent.map_or(DEFAULT_REQUIRED_PERCENT, i64::from);
    let have = events.iter().filter(|event| has_field(event, field)).count();
    let have = i64::try_from(have).unwrap_or(i64::MAX);
    (have.saturating_mul(100) < count.saturating_mul(percent)).then(|| {
        let message =
            format!("{have} of {count} events have the field {field}, expect.requiredPercent is {percent}");
        (Reason::FieldMissing, message)
    })
}

/// Whether the event has something to say for a field of the manifest. Names that normalisation turns into another
/// field (`when`, `date`, `price`, `duration`, …) ask for what they became.
fn has_field(event: &Event, field: &str) -> bool {
    match field {
        "id" => event.id.is_some(),
        "title" => !event.title.is_empty(),
        "start" | "when" | "date" | "timeZone" | "allDay" | "status" | "cancelled" | "soldOut" => true,
        "time" => matches!(event.start, EventTime::At(_)) && event.time_known,
        "end" | "endDate" | "duration" => event.end.is_some(),
        "endTime" => matches!(event.end, Some(EventTime::At(_))),
        "doors" => event.doors.is_some(),
        "occurrence" => event.occurrence.is_some(),
        "venue" => event.venue.is_some(),
        "address" => event.address.is_some(),
        "description" => event.description.is_some(),
        "performers" => !event.performers.is_empty(),
        "categories" => !event.categories.is_empty(),
        "url" => event.url.is_some(),
        "ticketUrl" => event.ticket_url.is_some(),
        "image" => event.image.is_some(),
        "price" => event.price_min.is_some() || event.price_max.is_some(),
        "priceMin" => event.price_min.is_some(),
        "priceMax" => event.price_max.is_some(),
        "currency" => event.currency.is_some(),
        other => event.extra.get(other).is_some_and(is_filled),
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(fields: &Value) -> Event {
        let mut all =
            json!({ "title": "A show", "start": "2026-05-10", "timeKnown": false, "timeZone": "UTC" });
        all.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn events(count: usize) -> Vec<Event> {
        vec![event(&json!({})); count]
    }

    fn reason(spec: &ExpectSpec, count: usize, baseline: &[i64], accepted: Option<i64>) -> Option<Reason> {
        evaluate(spec, &events(count), baseline, accepted).map(|breach| breach.reason)
    }

    #[test]
    fn where_nothing_is_expected_only_silence_is_suspicious() {
        let spec = ExpectSpec::default();
        assert_eq!(reason(&spec, 1, &[100, 100], None), None);
        assert_eq!(reason(&spec, 0, &[100, 100], None), Some(Reason::TooFewEvents));
        assert_eq!(reason(&spec, 0, &[100, 100], Some(0)), None);
        assert_eq!(reason(&spec, 0, &[], None), None);
        assert_eq!(reason(&spec, 0, &[0, 0, 9], None), None);
        let empty_is_normal = ExpectSpec {
            min_events: Some(0),
            ..ExpectSpec::default()
        };
        assert_eq!(reason(&empty_is_normal, 0, &[100, 100], None), None);
    }

    #[test]
    fn fewer_than_min_events_is_too_few() {
        let spec = ExpectSpec {
            min_events: Some(5),
            ..ExpectSpec::default()
        };
        assert_eq!(reason(&spec, 4, &[], None), Some(Reason::TooFewEvents));
        assert_eq!(reason(&spec, 5, &[], None), None);
        assert_eq!(reason(&spec, 3, &[], Some(3)), None);
        assert_eq!(reason(&spec, 2, &[], Some(3)), Some(Reason::TooFewEvents));
        assert_eq!(reason(&spec, 4, &[], Some(40)), Some(Reason::TooFewEvents));
    }

    #[test]
    fn a_drop_is_measured_against_the_median() {
        let spec = ExpectSpec {
            max_drop_percent: Some(60),
            ..ExpectSpec::default()
        };
        let table: [(usize, &[i64], bool); 8] = [
            (0, &[], false),
            (4, &[10], false),
            (3, &[10], true),
            (4, &[10, 1000, 9, 10, 0], false),
            (3, &[10, 1000, 9, 10, 0], true),
            (4, &[9, 11], false),
            (3, &[0, 0, 10], false),
            (50, &[10, 10], false),
        ];
        for (count, baseline, broken) in table {
            let wanted = broken.then_some(Reason::DropDetected);
            assert_eq!(
                reason(&spec, count, baseline, None),
                wanted,
                "{count} after {baseline:?}"
            );
        }
    }

    #[test]
    fn a_full_loss_is_within_a_limit_of_a_hundred_percent_alone() {
        let of = |percent| ExpectSpec {
            max_drop_percent: Some(percent),
            ..ExpectSpec::default()
        };
        assert_eq!(reason(&of(99), 0, &[10], None), Some(Reason::DropDetected));
        assert_eq!(reason(&of(100), 0, &[10], None), None);
    }

    #[test]
    fn required_fields_are_counted_over_all_events() {
        let spec = |percent| ExpectSpec {
            required_fields: vec!["url".to_owned(), "genre".to_owned()],
            required_percent: percent,
            ..ExpectSpec::default()
        };
        let full = event(&json!({ "url": "https://example.org/", "extra": { "genre": "jazz" } }));
        let empty = event(&json!({ "extra": { "genre": " " } }));
        let mixed = |full_ones: usize, empty_ones: usize| {
            let mut all = vec![full.clone(); full_ones];
            all.extend(vec![empty.clone(); empty_ones]);
            all
        };
        assert_eq!(evaluate(&spec(None), &mixed(9, 1), &[], None), None);
        let breach = evaluate(&spec(None), &mixed(8, 2), &[], None).unwrap();
        assert_eq!(breach.reason, Reason::FieldMissing);
        assert!(
            breach.message.contains("8 of 10 events have the field url"),
            "{}",
            breach.message
        );
        assert!(breach.message.contains("field genre"), "{}", breach.message);
        assert_eq!(evaluate(&spec(Some(50)), &mixed(1, 1), &[], None), None);
        assert_eq!(evaluate(&spec(None), &[], &[], None), None);
    }

    #[test]
    fn every_field_of_the_manifest_asks_for_what_it_became() {
        let bare = event(&json!({}));
        let full = event(&json!({
            "id": "1", "start": "2026-05-10T20:00:00-07:00", "end": "2026-05-10T23:00:00-07:00", "timeKnown": true,
            "occurrence": "x", "doors": "2026-05-10T19:00:00-07:00", "venue": "x", "address": "x", "description": "x",
            "performers": ["x"], "categories": ["x"], "url": "x", "ticketUrl": "x", "image": "x", "priceMin": 1.0,
            "priceMax": 2.0, "currency": "USD"
        }));
        for field in crate::normalise::FIELDS {
            assert!(has_field(&full, field), "{field}");
        }
        for field in [
            "id",
            "time",
            "end",
            "duration",
            "doors",
            "venue",
            "performers",
            "price",
            "ticketUrl",
            "other",
        ] {
            assert!(!has_field(&bare, field), "{field}");
        }
    }

    #[test]
    fn the_first_breach_gives_the_reason_and_all_are_told() {
        let spec = ExpectSpec {
            min_events: Some(5),
            max_drop_percent: Some(10),
            ..ExpectSpec::default()
        };
        let breach = evaluate(&spec, &events(1), &[10], None).unwrap();
        assert_eq!(breach.reason, Reason::TooFewEvents);
        assert!(
            breach.message.contains("90 % fewer than the 10 of recent runs"),
            "{}",
            breach.message
        );
    }
}
