//! Dates, times and lengths of iCalendar components in jiff's terms. Pure.

use calcard::{
    common::PartialDateTime,
    icalendar::{ICalendarComponent, ICalendarDuration, ICalendarEntry, ICalendarProperty, ICalendarValue},
};
use jiff::{
    SignedDuration, Span, ToSpan,
    civil::{Date, DateTime, Time},
    fmt::temporal::DateTimeParser,
    tz::{Offset, TimeZone},
};

use super::zone::Zones;
use crate::event::EventTime;

/// Reads times with the zones of the file.
pub struct Reader<'a> {
    zones: &'a Zones,
}

/// How long an event lasts, in the terms that make sense for its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// The file does not say.
    Unknown,
    /// Whole days, at least 1.
    Days(i32),
    /// The difference of two local times: a show until two o'clock ends at two on the night clocks change, too.
    Local(SignedDuration),
    /// Days by the calendar, then seconds by the clock (RFC 5545, section 3.3.6).
    Nominal { days: i32, seconds: i64 },
}

impl<'a> Reader<'a> {
    /// A reader with these zones.
    pub fn new(zones: &'a Zones) -> Self {
        Self { zones }
    }

    /// The zone of times without one.
    pub fn default_zone(&self) -> &'a TimeZone {
        &self.zones.default
    }

    /// Every time of a property, in the order of the file.
    pub fn times(&self, component: &ICalendarComponent, property: &ICalendarProperty) -> Vec<EventTime> {
        component
            .entries
            .iter()
            .filter(|entry| entry.name == *property)
            .flat_map(|entry| entry.values.iter().filter_map(|value| self.time(entry, value)))
            .collect()
    }

    /// The first time of a property.
    pub fn first(&self, component: &ICalendarComponent, property: &ICalendarProperty) -> Option<EventTime> {
        component
            .entries
            .iter()
            .filter(|entry| entry.name == *property)
            .find_map(|entry| entry.values.iter().find_map(|value| self.time(entry, value)))
    }

    /// DTSTART. A midnight that Outlook marks as all-day is a date.
    pub fn start(&self, component: &ICalendarComponent) -> Option<EventTime> {
        match self.first(component, &ICalendarProperty::Dtstart)? {
            EventTime::At(zoned) if zoned.time() == Time::midnight() && says_all_day(component) => {
                Some(EventTime::Date(zoned.date()))
            }
            start => Some(start),
        }
    }

    /// How long `component` lasts if it starts at `start`.
    pub fn length(&self, component: &ICalendarComponent, start: &EventTime) -> Length {
        if let Some(end) = self.first(component, &ICalendarProperty::Dtend) {
            return until(start, &end);
        }
        let duration = component
            .property(&ICalendarProperty::Duration)
            .and_then(|entry| entry.values.first());
        match duration {
            Some(ICalendarValue::Duration(duration)) => lasting(start, duration),
            _ => Length::Unknown,
        }
    }

    /// A time of an entry.
    pub fn time(&self, entry: &ICalendarEntry, value: &ICalendarValue) -> Option<EventTime> {
        match value {
            ICalendarValue::PartialDateTime(time) => self.partial(time, entry.tz_id()),
            ICalendarValue::Text(text) => self.iso(text, entry.tz_id()),
            _ => None,
        }
    }

    /// A time as `calcard` has it.
    pub fn partial(&self, time: &PartialDateTime, zone_id: Option<&str>) -> Option<EventTime> {
        let date = date(time)?;
        if !time.has_time() {
            return Some(EventTime::Date(date));
        }
        let zone = match time.tz_hour {
            None => self.zones.get(zone_id).clone(),
            Some(hours) => {
                let seconds = i32::from(hours) * 3600 + i32::from(time.tz_minute.unwrap_or(0)) * 60;
                fixed(if time.tz_minus { -seconds } else { seconds })?
            }
        };
        at(local(date, time)?, &zone)
    }

    /// `2026-05-10T19:30:00-07:00`, which no iCalendar file should hold but some do.
    fn iso(&self, text: &str, zone_id: Option<&str>) -> Option<EventTime> {
        let pieces = DateTimeParser::new().parse_pieces(text.trim()).ok()?;
        let Some(time) = pieces.time() else {
            return Some(EventTime::Date(pieces.date()));
        };
        let zone = match pieces.to_numeric_offset() {
            Some(offset) => fixed(offset.seconds())?,
            None => self.zones.get(zone_id).clone(),
        };
        at(pieces.date().to_datetime(time), &zone)
    }
}

/// The local time `local` in `zone`: later where clocks skip it, the first where it comes twice.
pub fn at(local: DateTime, zone: &TimeZone) -> Option<EventTime> {
    zone.to_zoned(local).ok().map(EventTime::At)
}

/// The local date and time; midnight for a date.
pub fn local_of(time: &EventTime) -> DateTime {
    match time {
        EventTime::Date(date) => date.to_datetime(Time::midnight()),
        EventTime::At(zoned) => zoned.datetime(),
    }
}

