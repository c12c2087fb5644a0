//! Dates and times: from what a page writes to days, local times and instants. Pure.
//!
//! ```text
//! text ──machine──────────────────────────────▶ Moment      ISO 8601, RFC 2822, Unix times, JSON objects
//!      ──pattern──▶ Written ──────year─┐
//!      ──lexer──▶ tokens ──scan──▶ Element* ──when──▶ Occurrence*
//! ```
//!
//! `scan` asks `calendar_date` and `time_of_day` what stands at a token; `when` decides what belongs together; `year`
//! finds years that are not written; `instant` gives local times their zone.

mod calendar_date;
mod clock;
mod context;
mod day_plan;
mod instant;
mod lexer;
mod machine;
mod numeric_date;
mod occurrence;
mod pattern;
mod reader;
mod scan;
mod time_of_day;
mod value;
mod when;
mod words;
mod year;
mod zone_hint;

use jiff::civil::{Date, Time};

pub use self::{context::DateContext, instant::Moment, occurrence::Occurrence};
pub(super) use self::{
    context::zone_named,
    value::{Moments, is_calendar_api_day, read_moment, read_moments, read_times},
};
use self::{lexer::lex, occurrence::clock, scan::Element};
use super::text;

/// Why a text tells no start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// No date is in it.
    #[error("holds no date that is understood")]
    NoDate,
    /// Only the end is in it ("Through April 12, 2026").
    #[error("names only an end")]
    OnlyEnd,
    /// It says that the date is not known yet.
    #[error("names no date yet")]
    Unannounced,
    /// It says how the event repeats and names no day ("Every Tuesday 8pm").
    #[error(
        "says how the event repeats, but names no date: let transform make the dates, or read the site's calendar file"
    )]
    Repeating,
    /// The year is missing and the manifest requires one.
    #[error("has no year: set dates.year to nearest to let the nearest date count")]
    MissingYear,
    /// No year makes the date fall on the weekday.
    #[error("has a weekday that does not fit: {0}")]
    WeekdayMismatch(String),
    /// The day does not exist, or lies outside of 1970 to 2200.
    #[error("is no possible date: {0}")]
    Impossible(String),
}

/// Reads every date and time in a text, in whatever form it is written.
pub fn parse_when(text: &str, context: &DateContext) -> Result<Vec<Occurrence>, WhenError> {
    let cut: String = text.chars().take(4 * lexer::LONGEST).collect();
    let line = text::line(&cut);
    let found = parse_line(&line, context)?;
    for moment in found.iter().flat_map(|o| std::iter::once(&o.start).chain(&o.end)) {
        let year = moment.date().year();
        if !(1970..=2200).contains(&year) {
            return Err(WhenError::Impossible(format!(
                "the year {year} lies outside of 1970 to 2200"
            )));
        }
    }
    Ok(found)
}

fn parse_line(line: &str, context: &DateContext) -> Result<Vec<Occurrence>, WhenError> {
    let has_patterns = !context.patterns.is_empty();
    if let Some(moment) = machine::parse(line, has_patterns) {
        return Ok(vec![Occurrence::new(moment)]);
    }
    if let Some((start, end)) = machine::parse_interval(line) {
        return Ok(vec![Occurrence {
            end: Some(end).filter(|end| *end != start),
            ..Occurrence::new(start)
        }]);
    }
    let result = if has_patterns {
        parse_with_patterns(line, context)
    } else {
        when::occurrences(context.reader(&lex(line), false).scan(), context)
    };
    result.map_err(|error| match error {
        WhenError::NoDate if !has_patterns && is_unannounced(line) => WhenError::Unannounced,
        WhenError::NoDate if is_repetition(line) => WhenError::Repeating,
        error => error,
    })
}

