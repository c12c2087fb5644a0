//! Dates that programs write: ISO 8601 / RFC 3339, RFC 2822, Unix times, `/Date(0)/`, JSON objects. Pure.

use std::sync::LazyLock;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::{rfc2822, temporal},
    tz::TimeZone,
};
use regex::Regex;
use serde_json::{Map, Value};

use super::instant::Moment;

static ISO: temporal::DateTimeParser = temporal::DateTimeParser::new();
static MAIL: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);

/// `/Date(1700000000000-0800)/` of .NET, and `new Date(1700000000000)`.
static WRAPPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^/?\s*(?:new )?\\?/?Date\(\s*(-?[0-9]{1,16})(?:[+-][0-9]{4})?\s*\)\\?/?;?$").ok()
});
/// A space before the offset, and an hour of one digit, are no ISO 8601 but are written.
static LOOSE_ISO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T|t|\s+)([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)\s*(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?(\[[A-Za-z0-9_/+-]+\])?$").ok()
});
static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[0-9]{8,17}(?:\.[0-9]{0,9})?$").ok());
/// Two ISO 8601 times: `start/end`, `start - end`, `start to end`.
static INTERVAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^([0-9]{4}-?[0-9]{2}.{0,34}?)\s*(?:/|--|\s[-–—]\s?|\sto\s)\s*([0-9]{4}-?[0-9]{2}.{0,34})$")
        .ok()
});

/// Unix seconds from 1990 to 2100.
const UNIX_SECONDS: std::ops::RangeInclusive<f64> = 631_152_000.0..=4_102_444_800.0;

/// Reads a text that is nothing but one machine-written moment. `only_iso` leaves out all but ISO 8601.
pub(super) fn parse(text: &str, only_iso: bool) -> Option<Moment> {
    let text = text.trim();
    if text.len() > 80 || !text.is_ascii() {
        return None;
    }
    if let Some(moment) = iso(text) {
        return Some(moment);
    }
    if only_iso {
        return None;
    }
    if DIGITS.as_ref().is_some_and(|digits| digits.is_match(text)) {
        return compact(text).or_else(|| unix(text.parse().ok()?));
    }
    if let Some(captures) = WRAPPED.as_ref().and_then(|wrapped| wrapped.captures(text)) {
        let milliseconds: i64 = captures.get(1)?.as_str().parse().ok()?;
        return Timestamp::from_millisecond(milliseconds).ok().map(instant);
    }
    if text.contains(':')
        && let Ok(zoned) = MAIL.parse_zoned(text)
    {
        return Some(Moment::Instant {
            at: zoned.timestamp(),
            written: zoned.datetime(),
            zone: None,
        });
    }
    None
}

/// Reads an interval of two machine-written moments.
pub(super) fn parse_interval(text: &str) -> Option<(Moment, Moment)> {
    let captures = INTERVAL.as_ref()?.captures(text.trim())?;
    Some((iso(captures.get(1)?.as_str())?, iso(captures.get(2)?.as_str())?))
}

/// Whether a text is a date or time as most programs write it, of which [`LOOSE_ISO`] would make the same text.
fn is_strict(text: &str) -> bool {
    const SHAPES: [&str; 4] = [
        "0000-00-00",
        "0000-00-00T00:00:00",
        "0000-00-00T00:00:00Z",
        "0000-00-00T00:00:00+00:00",
    ];
    let fits = |(letter, shape): (u8, u8)| match shape {
        b'0' => letter.is_ascii_digit(),
        b'+' => matches!(letter, b'+' | b'-'),
        _ => letter == shape,
    };
    let is_of = |shape: &&str| shape.len() == text.len() && text.bytes().zip(shape.bytes()).all(fits);
    SHAPES.iter().any(is_of) && !text.contains("T24")
}

/// A text that [`LOOSE_ISO`] describes, as ISO 8601 has it, and whether its time is the end of the day.
fn loose(text: &str) -> Option<(String, bool)> {
    let captures = LOOSE_ISO.as_ref()?.captures(text)?;
    let part = |i: usize| captures.get(i).map_or("", |m| m.as_str());
    let pad = if part(2).find(':') == Some(1) { "0" } else { "" };
    let offset = match part(3) {
        "z" | "UTC" | "GMT" => "Z",
        offset => offset,
    };
    // 24:00 is not in RFC 3339 but is in ISO 8601: the end of the day.
    let time = part(2).replace(',', ".");
    Some((
        format!("{}T{pad}{time}{offset}{}", part(1), part(4)),
        time.starts_with("24:00"),
    ))
}

