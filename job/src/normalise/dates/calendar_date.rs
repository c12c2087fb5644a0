//! Calendar dates as people write them: `May 6 2026`, `6. Mai`, `2/13/26`, `Feb. 21, 28`, `6 - 7 February`. Pure.

use jiff::civil::{Date, Weekday};

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
    pub(super) fn day(first: Written) -> Self {
        Self { first, last: None }
    }
}

/// How much lower the last day of a run is at least, where it lies in the next month.
const SHORTEST_WRAP: i8 = 10;
/// Most days of one list.
const LONGEST_LIST: usize = 62;

impl Reader<'_> {
    /// The days written at `at`, and the index after them.
    pub(super) fn date_at(&self, at: usize) -> Option<(Vec<Span>, usize)> {
        if let Some(date) = self.relative_at(at) {
            return Some((vec![Span::day(Written::of(date))], at + 1));
        }
        self.joined_at(at)
            .or_else(|| self.numeric_list_at(at))
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
    pub(super) fn day_at(&self, at: usize) -> Option<(i8, usize)> {
        let day = self.small(at).filter(|day| (1..=31).contains(day))?;
        let has_ending = self.glued(at + 1)
            && matches!(
                self.word(at + 1),
                Some("st" | "nd" | "rd" | "th" | "er" | "ere" | "e" | "o" | "te" | "ste" | "de")
            );
        let next = at + 1 + usize::from(has_ending);
        let is_clock = self.mark(next) == Some(':')
            && self.glued(next)
            && self.glued(next + 1)
            && self.number(next + 1).is_some()
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
            let is_ascending = spans
                .last()
                .is_some_and(|span| day > span.last.unwrap_or(span.first).day);
            let Some(span) = spans.last_mut().filter(|_| is_range) else {
                // "March 2, 1 & 4" is no list of days.
                if is_range || !is_ascending || spans.len() >= LONGEST_LIST {
                    break;
                }
                spans.push(Span::day(Written {
                    weekday,
                    ..Written::new(None, month, day)
                }));
                next = after;
                continue;
            };
            if span.last.is_some() || !is_ascending && span.first.day - day < SHORTEST_WRAP {
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
        // "March 6/7/8"
        let is_slashed = matches!(self.list_at(at), Some((Join::Slash, _)));
        // "March 6-7 and 2 p.m." is a run of days, "March 6 - 7 & 9 p.m." a day with two shows.
        let is_run = is_range && self.glued(at) && self.glued(after) && self.list_at(after + 1).is_some();
        let is_other = !is_run && self.time_at(after, false).is_some()
            || !is_slashed && self.numeric_at(after).is_some()
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
            // "6 Fri March", as the parts of a tile read; "Hall 6 Fri March 7" is the seventh.
            if let ([(_, weekday, _)], Some((written, after))) = (
                days.as_mut_slice(),
                self.weekday_at(self.skip_marks(next, &[',', '|', '/'])),
            ) && let Some(found) = self.month_at(self.skip_marks(after, &[',', '|', '/']), false)
                && self.day_at(found.1).is_none()
            {
                *weekday = Some(written);
                break found;
            }
            let end = self.skip_marks(next, &['.']);
            let (is_range, weekday, day, after) = if let Some(after) = self.range_at(end) {
                let (day, after) = self.day_at(after)?;
                (true, None, day, after)
            } else {
                let (join, after) = self.list_at(end)?;
                if join == Join::Slash && self.numeric_at(at).is_some() {
                    return None;
                }
                let (weekday, after) = self
                    .weekday_at(after)
                    .map_or((None, after), |(weekday, next)| (Some(weekday), next));
                let (day, after) = self.day_at(after)?;
                (false, weekday, day, after)
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
