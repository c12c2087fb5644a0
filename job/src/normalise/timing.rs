//! When an item takes place: its date and time fields, the manifest's rules, and the zone. Pure.

use jiff::{
    SignedDuration, ToSpan,
    civil::Date,
    tz::{Offset, TimeZone},
};
use serde_json::Value;
use sms_crds::{report::SkipReason, v1alpha1::MidnightRule};

use super::{
    dates::{self, DateContext, Moment, Moments, Occurrence, TimeText, WhenError},
    item::Item,
    length,
    problem::Problem,
    status, text,
};
use crate::event::EventTime;

/// How long before the start doors open at most, where the page's date for both is the same.
const LONGEST_DOORS: SignedDuration = SignedDuration::from_hours(8);

/// When one event takes place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timing {
    pub(super) start: EventTime,
    pub(super) end: Option<EventTime>,
    pub(super) all_day: bool,
    pub(super) time_known: bool,
    pub(super) time_zone: String,
    pub(super) doors: Option<EventTime>,
    /// Opening times of each day of a run of days.
    pub(super) daily_times: Option<Value>,
}

/// The zone of one item: that of its local times, and the one that times are told in.
struct Zone {
    shown: TimeZone,
    /// Offset of local times, where the page gives one apart from them.
    offset: Option<Offset>,
}

/// Every occurrence of an item.
pub(super) fn timings(item: &Item, context: &DateContext) -> Result<Vec<Timing>, Problem> {
    let start = Start::of(item, context)?;
    let all_day = item.get("allDay").is_some_and(status::truthy);
    let mut found = with_times(&start, item, context)?;
    add_ends(&mut found, item, context);
    let zone = Zone::of(item, start.moments.zone.as_deref(), context);
    let mut timings = Vec::with_capacity(found.len());
    for occurrence in &found {
        let timing = timing(occurrence, &zone, all_day, item, context).ok_or_else(|| {
            let written = occurrence.start.to_string();
            Problem::new(
                SkipReason::InvalidDate,
                format!("{} {written} lies outside of 1970 to 2200", start.field),
            )
        })?;
        if !timings.contains(&timing) {
            timings.push(timing);
        }
    }
    Ok(timings)
}

/// The start as a field tells it.
struct Start<'a> {
    field: &'static str,
    moments: Moments,
    /// What tells the time of day, where that field does not.
    time: Option<(&'static str, &'a Value)>,
}

impl<'a> Start<'a> {
    /// The first of `when`, `start`, `date` that holds a date. A `start` that is only a time goes with `date`.
    fn of(item: &Item<'a>, context: &DateContext) -> Result<Self, Problem> {
        let mut time = item.get("time").map(|value| ("time", value));
        let mut problem = None;
        for field in ["when", "start", "date"] {
            let Some(value) = item.get(field) else { continue };
            match dates::read_moments(value, context) {
                Ok(moments) => return Ok(Self { field, moments, time }),
                Err(error) => {
                    if time.is_none() && dates::read_times(value, context).is_ok_and(|time| time.has_time()) {
                        time = Some((field, value));
                    }
                    problem = problem.or_else(|| Some(explain(field, value, &error)));
                }
            }
        }
        Err(problem.unwrap_or_else(|| {
            Problem::new(
                SkipReason::MissingStart,
                "the item has neither when nor start nor date",
            )
        }))
    }
}

fn explain(field: &str, value: &Value, error: &WhenError) -> Problem {
    let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let reason = match error {
        WhenError::NoDate => return Problem::unreadable_date(field, &written),
        WhenError::OnlyEnd | WhenError::Unannounced => SkipReason::MissingStart,
        WhenError::MissingYear => SkipReason::MissingYear,
        WhenError::WeekdayMismatch(_) => SkipReason::WeekdayMismatch,
        WhenError::Impossible(_) => SkipReason::InvalidDate,
    };
    Problem::new(reason, format!("{field} \"{}\" {error}", text::excerpt(&written)))
}

