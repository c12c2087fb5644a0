//! Which event is which, from run to run. Pure.
//!
//! An event is known by
//!
//! 1. the source's id and the original occurrence, where the source gives one (iCalendar RECURRENCE-ID);
//! 2. the source's id alone, where the id occurs once in a run;
//! 3. the source's id alone for the earliest of several dates of one id, the id and the local date for the others (and
//!    the time for further shows of a day), so that an event that gets a second date keeps its own identity;
//! 4. without an id the local date, the title (letters and digits alone, without "CANCELLED" and the like) and the
//!    position among the shows of that title on that day, by start.
//!
//! Rule 3 sees one run only: where the earliest date of a series passes, the next one would take over its identity. With
//! what the store knows, [`keep_known`] prevents that: an event stays who it was.

mod canonical;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sms_crds::{SourceKey, report::SkipReason, source::hex};

use crate::{
    event::{Event, EventTime, Rejected},
    normalise::status,
};

/// How many events are identified before the memory of their list is given back.
const RELEASED_TOGETHER: usize = 4096;

/// An event with its identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identified {
    /// Identity in the store: 32 hexadecimal digits, the same in every run.
    pub uid: String,
    /// Hash of everything that can be seen of the event: it changes when the event does.
    pub content_hash: String,
    /// The event.
    pub event: Event,
}

/// Gives every event of a run its identity, and tells which are the same event once more (reason `Duplicate`; their
/// `index` is the position in `events`). Of duplicates the fullest stays, whatever their order.
pub fn identify(source: &SourceKey, mut events: Vec<Event>) -> (Vec<Identified>, Vec<Rejected>) {
    let mut hashes: Vec<String> = events.iter().map(content_hash).collect();
    let (is_kept, duplicates) = without_duplicates(&events, &hashes);
    let kept = events.iter().zip(&is_kept).filter(|(_, is_kept)| **is_kept);
    let keys = keys(kept.map(|(event, _)| event));
    let mut uids: Vec<String> = keys.iter().map(|key| key.uid(source)).collect();
    drop(keys);
    // From the end, and giving back what is done with: a hundred thousand events are not there twice.
    let mut identified = Vec::with_capacity(uids.len());
    while let (Some(event), Some(content_hash)) = (events.pop(), hashes.pop()) {
        if events.len().is_multiple_of(RELEASED_TOGETHER) {
            events.shrink_to_fit();
        }
        if is_kept[events.len()]
            && let Some(uid) = uids.pop()
        {
            identified.push(Identified {
                uid,
                content_hash,
                event,
            });
        }
    }
    identified.reverse();
    (identified, duplicates)
}

/// Keeps the identities that the store knows: `stored_start` gives the start (as [`EventTime`] writes it) of the event
/// that is stored under a uid. An event of an id with several dates, now or before, stays under the uid that already has
/// its start, or else its date; no uid is given twice.
pub fn keep_known(
    source: &SourceKey,
    identified: &mut [Identified],
    stored_start: impl Fn(&str) -> Option<String>,
) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<(usize, Vec<Candidate>)> = Vec::new();
    for (at, one) in identified.iter().enumerate() {
        let Some(id) = one.event.id.as_deref().filter(|_| one.event.occurrence.is_none()) else {
            taken.insert(one.uid.clone());
            continue;
        };
        let keys = [
            Key::Id(id),
            Key::Dated(id, day(&one.event)),
            Key::Show(id, one.event.start.to_string()),
        ];
        let uids = keys.into_iter().map(|key| key.uid(source));
        open.push((at, uids.map(|uid| (uid.clone(), stored_start(&uid))).collect()));
    }
    // First those whose start is known, then those whose day is, then the others.
    let same_start = |start: &str, stored: &str| start == stored;
    let same_day = |start: &str, stored: &str| start.get(..10).is_some_and(|day| stored.starts_with(day));
    for is_same in [same_start, same_day] {
        open.retain(|(at, candidates)| {
            let start = identified[*at].event.start.to_string();
            let known = candidates.iter().find(|(uid, stored)| {
                !taken.contains(uid) && stored.as_ref().is_some_and(|s| is_same(&start, s))
            });
            if let Some((uid, _)) = known {
                taken.insert(uid.clone());
                identified[*at].uid.clone_from(uid);
            }
            known.is_none()
        });
    }
    for (at, candidates) in open {
        let own = identified[at].uid.clone();
        let dated = candidates.into_iter().skip(1).map(|(uid, _)| uid);
        if let Some(uid) = std::iter::once(own).chain(dated).find(|uid| !taken.contains(uid)) {
            taken.insert(uid.clone());
            identified[at].uid = uid;
        }
    }
}

