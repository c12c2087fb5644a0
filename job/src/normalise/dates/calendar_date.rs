//! Calendar dates as people write them: `May 6 2026`, `6. Mai`, `2/13/26`, `Feb. 21, 28`, `6 - 7 February`. Pure.

use jiff::civil::{Date, Weekday};
use sms_crds::v1alpha1::DateOrder;

use super::reader::{Join, Reader};

/// A day as it is written, perhaps without a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) year: Option<i16>,
    pub(super) month: i8,
    pub(super) day: i8,
    pub(super) weekday: Option<Weekday>,
}

impl Written {
    pub(super) fn new(year: Option<i16>, month: i8, day: i8) -> Self {
        Self {
            year,
            month,
            day,
            weekday: None,
        }
    }

    fn of(date: Date) -> Self {
        Self::new(Some(date.year()), date.month(), date.day())
    }
}

/// A day, or the first and last of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Written,
    pub(super) last: Option<Written>,
}

impl Span {
    fn day(first: Written) -> Self {
        Self { first, last: None }
    }
}

/// Most days of one list.
const LONGEST_LIST: usize = 62;

impl Reader<'_> {
    /// The days written at `at`, and the index after them.
    pub(super) fn date_at(&self, at: usize) -> Option<(Vec<Span>, usize)> {
        if let Some(date) = self.relative_at(at) {
            return Some((vec![Span::day(Written::of(date))], at + 1));
        }
        self.numeric_list_at(at)
            .or_else(|| self.month_first_at(at))
            .or_else(|| self.day_first_at(at))
    }

    /// "today", "tonight", "tomorrow".
    fn relative_at(&self, at: usize) -> Option<Date> {
        match self.word(at)? {
            "today" | "tonight" | "heute" | "hoy" | "oggi" | "vandaag" | "hoje" => Some(self.today),
            "tomorrow" | "demain" | "domani" => self.today.tomorrow().ok(),
            _ => None,
        }
    }

    /// A day of the month at `at`, and the index after it and its ending (`8th`, `1er`).
    fn day_at(&self, at: usize) -> Option<(i8, usize)> {
        let day = self.small(at).filter(|day| (1..=31).contains(day))?;
        let has_ending = self.glued(at + 1)
            && matches!(
                self.word(at + 1),
                Some("st" | "nd" | "rd" | "th" | "er" | "ere" | "e" | "o" | "te" | "ste" | "de")
            );
        let next = at + 1 + usize::from(has_ending);
        let is_clock = self.mark(next) == Some(':') && self.glued(next) && self.number(next + 1).is_some()
            || matches!(self.word(next), Some("am" | "pm" | "uhr" | "uur" | "h"));
        let is_word = !has_ending
            && self.glued(next)
            && self
                .word(next)
                .is_some_and(|word| super::words::month(word).is_none());
        (!is_clock && !is_word && !self.is_tainted(at) && !self.is_counted(next)).then_some((day, next))
    }

    /// `February 6 - 7, 2026`, `Feb. 21, 28`, `May 8th`.
    fn month_first_at(&self, at: usize) -> Option<(Vec<Span>, usize)> {
        let (month, next) = self.month_at(at, false)?;
        let next = next + usize::from(matches!(self.word(next), Some("the")));
        let (day, mut next) = self.day_at(next)?;
        let mut spans = vec![Span::day(Written::new(None, month, day))];
        loop {
            if let Some((year, after)) = self.year_after(next) {
                set_year(&mut spans, year);
                return Some((spans, after));
            }
            if self.time_at(next, false).is_some() {
                break;
            }
            let Some((is_range, weekday, day, after)) = self.more_days_at(next) else {
                break;
            };
            let Some(span) = spans.last_mut().filter(|_| is_range) else {
                if is_range || spans.len() >= LONGEST_LIST {
                    break;
                }
                spans.push(Span::day(Written {
                    weekday,
                    ..Written::new(None, month, day)
                }));
                next = after;
                continue;
            };
            if span.last.is_some() {
                break;
            }
            // "Feb. 26 - 1" ends in the next month.
            let month = if day < span.first.day {
                month % 12 + 1
            } else {
                month
            };
            span.last = Some(Written {
                weekday,
                ..Written::new(None, month, day)
            });
            next = after;
        }
        Some((spans, next))
    }

    /// `- 7`, `& 28`, `, Sat 28` after a day: whether it is a range, its weekday, the day and the index after it.
    fn more_days_at(&self, at: usize) -> Option<(bool, Option<Weekday>, i8, usize)> {
        let (is_range, after) = match self.range_at(at) {
            Some(after) => (true, after),
            None => self.list_at(at).map(|(_, after)| (false, after))?,
        };
        let (weekday, after) = match self.weekday_at(after) {
            Some((weekday, next)) => (Some(weekday), self.skip_marks(next, &[','])),
            None => (None, after),
        };
        let is_other = self.time_at(after, false).is_some()
            || self.numeric_at(after).is_some()
            || self.day_first_month(after).is_some();
        let (day, next) = self.day_at(after).filter(|_| !is_other)?;
        Some((is_range, weekday, day, next))
    }

    /// Whether the number at `at` is the day of a month name after it ("28 March").
    fn day_first_month(&self, at: usize) -> Option<(i8, usize)> {
        let (_, next) = self.day_at(at)?;
        let (month, after) = self.month_at(self.skip_of(self.skip_marks(next, &['.'])), true)?;
        // "21, March 28" belongs to the next month only if that has no day of its own.
        self.day_at(after).is_none().then_some((month, after))
    }

    /// `19 February 2026`, `6. - 7. Mai`, `6, 7 & 8 February`, `Sunday 15, February`.
    fn day_first_at(&self, at: usize) -> Option<(Vec<Span>, usize)> {
        let mut days: Vec<(bool, Option<Weekday>, i8)> = Vec::new();
        let (day, mut next) = self.day_at(at)?;
        days.push((false, None, day));
        let (month, after) = loop {
            let end = self.skip_of(self.skip_marks(next, &['.']));
            let comma = end + usize::from(self.mark(end) == Some(','));
            if let Some(found) = self.month_at(end, true).or_else(|| {
                self.month_at(comma, false)
                    .filter(|(_, after)| days.len() == 1 && self.day_at(*after).is_none())
            }) {
                break found;
            }
            let end = self.skip_marks(next, &['.']);
            let (is_range, weekday, day, after) = match self.range_at(end) {
                Some(after) => (true, None, self.day_at(after)?.0, self.day_at(after)?.1),
                None => {
                    let (join, after) = self.list_at(end)?;
                    if join == Join::Slash && self.numeric_at(at).is_some() {
                        return None;
                    }
                    let (weekday, after) = self
                        .weekday_at(after)
                        .map_or((None, after), |(day, next)| (Some(day), next));
                    let (day, after) = self.day_at(after)?;
                    (false, weekday, day, after)
                }
            };
            if days.len() >= LONGEST_LIST {
                return None;
            }
            days.push((is_range, weekday, day));
            next = after;
        };
        // "Stage 5 May 6, 2026" is the sixth.
        if self
            .day_at(after)
            .is_some_and(|(_, end)| self.year_after(end).is_some())
        {
            return None;
        }
        let mut spans: Vec<Span> = Vec::new();
        for (is_range, weekday, day) in days {
            let written = Written {
                weekday,
                ..Written::new(None, month, day)
            };
            match spans.last_mut().filter(|span| is_range && span.last.is_none()) {
                Some(span) => {
                    if span.first.day > day {
                        span.first.month = (month + 10) % 12 + 1;
                    }
                    span.last = Some(written);
                }
                None => spans.push(Span::day(written)),
            }
        }
        let after_of = self.skip_of(after);
        if let Some((year, end)) = self.year_after(after_of).or_else(|| self.short_year_after(after)) {
            set_year(&mut spans, year);
            return Some((spans, end));
        }
        Some((spans, after))
    }

    /// "of", "de" between a day and its month, or a month and its year.
    fn skip_of(&self, at: usize) -> usize {
        at + usize::from(matches!(self.word(at), Some("of" | "de" | "di" | "del" | "den")))
    }

    /// A year after an optional comma.
    fn year_after(&self, at: usize) -> Option<(i16, usize)> {
        self.year_at(at + usize::from(self.mark(at) == Some(',')))
    }

    /// `15 Feb 26`: two digits that are a year about now, and no time.
    fn short_year_after(&self, at: usize) -> Option<(i16, usize)> {
        let (_, next) = self
            .day_at(at)
            .filter(|_| self.number(at).is_some_and(|(_, digits)| digits == 2))?;
        let year = 2000 + i16::from(self.small(at)?);
        let is_near = (self.today.year() - 1..=self.today.year() + 3).contains(&year);
        (is_near && self.time_at(at, false).is_none() && self.range_at(next).is_none())
            .then_some((year, next))
    }

    /// A numeric date, perhaps the first of a range inside one month: `5/8-10`, `6.-8.5.2026`.
    fn numeric_list_at(&self, at: usize) -> Option<(Vec<Span>, usize)> {
        if let Some((written, next)) = self.numeric_at(at) {
            let mut span = Span::day(written);
            if written.year.is_none()
                && self.mark(next) == Some('-')
                && self.numeric_at(next + 1).is_none()
                && self.time_at(next + 1, false).is_none()
                && let Some((day, after)) = self.day_at(next + 1).filter(|(day, _)| *day > written.day)
                && self.mark(after) != Some('/')
                && self.month_at(after, true).is_none()
            {
                span.last = Some(Written::new(None, written.month, day));
                return Some((vec![span], after));
            }
            return Some((vec![span], next));
        }
        let (day, next) = self.day_at(at)?;
        if self.mark(next) != Some('.') || self.mark(next + 1) != Some('-') {
            return None;
        }
        let (last, after) = self.numeric_at(next + 2).filter(|(last, _)| last.day > day)?;
        Some((
            vec![Span {
                first: Written { day, ..last },
                last: Some(last),
            }],
            after,
        ))
    }

    /// `2026-05-10`, `5/23/2026`, `5.23.26`, `5/23`, `06.05.`, and the index after it.
    fn numeric_at(&self, at: usize) -> Option<(Written, usize)> {
        let (first, digits) = self.number(at)?;
        let mark = self.mark(at + 1).filter(|mark| matches!(mark, '/' | '.' | '-'))?;
        let (second, second_digits) = self.number(at + 2)?;
        if self.is_tainted(at) || second_digits > 2 || digits > 4 {
            return None;
        }
        let third = self.number(at + 4).filter(|_| self.mark(at + 3) == Some(mark));
        let is_tight = |last: usize| (at + 1..=last).all(|i| self.glued(i));
        if digits == 4 {
            let (third, third_digits) = third.filter(|_| is_tight(at + 4))?;
            let year = i16::try_from(first).ok().filter(|_| third_digits <= 2)?;
            return valid(Some(year), second, third).map(|written| (written, at + 5));
        }
        if digits > 2 {
            return None;
        }
        if let Some((third, third_digits)) = third
            && (is_tight(at + 4) || third_digits == 4 && mark != '-')
        {
            let year = match third_digits {
                4 => i16::try_from(third).ok()?,
                2 if third < 70 => 2000 + i16::try_from(third).ok()?,
                2 => 1900 + i16::try_from(third).ok()?,
                _ => return None,
            };
            let is_longer =
                self.mark(at + 5) == Some(mark) && self.glued(at + 6) && self.number(at + 6).is_some();
            return self
                .ordered(Some(year), first, second)
                .filter(|_| !is_longer)
                .map(|written| (written, at + 5));
        }
        let is_full_stopped = self.mark(at + 3) == Some('.')
            && self.glued(at + 3)
            && self.number(at + 4).is_none_or(|_| !self.glued(at + 4));
        match mark {
            '/' if is_tight(at + 2)
                && (first, second) != (24, 7)
                && self.mark(at + 3) != Some('/')
                && !self.is_counted(at + 3) =>
            {
                self.ordered(None, first, second).map(|written| (written, at + 3))
            }
            '.' if is_tight(at + 2) && is_full_stopped => {
                valid(None, second, first).map(|written| (written, at + 4))
            }
            '.' if is_tight(at + 2)
                && self.order == DateOrder::DayFirst
                && self.time_at(at, false).is_none()
                && !self.only_time =>
            {
                valid(None, second, first).map(|written| (written, at + 3))
            }
            _ => None,
        }
    }

    /// Month and day in the manifest's order, or the other way round where that is no date.
    fn ordered(&self, year: Option<i16>, first: u32, second: u32) -> Option<Written> {
        match self.order {
            DateOrder::MonthFirst => valid(year, first, second).or_else(|| valid(year, second, first)),
            DateOrder::DayFirst => valid(year, second, first).or_else(|| valid(year, first, second)),
        }
    }
}

fn valid(year: Option<i16>, month: u32, day: u32) -> Option<Written> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| Written::new(year, month, day))
}

fn set_year(spans: &mut [Span], year: i16) {
    for span in spans {
        for written in std::iter::once(&mut span.first).chain(&mut span.last) {
            written.year = written.year.or(Some(year));
        }
        // "Dec 30 - 2, 2027" begins in the year before.
        if let Some(last) = span.last
            && last.month < span.first.month
        {
            span.first.year = Some(year - 1);
        }
    }
}