/// Gives days without a time the one of the time field; several shows make several occurrences.
fn with_times(start: &Start, item: &Item, context: &DateContext) -> Result<Vec<Occurrence>, Problem> {
    // A midnight beside a time field stands for no time.
    let lacks_time = |occurrence: &Occurrence| {
        occurrence
            .start
            .time()
            .is_none_or(|time| time == jiff::civil::Time::midnight())
    };
    let occurrences = &start.moments.list;
    let Some((field, value)) = start.time.filter(|_| occurrences.iter().any(lacks_time)) else {
        return Ok(occurrences.clone());
    };
    // Lists of dates and times of the same length belong together one by one.
    let pairs = match (item.get(start.field), value) {
        (Some(Value::Array(days)), Value::Array(times))
            if days.len() == times.len() && times.len() == occurrences.len() =>
        {
            Some(times)
        }
        _ => None,
    };
    let mut found = Vec::with_capacity(occurrences.len());
    for (at, occurrence) in occurrences.iter().enumerate() {
        let value = pairs.and_then(|times| times.get(at)).unwrap_or(value);
        let time = dates::read_times(value, context).map_err(|_| {
            let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let detail = format!(
                "{field} \"{}\" is no time of day that is understood",
                text::excerpt(&written)
            );
            Problem::new(SkipReason::InvalidDate, detail)
        })?;
        if lacks_time(occurrence) {
            add_time(occurrence, &time, context, &mut found)
        } else {
            found.push(occurrence.clone())
        }
    }
    Ok(found)
}

fn add_time(occurrence: &Occurrence, time: &TimeText, context: &DateContext, found: &mut Vec<Occurrence>) {
    let day = occurrence.start.date();
    if !time.has_time() {
        found.push(Occurrence {
            all_day: occurrence.all_day || time.is_all_day(),
            ..occurrence.clone()
        });
        return;
    }
    if matches!(occurrence.end, Some(Moment::Date(last)) if last > day) && occurrence.start.time().is_none() {
        found.push(Occurrence {
            daily_times: time.daily(),
            ..occurrence.clone()
        });
        return;
    }
    for timed in time.on(day, context) {
        found.push(Occurrence {
            end: timed.end.or_else(|| occurrence.end.clone()),
            doors: timed.doors.or_else(|| occurrence.doors.clone()),
            start: timed.start,
            all_day: false,
            daily_times: Vec::new(),
        });
    }
}

/// Adds the ends of `end`, else `endDate` and `endTime`, to occurrences that have none.
fn add_ends(found: &mut [Occurrence], item: &Item, context: &DateContext) {
    let end_time = item.get("endTime");
    let Some(value) = item.get("end").or_else(|| item.get("endDate")).or(end_time) else {
        return;
    };
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
        let start = occurrence.start.date();
        // An end without a year is the first such day from the start on.
        let after_start = context.starting_on(start);
        let end = match dates::read_moment(value, &after_start) {
            // One end for several starts says nothing about each.
            Some(end) if count == 1 || end.date() == start || value.is_array() => end,
            Some(_) => continue,
            None => Moment::Date(start),
        };
        let end = if end.time().is_none() && dates::is_calendar_api_day(value) && end.date() > start {
            Moment::Date(end.date().yesterday().unwrap_or(start))
        } else {
            end
        };
        let time = [Some(value).filter(|value| value.is_string()), end_time]
            .into_iter()
            .flatten()
            .find_map(|value| dates::read_times(value, context).ok().filter(TimeText::has_time));
        let end = match (end, time) {
            (Moment::Date(day), Some(time)) => match time.on(day, context).into_iter().next() {
                Some(timed) if occurrence.start.time().is_some() => timed.start,
                _ => Moment::Date(day),
            },
            (end, _) => end,
        };
        occurrence.end = Some(end);
    }
}

impl Zone {
    fn of(item: &Item, beside: Option<&str>, context: &DateContext) -> Self {
        let field = item.get("timeZone").and_then(Value::as_str);
        let named = field
            .and_then(dates::zone_named)
            .or_else(|| beside.and_then(dates::zone_named));
        let offset = field.filter(|_| named.is_none()).and_then(|text| {
            let digits = text.trim().trim_start_matches("UTC").trim_start_matches("GMT");
            jiff::fmt::strtime::parse("%z", digits)
                .or_else(|_| jiff::fmt::strtime::parse("%:z", digits))
                .ok()?
                .offset()
        });
        Self {
            shown: named.unwrap_or_else(|| context.zone().clone()),
            offset,
        }
    }
}

