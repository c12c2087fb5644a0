//! `spec.schedule`: five cron fields and `H`, read and evaluated exactly as Kubernetes evaluates a CronJob. Pure.
//!
//! Kubernetes reads a CronJob's schedule with the Go library robfig/cron. What follows from it:
//!
//! - day of week is 0–6 (Sunday is 0; 7 is refused), names are three letters in any case, `?` is `*`;
//! - `5/15` is `5-59/15`: a start and a step run to the end of the field;
//! - with both days restricted a day matches when *either* does, and `*/2` counts as restricted (in other crons it
//!   does not);
//! - a local time that a clock change leaves out does not run that day, and one that happens twice runs twice, the
//!   one-value hours 01–03 being where nearly all zones change their clocks. A bare `H` stays out of them.
//!
//! Left out on purpose: macros (`@daily`), `TZ=`, and accidents of the parser (`*-5`, `1,,2`, `+5`).

pub mod field;

use std::time::Duration;

use jiff::{
    SignedDuration, Timestamp, ToSpan, civil,
    tz::{AmbiguousOffset, TimeZone},
};
use sha2::{Digest, Sha256};

use crate::SourceKey;
use field::{Field, FieldKind};

/// How far ahead a run is looked for: 29 February can be eight years away.
const HORIZON_DAYS: i64 = 9 * 366;

/// Days after the first run in which the largest gap is looked for.
const INTERVAL_DAYS: i64 = 366;

/// Why a schedule is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// `@daily` and the like.
    #[error("the macro {text} is not supported: write five fields, e.g. {instead:?}")]
    Macro {
        /// The macro.
        text: String,
        /// A schedule that does about the same.
        instead: &'static str,
    },
    /// `TZ=` or `CRON_TZ=`.
    #[error("TZ= is not supported in a schedule: set spec.timeZone instead")]
    TimeZone,
    /// Not five fields.
    #[error(
        "a schedule has five fields (minute hour day-of-month month day-of-week), this one has {found}: {text:?}"
    )]
    FieldCount {
        /// The schedule.
        text: String,
        /// How many there are.
        found: usize,
    },
    /// A field that does not parse.
    #[error("the {field} field {text:?} is wrong: {problem}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// Its text.
        text: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// No day ever matches.
    #[error("{text:?} never runs: no {months} has a day {days}; choose another day of month or month")]
    NeverRuns {
        /// The schedule.
        text: String,
        /// The months it names.
        months: String,
        /// The days it names.
        days: String,
    },
}

/// A schedule of one source: `H` is already one value.
///
/// ```
/// use sms_crds::{SourceKey, schedule::Schedule};
/// let key = SourceKey { namespace: "default".into(), name: "sea-monster".into() };
/// let schedule = Schedule::parse("H */6 * * *", &key)?;
/// assert_eq!(schedule.to_cron(), "44 */6 * * *");
/// # Ok::<(), sms_crds::schedule::ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    cron: String,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

impl Schedule {
    /// Reads `text`; `key` decides the values of `H`.
    pub fn parse(text: &str, key: &SourceKey) -> Result<Self, ScheduleError> {
        let trimmed = text.trim();
        if trimmed.starts_with('@') {
            let instead = match trimmed {
                "@hourly" => "H * * * *",
                "@weekly" => "H H * * H",
                "@monthly" => "H H H * *",
                "@yearly" | "@annually" => "H H H H *",
                _ => "H H * * *",
            };
            return Err(ScheduleError::Macro {
                text: trimmed.to_owned(),
                instead,
            });
        }
        if trimmed.contains("TZ=") {
            return Err(ScheduleError::TimeZone);
        }
        let texts: Vec<&str> = trimmed.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = texts.as_slice() else {
            return Err(ScheduleError::FieldCount {
                text: trimmed.to_owned(),
                found: texts.len(),
            });
        };
        let digest: [u8; 32] = Sha256::digest(key.to_string()).into();
        let read = |kind: FieldKind, text: &str| {
            let at = kind as usize * 4;
            let seed = u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
            Field::parse(kind, text, seed).map_err(|problem| ScheduleError::Field {
                field: kind.name(),
                text: text.to_owned(),
                problem,
            })
        };
        let schedule = Self {
            cron: String::new(),
            minutes: read(FieldKind::Minute, minute)?,
            hours: read(FieldKind::Hour, hour)?,
            days: read(FieldKind::DayOfMonth, day)?,
            months: read(FieldKind::Month, month)?,
            weekdays: read(FieldKind::DayOfWeek, weekday)?,
        };
        if schedule.never_runs() {
            return Err(ScheduleError::NeverRuns {
                text: trimmed.to_owned(),
                months: month_names(&schedule.months),
                days: list(schedule.days.values()),
            });
        }
        let fields = [
            &schedule.minutes,
            &schedule.hours,
            &schedule.days,
            &schedule.months,
            &schedule.weekdays,
        ];
        let cron = fields.map(Field::as_str).join(" ");
        Ok(Self { cron, ..schedule })
    }

    /// The five fields with `H` resolved: what goes into a CronJob.
    pub fn to_cron(&self) -> String {
        self.cron.clone()
    }

