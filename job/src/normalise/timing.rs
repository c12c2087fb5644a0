//! When an item takes place: its date and time fields, the manifest's rules, and the zone. Pure.

use jiff::{SignedDuration, ToSpan, civil::Time};
use serde_json::Value;
use sms_crds::{report::SkipReason, v1alpha1::MidnightRule};

use super::{
    dates::{self, DateContext, Moment, Moments, Occurrence, TimeText, WhenError},
    ending,
    item::Item,
    problem::Problem,
    status, text,
    zone::Zone,
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

/// Every occurrence of an item.
pub(super) fn timings(item: &Item, context: &DateContext) -> Result<Vec<Timing>, Problem> {
    let start = Start::of(item, context)?;
    let all_day = item.get("allDay").is_some_and(status::truthy);
    let zone = Zone::of(item, start.moments.zone.as_deref(), context);
    let mut found = with_times(&start, item, &zone, context)?;
    ending::add(&mut found, item, &zone, context);
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
        WhenError::Impossible(_) | WhenError::Repeating => SkipReason::InvalidDate,
    };
    Problem::new(reason, format!("{field} \"{}\" {error}", text::excerpt(&written)))
}

/// Gives days without a time the one of the time field; several shows make several occurrences.
fn with_times(
    start: &Start,
    item: &Item,
    zone: &Zone,
    context: &DateContext,
) -> Result<Vec<Occurrence>, Problem> {
    let occurrences = &start.moments.list;
    // A midnight beside a time field of the same item stands for no time.
    let is_own = start.time.is_some_and(|(field, _)| item.has_own(field));
    let lacks_time = |occurrence: &Occurrence| match occurrence.start.time() {
        Some(time) => is_own && time == Time::midnight(),
        None => true,
    };
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
            let written = text::excerpt(&written);
            Problem::new(
                SkipReason::InvalidDate,
                format!("{field} \"{written}\" is no time of day that is understood"),
            )
        })?;
        if !lacks_time(occurrence) || zone.tells(&occurrence.start, &time, context) {
            found.push(occurrence.clone());
        } else {
            add_time(occurrence, &time, context, &mut found);
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

fn timing(
    occurrence: &Occurrence,
    zone: &Zone,
    all_day: bool,
    item: &Item,
    context: &DateContext,
) -> Option<Timing> {
    let own_zone = Zone::of_moment(&occurrence.start, item);
    let zone = own_zone.as_ref().unwrap_or(zone);
    let is_midnight = |moment: &Moment| moment.time().is_none_or(|time| time == Time::midnight());
    let wants_day = all_day || occurrence.all_day;
    // Whole days told as instants begin at midnight there (`T07:00:00Z`), or at midnight as written (`T00:00:00Z`).
    let local_days = if wants_day && !is_midnight(&occurrence.start) {
        zone.local(occurrence).filter(|local| is_midnight(&local.start))
    } else {
        None
    };
    let occurrence = local_days.as_ref().unwrap_or(occurrence);
    let all_day = wants_day && is_midnight(&occurrence.start);
    let unknown_midnight = |time: EventTime| match time {
        EventTime::At(zoned)
            if context.midnight == MidnightRule::Unknown && zoned.time() == Time::midnight() =>
        {
            EventTime::Date(zoned.date())
        }
        time => time,
    };
    let mut start = if all_day {
        EventTime::Date(occurrence.start.date())
    } else {
        unknown_midnight(zone.at(&occurrence.start)?)
    };
    let mut end = match &occurrence.end {
        Some(end) if all_day => ending::last_day(end).map(EventTime::Date),
        Some(end) => zone.at(end).map(unknown_midnight),
        None => None,
    };
    let has_several_days = matches!(&end, Some(EventTime::Date(last)) if *last > start.date());
    let mut doors = doors(occurrence, &start, item, zone, context);
    if let EventTime::Date(day) = start
        && !all_day
        && !has_several_days
    {
        if let Some(EventTime::At(doors)) = &doors {
            start = EventTime::At(doors.clone());
        } else if let Some(time) = context.default_time {
            start = zone.at(&Moment::Local(day.to_datetime(time)))?;
        }
    }
    end = end
        .and_then(|end| ending::sensible(&start, end))
        .or_else(|| ending::by_length(&start, all_day, item, context));
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

/// When doors open: the field `doors`, else what stands beside the time.
fn doors(
    occurrence: &Occurrence,
    start: &EventTime,
    item: &Item,
    zone: &Zone,
    context: &DateContext,
) -> Option<EventTime> {
    let Some(value) = item.get("doors") else {
        return occurrence.doors.as_ref().and_then(|doors| zone.at(doors));
    };
    if let Some(moment) = dates::read_moment(value, &context.starting_on(start.date()))
        && moment.time().is_some()
    {
        return zone.at(&moment);
    }
    let time = dates::read_times(value, context)
        .ok()
        .filter(TimeText::has_time)?;
    zone.at(&time
        .on(start.date(), context)
        .first()
        .map(|timed| timed.doors.clone().unwrap_or_else(|| timed.start.clone()))?)
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