fn timing(
    occurrence: &Occurrence,
    zone: &Zone,
    all_day: bool,
    item: &Item,
    context: &DateContext,
) -> Option<Timing> {
    let zone = match &occurrence.start {
        Moment::Instant { zone: Some(name), .. } if item.get("timeZone").is_none() => &Zone {
            shown: dates::zone_named(name).unwrap_or_else(|| zone.shown.clone()),
            offset: None,
        },
        _ => zone,
    };
    let is_midnight = |moment: &Moment| {
        moment
            .time()
            .is_none_or(|time| time == jiff::civil::Time::midnight())
    };
    let all_day = (all_day || occurrence.all_day) && is_midnight(&occurrence.start);
    let in_zone = |moment: &Moment| moment.in_zone(&zone.shown, zone.offset);
    let unknown_midnight = |time: EventTime| match time {
        EventTime::At(zoned)
            if context.midnight == MidnightRule::Unknown && zoned.time() == jiff::civil::Time::midnight() =>
        {
            EventTime::Date(zoned.date())
        }
        time => time,
    };
    let mut start = if all_day {
        EventTime::Date(occurrence.start.date())
    } else {
        unknown_midnight(in_zone(&occurrence.start)?)
    };
    let mut end = match &occurrence.end {
        Some(end) if all_day => last_day(end).map(EventTime::Date),
        Some(end) => in_zone(end).map(unknown_midnight),
        None => None,
    };
    let has_several_days = end.as_ref().is_some_and(|end| end.date() > start.date());
    let mut doors = doors(occurrence, &start, item, zone, context);
    if let EventTime::Date(day) = start
        && !all_day
        && !(has_several_days && occurrence.start.time().is_none())
    {
        if let Some(EventTime::At(doors)) = &doors {
            start = EventTime::At(doors.clone());
        } else if let Some(time) = context.default_time {
            start = Moment::Local(day.to_datetime(time)).in_zone(&zone.shown, zone.offset)?;
        }
    }
    end = end
        .and_then(|end| sensible_end(&start, end))
        .or_else(|| end_by_length(&start, all_day, item, context));
    doors = doors.map(|doors| before(doors, &start));
    let is_possible = |time: &EventTime| (1970..=2200).contains(&time.date().year());
    is_possible(&start).then(|| Timing {
        time_known: all_day || matches!(start, EventTime::At(_)),
        end: end.filter(is_possible),
        all_day,
        time_zone: zone.shown.iana_name().unwrap_or("UTC").to_owned(),
        doors: doors.filter(|doors| is_possible(doors) && matches!(doors, EventTime::At(_))),
        daily_times: (!occurrence.daily_times.is_empty()).then(|| occurrence.daily_times_json()),
        start,
    })
}

/// The last day of an end of whole days: an end at midnight is the end of the day before.
fn last_day(end: &Moment) -> Option<Date> {
    match end.time() {
        Some(time) if time == jiff::civil::Time::midnight() => end.date().yesterday().ok(),
        _ => Some(end.date()),
    }
}

/// The end as it can be: after the start. One earlier on the same day is on the next; any other is none.
fn sensible_end(start: &EventTime, end: EventTime) -> Option<EventTime> {
    match (start, end) {
        (EventTime::At(start), EventTime::At(end)) if end > *start => Some(EventTime::At(end)),
        (EventTime::At(start), EventTime::At(end)) if end != *start && end.date() == start.date() => {
            end.checked_add(1.day()).ok().map(EventTime::At)
        }
        (EventTime::At(_), EventTime::At(_)) => None,
        (EventTime::Date(start), EventTime::At(end)) => {
            let is_midnight = end.time() == jiff::civil::Time::midnight();
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
fn end_by_length(start: &EventTime, all_day: bool, item: &Item, context: &DateContext) -> Option<EventTime> {
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

/// When doors open: the field `doors`, else what stands beside the time.
fn doors(
    occurrence: &Occurrence,
    start: &EventTime,
    item: &Item,
    zone: &Zone,
    context: &DateContext,
) -> Option<EventTime> {
    let in_zone = |moment: &Moment| moment.in_zone(&zone.shown, zone.offset);
    let Some(value) = item.get("doors") else {
        return occurrence.doors.as_ref().and_then(in_zone);
    };
    if let Some(moment) = dates::read_moment(value, &context.starting_on(start.date()))
        && moment.time().is_some()
    {
        return in_zone(&moment);
    }
    let time = dates::read_times(value, context)
        .ok()
        .filter(TimeText::has_time)?;
    in_zone(
        &time
            .on(start.date(), context)
            .first()
            .map(|timed| timed.doors.clone().unwrap_or_else(|| timed.start.clone()))?,
    )
}

/// Doors of a show after midnight open on the day before.
fn before(doors: EventTime, start: &EventTime) -> EventTime {
    if let (EventTime::At(doors), EventTime::At(start)) = (&doors, start)
        && doors > start
        && let Ok(earlier) = doors.checked_sub(1.day())
        && start.duration_since(&earlier) <= LONGEST_DOORS
    {
        return EventTime::At(earlier);
    }
    doors
}
