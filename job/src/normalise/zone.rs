//! The zone of one item. Pure.

use jiff::{
    civil::Date,
    fmt::strtime,
    tz::{Offset, TimeZone},
};
use serde_json::Value;

use super::{
    dates::{self, DateContext, Moment, Occurrence, TimeText},
    item::Item,
};
use crate::event::EventTime;

/// The zone that an item's times are told in, and the offset of its local times where the page gives one apart.
pub(super) struct Zone {
    pub(super) shown: TimeZone,
    offset: Option<Offset>,
}

impl Zone {
    /// The zone of the field `timeZone` (an IANA name or an offset), else the one `beside` the start, else the source's.
    pub(super) fn of(item: &Item, beside: Option<&str>, context: &DateContext) -> Self {
        let field = item.get("timeZone").and_then(Value::as_str);
        let named = field
            .and_then(dates::zone_named)
            .or_else(|| beside.and_then(dates::zone_named));
        let offset = field.filter(|_| named.is_none()).and_then(read_offset);
        Self {
            shown: named.unwrap_or_else(|| context.zone().clone()),
            offset,
        }
    }

    /// The zone written with a start (`[America/New_York]`), where the item names none.
    pub(super) fn of_moment(start: &Moment, item: &Item) -> Option<Self> {
        let Moment::Instant { zone: Some(name), .. } = start else {
            return None;
        };
        let shown = dates::zone_named(name).filter(|_| item.get("timeZone").is_none())?;
        Some(Self { shown, offset: None })
    }

    /// The moment in this zone.
    pub(super) fn at(&self, moment: &Moment) -> Option<EventTime> {
        moment.in_zone(&self.shown, self.offset)
    }

    /// The occurrence with start and end as local times.
    pub(super) fn local(&self, occurrence: &Occurrence) -> Option<Occurrence> {
        let local = |moment: &Moment| match self.at(moment)? {
            EventTime::At(zoned) => Some(Moment::Local(zoned.datetime())),
            EventTime::Date(_) => Some(moment.clone()),
        };
        Some(Occurrence {
            start: local(&occurrence.start)?,
            end: occurrence.end.as_ref().and_then(local),
            ..occurrence.clone()
        })
    }

    /// The local day of a moment.
    pub(super) fn day(&self, moment: &Moment) -> Date {
        self.at(moment).map_or_else(|| moment.date(), |time| time.date())
    }

    /// Whether an instant at midnight is the time of day that `time` tells: `00:00Z` is 5 p.m. in Seattle.
    pub(super) fn tells(&self, start: &Moment, time: &TimeText, context: &DateContext) -> bool {
        let Moment::Instant { at, .. } = start else {
            return false;
        };
        let local = at.to_zoned(self.shown.clone());
        let told = time.on(local.date(), context);
        let told = told
            .iter()
            .flat_map(|timed| [Some(&timed.start), timed.doors.as_ref()])
            .flatten();
        told.filter_map(Moment::time).any(|time| time == local.time())
    }
}

/// `-0800`, `-08:00`, `UTC-8`.
fn read_offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let text = text
        .strip_prefix("UTC")
        .or_else(|| text.strip_prefix("GMT"))
        .unwrap_or(text);
    let parsed = ["%z", "%:z"]
        .iter()
        .find_map(|pattern| strtime::parse(pattern, text).ok()?.offset());
    parsed.or_else(|| {
        let hours: i8 = text.parse().ok().filter(|_| text.starts_with(['+', '-']))?;
        Offset::from_hours(hours).ok().filter(|_| hours.abs() <= 14)
    })
}