fn iso(text: &str) -> Option<Moment> {
    let loose = if is_strict(text) { None } else { loose(text) };
    let (text, is_day_end) = loose.unwrap_or_else(|| (text.to_owned(), false));
    let text = if is_day_end {
        text.replacen("T24:00", "T00:00", 1)
    } else {
        text
    };
    // A bare number of digits is left to the caller, except a whole date of eight.
    if text.len() < 8
        || !text.starts_with(|c: char| c.is_ascii_digit())
        || text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let pieces = ISO.parse_pieces(&text).ok()?;
    let date = if is_day_end {
        pieces.date().tomorrow().ok()?
    } else {
        pieces.date()
    };
    let Some(time) = pieces.time() else {
        return Some(Moment::Date(date));
    };
    let written = date.to_datetime(time);
    let zone = pieces
        .to_time_zone_with(sms_crds::zone::database())
        .ok()
        .flatten()
        .and_then(|zone| zone.iana_name().map(str::to_owned));
    if let Some(offset) = pieces.to_numeric_offset() {
        return Some(Moment::Instant {
            at: offset.to_timestamp(written).ok()?,
            written,
            zone,
        });
    }
    match zone {
        Some(name) => {
            let zoned = super::instant::local(written, &sms_crds::zone::named(&name).ok()?)?;
            Some(Moment::Instant {
                at: zoned.timestamp(),
                written,
                zone: Some(name),
            })
        }
        None => Some(Moment::Local(written)),
    }
}

/// `202605101930` and `20260510193000`.
fn compact(text: &str) -> Option<Moment> {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i8>().ok());
    if text.len() != 12 && text.len() != 14 || text.contains('.') {
        return None;
    }
    let year: i16 = text
        .get(..4)?
        .parse()
        .ok()
        .filter(|year| (1990..=2100).contains(year))?;
    let date = Date::new(year, part(4, 6)?, part(6, 8)?).ok()?;
    let second = if text.len() == 14 { part(12, 14)? } else { 0 };
    let time = jiff::civil::Time::new(part(8, 10)?, part(10, 12)?, second, 0).ok()?;
    Some(Moment::Local(date.to_datetime(time)))
}

/// Unix seconds, milliseconds, microseconds or nanoseconds, whichever lies between 1990 and 2100.
pub(super) fn unix(number: f64) -> Option<Moment> {
    let scale = [1.0, 1e3, 1e6, 1e9]
        .into_iter()
        .find(|scale| UNIX_SECONDS.contains(&(number / scale)))?;
    // Inside the range above, milliseconds fit 43 bits.
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let milliseconds = (number / scale * 1e3).round() as i64;
    Timestamp::from_millisecond(milliseconds).ok().map(instant)
}

fn instant(at: Timestamp) -> Moment {
    Moment::Instant {
        at,
        written: at.to_zoned(TimeZone::UTC).datetime(),
        zone: None,
    }
}

/// Reads a JSON number: a Unix time, or a date such as 20260510.
pub(super) fn number(number: f64) -> Option<Moment> {
    unix(number).or_else(|| {
        let text = format!("{number}");
        (text.len() == 8).then(|| iso(&text)).flatten()
    })
}

/// Reads `[2026, 5, 10, 19, 30]`, as Java serialises local times.
pub(super) fn parts(list: &[Value]) -> Option<Moment> {
    let numbers: Vec<i64> = list.iter().map(Value::as_i64).collect::<Option<_>>()?;
    if !(3..=7).contains(&numbers.len()) || !(1970..=2200).contains(numbers.first()?) {
        return None;
    }
    let part = |i: usize| {
        numbers
            .get(i)
            .map_or(Some(0), |number| i8::try_from(*number).ok())
    };
    let date = Date::new(i16::try_from(numbers[0]).ok()?, part(1)?, part(2)?).ok()?;
    if numbers.len() == 3 {
        return Some(Moment::Date(date));
    }
    Some(Moment::Local(DateTime::from_parts(
        date,
        jiff::civil::Time::new(part(3)?, part(4)?, part(5)?, 0).ok()?,
    )))
}

/// Keys under which objects hold their moment, best first: Google Calendar, Eventbrite, `MongoDB`, Firestore, PHP.
const MOMENT_KEYS: &[&str] = &[
    "start",
    "dateTime",
    "datetime",
    "date_time",
    "local",
    "date",
    "$date",
    "iso",
    "value",
    "@value",
    "utc",
    "raw",
    "timestamp",
    "_seconds",
    "seconds",
    "epoch",
    "unix",
    "$numberLong",
];
const ZONE_KEYS: &[&str] = &[
    "timeZone",
    "timezone",
    "time_zone",
    "tz",
    "timeZoneId",
    "timezoneId",
];

