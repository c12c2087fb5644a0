//! Makes occurrences of the dates and times found in a text: which time belongs to which day, what is an end. Pure.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{
    DateContext, Occurrence, WhenError,
    calendar_date::{Span, Written},
    clock::Clock,
    day_plan::{DayPlan, Piece, Pieces},
    instant::{self, Moment},
    scan::Element,
    year,
    zone_hint::ZoneHint,
};

/// Days and the times that belong to them.
#[derive(Debug, Clone, Default)]
struct Clause {
    spans: Vec<Span>,
    pieces: Pieces,
    /// Last day of "Feb 6 7pm - Feb 7 2am", whose times are those of `end_pieces`.
    end: Option<Written>,
    end_pieces: Pieces,
}

/// The occurrences that the elements of a text tell.
pub(super) fn occurrences(
    elements: Vec<Element>,
    context: &DateContext,
) -> Result<Vec<Occurrence>, WhenError> {
    let (mut clauses, only_end) = clauses(elements);
    clauses.retain(|clause| !clause.spans.is_empty());
    if clauses.is_empty() {
        return Err(if only_end {
            WhenError::OnlyEnd
        } else {
            WhenError::NoDate
        });
    }
    // "Fri May 8 & Sat May 9 @ 7pm": the times at the end hold for all.
    for at in (1..clauses.len()).rev() {
        let (before, after) = clauses.split_at_mut(at);
        if let (Some(before), [after, ..]) = (before.last_mut(), after)
            && before.pieces.is_empty()
            && before.end.is_none()
            && after.end.is_none()
        {
            before.pieces = after.pieces.clone();
        }
    }
    let mut dates: Vec<(Written, bool)> = Vec::new();
    for clause in &clauses {
        for span in &clause.spans {
            dates.push((span.first, false));
            dates.extend(span.last.map(|last| (last, true)));
        }
        dates.extend(clause.end.map(|end| (end, true)));
    }
    let mut settled = year::settle(&mut dates, context.year())?.into_iter();
    let mut next = || settled.next().ok_or(WhenError::NoDate);
    let mut found = Vec::new();
    for clause in &clauses {
        let plan = clause.pieces.plan();
        for span in &clause.spans {
            let first = next()?;
            let last = if span.last.is_some() { next()? } else { first };
            if last > first {
                found.push(several_days(first, last, &plan));
            } else if clause.end.is_some() {
                found.push(from_to(first, next()?, &plan, &clause.end_pieces.plan(), context));
            } else {
                one_day(first, &plan, context, &mut found);
            }
        }
    }
    let mut unique: Vec<Occurrence> = Vec::with_capacity(found.len());
    for occurrence in found {
        if !unique.contains(&occurrence) {
            unique.push(occurrence);
        }
    }
    Ok(unique)
}

/// Groups elements into clauses; the flag says that an end without a start was seen.
fn clauses(elements: Vec<Element>) -> (Vec<Clause>, bool) {
    let is_anchor = |element: &&Element| matches!(element, Element::Dates(_) | Element::Times(_));
    let anchors: Vec<bool> = elements
        .iter()
        .filter(is_anchor)
        .map(|e| matches!(e, Element::Dates(_)))
        .collect();
    // "7pm Feb 21, 8pm Feb 22": every time stands before its day.
    let times_first = anchors.first() == Some(&false)
        && anchors.last() == Some(&true)
        && anchors.iter().filter(|is_dates| **is_dates).count() > 1;
    let mut clauses = Vec::new();
    let mut current = Clause::default();
    let (mut pending, mut only_end): (Option<Element>, bool) = (None, false);
    for element in elements {
        match element {
            Element::Dates(mut spans) => {
                let is_end = pending.is_some()
                    && current.end.is_none()
                    && current.spans.last().is_some_and(|s| s.last.is_none());
                match pending.take() {
                    Some(_) if is_end && current.pieces.is_empty() => {
                        let first = spans.remove(0);
                        if let Some(span) = current.spans.last_mut() {
                            span.last = Some(first.last.unwrap_or(first.first));
                        }
                        current.spans.extend(spans);
                    }
                    Some(_) if is_end && current.spans.len() == 1 => {
                        current.end = spans.first().map(|span| span.first);
                    }
                    Some(Element::Until) if current.spans.is_empty() => only_end = true,
                    _ if current.spans.is_empty() => current.spans = spans,
                    _ => {
                        clauses.push(std::mem::take(&mut current));
                        current.spans = spans;
                    }
                }
                if times_first {
                    clauses.push(std::mem::take(&mut current));
                }
            }
            Element::Range => pending = pending.or(Some(Element::Range)),
            Element::Until => pending = Some(Element::Until),
            Element::Text => pending = None,
            Element::Year(year) => {
                for written in current
                    .spans
                    .iter_mut()
                    .flat_map(|span| std::iter::once(&mut span.first).chain(&mut span.last))
                {
                    written.year = written.year.or(Some(year));
                }
            }
            element => {
                let pieces = if current.end.is_some() {
                    &mut current.end_pieces
                } else {
                    &mut current.pieces
                };
                if pending.take() == Some(Element::Until) {
                    pieces.list.push(Piece::Until);
                }
                pieces.push(element);
            }
        }
    }
    clauses.push(current);
    (clauses, only_end)
}

