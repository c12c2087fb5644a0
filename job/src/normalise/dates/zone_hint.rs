//! Zones written after a time: `PST`, `GMT-0800`, `+02:00`. Pure.

use jiff::tz::Offset;

use super::{reader::Reader, words};

/// A zone written after a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneHint {
    /// `-0800`, `GMT+2`.
    Offset(Offset),
    /// IANA name of an abbreviation such as `PST`.
    Named(&'static str),
}

impl Reader<'_> {
    /// A zone at `at`: `Z`, `PST`, `GMT-0800`, or an offset right after a time with seconds.
    pub(super) fn zone_at(&self, at: usize, has_seconds: bool) -> Option<(ZoneHint, usize)> {
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
