//! Finds numeric dates: `2026-05-10`, `5/23/2026`, `5.23.26`, `5/8-10`, `06.05.`, `27-Feb-2026`. Pure.

use sms_crds::v1alpha1::DateOrder;

use super::{
    calendar_date::{Span, Written},
    reader::Reader,
};

impl Reader<'_> {
    /// `27-Feb-2026`, `Feb-27-26`, `27/Feb/2026`: a month's name joined to numbers by the same mark.
    pub(super) fn joined_at(&self, at: usize) -> Option<(Vec<Span>, usize)> {
        let mark = self.mark(at + 1).filter(|mark| matches!(mark, '-' | '/' | '.'))?;
        let is_joined = self.mark(at + 3) == Some(mark) && (at + 1..=at + 4).all(|i| self.glued(i));
        let (day, month) = match self.small(at) {
            Some(day) => (day, self.month_at(at + 2, true)?.0),
            None => (self.small(at + 2)?, self.month_at(at, true)?.0),
        };
        let year = match self.number(at + 4)? {
            (year, 4) => i16::try_from(year).ok()?,
            (year, 2) => century(year)?,
            _ => return None,
        };
        let is_day = (1..=31).contains(&day) && is_joined && !self.is_tainted(at);
        is_day.then(|| (vec![Span::day(Written::new(Some(year), month, day))], at + 5))
    }

    /// A numeric date, perhaps the first of a range inside one month: `5/8-10`, `6.-8.5.2026`.
    pub(super) fn numeric_list_at(&self, at: usize) -> Option<(Vec<Span>, usize)> {
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
    pub(super) fn numeric_at(&self, at: usize) -> Option<(Written, usize)> {
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
                2 => century(third)?,
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
                && !self.is_counted(at + 3)
                // "7/8 March" is a list.
                && self.month_at(at + 3, true).is_none() =>
            {
                self.ordered(None, first, second).map(|written| (written, at + 3))
            }
            '.' if is_tight(at + 2) && is_full_stopped => {
                valid(None, second, first).map(|written| (written, at + 4))
            }
            '.' if is_tight(at + 2) && self.has_weekday_beside(at, at + 3) && !self.only_time => {
                self.ordered(None, first, second).map(|written| (written, at + 3))
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

/// The year of two digits: 69 is 2069, 70 is 1970.
fn century(year: u32) -> Option<i16> {
    let year = i16::try_from(year).ok()?;
    Some(if year < 70 { 2000 + year } else { 1900 + year })
}
