//! The manifest's own strptime patterns (`dates.formats`). Pure.

use jiff::{
    civil::{Time, date},
    fmt::strtime::{self, BrokenDownTime},
    tz::{Offset, TimeZone},
};

use super::calendar_date::Written;
use crate::extract::error::PlanError;

/// A pattern that compiles and holds a day.
#[derive(Debug, Clone)]
pub(super) struct Pattern(String);

/// What a pattern found: the date, the time and offset if the pattern has them, and the text around the match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) written: Written,
    pub(super) time: Option<Time>,
    pub(super) offset: Option<Offset>,
    pub(super) rest: String,
}

impl Pattern {
    /// Checks a pattern by writing a time with it and reading that again.
    pub(super) fn new(pattern: &str, index: usize) -> Result<Self, PlanError> {
        let refuse = |problem: String| {
            let remedy = "write a strptime pattern with month and day, such as %m.%d or %A, %B %d";
            PlanError::new(
                format!("spec.extract.dates.formats[{index}]"),
                format!("{pattern:?} {problem}: {remedy}"),
            )
        };
        let sample = date(2026, 11, 23)
            .at(19, 45, 0, 0)
            .to_zoned(TimeZone::UTC)
            .map_err(|e| refuse(e.to_string()))?;
        let written =
            strtime::format(pattern, &sample).map_err(|error| refuse(format!("is no pattern ({error})")))?;
        let read = BrokenDownTime::parse(pattern, &written)
            .map_err(|error| refuse(format!("cannot be read back ({error})")))?;
        match day_of(&read) {
            Some(_) => Ok(Self(pattern.to_owned())),
            None => Err(refuse("names no day of the year".to_owned())),
        }
    }

    /// Finds the pattern in `text`: the whole of it, or a part between white space or marks.
    pub(super) fn find(&self, text: &str) -> Option<Match> {
        if let Ok(read) = BrokenDownTime::parse(&self.0, text) {
            return self.matched(&read, String::new());
        }
        let mut before = ' ';
        for (at, c) in text.char_indices() {
            let is_start =
                !before.is_alphanumeric() && !matches!(before, '.' | '/' | ':') && c.is_alphanumeric();
            before = c;
            if !is_start {
                continue;
            }
            let Ok((read, length)) = BrokenDownTime::parse_prefix(&self.0, &text[at..]) else {
                continue;
            };
            let rest = &text[at + length..];
            let mut after = rest.chars();
            let is_end = match (after.next(), after.next()) {
                (Some(c), _) if c.is_alphanumeric() => false,
                (Some('.' | '/' | ':' | '-'), Some(c)) if c.is_ascii_digit() => false,
                _ => true,
            };
            if is_end && let Some(found) = self.matched(&read, format!("{} | {rest}", &text[..at])) {
                return Some(found);
            }
        }
        None
    }

    fn matched(&self, read: &BrokenDownTime, rest: String) -> Option<Match> {
        let written = day_of(read)?;
        let has_time = ["%H", "%I", "%k", "%l", "%T", "%R", "%s", "%-H", "%-I"]
            .iter()
            .any(|code| self.0.contains(code));
        Some(Match {
            written,
            time: read.to_time().ok().filter(|_| has_time),
            offset: read.offset(),
            rest,
        })
    }
}

fn day_of(read: &BrokenDownTime) -> Option<Written> {
    if let (Some(month), Some(day)) = (read.month(), read.day()) {
        return Some(Written {
            year: read.year(),
            month,
            day,
            weekday: read.weekday(),
        });
    }
    let date = read
        .to_date()
        .or_else(|_| read.to_timestamp().map(|at| at.to_zoned(TimeZone::UTC).date()))
        .ok()?;
    Some(Written {
        year: Some(date.year()),
        month: date.month(),
        day: date.day(),
        weekday: None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;

    use super::*;

    fn find(pattern: &str, text: &str) -> Option<Match> {
        Pattern::new(pattern, 0).unwrap().find(text)
    }

    #[test]
    fn a_pattern_is_found_whole_or_between_marks() {
        let cases = [
            ("%m.%d", "05.09", Some((None, 5, 9))),
            ("%m.%d", "Thu 05.09 8pm", Some((None, 5, 9))),
            ("%m.%d", "5.9", Some((None, 5, 9))),
            ("%m.%d", "05.09.2026", None),
            ("%m.%d", "13.40", None),
            ("%A, %B %d", "Thursday, February 19", Some((None, 2, 19))),
            ("%d/%m/%Y", "19/02/2026", Some((Some(2026), 2, 19))),
            ("%d.%m.%y", "19.02.26", Some((Some(2026), 2, 19))),
        ];
        for (pattern, text, expected) in cases {
            let found = find(pattern, text).map(|m| (m.written.year, m.written.month, m.written.day));
            assert_eq!(found, expected, "{pattern} in {text}");
        }
        assert_eq!(
            find("%a %m.%d", "Thu 05.09").and_then(|m| m.written.weekday),
            Some(Weekday::Thursday)
        );
    }

    #[test]
    fn times_of_the_pattern_and_text_around_it_are_kept() {
        let found = find("%Y%m%d-%H%M", "20260219-1930").unwrap();
        assert_eq!(found.time, Time::new(19, 30, 0, 0).ok());
        assert_eq!(find("%m.%d", "Thu 05.09 8pm").unwrap().rest, "Thu  |  8pm");
        assert_eq!(find("%m.%d", "05.09").unwrap().time, None);
    }

    #[test]
    fn a_pattern_that_is_none_is_refused_with_its_place() {
        for pattern in ["%Q%", "%H:%M", "no directive", "%"] {
            let error = Pattern::new(pattern, 3).unwrap_err();
            assert_eq!(error.path, "spec.extract.dates.formats[3]");
            assert!(error.problem.contains("strptime"), "{error}");
        }
    }
}
