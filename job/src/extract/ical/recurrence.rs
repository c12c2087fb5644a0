//! Recurrence sets (RFC 5545, section 3.8.5): RRULE and RDATE, less EXRULE and EXDATE, with changed occurrences. Pure.

mod originals;

use std::collections::{BTreeMap, HashMap};

use calcard::icalendar::{ICalendarComponent, ICalendarProperty, ICalendarValue};
use jiff::{SignedDuration, Timestamp, civil::Date, civil::DateTime, tz::TimeZone};

use super::{
    IcalWindow,
    fields::Occurrence,
    series::{Override, Series},
    time::{self, Length, Reader},
};
use crate::{event::EventTime, extract::item::excerpt};

/// Most occurrences of one event, so that one endless rule cannot crowd out all others.
const MAX_OCCURRENCES: usize = 2_000;

/// How far "this and future" changes may move occurrences and still be found from outside the window.
const MAX_SHIFT: SignedDuration = SignedDuration::from_hours(60 * 24);

/// What may be spent on one file.
#[derive(Debug)]
pub struct Budget {
    /// Times that rules may give.
    steps: usize,
    /// Bytes of text that occurrences may repeat.
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            steps: 500_000,
            bytes: 64 << 20,
        }
    }
}

/// What a series comes to inside the window.
#[derive(Debug, Default)]
pub struct Expansion<'a> {
    /// By start.
    pub occurrences: Vec<Occurrence<'a>>,
    /// A limit cut some off.
    pub truncated: bool,
    /// What was odd.
    pub warnings: Vec<String>,
}

/// Identity of an occurrence inside its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Date(Date),
    At(Timestamp),
}

impl Key {
    fn of(time: &EventTime) -> Self {
        match time {
            EventTime::Date(date) => Self::Date(*date),
            EventTime::At(zoned) => Self::At(zoned.timestamp()),
        }
    }
}

/// Every occurrence of `series` that starts inside `window`; what does not recur, whenever it is.
pub fn expand<'a>(
    series: &Series<'a>,
    window: &IcalWindow,
    reader: &Reader<'_>,
    budget: &mut Budget,
) -> Expansion<'a> {
    let mut expansion = Expansion::default();
    let Some(master) = series.master else {
        // The event itself is not in the file: its changes are like events of their own, the latest revision counts.
        expansion
            .occurrences
            .extend(series.overrides.last().map(|change| stray(change, reader)));
        return expansion;
    };
    let Some(start) = reader.start(master) else {
        expansion.occurrences.push(Occurrence {
            component: master,
            inherited: None,
            start: None,
            length: Length::Unknown,
            original: None,
        });
        return expansion;
    };
    let set = Set {
        master,
        length: reader.length(master, &start),
        recurs: master.has_property(&ICalendarProperty::Rrule)
            || master.has_property(&ICalendarProperty::Rdate),
        start,
        reader,
    };
    set.expand(series, window, budget, &mut expansion);
    expansion
}

fn stray<'a>(change: &Override<'a>, reader: &Reader<'_>) -> Occurrence<'a> {
    let start = reader
        .start(change.component)
        .unwrap_or_else(|| change.id.clone());
    Occurrence {
        component: change.component,
        inherited: None,
        length: reader.length(change.component, &start),
        start: Some(start),
        original: Some(change.id.clone()),
    }
}

/// A recurrence set: one event and its occurrences.
struct Set<'a, 'r> {
    master: &'a ICalendarComponent,
    start: EventTime,
    length: Length,
    recurs: bool,
    reader: &'r Reader<'r>,
}

/// A "this and future" change.
struct Future<'a> {
    component: &'a ICalendarComponent,
    shift: SignedDuration,
    length: Length,
}