/// A uid that an event may have, and the start that is stored under it.
type Candidate = (String, Option<String>);

/// What an event is known by.
enum Key<'a> {
    Id(&'a str),
    /// An id on a further date.
    Dated(&'a str, String),
    /// An id at a further time of a date.
    Show(&'a str, String),
    Occurrence(&'a str, &'a str),
    Title {
        date: String,
        title: String,
        ordinal: usize,
    },
}

impl Key<'_> {
    fn uid(&self, source: &SourceKey) -> String {
        let parts: Vec<String> = match self {
            Self::Id(id) => vec!["id".into(), (*id).into()],
            Self::Dated(id, start) => vec!["dated".into(), (*id).into(), start.clone()],
            Self::Show(id, start) => vec!["show".into(), (*id).into(), start.clone()],
            Self::Occurrence(id, occurrence) => vec!["occurrence".into(), (*id).into(), (*occurrence).into()],
            Self::Title { date, title, ordinal } => {
                vec!["title".into(), date.clone(), title.clone(), ordinal.to_string()]
            }
        };
        let mut hash = Sha256::new();
        for part in [&source.namespace, &source.name].into_iter().chain(&parts) {
            // The length before each part keeps ("ab", "c") apart from ("a", "bc").
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex(&hash.finalize()[..16])
    }
}

/// The keys of events among which there are no duplicates, in their order.
fn keys<'a>(events: impl Iterator<Item = &'a Event> + Clone) -> Vec<Key<'a>> {
    let mut dates: Vec<(&str, SortTime)> = Vec::new();
    let mut shows: BTreeMap<(String, String), Vec<(SortTime, String)>> = BTreeMap::new();
    for event in events.clone() {
        match (event.id.as_deref(), event.occurrence.as_deref()) {
            (Some(_), Some(_)) => {}
            (Some(id), None) => dates.push((id, sort_time(event))),
            (None, _) => shows
                .entry(day_and_title(event))
                .or_default()
                .push(show_rank(event)),
        }
    }
    for ranks in shows.values_mut() {
        ranks.sort_unstable();
    }
    dates.sort_unstable();
    let before = |id: &str, event: &Event| {
        let this = (id, sort_time(event));
        let at = dates.partition_point(|date| *date < this);
        let (known, time) = dates.get(at.checked_sub(1)?)?;
        (*known == id).then_some(time)
    };
    events
        .map(|event| match (event.id.as_deref(), event.occurrence.as_deref()) {
            (Some(id), Some(occurrence)) => Key::Occurrence(id, occurrence),
            (Some(id), None) => match before(id, event) {
                None => Key::Id(id),
                Some((date, _)) if *date == event.start.date() => Key::Show(id, event.start.to_string()),
                Some(_) => Key::Dated(id, day(event)),
            },
            (None, _) => {
                let key = day_and_title(event);
                let ranks = shows.get(&key);
                let ordinal = ranks.map_or(0, |ranks| ranks.partition_point(|rank| *rank < show_rank(event)));
                Key::Title {
                    date: key.0,
                    title: key.1,
                    ordinal,
                }
            }
        })
        .collect()
}

fn day(event: &Event) -> String {
    event.start.date().to_string()
}

