//! Times of day as people write them: `7pm`, `7:30 – 9:15 p.m.`, `19h30`, `noon`, `5 & 8 p.m.`. Pure.

use jiff::{civil::Time, tz::Offset};

use super::{
    reader::{Join, Reader},
    words,
};

/// A time as it is written; `7` may still be morning or evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    meridiem: Option<Meridiem>,
    /// Neither minutes nor "pm" nor "h": a time only because of what stands around it.
    bare: bool,
    /// Written in the 24-hour way: `19:30`, `20 Uhr`, `noon`.
    certain: bool,
    /// Written with a leading zero, which is the 24-hour way unless "pm" follows somewhere.
    padded: bool,
    has_seconds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meridiem {
    Am,
    Pm,
}

impl Clock {
    fn new(hour: i8, minute: i8) -> Self {
        let certain = hour == 0 || hour > 12;
        Self {
            hour,
            minute,
            second: 0,
            meridiem: None,
            bare: false,
            certain,
            padded: false,
            has_seconds: false,
        }
    }

    /// Whether it may be morning or evening.
    fn is_open(&self) -> bool {
        self.meridiem.is_none() && !self.certain
    }

    /// Seconds after midnight of the day; 24:00 is a day.
    fn seconds(&self) -> i32 {
        let hour = match self.meridiem {
            Some(Meridiem::Am) if self.hour == 12 => 0,
            Some(Meridiem::Pm) if self.hour < 12 => self.hour + 12,
            _ => self.hour,
        };
        i32::from(hour) * 3600 + i32::from(self.minute) * 60 + i32::from(self.second)
    }

    /// The time, and 1 where it is 24:00, which is the next day.
    pub(super) fn to_time(self) -> (Time, i8) {
        let seconds = self.seconds();
        let (days, seconds) = (seconds / 86_400, seconds % 86_400);
        let part = |value: i32| i8::try_from(value).unwrap_or(0);
        let time = Time::new(
            part(seconds / 3600),
            part(seconds / 60 % 60),
            part(seconds % 60),
            0,
        );
        (time.unwrap_or(Time::midnight()), part(days))
    }

    /// Takes morning or evening, whichever is the nearest before `next`: "11–1 pm" begins at 11 in the morning.
    fn settle_before(&mut self, next: &Self) {
        self.settle(|candidate| (next.seconds() - candidate.seconds()).rem_euclid(86_400));
    }

    /// Takes morning or evening, whichever is the nearest after `previous`: "11am - 1" ends at 13:00.
    fn settle_after(&mut self, previous: &Self) {
        self.settle(|candidate| (candidate.seconds() - previous.seconds()).rem_euclid(86_400));
    }

    fn settle(&mut self, distance: impl Fn(&Self) -> i32) {
        let with = |meridiem| Self {
            meridiem: Some(meridiem),
            bare: false,
            ..*self
        };
        let rank = |clock: &Self| match distance(clock) {
            0 => 86_400,
            seconds => seconds,
        };
        let (am, pm) = (with(Meridiem::Am), with(Meridiem::Pm));
        *self = if rank(&am) < rank(&pm) { am } else { pm };
    }

    /// An evening hour where nothing says whether it is one: doors and shows between 5 and 9 are in the evening.
    pub(super) fn settle_as_evening(&mut self) {
        if self.is_open() && !self.padded && (5..=9).contains(&self.hour) {
            self.meridiem = Some(Meridiem::Pm);
            self.bare = false;
        }
    }

    /// Whether it is a bare number that nothing made a time.
    pub(super) fn is_unsettled(&self) -> bool {
        self.bare && self.is_open()
    }
}

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
}

/// A zone written after a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneHint {
    /// `-0800`, `GMT+2`.
    Offset(Offset),
    /// IANA name of an abbreviation such as `PST`.
    Named(&'static str),
}

/// Makes morning or evening of open times from their neighbours, later ones first.
pub(super) fn settle(clocks: &mut [&mut Clock]) {
    for at in (1..clocks.len()).rev() {
        if let (before, [next, ..]) = clocks.split_at_mut(at)
            && let Some(clock) = before.last_mut()
            && clock.is_open()
            && next.meridiem.is_some()
        {
            clock.settle_before(next);
        }
    }
    for at in 1..clocks.len() {
        if let (before, [clock, ..]) = clocks.split_at_mut(at)
            && let Some(previous) = before.last()
            && clock.is_open()
            && previous.meridiem.is_some()
        {
            clock.settle_after(previous);
        }
    }
}

