//! Events as rows: what is written and what need not be. Pure.

use std::{borrow::Cow, collections::HashSet, slice};

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    event::{Event, EventTime},
    identity::Identified,
};

/// Most events that are compared in one statement.
const COMPARED: usize = 10_000;

/// First date that PostgreSQL and SQLite agree on.
const FIRST_DATE: civil::Date = civil::date(1, 1, 1);

/// Its midnight in UTC.
const FIRST_MOMENT: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// The events of a run, each identity once.
pub(super) struct Batch<'a> {
    entries: Vec<Entry<'a>>,
    /// First and last start date.
    pub(super) range: Option<(civil::Date, civil::Date)>,
}

/// An event as a row. Columns are made when they are asked for: together they are larger than the event.
pub(super) struct Entry<'a> {
    pub(super) uid: Cow<'a, str>,
    identified: &'a Identified,
}

/// How a part of a batch differs from what is stored, by identity.
#[derive(Default)]
pub(super) struct Difference {
    /// Not stored yet.
    pub(super) new: Vec<String>,
    /// Stored with other content, or as removed.
    pub(super) updated: Vec<String>,
    /// Stored with the same content, but not in the run before.
    pub(super) back: Vec<String>,
    /// How many were in the run before.
    pub(super) present: i64,
}

/// What a batch came to.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) new: i64,
    pub(super) updated: i64,
    pub(super) unchanged: i64,
    /// How many of the batch were in the run before.
    pub(super) present: i64,
}

impl<'a> Batch<'a> {
    pub(super) fn new(events: &'a [Identified]) -> Self {
        let mut batch = Self {
            entries: Vec::with_capacity(events.len()),
            range: None,
        };
        let mut seen = HashSet::with_capacity(events.len());
        for identified in events {
            let uid = without_nul(&identified.uid);
            if !seen.insert(uid.clone()) {
                continue;
            }
            let start = date(&identified.event.start);
            let (first, last) = batch.range.unwrap_or((start, start));
            batch.range = Some((first.min(start), last.max(start)));
            batch.entries.push(Entry { uid, identified });
        }
        batch
    }

    /// Parts of bounded length, each to be compared in one statement.
    pub(super) fn parts(&self) -> slice::Chunks<'_, Entry<'a>> {
        self.entries.chunks(COMPARED)
    }

    /// All identities.
    pub(super) fn uids(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| &*entry.uid).collect()
    }
}

impl Entry<'_> {
    /// Content hash.
    pub(super) fn hash(&self) -> &str {
        &self.identified.content_hash
    }

    /// Local date of the start.
    pub(super) fn start_on(&self) -> String {
        date(&self.identified.event.start).to_string()
    }

    /// Local date of the last day.
    pub(super) fn end_on(&self) -> String {
        let event = &self.identified.event;
        let start_on = date(&event.start);
        let end_on = event.end.as_ref().map_or(start_on, date).max(start_on);
        end_on.to_string()
    }

    /// Moment of the start.
    pub(super) fn start_at(&self) -> String {
        let event = &self.identified.event;
        instant_text(instant(&event.start, event))
    }

    /// Moment of the end.
    pub(super) fn end_at(&self) -> Option<String> {
        let event = &self.identified.event;
        event.end.as_ref().map(|end| instant_text(instant(end, event)))
    }

    /// The whole event as JSON.
    pub(super) fn document(&self) -> Result<String, serde_json::Error> {
        clean_json(&self.identified.event)
    }
}

/// A part of a batch as a JSON object of identities and hashes.
pub(super) struct Hashes<'b, 'a>(pub(super) &'b [Entry<'a>]);

impl Serialize for Hashes<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|entry| (&entry.uid, entry.hash())))
    }
}

impl Difference {
    /// That of a source of which nothing is stored.
    pub(super) fn all_new(part: &[Entry<'_>]) -> Self {
        Self {
            new: part.iter().map(|entry| entry.uid.to_string()).collect(),
            ..Self::default()
        }
    }

    /// The events of the part that have to be written.
    pub(super) fn of<'b, 'a>(&self, part: &'b [Entry<'a>]) -> Vec<&'b Entry<'a>> {
        let kinds = [&self.new, &self.updated, &self.back];
        let uids: HashSet<&str> = kinds.into_iter().flatten().map(String::as_str).collect();
        part.iter().filter(|entry| uids.contains(&*entry.uid)).collect()
    }
}

