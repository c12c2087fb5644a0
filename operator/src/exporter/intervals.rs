//! The longest time between two slots of a schedule, computed once. Pure.

use std::{collections::HashMap, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use sms_crds::schedule::Schedule;

/// Intervals by cron fields and zone. To look through a year of days takes about a hundred times as long as everything
/// else that a scrape computes for a source.
#[derive(Debug, Default)]
pub struct Intervals {
    intervals: HashMap<(String, String), (Duration, u64)>,
    round: u64,
}

impl Intervals {
    /// Begins a scrape.
    pub fn begin(&mut self) {
        self.round += 1;
    }

    /// The longest time between two slots.
    pub fn between_slots(
        &mut self,
        schedule: &Schedule,
        zone_name: &str,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Duration {
        let round = self.round;
        let entry = self
            .intervals
            .entry((schedule.to_cron(), zone_name.to_owned()))
            .or_insert_with(|| (schedule.expected_interval(now, zone), round));
        entry.1 = round;
        entry.0
    }

    /// Ends a scrape: forgets what it did not need.
    pub fn end(&mut self) {
        let round = self.round;
        self.intervals.retain(|_, (_, used)| *used == round);
    }

    /// How many are kept.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.intervals.len()
    }
}
