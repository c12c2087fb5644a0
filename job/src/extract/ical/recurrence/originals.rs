//! The starts of a recurrence set before single occurrences were changed. Pure.

use std::collections::{BTreeMap, HashSet};

use calcard::icalendar::{ICalendarPeriod, ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue};
use jiff::civil::DateTime;

use super::{Budget, Expansion, Future, Key, Set};
use crate::{
    event::EventTime,
    extract::ical::{
        IcalWindow,
        rule::{self, RuleError},
        time::{self, Length},
    },
};

impl<'a> Set<'a, '_> {
    /// Starts before any change, with their lengths.
    pub fn originals(
        &self,
        window: &IcalWindow,
        futures: &BTreeMap<Key, Future<'a>>,
        budget: &mut Budget,
        expansion: &mut Expansion<'a>,
    ) -> BTreeMap<Key, (EventTime, Length)> {
        let mut originals = BTreeMap::new();
        let mut add = |time: EventTime, length: Length| {
            originals.entry(Key::of(&time)).or_insert((time, length));
        };
        if !self.recurs {
            add(self.start.clone(), self.length);
            return originals;
        }
        let span = self.local_window(window, futures);
        let mut ended = false;
        for value in self.values(&ICalendarProperty::Rrule) {
            let ICalendarValue::RecurrenceRule(rule) = value else {
                expansion.truncated = true;
                let problem = "its RRULE is not readable: only its first date is taken";
                expansion.warnings.push(self.about(problem));
                continue;
            };
            match self.starts(rule, span, budget) {
                Ok((times, exhausted)) => {
                    for time in times {
                        add(time, self.length);
                    }
                    if exhausted {
                        expansion.truncated = true;
                        expansion
                            .warnings
                            .push(self.about("its RRULE was not followed to the end"));
                    }
                }
                Err(problem) => {
                    ended = problem == RuleError::EndsBeforeStart;
                    expansion.truncated |= !ended;
                    expansion.warnings.push(self.about(&problem.to_string()));
                }
            }
        }
        if !ended {
            add(self.start.clone(), self.length);
        }
        for (time, length) in self.rdates() {
            add(time, length);
        }
        self.exclude(&mut originals, span, budget);
        originals
    }

    fn exclude(
        &self,
        originals: &mut BTreeMap<Key, (EventTime, Length)>,
        span: (DateTime, DateTime),
        budget: &mut Budget,
    ) {
        for value in self.values(&ICalendarProperty::Exrule) {
            if let ICalendarValue::RecurrenceRule(rule) = value
                && let Ok((times, _)) = self.starts(rule, span, budget)
            {
                for time in times {
                    originals.remove(&Key::of(&time));
                }
            }
        }
        let mut days = HashSet::new();
        for excluded in self.reader.times(self.master, &ICalendarProperty::Exdate) {
            match (&excluded, &self.start) {
                (EventTime::At(_), EventTime::At(_)) => {
                    originals.remove(&Key::of(&excluded));
                }
                // A date excludes whatever starts on that day.
                _ => {
                    days.insert(excluded.date());
                }
            }
        }
        originals.retain(|_, (time, _)| !days.contains(&time.date()));
    }

    fn starts(
        &self,
        rule: &ICalendarRecurrenceRule,
        span: (DateTime, DateTime),
        budget: &mut Budget,
    ) -> Result<(Vec<EventTime>, bool), RuleError> {
        let (local, exhausted) = rule::local_starts(rule, &self.start, span, &mut budget.steps)?;
        let times = local
            .into_iter()
            .filter(|at| *at >= span.0)
            .filter_map(|at| match &self.start {
                EventTime::Date(_) => Some(EventTime::Date(at.date())),
                EventTime::At(start) => time::at(at, start.time_zone()),
            });
        Ok((times.collect(), exhausted))
    }

    fn rdates(&self) -> Vec<(EventTime, Length)> {
        let mut rdates = Vec::new();
        for entry in self
            .master
            .entries
            .iter()
            .filter(|entry| entry.name == ICalendarProperty::Rdate)
        {
            for value in &entry.values {
                let (start, length) = match value {
                    ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
                        let Some(start) = self.reader.partial(start, entry.tz_id()) else {
                            continue;
                        };
                        let Some(end) = self.reader.partial(end, entry.tz_id()) else {
                            continue;
                        };
                        let length = time::period(&start, Ok(&end));
                        (start, length)
                    }
                    ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
                        let Some(start) = self.reader.partial(start, entry.tz_id()) else {
                            continue;
                        };
                        let length = time::period(&start, Err(duration));
                        (start, length)
                    }
                    value => match self.reader.time(entry, value) {
                        Some(start) => (start, self.length),
                        None => continue,
                    },
                };
                rdates.push((self.in_terms(&start), length));
            }
        }
        rdates
    }
}