    /// The first run after `now`. `None` only near the end of time (year 9999).
    pub fn next_after(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let second = now.as_second();
        let mut at = Timestamp::from_second(second - second.rem_euclid(60) + 60).ok()?;
        let last_day = now
            .to_zoned(zone.clone())
            .date()
            .checked_add(HORIZON_DAYS.days())
            .ok()?;
        loop {
            let local = zone.to_datetime(at);
            if local.date() > last_day {
                return None;
            }
            // Each step goes to where the next value of the field can begin. Steps within a day are made in absolute
            // time, so that what a clock change leaves out is never seen and what it repeats is seen twice.
            if !self.runs_on(local.date()) {
                at = local
                    .date()
                    .tomorrow()
                    .ok()?
                    .to_zoned(zone.clone())
                    .ok()?
                    .timestamp();
            } else if !self.hours.contains(local.hour()) {
                at = forward(at, 60 - local.minute(), local)?;
            } else if !self.minutes.contains(local.minute()) {
                let next = self
                    .minutes
                    .values()
                    .find(|minute| *minute > local.minute())
                    .unwrap_or(60);
                at = forward(at, next - local.minute(), local)?;
            } else {
                return forward(at, 0, local);
            }
        }
    }

    /// The longest time between two runs that follow each other within a year from `now`: how long a healthy source
    /// can be silent. A clock change counts as it happens.
    pub fn expected_interval(&self, now: Timestamp, zone: &TimeZone) -> Duration {
        let minutes_of_day: Vec<i64> = self
            .hours
            .values()
            .flat_map(|hour| {
                self.minutes
                    .values()
                    .map(move |minute| i64::from(hour) * 60 + i64::from(minute))
            })
            .collect();
        if minutes_of_day.is_empty() {
            return Duration::ZERO;
        }
        let within = minutes_of_day
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .max()
            .unwrap_or(0);
        let mut longest = SignedDuration::from_mins(within);

        // A time that a clock change leaves out does not run that day.
        let moment = |date: civil::Date, minutes: i64| {
            let at = date.at(0, 0, 0, 0).checked_add(minutes.minutes()).ok()?;
            let local = zone.to_ambiguous_zoned(at);
            let left_out = matches!(local.offset(), AmbiguousOffset::Gap { .. });
            (!left_out)
                .then(|| local.compatible().ok())
                .flatten()
                .map(|zoned| zoned.timestamp())
        };
        let start = now.to_zoned(zone.clone()).date();
        let mut previous: Option<Timestamp> = None;
        for (passed, date) in (0..HORIZON_DAYS).zip(start.series(1.day())) {
            if passed > INTERVAL_DAYS && !longest.is_zero() && previous.is_some() {
                break;
            }
            if !self.runs_on(date) {
                continue;
            }
            let mut moments = minutes_of_day.iter().filter_map(|minutes| moment(date, *minutes));
            let Some(first) = moments.next() else { continue };
            if let Some(previous) = previous {
                longest = longest.max(first.duration_since(previous));
            }
            // On a day that a clock change makes longer or shorter, what stands six hours apart may be seven.
            if !has_24_hours(date, zone) {
                let mut last = first;
                for next in moments {
                    longest = longest.max(next.duration_since(last));
                    last = next;
                }
            }
            let mut backwards = minutes_of_day.iter().rev();
            previous = backwards.find_map(|minutes| moment(date, *minutes));
        }
        longest.unsigned_abs()
    }

    /// Whether the schedule runs on a day (robfig/cron: with both days restricted, either is enough).
    fn runs_on(&self, date: civil::Date) -> bool {
        let day = self.days.contains(date.day());
        let weekday = self.weekdays.contains(date.weekday().to_sunday_zero_offset());
        let days_match = if self.days.is_star() || self.weekdays.is_star() {
            day && weekday
        } else {
            day || weekday
        };
        days_match && self.months.contains(date.month())
    }

    fn never_runs(&self) -> bool {
        let longest = |month: i8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let by_day = self
            .months
            .values()
            .any(|month| self.days.values().any(|day| day <= longest(month)));
        self.weekdays.is_star() && !by_day
    }
}

fn has_24_hours(date: civil::Date, zone: &TimeZone) -> bool {
    let midnight = |date: civil::Date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok();
    match (midnight(date), date.tomorrow().ok().and_then(midnight)) {
        (Some(start), Some(end)) => end.duration_since(start) == SignedDuration::from_hours(24),
        _ => true,
    }
}

/// `at` moved by whole minutes, on the full minute of local time.
fn forward(at: Timestamp, minutes: i8, local: civil::DateTime) -> Option<Timestamp> {
    let seconds = i64::from(minutes) * 60 - i64::from(local.second());
    at.checked_add(SignedDuration::from_secs(seconds)).ok()
}

fn list(values: impl Iterator<Item = i8>) -> String {
    values
        .map(|value| value.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

fn month_names(months: &Field) -> String {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let names = months
        .values()
        .filter_map(|month| NAMES.get(usize::try_from(month).ok()? - 1).copied());
    names.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests;
