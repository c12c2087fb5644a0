//! One RRULE as local times. Pure.
//!
//! `calcard` iterates rules only as part of its own recurrence sets, so a rule is wrapped into a calendar of one event
//! without a zone, and the times that come back are local ones.

use calcard::{
    common::PartialDateTime,
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarFrequency,
        ICalendarProperty, ICalendarRecurrenceRule,
    },
};
use chrono::{Datelike, Timelike};
use jiff::{
    SignedDuration,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use crate::event::EventTime;

/// Most times that one rule is iterated over.
const MAX_STEPS: usize = 100_000;

/// What a rule without any time is charged: the iterator may have looked through millennia.
const FRUITLESS: usize = 20_000;

/// Why a rule gives no times.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// UNTIL lies before DTSTART: nothing is left of the event.
    #[error("its RRULE ends before it starts")]
    EndsBeforeStart,
    /// The rule contradicts itself or the standard.
    #[error("its RRULE cannot be expanded ({0})")]
    Invalid(String),
}

/// The starts that `rule` gives for an event that starts at `start`, about those from `from` to `until`, both local,
/// in order. `steps` is what may be spent; the second result is whether it did not suffice.
pub fn local_starts(
    rule: &ICalendarRecurrenceRule,
    start: &EventTime,
    (from, until): (DateTime, DateTime),
    steps: &mut usize,
) -> Result<(Vec<DateTime>, bool), RuleError> {
    let origin = super::time::local_of(start);
    let until = match rule_end(rule, start) {
        Some(end) if end < origin => return Err(RuleError::EndsBeforeStart),
        Some(end) => end.min(until),
        None => until,
    };
    let anchor = skip_ahead(origin, rule, from);
    if until < anchor || until < from {
        return Ok((Vec::new(), false));
    }
    let limit = MAX_STEPS.min(*steps);
    if limit == 0 {
        return Ok((Vec::new(), true));
    }
    let expanded = calendar_of_one(rule, anchor, until).expand_dates(chrono_tz::UTC, limit);
    if let Some(error) = expanded.errors.first() {
        *steps -= 1;
        return Err(RuleError::Invalid(format!("{:?}", error.error)));
    }
    let spent = if expanded.events.is_empty() {
        FRUITLESS
    } else {
        expanded.events.len()
    };
    *steps = steps.saturating_sub(spent);
    let exhausted = expanded.events.len() >= limit;
    let starts = expanded
        .events
        .iter()
        .filter_map(|event| civil(event.start.naive_local()))
        .collect();
    Ok((starts, exhausted))
}

/// UNTIL as a local time of the event. A date covers its whole day; midnight UTC beside a date means that date.
fn rule_end(rule: &ICalendarRecurrenceRule, start: &EventTime) -> Option<DateTime> {
    let until = rule.until.as_ref()?;
    let naive = civil(until.to_date_time()?.date_time)?;
    let end_of_day = Time::constant(23, 59, 59, 0);
    Some(match start {
        EventTime::Date(_) if until.tz_hour.is_some() && naive.time() != Time::midnight() => {
            // Half a day either way is more than any producer's zone needs to find the intended date.
            let local = naive.checked_sub(SignedDuration::from_hours(12)).unwrap_or(naive);
            local.date().to_datetime(end_of_day)
        }
        EventTime::Date(_) => naive.date().to_datetime(end_of_day),
        EventTime::At(_) if !until.has_time() => naive.date().to_datetime(end_of_day),
        EventTime::At(start) if until.tz_hour.is_some() => TimeZone::UTC
            .to_zoned(naive)
            .ok()?
            .with_time_zone(start.time_zone().clone())
            .datetime(),
        EventTime::At(_) => naive,
    })
}