/// Start for sorting: by local date, days without a time first, then by instant.
type SortTime = (jiff::civil::Date, Option<jiff::Timestamp>);

fn sort_time(event: &Event) -> SortTime {
    match &event.start {
        EventTime::Date(date) => (*date, None),
        EventTime::At(zoned) => (zoned.date(), Some(zoned.timestamp())),
    }
}

fn show_rank(event: &Event) -> (SortTime, String) {
    let place = [event.venue.as_deref(), event.url.as_deref()]
        .map(Option::unwrap_or_default)
        .join("\n");
    (sort_time(event), place)
}

fn day_and_title(event: &Event) -> (String, String) {
    (day(event), comparable_title(&event.title))
}

/// A title for comparing: letters and digits in lower case, without words such as "CANCELLED".
fn comparable_title(title: &str) -> String {
    let letters = |title: &str| -> String {
        let kept: String = title
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { ' ' })
            .collect();
        kept.to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let bare = letters(&status::without_status(title));
    // "!!!" is a band.
    if bare.is_empty() {
        title.trim().to_lowercase()
    } else {
        bare
    }
}

/// Which of `events` stay, and those that are the same once more.
fn without_duplicates(events: &[Event], hashes: &[String]) -> (Vec<bool>, Vec<Rejected>) {
    let rank = |at: usize| (std::cmp::Reverse(fullness(&events[at])), &hashes[at], at);
    let mut sorted: Vec<(Sameness<'_>, usize)> = events.iter().map(sameness).zip(0..).collect();
    sorted.sort_unstable();
    let mut is_kept = vec![false; events.len()];
    for same in sorted.chunk_by(|(one, _), (next, _)| one == next) {
        let best = match same {
            [(_, only)] => Some(*only),
            several => several.iter().map(|(_, at)| *at).min_by_key(|at| rank(*at)),
        };
        if let Some(at) = best {
            is_kept[at] = true;
        }
    }
    drop(sorted);
    let lost = events.iter().enumerate().filter(|(at, _)| !is_kept[*at]);
    let duplicates = lost.map(|(index, event)| {
        let by = if event.id.is_some() {
            "id and start"
        } else {
            "address, title and start"
        };
        Rejected {
            index,
            reason: SkipReason::Duplicate,
            detail: format!("another event of this run has the same {by} ({})", event.start),
            title: Some(event.title.clone()),
        }
    });
    let duplicates = duplicates.collect();
    (is_kept, duplicates)
}

/// Two events that agree in this are one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Sameness<'a> {
    Occurrence(&'a str, &'a str),
    Id(&'a str, Moment),
    /// Start, title, and the address; without one the place, which tells two rooms apart.
    Title(Moment, String, Option<&'a str>, &'a str),
}

fn sameness(event: &Event) -> Sameness<'_> {
    match (&event.id, &event.occurrence) {
        (Some(id), Some(occurrence)) => Sameness::Occurrence(id, occurrence),
        (Some(id), None) => Sameness::Id(id, moment(event)),
        (None, _) => {
            let url = event.url.as_deref();
            let place = event.venue.as_deref().filter(|_| url.is_none());
            let title = comparable_title(&event.title);
            Sameness::Title(moment(event), title, url, place.unwrap_or_default())
        }
    }
}

/// A start, the same for one instant in two zones.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Date(jiff::civil::Date),
    At(jiff::Timestamp),
}

fn moment(event: &Event) -> Moment {
    match &event.start {
        EventTime::Date(date) => Moment::Date(*date),
        EventTime::At(zoned) => Moment::At(zoned.timestamp()),
    }
}

/// How much is known of an event.
fn fullness(event: &Event) -> usize {
    serde_json::to_string(event).map_or(0, |json| json.len())
}

/// Hash of the event as JSON with sorted keys.
fn content_hash(event: &Event) -> String {
    let json = serde_json::to_vec(&canonical::Canonical(event)).unwrap_or_default();
    hex(&Sha256::digest(json))
}

#[cfg(test)]
mod tests;