impl Reader<'_> {
    /// The times that begin at `at`, and the index after them. A number alone counts only where `allow_bare`.
    pub(super) fn time_at(&self, at: usize, allow_bare: bool) -> Option<(Times, usize)> {
        let allow_bare = allow_bare || self.only_time;
        let (mut clock, mut next) = self.clock_at(at).or_else(|| self.bare_at(at))?;
        let mut times = Times {
            spans: Vec::new(),
            zone: None,
        };
        let mut is_solid = !clock.bare;
        let (mut has_bare_comma, mut has_and, mut after_slash) = (false, false, false);
        loop {
            let mut end = None;
            if let Some((zone, after)) = self.zone_at(next, clock.has_seconds) {
                times.zone = times.zone.or(Some(zone));
                next = after;
            }
            if let Some(after) = self.range_at(next).map(|i| self.skip_words(i, words::is_filler)) {
                if let Some((clock, after)) = self.clock_at(after) {
                    (end, next, is_solid) = (Some(clock), after, true);
                } else if self.word(after).is_some_and(words::is_open_end) && is_solid {
                    next = after + 1;
                } else if let Some((clock, after)) = self.bare_at(after).filter(|_| is_solid || allow_bare) {
                    (end, next) = (Some(clock), after);
                }
            }
            let has_seconds = end.map_or(clock.has_seconds, |end| end.has_seconds);
            if let Some((zone, after)) = self.zone_at(next, has_seconds) {
                times.zone = times.zone.or(Some(zone));
                next = after;
            }
            times.spans.push(TimeSpan {
                start: clock,
                end,
                after_slash,
            });
            let Some((join, after)) = self.list_at(next) else {
                break;
            };
            let following = self
                .clock_at(after)
                .or_else(|| self.bare_at(after).filter(|_| join != Join::Slash));
            let Some((following, after)) = following else {
                break;
            };
            if following.bare && is_solid && join == Join::Comma || times.spans.len() >= 24 {
                break;
            }
            has_bare_comma |= join == Join::Comma && (clock.bare || following.bare);
            has_and |= join == Join::And;
            is_solid |= !following.bare;
            after_slash = join == Join::Slash;
            (clock, next) = (following, after);
        }
        // "5 & 8 p.m." and "2, 5 & 8 p.m." are times, "6, 8 p.m." is more likely a day and a time.
        if !is_solid && !allow_bare || has_bare_comma && !has_and && !allow_bare {
            return None;
        }
        Some((times, next))
    }

    /// One time that needs nothing around it.
    fn clock_at(&self, at: usize) -> Option<(Clock, usize)> {
        if let Some(hour) = self.word(at).and_then(words::named_hour) {
            return Some((named(hour), at + 1));
        }
        let (value, digits) = self.number(at)?;
        if self.is_tainted(at) || self.is_decimal_part(at) {
            return None;
        }
        if self.only_time && digits == 4 && !self.is_separator(at + 1) {
            let hour = i8::try_from(value / 100).ok().filter(|hour| *hour < 24)?;
            let minute = i8::try_from(value % 100).ok().filter(|minute| *minute < 60)?;
            return Some((
                Clock {
                    certain: true,
                    ..Clock::new(hour, minute)
                },
                at + 1,
            ));
        }
        let hour = self.small(at).filter(|hour| (0..=24).contains(hour))?;
        let mut clock = Clock::new(hour, 0);
        clock.padded = digits == 2 && hour < 10;
        let mut next = at + 1;
        let minutes = |i: usize| {
            self.number(i)
                .filter(|(_, digits)| *digits == 2 && self.glued(i))
                .and_then(|(m, _)| i8::try_from(m).ok().filter(|m| *m < 60))
        };
        match (self.mark(next), self.word(next)) {
            (Some(':'), _) if self.glued(next) => {
                clock.minute = minutes(next + 1)?;
                next += 2;
                if self.mark(next) == Some(':')
                    && let Some(second) = minutes(next + 1)
                {
                    (clock.second, clock.has_seconds) = (second, true);
                    next += 2;
                    if self.mark(next) == Some('.')
                        && self.glued(next)
                        && self.glued(next + 1)
                        && self.number(next + 1).is_some()
                    {
                        next += 2;
                    }
                }
            }
            (Some('.'), _)
                if self.glued(next) && minutes(next + 1).is_some() && self.is_time_word(next + 2) =>
            {
                clock.minute = minutes(next + 1)?;
                next += 2;
            }
            (Some('.'), _)
                if self.only_time
                    && self.glued(next)
                    && minutes(next + 1).is_some()
                    && self.mark(next + 2) != Some('.') =>
            {
                clock.minute = minutes(next + 1)?;
                next += 2;
            }
            (_, Some("h")) if self.glued(next) && minutes(next + 1).is_some() => {
                clock.minute = minutes(next + 1)?;
                clock.certain = true;
                next += 2;
            }
            _ => clock.bare = true,
        }
        (clock, next) = self.suffix(clock, next);
        let is_valid = hour < 24 || clock.minute == 0 && clock.meridiem.is_none();
        (!clock.bare && is_valid).then_some((clock, next))
    }

    /// Reads "pm", "noon" or "Uhr" after a time.
    fn suffix(&self, mut clock: Clock, at: usize) -> (Clock, usize) {
        let Some(word) = self.word(at) else {
            return (clock, at);
        };
        let meridiem = match word {
            "am" => Some(Meridiem::Am),
            "pm" => Some(Meridiem::Pm),
            "a" if self.glued(at) => Some(Meridiem::Am),
            "p" if self.glued(at) => Some(Meridiem::Pm),
            _ => None,
        };
        if let Some(meridiem) = meridiem {
            if (1..=12).contains(&clock.hour) {
                clock.meridiem = Some(meridiem);
            }
            clock.bare = false;
            return (
                clock,
                at + 1 + usize::from(self.mark(at + 1) == Some('.') && self.glued(at + 1)),
            );
        }
        if clock.hour == 12
            && let Some(hour) = words::named_hour(word)
        {
            return (named(hour), at + 1);
        }
        if matches!(word, "uhr" | "uur" | "h" | "hs") {
            clock.certain = true;
            clock.bare = false;
            // "20 Uhr 30"
            if let Some((minute, 2)) = self.number(at + 1)
                && clock.minute == 0
                && word != "h"
                && let Some(minute) = i8::try_from(minute).ok().filter(|minute| *minute < 60)
                && self.month_at(self.skip_marks(at + 2, &['.']), true).is_none()
            {
                clock.minute = minute;
                return (clock, at + 2);
            }
            return (clock, at + 1);
        }
        (clock, at)
    }

    /// A number from 1 to 12 (to 24 in a time field) that may be an hour.
    fn bare_at(&self, at: usize) -> Option<(Clock, usize)> {
        let highest = if self.only_time { 24 } else { 12 };
        let hour = self.small(at).filter(|hour| (1..=highest).contains(hour))?;
        let next = at + 1;
        let is_part = self.is_tainted(at)
            || self.is_separator(next)
            || self.is_counted(next)
            || self
                .word(next)
                .is_some_and(|word| self.glued(next) || words::month(word).is_some())
            || matches!(self.mark(next), Some(':' | '.'))
                && (self.glued(next) && self.number(next + 1).is_some()
                    || self.month_at(next + 1, true).is_some());
        let clock = Clock {
            bare: !(self.only_time && hour > 12),
            ..Clock::new(hour, 0)
        };
        (!is_part).then_some((clock, next))
    }

    /// `/5`, `.5`, `-05-`: the number before is part of a numeric date.
    fn is_separator(&self, at: usize) -> bool {
        match self.mark(at) {
            Some('/') => {
                self.glued(at)
                    && self.number(at + 1).is_some()
                    && self.mark(at + 2) != Some(':')
                    && !self.is_time_word(at + 2)
            }
            Some(mark @ ('-' | '.')) => {
                self.glued(at)
                    && self.number(at + 1).is_some()
                    && self.mark(at + 2) == Some(mark)
                    && self.glued(at + 2)
                    && self.number(at + 3).is_some()
            }
            _ => false,
        }
    }

    /// Whether the number at `at` follows a slash or the dash of a numeric date: `05/23` and `2026-05-23`.
    fn is_decimal_part(&self, at: usize) -> bool {
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

    fn is_time_word(&self, at: usize) -> bool {
        matches!(self.word(at), Some("am" | "pm" | "uhr" | "uur" | "h" | "hs"))
            || self.glued(at) && matches!(self.word(at), Some("a" | "p"))
    }

    /// A zone at `at`: `Z`, `PST`, `GMT-0800`, or an offset right after a time with seconds.
    fn zone_at(&self, at: usize, has_seconds: bool) -> Option<(ZoneHint, usize)> {
        let at = at + usize::from(self.mark(at) == Some('(') && self.mark(at + 2) == Some(')'));
        if let Some(name) = self.capitals(at).and_then(words::zone) {
            if name == "UTC"
                && let Some((offset, next)) = self.offset_at(at + 1)
            {
                return Some((ZoneHint::Offset(offset), next));
            }
            return Some((ZoneHint::Named(name), at + 1));
        }
        let is_offset = self.glued(at) && self.mark(at) == Some('+')
            || has_seconds && self.glued(at) && self.mark(at) == Some('-') && self.mark(at + 4) != Some(':')
            || has_seconds
                && self.number(at + 1).is_some_and(|(_, digits)| digits == 4)
                && self.glued(at + 1);
        let (offset, next) = self.offset_at(at).filter(|_| is_offset)?;
        Some((ZoneHint::Offset(offset), next))
    }

    /// `+0200`, `-08:00`, `+2` at `at`.
    fn offset_at(&self, at: usize) -> Option<(Offset, usize)> {
        let sign = match self.mark(at)? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let (value, digits) = self.number(at + 1).filter(|_| self.glued(at + 1))?;
        let value = i32::try_from(value).ok()?;
        let (hours, minutes, next) = match digits {
            4 => (value / 100, value % 100, at + 2),
            1 | 2 => match self
                .number(at + 3)
                .filter(|(m, d)| *d == 2 && *m < 60 && self.mark(at + 2) == Some(':'))
            {
                Some((minutes, _)) => (value, i32::try_from(minutes).ok()?, at + 4),
                None => (value, 0, at + 2),
            },
            _ => return None,
        };
        let offset = Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
        (hours <= 14 && minutes < 60).then_some((offset, next))
    }
}

fn named(hour: i8) -> Clock {
    let meridiem = Some(if hour == 12 { Meridiem::Pm } else { Meridiem::Am });
    Clock {
        meridiem,
        certain: true,
        ..Clock::new(12, 0)
    }
}