/// A start of the same rhythm close to `from`: what lies before need not be iterated over. Only where every period has
/// the same length, and where occurrences are not counted from the start.
fn skip_ahead(start: DateTime, rule: &ICalendarRecurrenceRule, from: DateTime) -> DateTime {
    let period = match rule.freq {
        ICalendarFrequency::Weekly => 7 * 86_400,
        ICalendarFrequency::Daily => 86_400,
        ICalendarFrequency::Hourly => 3_600,
        ICalendarFrequency::Minutely => 60,
        ICalendarFrequency::Secondly => 1,
        ICalendarFrequency::Yearly | ICalendarFrequency::Monthly => return start,
    };
    let step = period * i64::from(rule.interval.unwrap_or(1).max(1));
    let periods = start.duration_until(from).as_secs() / step - 1;
    if rule.count.is_some() || periods <= 0 {
        return start;
    }
    start
        .checked_add(SignedDuration::from_secs(periods * step))
        .unwrap_or(start)
}

fn calendar_of_one(rule: &ICalendarRecurrenceRule, start: DateTime, until: DateTime) -> ICalendar {
    let mut rule = rule.clone();
    rule.until = Some(partial(until));
    let event = ICalendarComponent {
        component_type: ICalendarComponentType::VEvent,
        entries: vec![
            ICalendarEntry::new(ICalendarProperty::Dtstart).with_value(partial(start)),
            ICalendarEntry::new(ICalendarProperty::Rrule).with_value(rule),
        ],
        component_ids: Vec::new(),
    };
    ICalendar {
        components: vec![event],
    }
}

fn partial(time: DateTime) -> PartialDateTime {
    PartialDateTime {
        year: u16::try_from(time.year()).ok(),
        month: u8::try_from(time.month()).ok(),
        day: u8::try_from(time.day()).ok(),
        hour: u8::try_from(time.hour()).ok(),
        minute: u8::try_from(time.minute()).ok(),
        second: u8::try_from(time.second()).ok(),
        ..PartialDateTime::default()
    }
}