/// The value inside an object that stands for a moment, and the zone beside it.
pub(super) fn unwrap(object: &Map<String, Value>) -> Option<(&Value, Option<&str>)> {
    let value = MOMENT_KEYS
        .iter()
        .find_map(|key| object.get(*key).filter(|value| !value.is_null()))?;
    Some((value, ZONE_KEYS.iter().find_map(|key| object.get(*key)?.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strict_text_is_what_a_loose_one_becomes() {
        for (text, strict) in [
            ("2026-05-10T9:30", "2026-05-10T09:30"),
            ("2026-05-10 19:30:00", "2026-05-10T19:30:00"),
            ("2026-05-10 19:30:00 UTC", "2026-05-10T19:30:00Z"),
            ("2026-05-10 19:30:00 -07:00", "2026-05-10T19:30:00-07:00"),
        ] {
            assert!(!is_strict(text));
            assert_eq!(loose(text), Some((strict.to_owned(), false)));
            assert_eq!(loose(strict), Some((strict.to_owned(), false)));
            assert_eq!(is_strict(strict), strict.len() > 16, "{strict}");
        }
        assert!(is_strict("2026-05-10") && loose("2026-05-10").is_none());
        assert!(!is_strict("2026-05-10T24:00:00Z") && !is_strict("2026-05-1x"));
    }

    #[test]
    fn machine_written_moments_are_read() {
        let cases = [
            ("2026-05-10", "2026-05-10"),
            ("20260510", "2026-05-10"),
            ("2026-05-10T19:30", "2026-05-10T19:30:00"),
            ("2026-05-10T19:30:00", "2026-05-10T19:30:00"),
            ("2026-05-10 19:30:00", "2026-05-10T19:30:00"),
            ("2026-05-10 9:30", "2026-05-10T09:30:00"),
            ("2026-05-10T19:30:00.000000", "2026-05-10T19:30:00"),
            ("2026-05-10T24:00:00", "2026-05-11T00:00:00"),
            ("2026-05-10T19:30:00Z", "2026-05-10T19:30:00+00:00"),
            ("2026-05-10T19:30:00.123Z", "2026-05-10T19:30:00+00:00"),
            ("2026-05-10T19:30:00-07:00", "2026-05-10T19:30:00-07:00"),
            ("2026-05-10T19:30:00+0000", "2026-05-10T19:30:00+00:00"),
            ("2026-05-10T19:30:00-0800", "2026-05-10T19:30:00-08:00"),
            ("2026-05-10 19:30:00 -0700", "2026-05-10T19:30:00-07:00"),
            ("2026-05-10 19:30:00 UTC", "2026-05-10T19:30:00+00:00"),
            ("2026-05-10T19:30:00+00", "2026-05-10T19:30:00+00:00"),
            ("20990612T023000Z", "2099-06-12T02:30:00+00:00"),
            ("20260510T193000", "2026-05-10T19:30:00"),
            (
                "2026-05-10T19:30:00[America/New_York]",
                "2026-05-10T19:30:00-04:00[America/New_York]",
            ),
            (
                "2026-05-10T19:30:00-04:00[America/New_York]",
                "2026-05-10T19:30:00-04:00[America/New_York]",
            ),
            ("1767225600", "2026-01-01T00:00:00+00:00"),
            ("1767225600000", "2026-01-01T00:00:00+00:00"),
            ("1767225600.5", "2026-01-01T00:00:00+00:00"),
            ("202605101930", "2026-05-10T19:30:00"),
            ("20260510193000", "2026-05-10T19:30:00"),
            ("Sun, 10 May 2026 19:30:00 -0700", "2026-05-10T19:30:00-07:00"),
            ("Mon, 10 May 2026 19:30:00 GMT", "2026-05-10T19:30:00+00:00"),
            ("10 May 2026 19:30 PDT", "2026-05-10T19:30:00-07:00"),
            ("/Date(1700000000000)/", "2023-11-14T22:13:20+00:00"),
            ("/Date(1700000000000-0800)/", "2023-11-14T22:13:20+00:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse(text, false).map(|moment| moment.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_people_write_is_left_to_others() {
        for text in [
            "",
            "not-a-real-date",
            "May 6 2026",
            "5/6/2026",
            "19:30",
            "2026",
            "12345678901234567890",
            "99999999",
            "2026-13-01",
            "99",
        ] {
            assert_eq!(parse(text, false), None, "{text}");
        }
    }

    #[test]
    fn intervals_have_two_ends() {
        for text in [
            "2026-05-10T19:30:00/2026-05-10T21:00:00",
            "2026-05-10T19:30 - 2026-05-10T21:00",
            "2026-05-10T19:30 to 2026-05-10T21:00",
        ] {
            let (start, end) = parse_interval(text).unwrap();
            assert_eq!(
                (start.to_string(), end.to_string()),
                ("2026-05-10T19:30:00".into(), "2026-05-10T21:00:00".into()),
                "{text}"
            );
        }
        assert_eq!(
            parse_interval("2026-05-10/2026-05-12")
                .map(|(_, end)| end.to_string())
                .as_deref(),
            Some("2026-05-12")
        );
        assert_eq!(parse_interval("2026-05-10"), None);
    }
}
