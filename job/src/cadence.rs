//! Whether a source is due: the least time between the starts of two successful runs. Pure.

use std::time::Duration;

use jiff::Timestamp;

/// Whether a run may start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Yes.
    Yes,
    /// No: the last success is younger than the cadence allows. Holds the earliest moment of the next run.
    NotBefore(Timestamp),
}

/// Decides whether a run that would start at `now` keeps the cadence.
///
/// It is measured from start to start, with a tenth of the cadence as slack, so that a schedule whose interval equals
/// the cadence never skips every second run when one starts a little early. A last success in the future (the clock was
/// wrong) does not hold a source back.
pub fn due(last_success_started: Option<Timestamp>, cadence: Option<Duration>, now: Timestamp) -> Due {
    let (Some(last), Some(cadence)) = (last_success_started, cadence) else {
        return Due::Yes;
    };
    let wait = cadence.saturating_sub(cadence / 10);
    match last.checked_add(wait) {
        Ok(earliest) if last <= now && now < earliest => Due::NotBefore(earliest),
        _ => Due::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_run_is_due_without_a_cadence_or_a_success() {
        let now = at("2026-05-10T12:00:00Z");
        assert_eq!(due(None, Some(Duration::from_secs(HOUR)), now), Due::Yes);
        assert_eq!(due(Some(now), None, now), Due::Yes);
        assert_eq!(due(None, None, now), Due::Yes);
    }

    #[test]
    fn a_younger_success_holds_the_run_back_until_nine_tenths_of_the_cadence() {
        let last = at("2026-05-10T12:00:00Z");
        let cadence = Some(Duration::from_secs(10 * HOUR));
        let earliest = at("2026-05-10T21:00:00Z");
        assert_eq!(due(Some(last), cadence, last), Due::NotBefore(earliest));
        assert_eq!(
            due(Some(last), cadence, at("2026-05-10T20:59:59.999Z")),
            Due::NotBefore(earliest)
        );
        assert_eq!(due(Some(last), cadence, earliest), Due::Yes);
    }

    #[test]
    fn a_schedule_with_the_interval_of_the_cadence_never_skips() {
        let interval = Duration::from_secs(6 * HOUR);
        let mut last = at("2026-05-10T00:00:07Z");
        for slot in 1..20 {
            let jitter = Duration::from_secs(if slot % 2 == 0 { 7 } else { 0 });
            let start = at("2026-05-10T00:00:00Z") + interval * slot + jitter;
            assert_eq!(due(Some(last), Some(interval), start), Due::Yes, "slot {slot}");
            last = start;
        }
    }

    #[test]
    fn a_success_in_the_future_and_an_endless_cadence_hold_nothing_back_for_ever() {
        let now = at("2026-05-10T12:00:00Z");
        assert_eq!(
            due(
                Some(at("2031-01-01T00:00:00Z")),
                Some(Duration::from_secs(HOUR)),
                now
            ),
            Due::Yes
        );
        assert_eq!(due(Some(now), Some(Duration::MAX), now), Due::Yes);
    }
}