/// `start` moved by `shift` of local time, a date by its whole days.
pub fn shifted(start: &EventTime, shift: SignedDuration) -> Option<EventTime> {
    let moved = local_of(start).checked_add(shift).ok()?;
    match start {
        EventTime::Date(_) => Some(EventTime::Date(moved.date())),
        EventTime::At(zoned) => at(moved, zoned.time_zone()),
    }
}

/// The end of an event; for a date it is the last day.
pub fn end(start: &EventTime, length: Length) -> Option<EventTime> {
    match (start, length) {
        (EventTime::Date(date), Length::Days(days)) => date
            .checked_add(Span::new().try_days(days.max(1) - 1).ok()?)
            .ok()
            .map(EventTime::Date),
        (EventTime::At(_), Length::Local(difference)) => shifted(start, difference),
        (EventTime::At(zoned), Length::Nominal { days, seconds }) => {
            let span = Span::new().try_days(days).ok()?.try_seconds(seconds).ok()?;
            zoned.checked_add(span).ok().map(EventTime::At)
        }
        _ => None,
    }
}

fn date(time: &PartialDateTime) -> Option<Date> {
    let month = i8::try_from(time.month?).ok()?;
    Date::new(
        i16::try_from(time.year?).ok()?,
        month,
        i8::try_from(time.day?).ok()?,
    )
    .ok()
}

/// 24:00 is the next day's midnight, a leap second the second before it.
fn local(date: Date, time: &PartialDateTime) -> Option<DateTime> {
    let part = |value: Option<u8>| i8::try_from(value.unwrap_or(0)).ok();
    let (hour, minute, second) = (part(time.hour)?, part(time.minute)?, part(time.second)?);
    if hour == 24 && minute == 0 {
        return Some(date.tomorrow().ok()?.to_datetime(Time::midnight()));
    }
    Some(date.to_datetime(Time::new(hour, minute, second.min(59), 0).ok()?))
}

fn fixed(seconds: i32) -> Option<TimeZone> {
    if seconds == 0 {
        Some(TimeZone::UTC)
    } else {
        Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
    }
}

fn says_all_day(component: &ICalendarComponent) -> bool {
    component.entries.iter().any(|entry| {
        matches!(&entry.name, ICalendarProperty::Other(name)
            if name.eq_ignore_ascii_case("X-MICROSOFT-CDO-ALLDAYEVENT"))
            && entry
                .values
                .first()
                .and_then(ICalendarValue::as_text)
                .is_some_and(|v| v.eq_ignore_ascii_case("TRUE"))
    })
}

/// From a start and a DTEND, which is exclusive. An end that is not after the start is no end.
fn until(start: &EventTime, end: &EventTime) -> Length {
    let positive = |difference: SignedDuration| {
        if difference.is_positive() {
            Length::Local(difference)
        } else {
            Length::Unknown
        }
    };
    match (start, end) {
        (EventTime::Date(first), EventTime::Date(after)) => {
            Length::Days(first.until(*after).map_or(1, |s| s.get_days()).max(1))
        }
        (EventTime::Date(first), EventTime::At(end)) => {
            let last_moment = end
                .datetime()
                .checked_sub(1.nanosecond())
                .unwrap_or(end.datetime());
            Length::Days(
                first
                    .until(last_moment.date())
                    .map_or(1, |s| s.get_days() + 1)
                    .max(1),
            )
        }
        (EventTime::At(start), EventTime::At(end)) if start.time_zone() == end.time_zone() => {
            positive(start.datetime().duration_until(end.datetime()))
        }
        (EventTime::At(start), EventTime::At(end)) => {
            let seconds = start.timestamp().duration_until(end.timestamp()).as_secs();
            if seconds > 0 {
                Length::Nominal { days: 0, seconds }
            } else {
                Length::Unknown
            }
        }
        (EventTime::At(start), EventTime::Date(after)) => positive(
            start
                .datetime()
                .duration_until(after.to_datetime(Time::midnight())),
        ),
    }
}

fn lasting(start: &EventTime, duration: &ICalendarDuration) -> Length {
    let days = i32::try_from(i64::from(duration.weeks) * 7 + i64::from(duration.days)).unwrap_or(i32::MAX);
    let seconds =
        i64::from(duration.hours) * 3600 + i64::from(duration.minutes) * 60 + i64::from(duration.seconds);
    if duration.neg || (days == 0 && seconds == 0) {
        return Length::Unknown;
    }
    match start {
        EventTime::Date(_) => Length::Days(days.saturating_add(i32::from(seconds > 0)).max(1)),
        EventTime::At(_) => Length::Nominal { days, seconds },
    }
}

/// The length of an RDATE period.
pub fn period(start: &EventTime, end: Result<&EventTime, &ICalendarDuration>) -> Length {
    match end {
        Ok(end) => until(start, end),
        Err(duration) => lasting(start, duration),
    }
}
