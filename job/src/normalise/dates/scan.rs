//! Finds dates, times and the words that relate them in a text, in order. Pure.

use jiff::civil::Weekday;

use super::{
    calendar_date::Span,
    reader::Reader,
    time_of_day::Times,
    words::{self, Label},
};

/// A part of a text that means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// Days that stand together.
    Dates(Vec<Span>),
    /// Times that stand together.
    Times(Times),
    /// A word such as "doors", and whether a time stands right before or right after it.
    Label {
        label: Label,
        after_time: bool,
        before_time: bool,
    },
    /// A dash or "to" outside of dates and times.
    Range,
    /// "through", "until": what follows is an end.
    Until,
    /// A year that stands alone.
    Year(i16),
    /// "all day".
    AllDay,
    /// Any other word.
    Text,
}

impl Reader<'_> {
    /// The elements of the text.
    pub(super) fn scan(&self) -> Vec<Element> {
        let mut scan = Scan {
            reader: self,
            elements: Vec::new(),
            weekdays: Vec::new(),
            time_end: usize::MAX,
        };
        let mut at = 0;
        while at < self.tokens.len() {
            // Every step moves on, so that no text is read for ever.
            at = scan.step(at).max(at + 1);
        }
        scan.elements
    }
}

struct Scan<'a> {
    reader: &'a Reader<'a>,
    elements: Vec<Element>,
    /// Weekdays that wait for their date.
    weekdays: Vec<Weekday>,
    /// Index after the last time.
    time_end: usize,
}

impl Scan<'_> {
    fn step(&mut self, at: usize) -> usize {
        let reader = self.reader;
        let after_label = matches!(
            self.elements.last(),
            Some(Element::Label {
                before_time: true,
                ..
            })
        );
        let is_announced = self.is_announced_hour(at);
        if let Some((mut times, next)) = reader.time_at(at, after_label || is_announced) {
            if is_announced {
                times.settle_bare_as_evening();
            }
            self.elements.push(Element::Times(times));
            self.time_end = next;
            return next;
        }
        if let Some((spans, next)) = reader.date_at(at) {
            return self.dates(spans, next);
        }
        if let Some((weekday, next)) = reader.weekday_at(at) {
            self.weekdays.push(weekday);
            return self.skip_weekday_join(next);
        }
        if let Some((year, next)) = reader.year_at(at) {
            self.elements.push(Element::Year(year));
            return next;
        }
        if reader.mark(at) == Some('-') {
            self.elements.push(Element::Range);
        }
        if let Some(word) = reader.word(at) {
            return self.word(word, at);
        }
        at + 1
    }

    /// Whether a number alone is the hour of "at 8", with nothing after it that it could count or number.
    fn is_announced_hour(&self, at: usize) -> bool {
        let reader = self.reader;
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let is_announced = reader.word(before) == Some("at") || reader.mark(before) == Some('@');
        is_announced && reader.word(at + 1).is_none() && reader.number(at + 1).is_none()
    }

    /// The index after the date of "rescheduled from February 2" or "originally May 3", which no longer counts.
    fn after_former_date(&self, word: &str, at: usize) -> Option<usize> {
        let reader = self.reader;
        let is_former = words::is_formerly(word)
            || words::is_moved(word) && matches!(reader.word(at + 1), Some("from" | "vom" | "du" | "del"));
        let mut next = at + 1;
        for _ in 0..5 {
            next = reader.skip_marks(next, &['.', ',', ':']);
            if !is_former {
                break;
            } else if let Some((_, after)) = reader.date_at(next) {
                return Some(after);
            } else if let Some((_, after)) = reader.weekday_at(next) {
                next = after;
            } else if reader.word(next).is_some() {
                next += 1;
            } else {
                break;
            }
        }
        None
    }

    /// Takes over dates, with the weekdays that were written before or right after them.
    fn dates(&mut self, mut spans: Vec<Span>, next: usize) -> usize {
        let reader = self.reader;
        let mut next = next;
        let weekdays = std::mem::take(&mut self.weekdays);
        let mut days: Vec<_> = spans
            .iter_mut()
            .flat_map(|span| std::iter::once(&mut span.first).chain(&mut span.last))
            .collect();
        if weekdays.len() == days.len() {
            for (day, weekday) in days.iter_mut().zip(&weekdays) {
                day.weekday = day.weekday.or(Some(*weekday));
            }
        } else if let ([weekday], Some(first)) = (weekdays.as_slice(), days.first_mut()) {
            first.weekday = first.weekday.or(Some(*weekday));
        }
        // "15 February (Sunday)", but not "15 February, Sunday 22 February".
        if let [day] = days.as_mut_slice()
            && day.weekday.is_none()
            && let Some((weekday, after)) = reader.weekday_at(reader.skip_marks(next, &[',', '(', '.', '|']))
            && reader
                .date_at(reader.skip_marks(after, &[',', '.', ')']))
                .is_none()
        {
            day.weekday = Some(weekday);
            next = after;
        }
        if let Some(Element::Year(year)) = self.elements.last() {
            let year = *year;
            if days.iter().all(|day| day.year.is_none()) {
                for day in &mut days {
                    day.year = Some(year);
                }
                self.elements.pop();
            }
        }
        self.elements.push(Element::Dates(spans));
        next
    }

    /// The dash or "and" of "Fri-Sun" and "Fri & Sat" joins weekdays and no dates.
    fn skip_weekday_join(&self, at: usize) -> usize {
        let reader = self.reader;
        let after = reader
            .range_at(at)
            .or_else(|| reader.list_at(at).map(|(_, after)| after));
        after
            .filter(|after| reader.weekday_at(*after).is_some())
            .unwrap_or(at)
    }

    fn word(&mut self, word: &str, at: usize) -> usize {
        let reader = self.reader;
        if word == "all" && reader.word(at + 1) == Some("day") || matches!(word, "allday" | "ganztagig") {
            self.elements.push(Element::AllDay);
            return at + 1 + usize::from(word == "all");
        }
        if let Some(after) = self.after_former_date(word, at) {
            return after;
        }
        // "pre-show 6pm", "after party 11pm"
        let other = reader.skip_marks(at + 1, &['-']);
        let is_other = matches!(word, "pre" | "after" | "post")
            && reader
                .word(other)
                .is_some_and(|next| words::label(next).is_some() || next == "party");
        let (label, at) = if is_other {
            (Some(Label::Other), other)
        } else {
            (words::label(word), at)
        };
        if let Some(label) = label {
            let after = reader.skip_marks(
                reader.skip_words(at + 1, words::is_filler),
                &[':', '-', '@', '.', '=', '|'],
            );
            let after = reader.skip_words(after, words::is_filler);
            let before_time = reader.time_at(after, true).is_some() && reader.date_at(after).is_none();
            let after_time = self.time_end == at;
            self.elements.push(Element::Label {
                label,
                after_time,
                before_time,
            });
            return if before_time { after } else { at + 1 };
        }
        if words::is_until(word) {
            self.elements.push(Element::Until);
        } else if words::is_to(word) {
            self.elements.push(Element::Range);
        } else if matches!(word, "now" | "ongoing" | "currently") {
            // "Now - April 12": what follows is an end.
            if reader.range_at(at + 1).is_some() {
                self.elements.push(Element::Until);
                return at + 2;
            }
            self.elements.push(Element::Text);
        } else if !words::is_filler(word) && !words::is_and(word) {
            self.elements.push(Element::Text);
        }
        at + 1
    }
}
