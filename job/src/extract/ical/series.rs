//! Which VEVENTs belong together. Pure.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use calcard::{
    common::PartialDateTime,
    icalendar::{ICalendarComponent, ICalendarParameterName, ICalendarProperty},
};
use jiff::civil::Date;

use super::time::Reader;
use crate::event::EventTime;

/// An event with the changes of single occurrences, or changes whose event is not in the file.
#[derive(Debug, Default)]
pub struct Series<'a> {
    /// The event. None for changes without it.
    pub master: Option<&'a ICalendarComponent>,
    /// Components with a RECURRENCE-ID, a later revision after an earlier one.
    pub overrides: Vec<Override<'a>>,
}

/// A changed occurrence.
#[derive(Debug)]
pub struct Override<'a> {
    /// What it is now.
    pub component: &'a ICalendarComponent,
    /// When it was to be.
    pub id: EventTime,
    /// It changes the following occurrences too.
    pub and_future: bool,
}

/// Groups events by UID, in the order of the file.
///
/// Of several events with one UID and one start the latest revision counts; with different starts they are different
/// events, whatever the standard says, and a change belongs to the one that starts last before its occurrence, as where
/// a series was cut in two.
pub fn group<'a>(
    events: impl Iterator<Item = &'a ICalendarComponent>,
    reader: &Reader<'_>,
) -> impl Iterator<Item = Series<'a>> {
    let mut series: Vec<Series<'a>> = Vec::new();
    let mut revisions: HashMap<(&str, Option<&PartialDateTime>), usize> = HashMap::new();
    let mut by_start: HashMap<&str, BTreeMap<Date, usize>> = HashMap::new();
    let mut changes: Vec<(Option<&str>, Override<'a>)> = Vec::new();
    for event in events {
        let uid = event.uid().map(str::trim).filter(|uid| !uid.is_empty());
        if let Some(id) = reader.first(event, &ICalendarProperty::RecurrenceId) {
            changes.push((
                uid,
                Override {
                    component: event,
                    id,
                    and_future: and_future(event),
                },
            ));
            continue;
        }
        if let Some(uid) = uid {
            match revisions.entry((uid, start(event))) {
                Entry::Occupied(known) => {
                    let master = &mut series[*known.get()].master;
                    if master.is_none_or(|master| sequence(event) >= sequence(master)) {
                        *master = Some(event);
                    }
                    continue;
                }
                Entry::Vacant(free) => free.insert(series.len()),
            };
            let date = reader.start(event).map_or(Date::MIN, |start| start.date());
            by_start
                .entry(uid)
                .or_default()
                .entry(date)
                .or_insert(series.len());
        }
        series.push(Series {
            master: Some(event),
            overrides: Vec::new(),
        });
    }
    changes.sort_by_key(|(_, change)| sequence(change.component));
    let mut strays: HashMap<(&str, String), usize> = HashMap::new();
    for (uid, change) in changes {
        let starts = uid.and_then(|uid| by_start.get(uid));
        let master = starts.and_then(|starts| {
            starts
                .range(..=change.id.date())
                .next_back()
                .or_else(|| starts.iter().next())
                .map(|(_, index)| *index)
        });
        let stray = || {
            *strays
                .entry((uid.unwrap_or_default(), change.id.to_string()))
                .or_insert(series.len())
        };
        let index = master.unwrap_or_else(stray);
        if index == series.len() {
            series.push(Series::default());
        }
        series[index].overrides.push(change);
    }
    series.into_iter()
}

fn start(component: &ICalendarComponent) -> Option<&PartialDateTime> {
    component
        .property(&ICalendarProperty::Dtstart)?
        .values
        .first()?
        .as_partial_date_time()
}

fn sequence(component: &ICalendarComponent) -> i64 {
    component
        .property(&ICalendarProperty::Sequence)
        .and_then(|entry| entry.values.first()?.as_integer())
        .unwrap_or(0)
}

/// RANGE has one value, THISANDFUTURE (RFC 5545, section 3.2.13).
fn and_future(component: &ICalendarComponent) -> bool {
    component
        .property(&ICalendarProperty::RecurrenceId)
        .is_some_and(|entry| entry.has_parameter(&ICalendarParameterName::Range))
}
