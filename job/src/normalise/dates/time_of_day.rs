//! Finds times of day: `7pm`, `7:30 – 9:15 p.m.`, `19h30`, `noon`, `5 & 8 p.m.`. Pure.

use super::{
    clock::{Clock, Meridiem, Style},
    reader::{Join, Reader},
    words,
    zone_hint::ZoneHint,
};

/// A time, and the end where one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeSpan {
    pub(super) start: Clock,
    pub(super) end: Option<Clock>,
    /// Joined to the one before by a slash.
    pub(super) after_slash: bool,
}

/// Times that stand together, and the zone written after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) spans: Vec<TimeSpan>,
    pub(super) zone: Option<ZoneHint>,
    /// "and" stands before them.
    pub(super) after_and: bool,
}

impl Times {
    /// Makes evening hours of "8" and "7 - 9", where no time among them is more than a number.
    pub(super) fn settle_bare_as_evening(&mut self) {
        let clocks: Vec<&mut Clock> = self
            .spans
            .iter_mut()
            .flat_map(|span| std::iter::once(&mut span.start).chain(&mut span.end))
            .collect();
        if clocks.iter().all(|clock| clock.style == Style::Bare) {
            for clock in clocks {
                clock.settle_as_evening();
            }
        }
    }
}

/// Most times of one list.
const LONGEST_LIST: usize = 24;

