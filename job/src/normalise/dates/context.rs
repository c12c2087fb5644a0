//! What is needed to read a date: rules, zone and the time of the run, compiled once. Pure.

use jiff::{
    Timestamp, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};
use sms_crds::v1alpha1::{DateOrder, DateRules, MidnightRule, YearRule};

use super::{lexer, pattern::Pattern, reader::Reader, words, year::YearContext};
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
    pub(super) patterns: Vec<Pattern>,
    pub(in super::super) default_time: Option<Time>,
    pub(in super::super) default_duration: Option<std::time::Duration>,
    pub(in super::super) midnight: MidnightRule,
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
    pub(in super::super) fn starting_on(&self, day: Date) -> Self {
        Self {
            today: day,
            past_days: 0,
            ..self.clone()
        }
    }

    pub(super) fn year(&self) -> YearContext {
        YearContext {
            rule: self.year,
            past_days: self.past_days,
            today: self.today,
        }
    }

    pub(super) fn reader<'a>(&self, tokens: &'a [lexer::Token], only_time: bool) -> Reader<'a> {
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
pub(in super::super) fn zone_named(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let is_name = !name.is_empty() && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic());
    sms_crds::zone::named(name)
        .ok()
        .filter(|zone| is_name && zone.iana_name().is_some() && !zone.is_unknown())
}
