//! What each TZID of a file means. Pure.
//!
//! In this order: an IANA or Windows name (also in X-LIC-LOCATION and X-MICROSOFT-CDO-TZID), the rules of the VTIMEZONE,
//! a name that is an offset, the source's own zone with a warning.

use std::{
    collections::{BTreeSet, HashMap},
    str::FromStr,
};

use calcard::{
    common::{PartialDateTime, timezone::Tz},
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarRecurrenceRule,
        ICalendarValue, ICalendarWeekday,
    },
};
use jiff::tz::{Offset, TimeZone};

use crate::extract::item::ItemList;

/// The zones of one file.
pub struct Zones {
    named: HashMap<String, TimeZone>,
    /// Of times without a zone.
    pub default: TimeZone,
}

impl Zones {
    /// Resolves every TZID that an event uses. What cannot be resolved is told in `list`.
    pub fn new(calendars: &[ICalendar], default: &TimeZone, list: &mut ItemList) -> Self {
        let mut named = HashMap::new();
        for id in used_ids(calendars) {
            let zone = resolve(id, calendars).unwrap_or_else(|| {
                list.warn(format!(
                    "the time zone {id:?} is unknown: its times are read in {}",
                    name(default)
                ));
                default.clone()
            });
            named.insert(id.to_owned(), zone);
        }
        warn_of_calendar_zone(calendars, default, list);
        Self {
            named,
            default: default.clone(),
        }
    }

    /// The zone of `id`, or the source's.
    pub fn get(&self, id: Option<&str>) -> &TimeZone {
        id.and_then(|id| self.named.get(id)).unwrap_or(&self.default)
    }
}

fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("the source's zone")
}

fn is_event(component: &ICalendarComponent) -> bool {
    component.component_type == ICalendarComponentType::VEvent
}

fn used_ids(calendars: &[ICalendar]) -> BTreeSet<&str> {
    calendars
        .iter()
        .flat_map(|calendar| &calendar.components)
        .filter(|component| is_event(component))
        .flat_map(|component| &component.entries)
        .filter_map(|entry| entry.tz_id())
        .collect()
}

/// X-WR-TIMEZONE is no standard and often wrong, so it decides nothing; but where it disagrees with the zone that
/// floating times are read in, somebody should look.
fn warn_of_calendar_zone(calendars: &[ICalendar], default: &TimeZone, list: &mut ItemList) {
    let floating = calendars
        .iter()
        .flat_map(|calendar| &calendar.components)
        .filter(|component| is_event(component))
        .flat_map(|component| component.properties(&ICalendarProperty::Dtstart))
        .any(|entry| {
            entry.tz_id().is_none()
                && matches!(entry.values.first(), Some(ICalendarValue::PartialDateTime(time))
                    if time.has_time() && !time.has_zone())
        });
    let declared = calendars
        .iter()
        .flat_map(|calendar| &calendar.components)
        .find_map(|component| {
            component
                .entries
                .iter()
                .find_map(|entry| match (&entry.name, entry.values.first()) {
                    (ICalendarProperty::Other(name), Some(ICalendarValue::Text(zone)))
                        if name.eq_ignore_ascii_case("X-WR-TIMEZONE") =>
                    {
                        Some(zone)
                    }
                    _ => None,
                })
        });
    if floating
        && let Some(declared) = declared
        && named_zone(declared).is_some_and(|zone| zone != *default)
    {
        list.warn(format!(
            "times without a zone are read in {}, but the calendar says X-WR-TIMEZONE:{declared}: set \
             spec.extract.timeZone if that is right",
            name(default)
        ));
    }
}

fn resolve(id: &str, calendars: &[ICalendar]) -> Option<TimeZone> {
    let definition = calendars.iter().find_map(|calendar| {
        let component = calendar.timezones().find(|zone| defined_id(zone) == Some(id))?;
        Some((calendar, component))
    });
    definition
        .and_then(|(_, component)| component.timezone())
        .and_then(|(_, zone)| to_jiff(zone, false))
        .or_else(|| named_zone(id))
        .or_else(|| prefixed_zone(id))
        .or_else(|| definition.and_then(|(calendar, component)| from_rules(calendar, component)))
        .or_else(|| Tz::from_str(id).ok().and_then(|zone| to_jiff(zone, true)))
}

fn defined_id(zone: &ICalendarComponent) -> Option<&str> {
    zone.property(&ICalendarProperty::Tzid)?.values.first()?.as_text()
}

fn named_zone(id: &str) -> Option<TimeZone> {
    Tz::from_str(id).ok().and_then(|zone| to_jiff(zone, false))
}