impl Reader<'_> {
    /// The times that begin at `at`, and the index after them. A number alone counts only where `allow_bare`.
    pub(super) fn time_at(&self, at: usize, allow_bare: bool) -> Option<(Times, usize)> {
        let is_before_hour = at
            .checked_sub(1)
            .and_then(|i| self.word(i))
            .is_some_and(words::is_before_hour);
        let allow_bare = allow_bare || self.only_time || is_before_hour;
        let (mut clock, mut next) = self
            .clock_at(at)
            .or_else(|| self.bare_at(at, allow_bare))
            .or_else(|| self.bare_before_certain(at))?;
        let after_and = at
            .checked_sub(1)
            .is_some_and(|i| matches!(self.list_at(i), Some((Join::And, _))));
        let mut times = Times {
            spans: Vec::new(),
            zone: None,
            after_and,
        };
        let mut is_solid = clock.style != Style::Bare;
        let (mut has_bare_comma, mut has_and, mut after_slash) = (false, false, false);
        loop {
            let (end, after) = self.end_at(&mut times, &mut clock, next, is_solid || allow_bare);
            is_solid |= clock.style != Style::Bare || end.is_some_and(|end| end.style != Style::Bare);
            times.spans.push(TimeSpan {
                start: clock,
                end,
                after_slash,
            });
            next = after;
            let Some((join, after)) = self.list_at(next) else {
                break;
            };
            let following = self
                .clock_at(after)
                .or_else(|| self.bare_at(after, false).filter(|_| join != Join::Slash))
                .or_else(|| self.bare_before_certain(after));
            let Some((following, after)) = following else {
                break;
            };
            let is_bare = following.style == Style::Bare;
            if is_bare && is_solid && join == Join::Comma || times.spans.len() >= LONGEST_LIST {
                break;
            }
            has_bare_comma |= join == Join::Comma && (clock.style == Style::Bare || is_bare);
            has_and |= join == Join::And;
            is_solid |= !is_bare;
            after_slash = join == Join::Slash;
            (clock, next) = (following, after);
        }
        // "5 & 8 p.m." and "2, 5 & 8 p.m." are times, "6, 8 p.m." is more likely a day and a time.
        let is_time = allow_bare || is_solid && (has_and || !has_bare_comma);
        is_time.then_some((times, next))
    }

    /// The end of a time at `at`, if one is written, and the index after it and its zone.
    fn end_at(
        &self,
        times: &mut Times,
        clock: &mut Clock,
        at: usize,
        allow_bare: bool,
    ) -> (Option<Clock>, usize) {
        let (mut end, mut next) = (None, at);
        let mut skip_zone = |at: usize, has_seconds: bool| match self.zone_at(at, has_seconds) {
            Some((zone, after)) => {
                times.zone = times.zone.or(Some(zone));
                after
            }
            None => at,
        };
        next = skip_zone(next, clock.second.is_some());
        let Some(after) = self.range_at(next).map(|i| self.skip_words(i, words::is_filler)) else {
            return (None, next);
        };
        if let Some((found, after)) = self.clock_at(after) {
            // "9–22 Uhr": the end is in the 24-hour way, so is the start.
            if found.style == Style::Certain && found.meridiem.is_none() && clock.style == Style::Bare {
                clock.style = Style::Certain;
            }
            (end, next) = (Some(found), after);
        } else if self.word(after).is_some_and(words::is_open_end) && allow_bare {
            next = after + 1;
        } else if let Some((found, after)) = self.bare_at(after, self.only_time).filter(|_| allow_bare) {
            (end, next) = (Some(found), after);
        }
        let next = skip_zone(next, end.is_some_and(|end: Clock| end.second.is_some()));
        (end, next)
    }

    /// One time that needs nothing around it.
    fn clock_at(&self, at: usize) -> Option<(Clock, usize)> {
        if let Some(hour) = self.word(at).and_then(words::named_hour) {
            return Some((Clock::named(hour), at + 1));
        }
        let (value, digits) = self.number(at)?;
        if self.is_tainted(at) || self.is_last_of_numeric(at) {
            return None;
        }
        if self.only_time && digits == 4 && !self.is_first_of_numeric(at + 1) {
            let part = |value: u32, limit: i8| i8::try_from(value).ok().filter(|value| *value < limit);
            let clock = Clock::new(part(value / 100, 24)?, part(value % 100, 60)?, Style::Certain);
            return Some((clock, at + 1));
        }
        let hour = self.small(at).filter(|hour| (0..=24).contains(hour))?;
        let style = if digits == 2 && hour < 10 {
            Style::Padded
        } else {
            Style::Open
        };
        let clock = Clock::new(hour, 0, style);
        let (clock, next, has_minutes) = self.minutes_at(clock, at + 1);
        let (clock, next, has_suffix) = self.suffix_at(clock, next);
        let is_possible = hour < 24 || clock.minute == 0 && clock.meridiem.is_none();
        (is_possible && (has_minutes || has_suffix)).then_some((clock, next))
    }

    /// Reads `:30`, `.30` or `h30` after an hour.
    fn minutes_at(&self, clock: Clock, at: usize) -> (Clock, usize, bool) {
        let none = (clock, at, false);
        let Some(minute) = self.sixtieth_at(at + 1).filter(|_| self.glued(at)) else {
            return none;
        };
        let with_minute = Clock { minute, ..clock };
        let next = at + 2;
        match (self.mark(at), self.word(at)) {
            (Some(':'), _) => {
                let Some(second) = self
                    .sixtieth_at(next + 1)
                    .filter(|_| self.mark(next) == Some(':'))
                else {
                    return (with_minute, next, true);
                };
                let has_fraction = matches!(self.mark(next + 2), Some('.' | ','))
                    && self.glued(next + 2)
                    && self.glued(next + 3)
                    && self.number(next + 3).is_some();
                let next = if has_fraction { next + 4 } else { next + 2 };
                (
                    Clock {
                        second: Some(second),
                        ..with_minute
                    },
                    next,
                    true,
                )
            }
            (Some('.'), _) => {
                let is_spoken =
                    self.only_time || at.checked_sub(2).is_some_and(|i| self.is_hour_announced(i));
                let is_time = self.is_time_word(next) || is_spoken && self.mark(next) != Some('.');
                if is_time { (with_minute, next, true) } else { none }
            }
            (_, Some("h")) => (
                Clock {
                    style: Style::Certain,
                    ..with_minute
                },
                next,
                true,
            ),
            _ => none,
        }
    }

    /// Two digits below 60, without white space before them.
    fn sixtieth_at(&self, at: usize) -> Option<i8> {
        let (value, digits) = self.number(at).filter(|_| self.glued(at))?;
        i8::try_from(value)
            .ok()
            .filter(|value| digits == 2 && *value < 60)
    }

    /// Reads "pm", "noon" or "Uhr" after a time.
    fn suffix_at(&self, clock: Clock, at: usize) -> (Clock, usize, bool) {
        let Some(word) = self.word(at) else {
            return (clock, at, false);
        };
        let meridiem = match word {
            "am" => Some(Meridiem::Am),
            "pm" => Some(Meridiem::Pm),
            "a" if self.glued(at) => Some(Meridiem::Am),
            "p" if self.glued(at) => Some(Meridiem::Pm),
            _ => None,
        };
        if meridiem.is_some() {
            let meridiem = meridiem.filter(|_| (1..=12).contains(&clock.hour));
            let has_stop = self.mark(at + 1) == Some('.') && self.glued(at + 1);
            return (Clock { meridiem, ..clock }, at + 1 + usize::from(has_stop), true);
        }
        if clock.hour == 12
            && let Some(hour) = words::named_hour(word)
        {
            return (Clock::named(hour), at + 1, true);
        }
        if !matches!(word, "uhr" | "uur" | "h" | "hs") {
            return (clock, at, false);
        }
        let clock = Clock {
            style: Style::Certain,
            ..clock
        };
        // "20 Uhr 30"
        if let Some((minute, 2)) = self.number(at + 1)
            && word == "uhr"
            && clock.minute == 0
            && let Some(minute) = i8::try_from(minute).ok().filter(|minute| *minute < 60)
            && self.month_at(self.skip_marks(at + 2, &['.']), true).is_none()
            && !self.is_first_of_numeric(at + 2)
        {
            return (Clock { minute, ..clock }, at + 2, true);
        }
        (clock, at + 1, true)
    }

    /// A number from 1 to 12 (to 24 where `is_wide`) that may be an hour.
    fn bare_at(&self, at: usize, is_wide: bool) -> Option<(Clock, usize)> {
        let highest = if is_wide { 24 } else { 12 };
        let hour = self.small(at).filter(|hour| (1..=highest).contains(hour))?;
        let next = at + 1;
        let is_month_next = |at: usize| self.month_at(at, true).is_some();
        let is_part = self.is_tainted(at)
            || self.is_first_of_numeric(next)
            || self.is_last_of_numeric(at)
            || self.is_counted(next)
            || is_month_next(next)
            || self.word(next).is_some_and(|_| self.glued(next))
            || matches!(self.mark(next), Some(':' | '.'))
                && self.glued(next)
                && self.glued(next + 1)
                && self.number(next + 1).is_some()
            || matches!(self.mark(next), Some('.' | '-' | '/')) && is_month_next(next + 1);
        (!is_part).then(|| (Clock::new(hour, 0, Style::Bare), next))
    }

    /// `19` of "19–22 Uhr" and "19 & 22 Uhr".
    fn bare_before_certain(&self, at: usize) -> Option<(Clock, usize)> {
        let (clock, next) = self.bare_at(at, true)?;
        let after = self.range_at(next).or_else(|| match self.list_at(next) {
            Some((Join::And, after)) => Some(after),
            _ => None,
        })?;
        let (other, _) = self.clock_at(self.skip_words(after, words::is_filler))?;
        let is_certain = other.style == Style::Certain && other.meridiem.is_none();
        is_certain.then_some((
            Clock {
                style: Style::Certain,
                ..clock
            },
            next,
        ))
    }

    /// Whether a word at `at` says that an hour follows ("ore 21.00", "@ 7.30").
    fn is_hour_announced(&self, at: usize) -> bool {
        self.mark(at) == Some('@') || self.word(at).is_some_and(words::is_before_hour)
    }

    fn is_time_word(&self, at: usize) -> bool {
        matches!(self.word(at), Some("am" | "pm" | "uhr" | "uur" | "h" | "hs"))
            || self.glued(at) && matches!(self.word(at), Some("a" | "p"))
    }

    /// `/5`, `.5.26`, `-05-26` at `at`: the number before is the first of a numeric date.
    fn is_first_of_numeric(&self, at: usize) -> bool {
        let is_joined = |at: usize| self.glued(at) && self.number(at + 1).is_some();
        match self.mark(at) {
            Some('/') => is_joined(at) && self.mark(at + 2) != Some(':') && !self.is_time_word(at + 2),
            Some(mark @ ('-' | '.')) => is_joined(at) && self.mark(at + 2) == Some(mark) && is_joined(at + 2),
            _ => false,
        }
    }

    /// Whether the number at `at` stands behind a slash or full stop of a numeric date: `05/23`.
    fn is_last_of_numeric(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(2) else {
            return false;
        };
        matches!(self.mark(at - 1), Some('/' | '.'))
            && self.glued(at)
            && self.glued(at - 1)
            && self.number(before).is_some()
            && self.mark(at + 1) != Some(':')
            && !self.is_time_word(at + 1)
    }
}