impl<'a> Set<'a, '_> {
    fn expand(
        &self,
        series: &Series<'a>,
        window: &IcalWindow,
        budget: &mut Budget,
        expansion: &mut Expansion<'a>,
    ) {
        let changes: HashMap<Key, &Override<'a>> = series
            .overrides
            .iter()
            .map(|change| (Key::of(&self.in_terms(&change.id)), change))
            .collect();
        let futures = self.futures(changes.values().copied());
        let originals = self.originals(window, &futures, budget, expansion);
        let original_of = |time: &EventTime| self.recurs.then(|| time.clone());
        let mut found: Vec<Occurrence<'a>> = Vec::new();
        for (key, (original, length)) in originals {
            if changes.contains_key(&key) {
                continue;
            }
            found.push(match futures.range(..=key).next_back() {
                None => Occurrence {
                    component: self.master,
                    inherited: None,
                    length,
                    original: original_of(&original),
                    start: Some(original),
                },
                Some((_, future)) => Occurrence {
                    component: future.component,
                    inherited: Some(self.master),
                    start: time::shifted(&original, future.shift),
                    length: future.length,
                    original: Some(original),
                },
            });
        }
        found.extend(changes.values().map(|change| self.changed(change)));
        if self.recurs {
            found.retain(|occurrence| {
                occurrence
                    .start
                    .as_ref()
                    .is_some_and(|at| self.inside(at, window))
            });
        }
        found.sort_by_key(|occurrence| occurrence.start.as_ref().map(Key::of));
        if found.len() > MAX_OCCURRENCES {
            found.truncate(MAX_OCCURRENCES);
            expansion.truncated = true;
            expansion
                .warnings
                .push(self.about(&format!("only its first {MAX_OCCURRENCES} occurrences are read")));
        }
        self.spend(found, budget, expansion);
    }

    /// Occurrences repeat their event's text: not without end.
    fn spend(&self, mut found: Vec<Occurrence<'a>>, budget: &mut Budget, expansion: &mut Expansion<'a>) {
        if self.recurs {
            let affordable = budget.bytes / self.master.size().max(1);
            if found.len() > affordable {
                found.truncate(affordable);
                expansion.truncated = true;
                expansion
                    .warnings
                    .push(self.about("the occurrences of the file repeat too much text"));
            }
            budget.bytes -= self.master.size().max(1) * found.len();
        }
        expansion.occurrences = found;
    }

    fn changed(&self, change: &Override<'a>) -> Occurrence<'a> {
        let original = self.in_terms(&change.id);
        let start = self
            .reader
            .start(change.component)
            .unwrap_or_else(|| original.clone());
        let length = match self.reader.length(change.component, &start) {
            Length::Unknown => self.length,
            length => length,
        };
        let inherited = Some(self.master);
        Occurrence {
            component: change.component,
            inherited,
            start: Some(start),
            length,
            original: Some(original),
        }
    }

    fn futures<'c>(&self, changes: impl Iterator<Item = &'c Override<'a>>) -> BTreeMap<Key, Future<'a>>
    where
        'a: 'c,
    {
        changes
            .filter(|change| change.and_future)
            .map(|change| {
                let original = self.in_terms(&change.id);
                let now = self.changed(change);
                let moved = now
                    .start
                    .as_ref()
                    .map_or_else(|| original.clone(), |at| self.in_terms(at));
                let shift = time::local_of(&original).duration_until(time::local_of(&moved));
                (
                    Key::of(&original),
                    Future {
                        component: change.component,
                        shift,
                        length: now.length,
                    },
                )
            })
            .collect()
    }

    /// `time` told as the series tells its own: a date for a series of days, else in the zone of its start.
    fn in_terms(&self, time: &EventTime) -> EventTime {
        match (time, &self.start) {
            (EventTime::Date(date), EventTime::At(start)) => {
                time::at(date.to_datetime(start.time()), start.time_zone()).unwrap_or(EventTime::Date(*date))
            }
            (EventTime::At(zoned), EventTime::Date(_)) => EventTime::Date(zoned.date()),
            (EventTime::At(zoned), EventTime::At(start)) => {
                EventTime::At(zoned.with_time_zone(start.time_zone().clone()))
            }
            (EventTime::Date(date), EventTime::Date(_)) => EventTime::Date(*date),
        }
    }

    fn zone(&self) -> &TimeZone {
        match &self.start {
            EventTime::Date(_) => self.reader.default_zone(),
            EventTime::At(start) => start.time_zone(),
        }
    }

    /// The window in local time, wider where changes move occurrences.
    fn local_window(&self, window: &IcalWindow, futures: &BTreeMap<Key, Future<'a>>) -> (DateTime, DateTime) {
        let margin = futures
            .values()
            .map(|future| future.shift.abs())
            .max()
            .unwrap_or(SignedDuration::ZERO);
        let margin = margin.min(MAX_SHIFT);
        let local = |at: Timestamp| at.to_zoned(self.zone().clone()).datetime();
        let (from, until) = (local(window.from), local(window.until));
        let from = match self.start {
            EventTime::Date(_) => from.date().to_datetime(jiff::civil::Time::midnight()),
            EventTime::At(_) => from,
        };
        (
            from.checked_sub(margin).unwrap_or(from),
            until.checked_add(margin).unwrap_or(until),
        )
    }

    fn inside(&self, at: &EventTime, window: &IcalWindow) -> bool {
        match at {
            EventTime::At(zoned) => (window.from..=window.until).contains(&zoned.timestamp()),
            EventTime::Date(date) => {
                let day = |at: Timestamp| at.to_zoned(self.reader.default_zone().clone()).date();
                (day(window.from)..=day(window.until)).contains(date)
            }
        }
    }

    fn values(&self, property: &ICalendarProperty) -> impl Iterator<Item = &'a ICalendarValue> {
        let property = property.clone();
        self.master
            .entries
            .iter()
            .filter(move |entry| entry.name == property)
            .flat_map(|entry| &entry.values)
    }

    fn about(&self, problem: &str) -> String {
        let name = |property| self.master.property(property)?.values.first()?.as_text();
        let name = name(&ICalendarProperty::Summary)
            .or_else(|| name(&ICalendarProperty::Uid))
            .unwrap_or("?");
        format!("event {:?}: {problem}", excerpt(name, 60))
    }
}