fn civil(time: chrono::NaiveDateTime) -> Option<DateTime> {
    let small = |value: u32| i8::try_from(value).ok();
    let date = Date::new(
        i16::try_from(time.year()).ok()?,
        small(time.month())?,
        small(time.day())?,
    )
    .ok()?;
    let time = Time::new(
        small(time.hour())?,
        small(time.minute())?,
        small(time.second())?.min(59),
        0,
    )
    .ok()?;
    Some(date.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use calcard::icalendar::ICalendarValue;
    use jiff::civil::datetime;
    use proptest::prelude::*;

    use super::*;

    fn rule(text: &str) -> ICalendarRecurrenceRule {
        let calendars =
            super::super::calendar::parse(&format!("BEGIN:VEVENT\nRRULE:{text}\nEND:VEVENT\n")).unwrap();
        match &calendars[0].components[0].entries[0].values[0] {
            ICalendarValue::RecurrenceRule(rule) => (**rule).clone(),
            other => panic!("{text} was read as {other:?}"),
        }
    }

    fn seattle(local: DateTime) -> EventTime {
        EventTime::At(local.in_tz("America/Los_Angeles").unwrap())
    }

    fn starts(text: &str, start: DateTime, from: DateTime, until: DateTime) -> Vec<String> {
        let mut steps = 1_000_000;
        let (starts, exhausted) =
            local_starts(&rule(text), &seattle(start), (from, until), &mut steps).unwrap();
        assert!(!exhausted);
        starts
            .iter()
            .filter(|at| **at >= from)
            .map(|at| at.strftime("%m-%d %H:%M").to_string())
            .collect()
    }

    #[test]
    fn skipping_ahead_keeps_the_rhythm_of_the_rule() {
        let begin = datetime(2001, 1, 1, 20, 0, 0, 0);
        let (from, until) = (
            datetime(2026, 5, 1, 0, 0, 0, 0),
            datetime(2026, 5, 31, 0, 0, 0, 0),
        );
        for text in [
            "FREQ=DAILY;INTERVAL=11",
            "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SA;WKST=SU",
            "FREQ=WEEKLY;BYDAY=TU,TH;BYHOUR=18,20",
            "FREQ=HOURLY;INTERVAL=37",
            "FREQ=DAILY;BYDAY=FR;BYSETPOS=-1",
        ] {
            let mut all = rule(text);
            all.count = Some(u32::MAX);
            let mut steps = 1_000_000;
            let (counted, _) = local_starts(&all, &seattle(begin), (from, until), &mut steps).unwrap();
            let counted: Vec<String> = counted
                .iter()
                .filter(|at| **at >= from)
                .map(|at| at.strftime("%m-%d %H:%M").to_string())
                .collect();
            assert_eq!(starts(text, begin, from, until), counted, "{text}");
            assert!(!counted.is_empty(), "{text}");
        }
    }

    #[test]
    fn until_is_told_in_utc_as_a_date_or_locally() {
        let begin = datetime(2026, 5, 1, 20, 0, 0, 0);
        let window = (datetime(2026, 4, 1, 0, 0, 0, 0), datetime(2026, 6, 1, 0, 0, 0, 0));
        let last = |until: &str| {
            starts(&format!("FREQ=DAILY;UNTIL={until}"), begin, window.0, window.1)
                .pop()
                .unwrap()
        };
        assert_eq!(last("20260504T030000Z"), "05-03 20:00");
        assert_eq!(last("20260504T025959Z"), "05-02 20:00");
        assert_eq!(last("20260504"), "05-04 20:00");
        assert_eq!(last("20260504T200000"), "05-04 20:00");
    }

    #[test]
    fn until_of_an_all_day_event_is_its_last_day_in_every_spelling() {
        let start = EventTime::Date(Date::constant(2026, 5, 1));
        let window = (datetime(2026, 4, 1, 0, 0, 0, 0), datetime(2026, 6, 1, 0, 0, 0, 0));
        for until in [
            "20260504",
            "20260504T000000Z",
            "20260505T065959Z",
            "20260504T235959Z",
        ] {
            let rule = rule(&format!("FREQ=DAILY;UNTIL={until}"));
            let (days, _) = local_starts(&rule, &start, window, &mut 1000).unwrap();
            assert_eq!(days.last().unwrap().day(), 4, "{until}");
        }
    }

    #[test]
    fn a_rule_that_never_falls_due_ends_and_costs() {
        let mut steps = 100_000;
        let (none, exhausted) = local_starts(
            &rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
            &seattle(datetime(2026, 1, 1, 0, 0, 0, 0)),
            (datetime(2026, 1, 1, 0, 0, 0, 0), datetime(2027, 1, 1, 0, 0, 0, 0)),
            &mut steps,
        )
        .unwrap();
        assert!(none.is_empty() && !exhausted);
        assert_eq!(steps, 80_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_rule_panics(
            freq in prop::sample::select(vec!["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
            interval in any::<u16>(),
            count in prop::option::of(any::<u32>()),
            parts in prop::collection::vec((
                prop::sample::select(vec![
                    "BYSECOND", "BYMINUTE", "BYHOUR", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS",
                ]),
                -400_i32..400,
            ), 0..4),
            days in prop::collection::vec((-60_i32..60, prop::sample::select(vec!["MO", "SU", "FR"])), 0..3),
            year in 1_i16..9999,
            ordinal in 1_i16..365,
        ) {
            let mut text = vec![format!("FREQ={freq};INTERVAL={interval}")];
            text.extend(count.map(|count| format!("COUNT={count}")));
            text.extend(parts.iter().map(|(name, value)| format!("{name}={value}")));
            if !days.is_empty() {
                let days = days.iter().map(|(n, day)| if *n == 0 { (*day).to_owned() } else { format!("{n}{day}") });
                text.push(format!("BYDAY={}", days.collect::<Vec<_>>().join(",")));
            }
            let text = text.join(";");
            let calendars = super::super::calendar::parse(&format!("BEGIN:VEVENT\nRRULE:{text}\nEND:VEVENT\n")).unwrap();
            if let ICalendarValue::RecurrenceRule(rule) = &calendars[0].components[0].entries[0].values[0] {
                let start = Date::constant(year, 1, 1).checked_add(jiff::Span::new().days(ordinal - 1)).unwrap();
                let start = seattle(start.at(23, 59, 59, 0));
                let window = (datetime(2026, 1, 1, 0, 0, 0, 0), datetime(2026, 3, 1, 0, 0, 0, 0));
                let _ = local_starts(rule, &start, window, &mut 200);
            }
        }
    }
}
