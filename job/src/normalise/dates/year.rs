//! Which year a date without one means. Pure.

use jiff::{ToSpan, civil::Date};
use sms_crds::v1alpha1::YearRule;

use super::{WhenError, calendar_date::Written};

/// How far ahead a date without a year may lie: about 18 months, in days.
const FUTURE_DAYS: i32 = 548;

/// What decides over years that are not written.
#[derive(Debug, Clone, Copy)]
pub(super) struct YearContext {
    pub(super) rule: YearRule,
    pub(super) past_days: i32,
    /// The day of the run in the source's zone.
    pub(super) today: Date,
}

/// Gives every date its year: one that is written beside it, or else the one that [`nearest`] finds for the first;
/// the others follow in order. The flag says that a date is the last day of the one before it.
pub(super) fn settle(dates: &mut [(Written, bool)], context: YearContext) -> Result<Vec<Date>, WhenError> {
    // Backwards: "February 6 - March 1, 2026".
    for at in (1..dates.len()).rev() {
        let next = dates[at].0;
        let before = &mut dates[at - 1].0;
        if let (None, Some(year)) = (before.year, next.year) {
            let wraps = before.month - next.month > 6
                || dates[at].1 && (before.month, before.day) > (next.month, next.day);
            before.year = Some(if wraps { year - 1 } else { year });
        }
    }
    if let Some((first, rest)) = dates.split_first_mut()
        && first.0.year.is_none()
    {
        if context.rule == YearRule::Required {
            return Err(WhenError::MissingYear);
        }
        let last = rest
            .first()
            .filter(|(_, is_last)| *is_last)
            .map(|(last, _)| *last);
        first.0.year = Some(nearest(first.0, last, context)?);
    }
    // Forwards: "Dec 30, 2026 - Jan 2".
    for at in 1..dates.len() {
        let before = dates[at - 1].0;
        let (date, is_last) = &mut dates[at];
        if let (None, Some(year)) = (date.year, before.year) {
            let wraps = before.month - date.month > 6
                || *is_last && (date.month, date.day) < (before.month, before.day);
            date.year = Some(if wraps { year + 1 } else { year });
        }
    }
    dates.iter().map(|(written, _)| to_date(*written)).collect()
}

fn to_date(written: Written) -> Result<Date, WhenError> {
    let year = written.year.ok_or(WhenError::MissingYear)?;
    Date::new(year, written.month, written.day).map_err(|_| {
        WhenError::Impossible(format!(
            "{year}-{:02}-{:02} is no day",
            written.month, written.day
        ))
    })
}

/// The year that makes the date (or the range up to `last`) lie nearest to today: on the weekday that is written, at
/// most `past_days` back and 18 months ahead. A range that is running is as near as can be.
fn nearest(first: Written, last: Option<Written>, context: YearContext) -> Result<i16, WhenError> {
    let earliest = context.today.saturating_sub(context.past_days.days());
    let latest = context.today.saturating_add(FUTURE_DAYS.days());
    let mut has_other_weekday = false;
    let mut best: Option<(i32, i16)> = None;
    for year in context.today.year() - 3..=context.today.year() + 2 {
        let Ok(start) = Date::new(year, first.month, first.day) else {
            continue;
        };
        let end = last.map_or(Ok(start), |last| {
            let wraps = (last.month, last.day) < (first.month, first.day);
            Date::new(if wraps { year + 1 } else { year }, last.month, last.day)
        });
        let Ok(end) = end else { continue };
        if end < earliest || start > latest {
            continue;
        }
        if first.weekday.is_some_and(|weekday| weekday != start.weekday()) {
            has_other_weekday = true;
            continue;
        }
        let distance = if start > context.today {
            days_between(context.today, start)
        } else if end < context.today {
            days_between(end, context.today)
        } else {
            0
        };
        if best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, year));
        }
    }
    match (best, first.weekday) {
        (Some((_, year)), _) => Ok(year),
        (None, Some(weekday)) if has_other_weekday => Err(WhenError::WeekdayMismatch(format!(
            "month {} day {} is no {weekday:?} between {earliest} and {latest}",
            first.month, first.day
        ))),
        (None, _) => Err(WhenError::Impossible(format!(
            "no month {} day {} lies between {earliest} and {latest}",
            first.month, first.day
        ))),
    }
}

