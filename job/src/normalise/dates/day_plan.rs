//! What the times of one day say: doors, shows and ends. Pure.

use super::{
    clock::{self, Clock},
    scan::Element,
    time_of_day::Times,
    words::Label,
    zone_hint::ZoneHint,
};

/// Longest gap between two times joined by a slash that are doors and show, in seconds.
const DOORS_GAP: i32 = 90 * 60;

/// Times of one day, in the order they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    pub(super) list: Vec<Piece>,
    all_day: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Piece {
    Times(Times),
    Label {
        label: Label,
        after_time: bool,
        before_time: bool,
    },
    Until,
}

/// What the times of a day say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DayPlan {
    /// Starts and ends of what takes place.
    pub(super) shows: Vec<(Clock, Option<Clock>)>,
    pub(super) doors: Option<Clock>,
    pub(super) zone: Option<ZoneHint>,
    pub(super) all_day: bool,
}

/// The plan of a text that holds times and no date that counts.
pub(super) fn day_plan(elements: Vec<Element>) -> DayPlan {
    let mut pieces = Pieces::default();
    for element in elements {
        pieces.push(element);
    }
    pieces.plan()
}

impl Pieces {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.all_day
    }

    pub(super) fn push(&mut self, element: Element) {
        match element {
            Element::Times(times) => self.list.push(Piece::Times(times)),
            Element::Label {
                label,
                after_time,
                before_time,
            } => self.list.push(Piece::Label {
                label,
                after_time,
                before_time,
            }),
            Element::Until => self.list.push(Piece::Until),
            Element::AllDay => self.all_day = true,
            _ => {}
        }
    }

    /// Tells doors, shows and ends apart.
    pub(super) fn plan(&self) -> DayPlan {
        let mut pieces = self.list.clone();
        settle_clocks(&mut pieces);
        // "7pm doors 7:30pm show": labels follow their times.
        let ends_with_label = matches!(
            pieces.last(),
            Some(Piece::Label {
                after_time: true,
                before_time: false,
                ..
            })
        );
        let mut labels: Vec<Option<Label>> = vec![None; pieces.len()];
        for (at, piece) in pieces.iter().enumerate() {
            let Piece::Label {
                label,
                after_time,
                before_time,
            } = piece
            else {
                continue;
            };
            let goes_back = *after_time && (!before_time || ends_with_label);
            let target = if goes_back {
                (0..at).rev().find(|i| matches!(pieces[*i], Piece::Times(_)))
            } else {
                (at + 1..pieces.len())
                    .find(|i| matches!(pieces[*i], Piece::Times(_)))
                    .filter(|_| *before_time)
            };
            if let Some(slot) = target.and_then(|i| labels.get_mut(i))
                && slot.is_none()
            {
                *slot = Some(*label);
            }
        }
        self.collect(&pieces, &labels)
    }

    fn collect(&self, pieces: &[Piece], labels: &[Option<Label>]) -> DayPlan {
        let mut plan = DayPlan {
            all_day: self.all_day,
            ..DayPlan::default()
        };
        let mut unlabelled = Vec::new();
        let mut after_until = false;
        for (piece, label) in pieces.iter().zip(labels) {
            let Piece::Times(times) = piece else {
                after_until |= matches!(piece, Piece::Until);
                continue;
            };
            plan.zone = plan.zone.or(times.zone);
            let mut spans: Vec<_> = times
                .spans
                .iter()
                .filter(|span| !span.start.is_unsettled())
                .copied()
                .collect();
            if std::mem::take(&mut after_until) {
                let last = plan.shows.last_mut().or(unlabelled.last_mut());
                if let (Some((_, end)), Some(span)) = (last, spans.first()) {
                    *end = end.or(Some(span.start));
                }
                continue;
            }
            if label.is_none()
                && let [doors, show] = spans.as_slice()
                && show.after_slash
                && doors.end.is_none()
                && (900..=DOORS_GAP).contains(&(show.start.seconds() - doors.start.seconds()))
            {
                plan.doors = plan.doors.or(Some(doors.start));
                spans.remove(0);
            }
            let shows = spans
                .iter()
                .map(|span| (span.start, span.end.filter(|end| !end.is_unsettled())));
            match label {
                Some(Label::Doors) => plan.doors = plan.doors.or(spans.first().map(|span| span.start)),
                Some(Label::Show) => plan.shows.extend(shows),
                // Only times of one list are several shows; a second mention is not.
                None if unlabelled.is_empty() || times.after_and => unlabelled.extend(shows),
                Some(Label::Other) | None => {}
            }
        }
        if plan.shows.is_empty() {
            plan.shows = unlabelled;
        }
        plan
    }
}

/// Makes morning or evening of all times of a day together.
fn settle_clocks(pieces: &mut [Piece]) {
    let is_labelled = pieces.iter().any(|piece| {
        matches!(
            piece,
            Piece::Label {
                label: Label::Doors | Label::Show,
                ..
            }
        )
    });
    let mut clocks: Vec<&mut Clock> = pieces
        .iter_mut()
        .filter_map(|piece| match piece {
            Piece::Times(times) => Some(times.spans.iter_mut()),
            _ => None,
        })
        .flatten()
        .flat_map(|span| std::iter::once(&mut span.start).chain(&mut span.end))
        .collect();
    clock::settle(&mut clocks);
    if is_labelled {
        for clock in clocks {
            clock.settle_as_evening();
        }
    }
}
