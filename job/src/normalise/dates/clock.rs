//! A time of day as it is written, and whether it is in the morning or the evening. Pure.

use jiff::civil::Time;

/// A time as it is written; `7` may still be morning or evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: i8,
    pub(super) minute: i8,
    pub(super) second: Option<i8>,
    pub(super) meridiem: Option<Meridiem>,
    pub(super) style: Style,
}

/// Morning or evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meridiem {
    /// Before noon.
    Am,
    /// After noon.
    Pm,
}

/// How a time is written, apart from "am" and "pm".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `7`: a time only because of what stands around it.
    Bare,
    /// `7:30`
    Open,
    /// `07:30`, which is the 24-hour way unless "pm" follows somewhere.
    Padded,
    /// `19:30`, `20 Uhr`: the 24-hour way.
    Certain,
}

impl Clock {
    pub(super) fn new(hour: i8, minute: i8, style: Style) -> Self {
        let style = if hour == 0 || hour > 12 {
            Style::Certain
        } else {
            style
        };
        Self {
            hour,
            minute,
            second: None,
            meridiem: None,
            style,
        }
    }

    /// Noon (12) or midnight (0) by name.
    pub(super) fn named(hour: i8) -> Self {
        let meridiem = Some(if hour == 12 { Meridiem::Pm } else { Meridiem::Am });
        Self {
            meridiem,
            ..Self::new(12, 0, Style::Certain)
        }
    }

    /// Whether it may be morning or evening.
    fn is_open(self) -> bool {
        self.meridiem.is_none() && self.style != Style::Certain
    }

    /// Seconds after midnight of the day; 24:00 is a day.
    pub(super) fn seconds(self) -> i32 {
        let hour = match self.meridiem {
            Some(Meridiem::Am) if self.hour == 12 => 0,
            Some(Meridiem::Pm) if self.hour < 12 => self.hour + 12,
            _ => self.hour,
        };
        i32::from(hour) * 3600 + i32::from(self.minute) * 60 + i32::from(self.second.unwrap_or(0))
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
    fn settle_before(&mut self, next: Self) {
        self.settle(|candidate| (next.seconds() - candidate.seconds()).rem_euclid(86_400));
    }

    /// Takes morning or evening, whichever is the nearest after `previous`: "11am - 1" ends at 13:00.
    fn settle_after(&mut self, previous: Self) {
        self.settle(|candidate| (candidate.seconds() - previous.seconds()).rem_euclid(86_400));
    }

    fn settle(&mut self, distance: impl Fn(Self) -> i32) {
        let with = |meridiem| Self {
            meridiem: Some(meridiem),
            ..*self
        };
        let rank = |clock: Self| match distance(clock) {
            0 => 86_400,
            seconds => seconds,
        };
        let (am, pm) = (with(Meridiem::Am), with(Meridiem::Pm));
        *self = if rank(am) < rank(pm) { am } else { pm };
    }

    /// An evening hour where nothing says whether it is one: doors and shows between 5 and 9 are in the evening.
    pub(super) fn settle_as_evening(&mut self) {
        if self.is_open() && self.style != Style::Padded && (5..=9).contains(&self.hour) {
            self.meridiem = Some(Meridiem::Pm);
        }
    }

    /// Whether it is a bare number that nothing made a time.
    pub(super) fn is_unsettled(self) -> bool {
        self.style == Style::Bare && self.is_open()
    }
}

/// Makes morning or evening of open times from their neighbours, later ones first.
pub(super) fn settle(clocks: &mut [&mut Clock]) {
    for at in (1..clocks.len()).rev() {
        if let (before, [next, ..]) = clocks.split_at_mut(at)
            && let Some(clock) = before.last_mut()
            && clock.is_open()
            && next.meridiem.is_some()
        {
            clock.settle_before(**next);
        }
    }
    for at in 1..clocks.len() {
        if let (before, [clock, ..]) = clocks.split_at_mut(at)
            && let Some(previous) = before.last()
            && clock.is_open()
            && previous.meridiem.is_some()
        {
            clock.settle_after(**previous);
        }
    }
}
