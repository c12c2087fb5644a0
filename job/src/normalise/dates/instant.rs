//! Moments: days, local times and instants, and how a local time gets its zone. Pure.

use std::fmt;

use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

use crate::event::EventTime;

/// A point in time as far as a page tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A calendar day without a time.
    Date(Date),
    /// A time of the place.
    Local(DateTime),
    /// A time with an offset or zone.
    Instant {
        /// When.
        at: Timestamp,
        /// The local time as it is written.
        written: DateTime,
        /// IANA name, where one is written.
        zone: Option<String>,
    },
}

impl Moment {
    /// An instant from a time and its offset.
    pub(super) fn with_offset(written: DateTime, offset: Offset) -> Option<Self> {
        let at = offset.to_timestamp(written).ok()?;
        Some(Self::Instant {
            at,
            written,
            zone: None,
        })
    }

    /// The day as it is written.
    pub fn date(&self) -> Date {
        match self {
            Self::Date(date) => *date,
            Self::Local(time) => time.date(),
            Self::Instant { written, .. } => written.date(),
        }
    }

    /// The time of day as it is written.
    pub fn time(&self) -> Option<Time> {
        match self {
            Self::Date(_) => None,
            Self::Local(time) => Some(time.time()),
            Self::Instant { written, .. } => Some(written.time()),
        }
    }

    /// The moment in `zone`. A local time that a zone skips is shifted forward by the gap; one that a zone has twice
    /// is the first (RFC 5545 §3.3.5). A local time is read at `offset` where the page gives one apart.
    pub(crate) fn in_zone(&self, zone: &TimeZone, offset: Option<Offset>) -> Option<EventTime> {
        Some(match self {
            Self::Date(date) => EventTime::Date(*date),
            Self::Local(time) => EventTime::At(match offset {
                Some(offset) => offset.to_timestamp(*time).ok()?.to_zoned(zone.clone()),
                None => local(*time, zone)?,
            }),
            Self::Instant { at, .. } => EventTime::At(at.to_zoned(zone.clone())),
        })
    }
}

/// A local time in its zone; gaps go forward, of two the first counts.
pub(crate) fn local(time: DateTime, zone: &TimeZone) -> Option<Zoned> {
    zone.to_ambiguous_zoned(time).compatible().ok()
}

impl fmt::Display for Moment {
    /// `2026-05-10`, `2026-05-10T19:30:00`, `2026-05-10T19:30:00-07:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Local(time) => write!(f, "{}", time.strftime("%Y-%m-%dT%H:%M:%S")),
            Self::Instant { at, written, zone } => {
                let utc = written.to_zoned(TimeZone::UTC);
                let seconds = utc.map_or(at.as_second(), |utc| utc.timestamp().as_second());
                let offset = i32::try_from(seconds - at.as_second())
                    .ok()
                    .and_then(|s| Offset::from_seconds(s).ok());
                let zoned = at.to_zoned(TimeZone::fixed(offset.unwrap_or(Offset::UTC)));
                write!(f, "{}", zoned.strftime("%Y-%m-%dT%H:%M:%S%:z"))?;
                zone.as_ref().map_or(Ok(()), |zone| write!(f, "[{zone}]"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn seattle() -> TimeZone {
        TimeZone::get("America/Los_Angeles").unwrap()
    }

    #[test]
    fn a_skipped_time_goes_forward_and_a_repeated_one_is_the_first() {
        let shown =
            |time: DateTime| local(time, &seattle()).map(|z| z.strftime("%Y-%m-%dT%H:%M%:z").to_string());
        assert_eq!(
            shown(date(2026, 3, 8).at(2, 30, 0, 0)).as_deref(),
            Some("2026-03-08T03:30-07:00")
        );
        assert_eq!(
            shown(date(2026, 11, 1).at(1, 30, 0, 0)).as_deref(),
            Some("2026-11-01T01:30-07:00")
        );
        assert_eq!(
            shown(date(2026, 11, 1).at(2, 0, 0, 0)).as_deref(),
            Some("2026-11-01T02:00-08:00")
        );
    }

    #[test]
    fn an_instant_is_written_with_its_offset_and_zone() {
        let moment = Moment::with_offset(date(2026, 5, 10).at(19, 30, 0, 0), Offset::constant(-7)).unwrap();
        assert_eq!(moment.to_string(), "2026-05-10T19:30:00-07:00");
    }

    proptest! {
        #[test]
        fn every_local_time_has_a_moment_at_most_an_hour_later(day in 0_i32..30_000, minute in 0_i32..1440) {
            let day = date(1990, 1, 1).saturating_add(jiff::Span::new().days(day));
            let time = day.at(0, 0, 0, 0).saturating_add(jiff::Span::new().minutes(minute));
            let zoned = local(time, &seattle()).unwrap();
            let shift = time.duration_until(zoned.datetime()).as_mins();
            prop_assert!(shift == 0 || shift == 60);
            if shift == 60 {
                prop_assert_eq!(time.hour(), 2);
            }
        }
    }
}