/// A run of days: its times are those of each day.
fn several_days(first: Date, last: Date, plan: &DayPlan) -> Occurrence {
    let daily = plan
        .shows
        .iter()
        .map(|(start, end)| (start.to_time().0, end.map(|end| end.to_time().0)));
    Occurrence {
        end: Some(Moment::Date(last)),
        daily_times: daily.collect(),
        all_day: plan.all_day,
        ..Occurrence::new(Moment::Date(first))
    }
}

/// From a time on one day to a time on another.
fn from_to(first: Date, last: Date, plan: &DayPlan, end_plan: &DayPlan, context: &DateContext) -> Occurrence {
    let zone = plan.zone.or(end_plan.zone);
    let mut occurrence = Occurrence::new(Moment::Date(first));
    if let Some((start, _)) = plan
        .shows
        .first()
        .copied()
        .or(plan.doors.map(|doors| (doors, None)))
    {
        occurrence.start = at(first, start, zone, context);
    }
    occurrence.end = Some(match end_plan.shows.first() {
        Some((end, _)) if occurrence.start.time().is_some() => at(last, *end, zone, context),
        _ => Moment::Date(last),
    });
    occurrence.doors = plan.doors.map(|doors| at(first, doors, zone, context));
    occurrence
}

/// One occurrence for each show of a day.
pub(super) fn one_day(day: Date, plan: &DayPlan, context: &DateContext, found: &mut Vec<Occurrence>) {
    let doors = plan.doors.map(|doors| at(day, doors, plan.zone, context));
    if plan.shows.is_empty() {
        let start = doors.clone().unwrap_or(Moment::Date(day));
        found.push(Occurrence {
            doors,
            all_day: plan.all_day,
            ..Occurrence::new(start)
        });
        return;
    }
    for (start, end) in &plan.shows {
        let end_day = end.map(|end| {
            let is_next_day = end.seconds() <= start.seconds() && end.seconds() < 86_400;
            if is_next_day {
                day.tomorrow().unwrap_or(day)
            } else {
                day
            }
        });
        let end = end
            .zip(end_day)
            .filter(|(end, _)| end.to_time() != start.to_time());
        found.push(Occurrence {
            start: at(day, *start, plan.zone, context),
            end: end.map(|(end, day)| at(day, end, plan.zone, context)),
            doors: doors.clone(),
            ..Occurrence::new(Moment::Date(day))
        });
    }
}

fn at(day: Date, clock: Clock, zone: Option<ZoneHint>, context: &DateContext) -> Moment {
    let (time, days) = clock.to_time();
    let day = if days > 0 {
        day.tomorrow().unwrap_or(day)
    } else {
        day
    };
    in_hinted_zone(day, time, zone, context.zone())
}

/// A local time, or an instant where another zone is written beside it. "PST" on a summer's day in Seattle is Seattle's
/// time, so an abbreviation counts only where its zone differs from the source's.
fn in_hinted_zone(day: Date, time: Time, hint: Option<ZoneHint>, source: &TimeZone) -> Moment {
    let written = day.to_datetime(time);
    match hint {
        Some(ZoneHint::Offset(offset)) => {
            Moment::with_offset(written, offset).unwrap_or(Moment::Local(written))
        }
        Some(ZoneHint::Named(name)) => {
            let instant = |zone: &TimeZone| instant::local(written, zone).map(|zoned| zoned.timestamp());
            let there: Option<Timestamp> = sms_crds::zone::named(name).ok().and_then(|zone| instant(&zone));
            match (there, instant(source)) {
                (Some(there), Some(here)) if there != here => Moment::Instant {
                    at: there,
                    written,
                    zone: None,
                },
                _ => Moment::Local(written),
            }
        }
        None => Moment::Local(written),
    }
}
