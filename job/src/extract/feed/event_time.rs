//! Times as feeds write them. Pure.

use jiff::{Timestamp, fmt::rfc2822, fmt::temporal::DateTimeParser, tz::TimeZone};

use crate::event::EventTime;

/// When an entry was published, in RFC 3339, or as it stands where it cannot be read.
pub fn published(text: &str) -> String {
    let text = text.trim();
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| {
            rfc2822::DateTimeParser::new()
                .relaxed_weekday(true)
                .parse_timestamp(text)
                .ok()
        })
        .map_or_else(|| text.to_owned(), |at| at.to_string())
}

/// iCalendar's `20260510T193000Z` as `2026-05-10T19:30:00+00:00`; other texts as they are.
pub fn extended(text: &str) -> String {
    let text = text.trim();
    let is_basic = text.len() >= 8 && text.bytes().take(8).all(|b| b.is_ascii_digit());
    if !is_basic {
        return text.to_owned();
    }
    let Ok(pieces) = DateTimeParser::new().parse_pieces(text) else {
        return text.to_owned();
    };
    match (pieces.time(), pieces.to_numeric_offset()) {
        (None, _) => pieces.date().to_string(),
        (Some(time), None) => pieces.date().to_datetime(time).to_string(),
        (Some(time), Some(offset)) => pieces
            .date()
            .to_datetime(time)
            .to_zoned(TimeZone::fixed(offset))
            .map_or_else(|_| text.to_owned(), |zoned| EventTime::At(zoned).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publication_is_told_in_one_form_where_it_can_be_read() {
        assert_eq!(
            published("Wed, 22 Apr 2026 06:35:25 +0000"),
            "2026-04-22T06:35:25Z"
        );
        assert_eq!(
            published(" Fri, 22 Apr 2026 06:35:25 GMT "),
            "2026-04-22T06:35:25Z"
        );
        assert_eq!(published("2026-04-22T06:35:25-07:00"), "2026-04-22T13:35:25Z");
        assert_eq!(published("yesterday"), "yesterday");
    }

    #[test]
    fn basic_times_are_told_in_the_extended_form() {
        assert_eq!(extended("20260510"), "2026-05-10");
        assert_eq!(extended("20260510T193000"), "2026-05-10T19:30:00");
        assert_eq!(extended("20260510T193000Z"), "2026-05-10T19:30:00+00:00");
        assert_eq!(extended("2026-05-10 19:30"), "2026-05-10 19:30");
        assert_eq!(extended("May 10"), "May 10");
        assert_eq!(extended("99999999"), "99999999");
    }
}
