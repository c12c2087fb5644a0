//! Events as rows: what is written and what need not be. Pure.

use std::collections::HashSet;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Serialize;
use serde_json::Value;

use crate::{
    event::{Event, EventTime},
    identity::Identified,
};

/// Most rows of one statement.
const ROWS_PER_STATEMENT: usize = 2_000;

/// First date that PostgreSQL and SQLite agree on.
const FIRST_DATE: civil::Date = civil::date(1, 1, 1);

/// The events of a run, each identity once.
pub(super) struct Batch<'a> {
    events: Vec<(String, &'a Identified)>,
    /// First and last start date.
    pub(super) range: Option<(civil::Date, civil::Date)>,
}

/// How a stored event differs from the run's.
#[derive(sqlx::FromRow)]
pub(super) struct Change {
    pub(super) uid: String,
    /// `new`, `updated`, `back` (same content, but not in the run before) or `absent`.
    pub(super) change: String,
}

/// What a commit has to write.
#[derive(Default)]
pub(super) struct Plan {
    /// Which events of the batch to insert or replace.
    writes: Vec<usize>,
    /// Events that were in the run before and are not in this one, as a JSON array; `None` if there are none.
    pub(super) absent: Option<Vec<String>>,
    pub(super) new: i64,
    pub(super) updated: i64,
    pub(super) unchanged: i64,
}

#[derive(Serialize)]
struct Row<'a> {
    uid: &'a str,
    hash: &'a str,
    start_on: String,
    end_on: String,
    start_at: String,
    end_at: Option<String>,
    /// JSON inside JSON: text, so that SQLite keeps it as it is.
    document: String,
}

impl<'a> Batch<'a> {
    pub(super) fn new(events: &'a [Identified]) -> Self {
        let mut batch = Self {
            events: Vec::with_capacity(events.len()),
            range: None,
        };
        let mut seen = HashSet::with_capacity(events.len());
        for event in events {
            let uid = without_nul(&event.uid);
            if !seen.insert(uid.clone()) {
                continue;
            }
            let start = date(&event.event.start);
            let (first, last) = batch.range.unwrap_or((start, start));
            batch.range = Some((first.min(start), last.max(start)));
            batch.events.push((uid, event));
        }
        batch
    }

    /// Identities, in the order of [`Self::hashes`].
    pub(super) fn uids(&self) -> Vec<String> {
        self.events.iter().map(|(uid, _)| uid.clone()).collect()
    }

    /// Content hashes.
    pub(super) fn hashes(&self) -> Vec<String> {
        let hashes = self.events.iter().map(|(_, event)| event.content_hash.clone());
        hashes.collect()
    }

    /// What is to be written, given how the stored events differ.
    pub(super) fn plan(&self, changes: Vec<Change>) -> Plan {
        let mut plan = Plan::default();
        let mut absent = Vec::new();
        let mut differing = HashSet::new();
        for Change { uid, change } in changes {
            match change.as_str() {
                "absent" => absent.push(uid),
                kind => {
                    plan.new += i64::from(kind == "new");
                    plan.updated += i64::from(kind == "updated");
                    differing.insert(uid);
                }
            }
        }
        plan.unchanged = i64::try_from(self.events.len()).unwrap_or(i64::MAX) - plan.new - plan.updated;
        plan.absent = Some(absent).filter(|absent| !absent.is_empty());
        plan.writes = (0..self.events.len())
            .filter(|at| differing.contains(&self.events[*at].0))
            .collect();
        plan
    }

    /// The rows to write as JSON arrays of bounded length, each made when it is asked for: together they are larger
    /// than the events.
    pub(super) fn statements(&self, plan: &Plan) -> impl Iterator<Item = Result<String, serde_json::Error>> {
        plan.writes.chunks(ROWS_PER_STATEMENT).map(|writes| {
            let rows: Vec<Row> = writes.iter().map(|at| self.row(*at)).collect::<Result<_, _>>()?;
            serde_json::to_string(&rows)
        })
    }

    fn row(&self, at: usize) -> Result<Row<'_>, serde_json::Error> {
        let (uid, identified) = &self.events[at];
        let event = &identified.event;
        let start_on = date(&event.start);
        let end_on = event.end.as_ref().map_or(start_on, date).max(start_on);
        Ok(Row {
            uid,
            hash: &identified.content_hash,
            start_on: start_on.to_string(),
            end_on: end_on.to_string(),
            start_at: instant_text(instant(&event.start, event)),
            end_at: event.end.as_ref().map(|end| instant_text(instant(end, event))),
            document: clean_json(event)?,
        })
    }
}

