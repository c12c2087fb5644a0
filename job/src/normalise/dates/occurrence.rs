//! When an event takes place, and that as fields of an item. Pure.

use jiff::civil::Time;
use serde_json::{Value, json};

use super::instant::Moment;

/// When an event takes place, as far as a text tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Start.
    pub start: Moment,
    /// End; for a date it is the last day.
    pub end: Option<Moment>,
    /// When doors open.
    pub doors: Option<Moment>,
    /// The text says "all day".
    pub all_day: bool,
    /// Opening and closing times of each day of a run of days.
    pub daily_times: Vec<(Time, Option<Time>)>,
}

impl Occurrence {
    /// An occurrence of which only the start is known.
    pub fn new(start: Moment) -> Self {
        Self {
            start,
            end: None,
            doors: None,
            all_day: false,
            daily_times: Vec::new(),
        }
    }

    /// The daily times as `[["10:00", "20:00"]]`.
    pub(in super::super) fn daily_times_json(&self) -> Value {
        let pair = |(start, end): &(Time, Option<Time>)| match end {
            Some(end) => json!([clock(*start), clock(*end)]),
            None => json!([clock(*start)]),
        };
        Value::Array(self.daily_times.iter().map(pair).collect())
    }
}

/// `19:30`, with seconds only where there are any.
pub(super) fn clock(time: Time) -> String {
    time.strftime(if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" })
        .to_string()
}