fn days_between(earlier: Date, later: Date) -> i32 {
    earlier.until(later).map_or(i32::MAX, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};
    use proptest::prelude::*;

    use super::*;

    fn context(today: Date) -> YearContext {
        YearContext {
            rule: YearRule::Nearest,
            past_days: 60,
            today,
        }
    }

    fn one(today: Date, month: i8, day: i8, weekday: Option<Weekday>) -> Result<Date, WhenError> {
        let written = Written {
            weekday,
            ..Written::new(None, month, day)
        };
        settle(&mut [(written, false)], context(today)).map(|dates| dates[0])
    }

    #[test]
    fn a_date_without_a_year_is_the_nearest_at_most_sixty_days_back() {
        let cases = [
            (date(2026, 2, 21), 2, 26, date(2026, 2, 26)),
            (date(2026, 2, 21), 2, 10, date(2026, 2, 10)),
            (date(2026, 2, 21), 12, 23, date(2025, 12, 23)),
            (date(2026, 2, 21), 12, 22, date(2026, 12, 22)),
            (date(2025, 12, 30), 1, 2, date(2026, 1, 2)),
            (date(2026, 1, 2), 12, 30, date(2025, 12, 30)),
            (date(2026, 12, 31), 12, 31, date(2026, 12, 31)),
            (date(2027, 3, 15), 2, 29, date(2028, 2, 29)),
            (date(2028, 3, 1), 2, 29, date(2028, 2, 29)),
        ];
        for (today, month, day, expected) in cases {
            assert_eq!(
                one(today, month, day, None),
                Ok(expected),
                "{today} {month}/{day}"
            );
        }
    }

    #[test]
    fn a_weekday_decides_over_the_year() {
        let today = date(2026, 2, 18);
        assert_eq!(one(today, 2, 19, Some(Weekday::Thursday)), Ok(date(2026, 2, 19)));
        assert_eq!(one(today, 2, 19, Some(Weekday::Friday)), Ok(date(2027, 2, 19)));
        assert!(matches!(
            one(today, 2, 19, Some(Weekday::Monday)),
            Err(WhenError::WeekdayMismatch(_))
        ));
    }

    #[test]
    fn a_day_that_no_year_near_has_is_refused() {
        assert!(matches!(
            one(date(2025, 3, 15), 2, 29, None),
            Err(WhenError::Impossible(_))
        ));
        assert!(matches!(
            one(date(2026, 3, 15), 2, 30, None),
            Err(WhenError::Impossible(_))
        ));
        assert!(matches!(
            settle(
                &mut [(Written::new(Some(2026), 2, 29), false)],
                context(date(2026, 1, 1))
            ),
            Err(WhenError::Impossible(_))
        ));
    }

    #[test]
    fn a_running_range_belongs_to_the_present() {
        let mut range = [
            (Written::new(None, 1, 5), false),
            (Written::new(None, 11, 7), true),
        ];
        let settled = settle(&mut range, context(date(2026, 8, 1)));
        assert_eq!(settled, Ok(vec![date(2026, 1, 5), date(2026, 11, 7)]));
        let mut range = [
            (Written::new(None, 11, 20), false),
            (Written::new(None, 3, 1), true),
        ];
        let settled = settle(&mut range, context(date(2027, 2, 15)));
        assert_eq!(settled, Ok(vec![date(2026, 11, 20), date(2027, 3, 1)]));
    }

    #[test]
    fn a_written_year_reaches_its_neighbours() {
        let mut range = [
            (Written::new(None, 12, 30), false),
            (Written::new(Some(2027), 1, 2), true),
        ];
        assert_eq!(
            settle(&mut range, context(date(2026, 6, 1))),
            Ok(vec![date(2026, 12, 30), date(2027, 1, 2)])
        );
        let mut range = [
            (Written::new(Some(2026), 12, 30), false),
            (Written::new(None, 1, 2), true),
        ];
        assert_eq!(
            settle(&mut range, context(date(2026, 6, 1))),
            Ok(vec![date(2026, 12, 30), date(2027, 1, 2)])
        );
        let required = YearContext {
            rule: YearRule::Required,
            ..context(date(2026, 6, 1))
        };
        assert_eq!(
            settle(&mut [(Written::new(None, 6, 2), false)], required),
            Err(WhenError::MissingYear)
        );
    }

    proptest! {
        #[test]
        fn the_year_found_is_never_too_far(day in 0_i32..20_000, month in 1_i8..=12, dom in 1_i8..=28, past in 0_i32..=366) {
            let today = date(2000, 1, 1).saturating_add(day.days());
            let year = nearest(Written::new(None, month, dom), None, YearContext { past_days: past, ..context(today) }).unwrap();
            let found = date(year, month, dom);
            prop_assert!(found >= today.saturating_sub(past.days()));
            prop_assert!(found <= today.saturating_add(366.days()));
        }

        #[test]
        fn a_true_weekday_finds_the_true_year(day in 0_i32..20_000, ahead in -60_i32..=300) {
            let today = date(2000, 1, 1).saturating_add(day.days());
            let truth = today.saturating_add(ahead.days());
            let found = one(today, truth.month(), truth.day(), Some(truth.weekday()));
            prop_assert_eq!(found, Ok(truth));
        }
    }
}