/// `/citadel.org/20210210_1/America/Los_Angeles`: some name of a registry before an IANA name.
fn prefixed_zone(id: &str) -> Option<TimeZone> {
    id.match_indices('/').find_map(|(slash, _)| {
        let name = &id[slash + 1..];
        if name.contains('/') {
            sms_crds::zone::named(name).ok()
        } else {
            None
        }
    })
}

fn to_jiff(zone: Tz, fixed: bool) -> Option<TimeZone> {
    match zone {
        Tz::Tz(zone) => sms_crds::zone::named(zone.name()).ok(),
        Tz::Fixed(offset) if fixed => Some(TimeZone::fixed(
            Offset::from_seconds(offset.local_minus_utc()).ok()?,
        )),
        Tz::Fixed(_) | Tz::Floating => None,
    }
}

/// A zone from the rules that a VTIMEZONE holds now: the latest STANDARD and, if it recurs without end, DAYLIGHT.
fn from_rules(calendar: &ICalendar, zone: &ICalendarComponent) -> Option<TimeZone> {
    let latest = |kind: ICalendarComponentType| {
        zone.component_ids
            .iter()
            .filter_map(|id| calendar.component_by_id(*id))
            .filter(|component| component.component_type == kind)
            .max_by_key(|component| begins(component).map(|time| (time.year, time.month, time.day)))
    };
    let (standard, daylight) = (
        latest(ICalendarComponentType::Standard),
        latest(ICalendarComponentType::Daylight),
    );
    let offset = |component: &ICalendarComponent| match component
        .property(&ICalendarProperty::Tzoffsetto)?
        .values
        .first()?
    {
        ICalendarValue::PartialDateTime(offset) => seconds(offset),
        _ => None,
    };
    let (Some(standard), Some(daylight)) = (standard, daylight) else {
        return Some(TimeZone::fixed(
            Offset::from_seconds(offset(standard.or(daylight)?)?).ok()?,
        ));
    };
    match (transition(daylight), transition(standard)) {
        (Some(begins), Some(ends)) => TimeZone::posix(&format!(
            "{}{},{begins},{ends}",
            posix_offset(offset(standard)?),
            posix_offset(offset(daylight)?)
        ))
        .ok(),
        _ => Some(TimeZone::fixed(Offset::from_seconds(offset(standard)?).ok()?)),
    }
}

fn begins(component: &ICalendarComponent) -> Option<&PartialDateTime> {
    component
        .property(&ICalendarProperty::Dtstart)?
        .values
        .first()?
        .as_partial_date_time()
}

fn seconds(offset: &PartialDateTime) -> Option<i32> {
    let seconds = i32::from(offset.tz_hour?) * 3600 + i32::from(offset.tz_minute.unwrap_or(0)) * 60;
    Some(if offset.tz_minus { -seconds } else { seconds })
}

/// POSIX writes offsets with the sign that has to be added to local time.
fn posix_offset(seconds: i32) -> String {
    let sign = if seconds > 0 { "-" } else { "" };
    let minutes = seconds.unsigned_abs() / 60;
    format!("<LOC>{sign}{}:{:02}", minutes / 60, minutes % 60)
}

/// `M3.2.0/2:00` for the second Sunday of March at two.
fn transition(observance: &ICalendarComponent) -> Option<String> {
    let rule = observance
        .property(&ICalendarProperty::Rrule)?
        .values
        .iter()
        .find_map(|value| match value {
            ICalendarValue::RecurrenceRule(rule) => Some(rule),
            _ => None,
        })?;
    if rule.until.is_some() || rule.count.is_some() {
        return None;
    }
    let begins = begins(observance)?;
    let month = rule.bymonth.first()?.month();
    let day = rule.byday.first()?;
    let weekday = match day.weekday {
        ICalendarWeekday::Sunday => 0,
        ICalendarWeekday::Monday => 1,
        ICalendarWeekday::Tuesday => 2,
        ICalendarWeekday::Wednesday => 3,
        ICalendarWeekday::Thursday => 4,
        ICalendarWeekday::Friday => 5,
        ICalendarWeekday::Saturday => 6,
    };
    let week = week_of_month(rule, day.ordwk)?;
    Some(format!(
        "M{month}.{week}.{weekday}/{}:{:02}",
        begins.hour?,
        begins.minute.unwrap_or(0)
    ))
}

/// 1 to 4, or 5 for the last. "The first Sunday from the 8th on" is the second week.
fn week_of_month(rule: &ICalendarRecurrenceRule, ordinal: Option<i16>) -> Option<i16> {
    match ordinal {
        Some(-1) => Some(5),
        Some(week @ 1..=5) => Some(week),
        Some(_) => None,
        None => rule
            .bymonthday
            .iter()
            .filter(|day| **day > 0)
            .min()
            .map(|day| i16::from((day - 1) / 7 + 1)),
    }
}
