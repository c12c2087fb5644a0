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
mod day_plan;
mod instant;
mod lexer;
mod machine;
mod numeric_date;
mod pattern;
mod reader;
mod scan;
mod time_of_day;
mod value;
mod when;
mod words;
mod year;
mod zone_hint;

use jiff::{
    Timestamp, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde_json::{Map, Value, json};
use sms_crds::v1alpha1::{DateOrder, DateRules, MidnightRule, YearRule};

pub use self::instant::Moment;
use self::{lexer::lex, pattern::Pattern, reader::Reader, scan::Element, year::YearContext};
use super::text;
use crate::extract::error::PlanError;

/// How many days a date without a year may lie in the past, unless the manifest says otherwise.
const PAST_DAYS: i32 = 60;

/// What is needed to read a date: the manifest's rules, the source's zone and the time of the run.
#[derive(Debug, Clone)]
pub struct DateContext {
    zone: TimeZone,
    today: Date,
    order: DateOrder,
    year: YearRule,
    past_days: i32,
    patterns: Vec<Pattern>,
    pub(super) default_time: Option<Time>,
    pub(super) default_duration: Option<std::time::Duration>,
    pub(super) midnight: MidnightRule,
}

impl DateContext {
    /// Compiles the rules. An unknown zone, a bad pattern, time or duration is named with its place.
    pub fn new(source_zone: &str, rules: Option<&DateRules>, now: Timestamp) -> Result<Self, PlanError> {
        let zone = zone_named(source_zone).ok_or_else(|| {
            let problem =
                format!("{source_zone:?} is no IANA time zone: write for example America/Los_Angeles");
            PlanError::new("spec.extract.timeZone", problem)
        })?;
        let standard = DateRules::default();
        let rules = rules.unwrap_or(&standard);
        let patterns = rules
            .formats
            .iter()
            .enumerate()
            .map(|(index, pattern)| Pattern::new(pattern, index));
        let default_time = rules.default_time.as_deref().map(|time| {
            Time::strptime("%H:%M", time).map_err(|_| {
                let problem = format!("{time:?} is no time of day: write for example 20:00");
                PlanError::new("spec.extract.dates.defaultTime", problem)
            })
        });
        let default_duration = rules.default_duration.as_ref().map(|duration| {
            duration
                .to_std()
                .map_err(|error| PlanError::new("spec.extract.dates.defaultDuration", error.to_string()))
        });
        Ok(Self {
            today: Zoned::new(now, zone.clone()).date(),
            zone,
            order: rules.order,
            year: rules.year,
            past_days: rules.past_days.unwrap_or(PAST_DAYS).clamp(0, 366),
            patterns: patterns.collect::<Result<_, _>>()?,
            default_time: default_time.transpose()?,
            default_duration: default_duration.transpose()?,
            midnight: rules.midnight,
        })
    }

    /// The zone of times that name none.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The same rules for an end: a day without a year is the first such day from `day` on.
    pub(super) fn starting_on(&self, day: Date) -> Self {
        Self {
            today: day,
            past_days: 0,
            ..self.clone()
        }
    }

    fn year(&self) -> YearContext {
        YearContext {
            rule: self.year,
            past_days: self.past_days,
            today: self.today,
        }
    }

    fn reader<'a>(&self, tokens: &'a [lexer::Token], only_time: bool) -> Reader<'a> {
        // "Sa, 07.03.2026, 20 Uhr" is German, so the day stands first.
        let is_day_first = tokens.iter().any(|token| match &token.kind {
            lexer::Kind::Word(word, _) => words::is_day_first_language(word),
            _ => false,
        });
        Reader {
            tokens,
            order: if is_day_first {
                DateOrder::DayFirst
            } else {
                self.order
            },
            today: self.today,
            only_time,
        }
    }
}

/// The zone of an IANA name.
pub(super) fn zone_named(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let is_name = !name.is_empty() && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic());
    TimeZone::get(name)
        .ok()
        .filter(|zone| is_name && zone.iana_name().is_some() && !zone.is_unknown())
}

/// When an event takes place, as far as a text tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Start.
    pub start: Moment,
    /// End; for a date it is the last day.
    pub end: Option<Moment>,
    /// When doors open.
    pub doors: Option<Moment>,
    /// The text says "all day".
    pub all_day: bool,
    /// Opening and closing times of each day of a run of days.
    pub daily_times: Vec<(Time, Option<Time>)>,
}

impl Occurrence {
    /// An occurrence of which only the start is known.
    pub fn new(start: Moment) -> Self {
        Self {
            start,
            end: None,
            doors: None,
            all_day: false,
            daily_times: Vec::new(),
        }
    }

    /// The occurrence as fields of an item. `start` and `end` say all; `date`, `time`, `endDate` and `endTime` repeat
    /// it in parts for programs; `when` is null, so that `. + occurrence` replaces the text it came from.
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("when".into(), Value::Null);
        fields.insert("start".into(), json!(self.start.to_string()));
        fields.insert("date".into(), json!(self.start.date().to_string()));
        fields.insert(
            "time".into(),
            self.start.time().map_or(Value::Null, |time| json!(clock(time))),
        );
        fields.insert(
            "end".into(),
            self.end
                .as_ref()
                .map_or(Value::Null, |end| json!(end.to_string())),
        );
        fields.insert(
            "endDate".into(),
            self.end
                .as_ref()
                .map_or(Value::Null, |end| json!(end.date().to_string())),
        );
        let end_time = self.end.as_ref().and_then(Moment::time);
        fields.insert(
            "endTime".into(),
            end_time.map_or(Value::Null, |time| json!(clock(time))),
        );
        if let Some(doors) = &self.doors {
            fields.insert("doors".into(), json!(doors.to_string()));
        }
        if self.all_day {
            fields.insert("allDay".into(), json!(true));
        }
        if !self.daily_times.is_empty() {
            fields.insert("dailyTimes".into(), self.daily_times_json());
        }
        Value::Object(fields)
    }

    /// The daily times as `[["10:00", "20:00"]]`.
    pub(super) fn daily_times_json(&self) -> Value {
        let pair = |(start, end): &(Time, Option<Time>)| match end {
            Some(end) => json!([clock(*start), clock(*end)]),
            None => json!([clock(*start)]),
        };
        Value::Array(self.daily_times.iter().map(pair).collect())
    }
}

/// `19:30`, with seconds only where there are any.
fn clock(time: Time) -> String {
    time.strftime(if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" })
        .to_string()
}

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
    if has_patterns {
        return parse_with_patterns(line, context);
    }
    let tokens = lex(line);
    let elements = context.reader(&tokens, false).scan();
    let result = when::occurrences(elements, context);
    if result == Err(WhenError::NoDate) && is_unannounced(line) {
        Err(WhenError::Unannounced)
    } else {
        result
    }
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

pub(super) use self::value::{Moments, is_calendar_api_day, read_moment, read_moments, read_times};

#[cfg(test)]
mod tests;