fn date(time: &EventTime) -> civil::Date {
    time.date().max(FIRST_DATE)
}

/// The moment of a time; of a date its midnight in the event's zone.
fn instant(time: &EventTime, event: &Event) -> Timestamp {
    let first = FIRST_DATE
        .at(0, 0, 0, 0)
        .to_zoned(TimeZone::UTC)
        .map(|zoned| zoned.timestamp());
    let moment = match time {
        EventTime::At(zoned) => zoned.timestamp(),
        EventTime::Date(date) => {
            let zone = sms_crds::zone::named(&event.time_zone).unwrap_or(TimeZone::UTC);
            date.to_zoned(zone)
                .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
        }
    };
    moment.max(first.unwrap_or(Timestamp::UNIX_EPOCH))
}

/// A moment as both databases take it: UTC, milliseconds, of fixed width, so that texts sort like moments.
pub(super) fn instant_text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
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
        Value::String(text) => *text = without_nul(text),
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(key, mut value)| {
                    scrub(&mut value);
                    (without_nul(&key), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
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

    fn change(uid: &str, change: &str) -> Change {
        Change {
            uid: uid.to_owned(),
            change: change.to_owned(),
        }
    }

    fn statements(batch: &Batch<'_>, plan: &Plan) -> Vec<String> {
        batch.statements(plan).collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn only_what_differs_is_written() {
        let events = ["a", "b", "c", "d", "a"].map(|uid| event(uid, &json!({})));
        let batch = Batch::new(&events);
        let changes = vec![
            change("a", "new"),
            change("b", "updated"),
            change("c", "back"),
            change("x", "absent"),
        ];
        let plan = batch.plan(changes);
        assert_eq!((plan.new, plan.updated, plan.unchanged), (1, 1, 2));
        assert_eq!(plan.absent, Some(vec!["x".to_owned()]));
        let rows: Vec<Value> = serde_json::from_str(&statements(&batch, &plan).concat()).unwrap();
        let uids: Vec<_> = rows.iter().map(|row| row["uid"].as_str().unwrap()).collect();
        assert_eq!(uids, ["a", "b", "c"]);
        let nothing = batch.plan(Vec::new());
        assert!(statements(&batch, &nothing).is_empty() && nothing.absent.is_none());
        assert_eq!(nothing.unchanged, 4);
    }

    #[test]
    fn statements_are_of_bounded_length() {
        let events: Vec<_> = (0..4_500).map(|n| event(&n.to_string(), &json!({}))).collect();
        let batch = Batch::new(&events);
        let plan = batch.plan(batch.uids().iter().map(|uid| change(uid, "new")).collect());
        assert_eq!(statements(&batch, &plan).len(), 3);
    }

    #[test]
    fn a_date_becomes_midnight_in_the_zone_of_the_event() {
        let events = [event("a", &json!({ "end": "2026-05-12" }))];
        let batch = Batch::new(&events);
        let plan = batch.plan(vec![change("a", "new")]);
        let rows: Value = serde_json::from_str(&statements(&batch, &plan)[0]).unwrap();
        assert_eq!(rows[0]["start_at"], "2026-05-10T07:00:00.000Z");
        assert_eq!(rows[0]["end_at"], "2026-05-12T07:00:00.000Z");
        assert_eq!(
            (&rows[0]["start_on"], &rows[0]["end_on"]),
            (&json!("2026-05-10"), &json!("2026-05-12"))
        );
    }

    #[test]
    fn dates_out_of_reach_of_a_database_are_moved_to_its_first() {
        let mut odd = event("a", &json!({ "end": "2026-05-12" }));
        odd.event.start = EventTime::Date(civil::date(-44, 3, 15));
        odd.event.end = Some(EventTime::Date(civil::Date::MAX));
        let events = [odd];
        let batch = Batch::new(&events);
        let plan = batch.plan(vec![change("a", "new")]);
        let rows: Value = serde_json::from_str(&statements(&batch, &plan)[0]).unwrap();
        assert_eq!(rows[0]["start_on"], "0001-01-01");
        assert_eq!(rows[0]["start_at"], "0001-01-01T00:00:00.000Z");
        assert_eq!(rows[0]["end_on"], "9999-12-31");
    }

    #[test]
    fn the_nul_character_is_replaced_wherever_it_stands() {
        let text = clean_json(&json!({ "a\0b": ["x\0", { "y": "\\u0000" }] })).unwrap();
        assert!(!text.replace("\\\\u0000", "").contains("\\u0000"), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value, json!({ "a\u{fffd}b": ["x\u{fffd}", { "y": "\\u0000" }] }));
    }
}