impl Tally {
    pub(super) fn add(&mut self, part: &[Entry<'_>], difference: &Difference) {
        let (new, updated) = (count(&difference.new), count(&difference.updated));
        self.new += new;
        self.updated += updated;
        self.unchanged += count(part) - new - updated;
        self.present += difference.present;
    }
}

fn count<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

fn date(time: &EventTime) -> civil::Date {
    time.date().max(FIRST_DATE)
}

/// The moment of a time; of a date its midnight in the event's zone.
fn instant(time: &EventTime, event: &Event) -> Timestamp {
    let moment = match time {
        EventTime::At(zoned) => zoned.timestamp(),
        EventTime::Date(date) => {
            let zone = sms_crds::zone::named(&event.time_zone).unwrap_or(TimeZone::UTC);
            date.to_zoned(zone)
                .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
        }
    };
    moment.max(FIRST_MOMENT)
}

/// A moment as both databases take it: UTC, milliseconds, of fixed width, so that texts sort like moments.
pub(super) fn instant_text(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

/// JSON without U+0000, which PostgreSQL refuses in `jsonb` and text; U+FFFD takes its place.
pub(super) fn clean_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    if !text.contains("\\u0000") {
        return Ok(text);
    }
    let mut value: Value = serde_json::from_str(&text)?;
    scrub(&mut value);
    serde_json::to_string(&value)
}

fn scrub(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_nul(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(key, mut value)| {
                    scrub(&mut value);
                    (without_nul(&key).into_owned(), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without_nul(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(uid: &str, fields: &Value) -> Identified {
        let mut all = json!({ "title": "A show", "start": "2026-05-10", "timeKnown": false, "timeZone": "America/Los_Angeles" });
        all.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let event = serde_json::from_value(all).unwrap();
        Identified {
            uid: uid.to_owned(),
            content_hash: "h".to_owned(),
            event,
        }
    }

    #[test]
    fn only_what_differs_is_written() {
        let events = ["a", "b", "c", "d", "a"].map(|uid| event(uid, &json!({})));
        let batch = Batch::new(&events);
        let parts: Vec<_> = batch.parts().collect();
        let difference = Difference {
            new: vec!["a".to_owned()],
            updated: vec!["b".to_owned()],
            back: vec!["c".to_owned()],
            present: 2,
        };
        let writes = difference.of(parts[0]);
        assert_eq!(
            writes.iter().map(|entry| &*entry.uid).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        let mut tally = Tally::default();
        tally.add(parts[0], &difference);
        assert_eq!(
            (tally.new, tally.updated, tally.unchanged, tally.present),
            (1, 1, 2, 2)
        );
        assert!(Difference::default().of(parts[0]).is_empty());
        assert_eq!(Difference::all_new(parts[0]).of(parts[0]).len(), 4);
    }

    #[test]
    fn parts_are_of_bounded_length() {
        let events: Vec<_> = (0..=2 * COMPARED)
            .map(|n| event(&n.to_string(), &json!({})))
            .collect();
        let batch = Batch::new(&events);
        assert_eq!(
            batch.parts().map(<[_]>::len).collect::<Vec<_>>(),
            [COMPARED, COMPARED, 1]
        );
        assert_eq!(batch.uids().len(), 2 * COMPARED + 1);
    }

    #[test]
    fn identities_and_hashes_are_an_object_in_the_order_of_the_events() {
        let events = ["b\0\"", "a"].map(|uid| event(uid, &json!({})));
        let batch = Batch::new(&events);
        let text = serde_json::to_string(&Hashes(batch.parts().next().unwrap())).unwrap();
        assert_eq!(text, "{\"b\u{fffd}\\\"\":\"h\",\"a\":\"h\"}");
    }

    #[test]
    fn a_date_becomes_midnight_in_the_zone_of_the_event() {
        let events = [event("a", &json!({ "end": "2026-05-12" }))];
        let batch = Batch::new(&events);
        let row = &batch.entries[0];
        assert_eq!(row.start_at(), "2026-05-10T07:00:00.000Z");
        assert_eq!(row.end_at().unwrap(), "2026-05-12T07:00:00.000Z");
        assert_eq!(
            (row.start_on(), row.end_on()),
            ("2026-05-10".to_owned(), "2026-05-12".to_owned())
        );
    }

    #[test]
    fn dates_out_of_reach_of_a_database_are_moved_to_its_first() {
        let mut odd = event("a", &json!({ "end": "2026-05-12" }));
        odd.event.start = EventTime::Date(civil::date(-44, 3, 15));
        odd.event.end = Some(EventTime::Date(civil::Date::MAX));
        let events = [odd];
        let batch = Batch::new(&events);
        let row = &batch.entries[0];
        assert_eq!(row.start_on(), "0001-01-01");
        assert_eq!(row.start_at(), "0001-01-01T00:00:00.000Z");
        assert_eq!(row.end_on(), "9999-12-31");
    }

    #[test]
    fn moments_are_of_fixed_width_and_cut_to_the_millisecond() {
        let moment = |text: &str| instant_text(text.parse().unwrap());
        assert_eq!(moment("2026-05-10T07:00:00Z"), "2026-05-10T07:00:00.000Z");
        assert_eq!(moment("2026-05-10T07:00:00.1239Z"), "2026-05-10T07:00:00.123Z");
        assert_eq!(instant_text(FIRST_MOMENT), "0001-01-01T00:00:00.000Z");
        assert_eq!(instant_text(Timestamp::MAX), "9999-12-30T22:00:00.999Z");
    }

    #[test]
    fn the_nul_character_is_replaced_wherever_it_stands() {
        let text = clean_json(&json!({ "a\0b": ["x\0", { "y": "\\u0000" }] })).unwrap();
        assert!(!text.replace("\\\\u0000", "").contains("\\u0000"), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value, json!({ "a\u{fffd}b": ["x\u{fffd}", { "y": "\\u0000" }] }));
    }
}
