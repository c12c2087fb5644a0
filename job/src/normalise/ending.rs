//! When an item ends: its end fields, its length, and what an end can be. Pure.

use jiff::{
    SignedDuration, ToSpan,
    civil::{Date, Time},
};
use serde_json::Value;

use super::{
    dates::{self, DateContext, Moment, Occurrence, TimeText},
    item::Item,
    length,
    zone::Zone,
};
use crate::event::EventTime;

/// Adds the ends of `end`, else `endDate` and `endTime`, to occurrences that have none.
pub(super) fn add(found: &mut [Occurrence], item: &Item, zone: &Zone, context: &DateContext) {
    let Some(value) = ["end", "endDate", "endTime"]
        .into_iter()
        .find_map(|name| item.get(name))
    else {
        return;
    };
    let end_time = item.get("endTime");
    let count = found.len();
    for (at, occurrence) in found
        .iter_mut()
        .enumerate()
        .filter(|(_, occurrence)| occurrence.end.is_none())
    {
        let value = match value {
            Value::Array(list) if list.len() == count => &list[at],
            value => value,
        };
        let start = zone.day(&occurrence.start);
        // An end without a year is the first such day from the start on.
        let (day, time) = match dates::read_moment(value, &context.starting_on(start)) {
            // One end for several starts says nothing about each.
            Some(end) if count > 1 && end.date() != start && !value.is_array() => continue,
            // A midnight beside a time field stands for no time.
            Some(end)
                if end
                    .time()
                    .is_some_and(|time| end_time.is_none() || time != Time::midnight()) =>
            {
                occurrence.end = Some(end);
                continue;
            }
            Some(end) if dates::is_calendar_api_day(value) && end.date() > start => {
                (end.date().yesterday().unwrap_or(start), end_time)
            }
            Some(end) => (end.date(), end_time),
            None => (start, Some(value)),
        };
        let time = time
            .and_then(|value| dates::read_times(value, context).ok())
            .filter(TimeText::has_time);
        let timed = time.and_then(|time| time.on(day, context).into_iter().next());
        // Without a start's time only the day of the end counts.
        let has_start = occurrence.start.time().is_some();
        occurrence.end = Some(
            timed
                .filter(|_| has_start)
                .map_or(Moment::Date(day), |timed| timed.start),
        );
    }
}

/// The last day of an end of whole days: an end at midnight is the end of the day before.
pub(super) fn last_day(end: &Moment) -> Option<Date> {
    match end.time() {
        Some(time) if time == Time::midnight() => end.date().yesterday().ok(),
        _ => Some(end.date()),
    }
}

/// The end as it can be: after the start. One earlier on the same day is on the next; any other is none.
pub(super) fn sensible(start: &EventTime, end: EventTime) -> Option<EventTime> {
    match (start, end) {
        (EventTime::At(start), EventTime::At(end)) if end > *start => Some(EventTime::At(end)),
        (EventTime::At(start), EventTime::At(end)) if end != *start && end.date() == start.date() => {
            end.checked_add(1.day()).ok().map(EventTime::At)
        }
        (EventTime::At(_), EventTime::At(_)) => None,
        (EventTime::Date(start), EventTime::At(end)) => {
            let is_midnight = end.time() == Time::midnight();
            let last = if is_midnight {
                end.date().yesterday().ok()?
            } else {
                end.date()
            };
            Some(last).filter(|last| last > start).map(EventTime::Date)
        }
        (start, end) => Some(end).filter(|end| end.date() > start.date()),
    }
}

/// The end by the item's `duration`, else by `dates.defaultDuration`.
pub(super) fn by_length(
    start: &EventTime,
    all_day: bool,
    item: &Item,
    context: &DateContext,
) -> Option<EventTime> {
    let own = item.get("duration").and_then(length::read);
    match start {
        EventTime::At(start) => {
            let default = context
                .default_duration
                .and_then(|length| SignedDuration::try_from(length).ok());
            start.checked_add(own.or(default)?).ok().map(EventTime::At)
        }
        EventTime::Date(start) => {
            let days = own.filter(|_| all_day)?.as_hours() / 24;
            start
                .checked_add((days - 1).days())
                .ok()
                .filter(|last| last > start)
                .map(EventTime::Date)
        }
    }
}