fn parse_with_patterns(line: &str, context: &DateContext) -> Result<Vec<Occurrence>, WhenError> {
    let line: String = line.chars().take(lexer::LONGEST).collect();
    let found = context
        .patterns
        .iter()
        .find_map(|pattern| pattern.find(&line))
        .ok_or(WhenError::NoDate)?;
    let mut written = found.written;
    let tokens = lex(&found.rest);
    let elements = context.reader(&tokens, false).scan();
    if written.weekday.is_none() && written.year.is_none() {
        // "Thu 05.09" with the pattern %m.%d: the weekday stands in the rest.
        let reader = context.reader(&tokens, false);
        written.weekday = (0..tokens.len())
            .find_map(|at| reader.weekday_at(at))
            .map(|(weekday, _)| weekday);
    }
    let date = year::settle(&mut [(written, false)], context.year())?
        .first()
        .copied()
        .ok_or(WhenError::NoDate)?;
    if let Some(time) = found.time {
        let local = date.to_datetime(time);
        let moment = found
            .offset
            .and_then(|offset| Moment::with_offset(local, offset))
            .unwrap_or(Moment::Local(local));
        return Ok(vec![Occurrence::new(moment)]);
    }
    let mut occurrences = Vec::new();
    let times: Vec<Element> = elements
        .into_iter()
        .filter(|e| !matches!(e, Element::Dates(_)))
        .collect();
    when::one_day(date, &day_plan::day_plan(times), context, &mut occurrences);
    Ok(occurrences)
}

/// Whether a text without a date says how the event repeats.
fn is_repetition(line: &str) -> bool {
    lex(line)
        .iter()
        .any(|token| matches!(&token.kind, lexer::Kind::Word(word, _) if words::is_repetition(word)))
}

/// Whether a text without a date says that there is none yet.
fn is_unannounced(line: &str) -> bool {
    let letters: String = line
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ')
        .flat_map(char::to_lowercase)
        .collect();
    let words: Vec<&str> = letters.split_whitespace().collect();
    words.iter().any(|word| {
        matches!(
            *word,
            "tba" | "tbd" | "tbc" | "announced" | "determined" | "soon" | "pending"
        )
    })
}

/// What a text that is a time says: `7:00 PM`, `Doors: 7pm / Show: 8pm`, `1930`, `TBA`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TimeText {
    plan: day_plan::DayPlan,
}

impl TimeText {
    /// Whether a start or the doors' time is known.
    pub(super) fn has_time(&self) -> bool {
        !self.plan.shows.is_empty() || self.plan.doors.is_some()
    }

    /// Whether it says "all day".
    pub(super) fn is_all_day(&self) -> bool {
        self.plan.all_day
    }

    /// One occurrence on `day` for each show.
    pub(super) fn on(&self, day: Date, context: &DateContext) -> Vec<Occurrence> {
        let mut found = Vec::new();
        when::one_day(day, &self.plan, context, &mut found);
        found
    }

    /// Each show's start and end, for a run of days.
    pub(super) fn daily(&self) -> Vec<(Time, Option<Time>)> {
        self.plan
            .shows
            .iter()
            .map(|(start, end)| (start.to_time().0, end.map(|end| end.to_time().0)))
            .collect()
    }
}

/// Reads a text that is a time of day. A text that looks like one and is none (`25:99`) is an error.
pub(super) fn parse_time(text: &str, context: &DateContext) -> Result<TimeText, WhenError> {
    let cut: String = text.chars().take(4 * lexer::LONGEST).collect();
    let line = text::line(&cut);
    // A whole time stamp in a time field: its time counts.
    let line = match machine::parse(&line, false).and_then(|moment| moment.time()) {
        Some(time) if line.contains(':') => clock(time),
        _ => line,
    };
    let tokens = lex(&line);
    let plan = day_plan::day_plan(context.reader(&tokens, true).scan());
    let looks_like_time = tokens.windows(3).any(|three| {
        use lexer::Kind::{Mark, Number};
        matches!(
            (&three[0].kind, &three[1].kind, &three[2].kind),
            (Number(..), Mark(':'), Number(..))
        )
    });
    if plan.shows.is_empty() && plan.doors.is_none() && !plan.all_day && looks_like_time {
        return Err(WhenError::NoDate);
    }
    Ok(TimeText { plan })
}

#[cfg(test)]
mod tests;
