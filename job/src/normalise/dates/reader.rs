//! Looks at the tokens of a written date. Pure.

use jiff::civil::{Date, Weekday};
use sms_crds::v1alpha1::DateOrder;

use super::{
    lexer::{Kind, Token},
    words,
};

/// The tokens of one text and what is needed to understand them.
pub(super) struct Reader<'a> {
    pub(super) tokens: &'a [Token],
    /// Meaning of `5/6/2026`.
    pub(super) order: DateOrder,
    /// The day on which "today" is written, in the source's zone.
    pub(super) today: Date,
    /// The whole text is a time: `1930` and `19` are times, too.
    pub(super) only_time: bool,
}

impl Reader<'_> {
    /// The word at `at`.
    pub(super) fn word(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at).map(|token| &token.kind) {
            Some(Kind::Word(word, _)) => Some(word),
            _ => None,
        }
    }

    /// The word at `at` if it was written in capitals.
    pub(super) fn capitals(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at).map(|token| &token.kind) {
            Some(Kind::Word(word, true)) => Some(word),
            _ => None,
        }
    }

    /// The number at `at` and how many digits it has.
    pub(super) fn number(&self, at: usize) -> Option<(u32, u8)> {
        match self.tokens.get(at).map(|token| &token.kind) {
            Some(Kind::Number(value, digits)) => Some((*value, *digits)),
            _ => None,
        }
    }

    /// A number of at most two digits at `at`.
    pub(super) fn small(&self, at: usize) -> Option<i8> {
        self.number(at)
            .filter(|(_, digits)| *digits <= 2)
            .and_then(|(value, _)| i8::try_from(value).ok())
    }

    /// The mark at `at`.
    pub(super) fn mark(&self, at: usize) -> Option<char> {
        match self.tokens.get(at).map(|token| &token.kind) {
            Some(Kind::Mark(mark)) => Some(*mark),
            _ => None,
        }
    }

    /// Whether the token at `at` follows the one before without white space.
    pub(super) fn glued(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.glued)
    }

    /// The index after `marks` that stand at `at`.
    pub(super) fn skip_marks(&self, mut at: usize, marks: &[char]) -> usize {
        while self.mark(at).is_some_and(|mark| marks.contains(&mark)) {
            at += 1;
        }
        at
    }

    /// The index after the words at `at` that `is_skipped`.
    pub(super) fn skip_words(&self, mut at: usize, is_skipped: fn(&str) -> bool) -> usize {
        while self.word(at).is_some_and(is_skipped) {
            at += 1;
        }
        at
    }

    /// Whether the number at `at` is part of a price, a word (`U2`) or a longer number.
    pub(super) fn is_tainted(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        if matches!(self.mark(before), Some('$' | '€' | '£' | '#')) {
            return true;
        }
        let decimal = |mark: usize| {
            matches!(self.mark(mark), Some('.' | ','))
                && self.glued(mark)
                && self.glued(mark + 1)
                && mark
                    .checked_sub(2)
                    .is_some_and(|i| matches!(self.mark(i), Some('$' | '€' | '£')))
        };
        decimal(before)
            || self.glued(at)
                && self.word(before).is_some_and(|word| {
                    !matches!(word, "t" | "h")
                        && words::month(word).is_none()
                        && words::weekday(word).is_none()
                        && words::label(word).is_none()
                })
    }

    /// Whether the number before `after` counts something or is an age: `21+`, `18 & over`, `50%`, `3 bands`.
    pub(super) fn is_counted(&self, after: usize) -> bool {
        let joined = self.mark(after) == Some('&') || self.word(after).is_some_and(words::is_and);
        // "6+7" is a list.
        let is_list = self.glued(after + 1) && self.small(after + 1).is_some();
        matches!(self.mark(after), Some('+' | '%')) && !is_list
            || self
                .word(after + usize::from(joined))
                .is_some_and(words::is_counted)
    }

    /// The month at `at` and the index after it and its full stop. A name that is also another word counts only
    /// where `after_day`.
    pub(super) fn month_at(&self, at: usize, after_day: bool) -> Option<(i8, usize)> {
        let word = self.word(at)?;
        let month = words::month(word).filter(|_| after_day || !words::is_weak_month(word))?;
        Some((month, at + 1 + usize::from(self.mark(at + 1) == Some('.'))))
    }

    /// The weekday at `at` and the index after it: a full name, or a short one right before a date.
    pub(super) fn weekday_at(&self, at: usize) -> Option<(Weekday, usize)> {
        let word = self.word(at)?;
        if let Some(weekday) = words::weekday(word) {
            let feira = self.mark(at + 1) == Some('-') && self.word(at + 2) == Some("feira");
            let after = if feira { at + 3 } else { at + 1 };
            return Some((weekday, self.skip_marks(after, &['.'])));
        }
        let weekday = words::weak_weekday(word)?;
        let after = self.skip_marks(at + 1, &['.', ',']);
        let is_month = self.month_at(after, false).is_some() && self.small(after + 1).is_some();
        // "mar 10 mars" begins with a Tuesday, "mar 10" with a month.
        let is_day = self.small(after).is_some_and(|day| (1..=31).contains(&day))
            && !self.is_clock_mark(after + 1)
            && (words::month(word).is_none()
                || self.month_at(self.skip_marks(after + 1, &['.']), true).is_some());
        (is_month || is_day).then_some((weekday, after))
    }

    /// Whether a weekday stands right before the token at `start` or at `end`.
    pub(super) fn has_weekday_beside(&self, start: usize, end: usize) -> bool {
        let is_weekday = |at: usize| self.word(at).is_some_and(|word| words::weekday(word).is_some());
        let before = start.checked_sub(1).map(|at| {
            if self.mark(at).is_some() {
                at.saturating_sub(1)
            } else {
                at
            }
        });
        before.is_some_and(is_weekday) || is_weekday(self.skip_marks(end, &[',', '(']))
    }

    fn is_clock_mark(&self, at: usize) -> bool {
        self.mark(at) == Some(':') || matches!(self.word(at), Some("am" | "pm" | "h" | "uhr" | "uur"))
    }

    /// A year of four digits, or of two after an apostrophe, at `at`.
    pub(super) fn year_at(&self, at: usize) -> Option<(i16, usize)> {
        if self.mark(at) == Some('\'') && self.glued(at + 1) {
            let (value, digits) = self.number(at + 1)?;
            return (digits == 2)
                .then(|| i16::try_from(value).ok())
                .flatten()
                .map(|year| (2000 + year, at + 2));
        }
        let (value, digits) = self.number(at)?;
        if digits != 4 || self.is_tainted(at) || self.mark(at + 1) == Some(':') {
            return None;
        }
        // `2026-05-10` is a date of its own.
        let is_longer = matches!(self.mark(at + 1), Some('-' | '/' | '.'))
            && self.glued(at + 1)
            && self.glued(at + 2)
            && self.small(at + 2).is_some()
            && self.mark(at + 3) == self.mark(at + 1);
        let year = i16::try_from(value).ok()?;
        ((1900..=2200).contains(&year) && !is_longer).then_some((year, at + 1))
    }

    /// A range mark at `at` (dash, "to", "until") and the index after it.
    pub(super) fn range_at(&self, at: usize) -> Option<usize> {
        if self.mark(at) == Some('-') {
            return Some(self.skip_marks(at + 1, &['-']));
        }
        // Dutch "t/m".
        if self.word(at) == Some("t") && self.mark(at + 1) == Some('/') && self.word(at + 2) == Some("m") {
            return Some(at + 3);
        }
        self.word(at)
            .filter(|word| words::is_to(word) || words::is_until(word))
            .map(|_| at + 1)
    }

    /// A list mark at `at` (comma, "&", "and", slash) and the index after it.
    pub(super) fn list_at(&self, at: usize) -> Option<(Join, usize)> {
        match self.mark(at) {
            Some('&' | '+') => return Some((Join::And, at + 1)),
            Some('/') => return Some((Join::Slash, at + 1)),
            Some(',' | ';') => {
                let is_and = self.mark(at + 1) == Some('&') || self.word(at + 1).is_some_and(words::is_and);
                return Some(if is_and {
                    (Join::And, at + 2)
                } else {
                    (Join::Comma, at + 1)
                });
            }
            _ => {}
        }
        self.word(at)
            .filter(|word| words::is_and(word))
            .map(|_| (Join::And, at + 1))
    }
}

/// How two members of a list are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// `,` or `;`
    Comma,
    /// `&`, "and"
    And,
    /// `/`
    Slash,
}
