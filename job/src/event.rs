//! The domain event. Pure.

mod raw_item;

use std::fmt;

use jiff::{Zoned, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};
use sms_crds::report::SkipReason;

pub use raw_item::{FieldName, RawItem};

/// An event that was accepted: times have a zone, texts are clean, addresses are absolute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Identifier that the source gives, if any. Not unique where one id has several dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Readable title: entities decoded, outer white space removed.
    pub title: String,
    /// Start: a local time with offset, or a date where the time is unknown or the event lasts all day.
    pub start: EventTime,
    /// End; for a date it is the last day, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EventTime>,
    /// Original start of a recurring event's occurrence (iCalendar RECURRENCE-ID), part of the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<String>,
    /// The source says that the event lasts whole days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_day: bool,
    /// Whether the source (or `dates.defaultTime`) gives a time, or the event lasts all day.
    pub time_known: bool,
    /// IANA name of the zone of `start` and `end`.
    pub time_zone: String,
    /// When doors open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doors: Option<EventTime>,
    /// Name of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<String>,
    /// Postal address of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who performs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub performers: Vec<String>,
    /// Categories or tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The event's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where tickets are sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_url: Option<String>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Lowest price in units of `currency`; 0 is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_min: Option<f64>,
    /// Highest price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_max: Option<f64>,
    /// ISO 4217 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Whether it takes place.
    #[serde(default)]
    pub status: EventStatus,
    /// No tickets left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sold_out: bool,
    /// Fields of the manifest that the event has no place for, as they are.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// Whether an event takes place (schema.org `EventStatusType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub enum EventStatus {
    /// As planned.
    #[default]
    Scheduled,
    /// Will not take place.
    Cancelled,
    /// Will take place at a time not known yet.
    Postponed,
    /// Has a new time.
    Rescheduled,
    /// Takes place online.
    MovedOnline,
}

/// A date, or a time in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// A calendar day.
    Date(civil::Date),
    /// A moment, with the zone it is told in.
    At(Zoned),
}

impl EventTime {
    /// The local date.
    pub fn date(&self) -> civil::Date {
        match self {
            Self::Date(date) => *date,
            Self::At(zoned) => zoned.date(),
        }
    }

    /// Without fractions of a second, which are never written: an event is the same before it is written and after.
    #[must_use]
    pub fn whole_seconds(self) -> Self {
        match self {
            Self::At(zoned) => Self::At(zoned.with().subsec_nanosecond(0).build().unwrap_or(zoned)),
            date @ Self::Date(_) => date,
        }
    }
}

impl fmt::Display for EventTime {
    /// `2026-05-10` or `2026-05-10T19:30:00-07:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::At(zoned) => write!(f, "{}", zoned.strftime("%Y-%m-%dT%H:%M:%S%:z")),
        }
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventTime {
    /// Reads what [`fmt::Display`] writes; the zone is then the fixed offset.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(date) = text.parse::<civil::Date>()
            && text.len() <= 10
        {
            return Ok(Self::Date(date));
        }
        let pieces = jiff::fmt::temporal::DateTimeParser::new()
            .parse_pieces(&text)
            .map_err(de::Error::custom)?;
        let (Some(time), Some(offset)) = (pieces.time(), pieces.to_numeric_offset()) else {
            return Err(de::Error::custom(format!(
                "{text:?} is no date and no time with an offset"
            )));
        };
        let zone = jiff::tz::TimeZone::fixed(offset);
        pieces
            .date()
            .to_datetime(time)
            .to_zoned(zone)
            .map(Self::At)
            .map_err(de::Error::custom)
    }
}

/// An item that was not made an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// Number of the item in the run, from 0.
    pub index: usize,
    /// Why.
    pub reason: SkipReason,
    /// The same in words, with the offending text cut to a readable length.
    pub detail: String,
    /// The item's title, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}
