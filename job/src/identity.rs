//! Which event is which, from run to run. Pure.
//!
//! An event is known by
//!
//! 1. the source's id and the original occurrence, where the source gives one (iCalendar RECURRENCE-ID);
//! 2. the source's id alone, where the id occurs once in a run;
//! 3. the source's id alone for the earliest of several dates of one id, the id and the local start for the others, so
//!    that an event that gets a second date keeps its own identity;
//! 4. without an id the local date, the title (letters and digits alone, without "CANCELLED" and the like) and the
//!    position among the shows of that title on that day, by start.
//!
//! Rule 3 sees one run only: where the earliest date of a series passes, the next one would take over its identity. With
//! what the store knows, [`keep_known`] prevents that: an event stays who it was.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sms_crds::{SourceKey, report::SkipReason, source::hex};

use crate::{
    event::{Event, EventTime, Rejected},
    normalise::status,
};

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
pub fn identify(source: &SourceKey, events: Vec<Event>) -> (Vec<Identified>, Vec<Rejected>) {
    let events: Vec<(usize, String, Event)> = events
        .into_iter()
        .enumerate()
        .map(|(index, event)| (index, content_hash(&event), event))
        .collect();
    let (kept, duplicates) = without_duplicates(events);
    let keys = keys(kept.iter().map(|(_, _, event)| event));
    let uids: Vec<String> = keys.iter().map(|key| key.uid(source)).collect();
    let identified = kept
        .into_iter()
        .zip(uids)
        .map(|((_, content_hash, event), uid)| Identified {
            uid,
            content_hash,
            event,
        })
        .collect();
    (identified, duplicates)
}

/// Keeps the identities that the store knows: `stored_start` gives the start (as [`EventTime`] writes it)
/// of the event that is stored under a uid. An event of an id with several dates, now or before, stays under the uid
/// that already has its start; no uid is given twice.
pub fn keep_known(
    source: &SourceKey,
    identified: &mut [Identified],
    stored_start: impl Fn(&str) -> Option<String>,
) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut open = Vec::new();
    for (at, one) in identified.iter().enumerate() {
        let Some(id) = one.event.id.as_ref().filter(|_| one.event.occurrence.is_none()) else {
            continue;
        };
        let start = one.event.start.to_string();
        let candidates = [Key::Id(id), Key::Dated(id, start.clone())].map(|key| key.uid(source));
        match candidates
            .iter()
            .find(|uid| stored_start(uid).as_deref() == Some(start.as_str()) && !taken.contains(*uid))
        {
            Some(uid) => {
                taken.insert(uid.clone());
                open.push((at, Some(uid.clone()), candidates[1].clone()));
            }
            None => open.push((at, None, candidates[1].clone())),
        }
    }
    for (at, known, dated) in open {
        // One that is not known takes its own uid unless a known event holds that.
        let uid = known.unwrap_or_else(|| {
            if taken.contains(&identified[at].uid) {
                dated
            } else {
                identified[at].uid.clone()
            }
        });
        identified[at].uid = uid;
    }
}

/// What an event is known by.
enum Key<'a> {
    Id(&'a str),
    Dated(&'a str, String),
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
    let mut earliest: BTreeMap<&str, (SortTime, &str)> = BTreeMap::new();
    let mut shows: BTreeMap<(String, String), Vec<(SortTime, String)>> = BTreeMap::new();
    for event in events.clone() {
        match (event.id.as_deref(), event.occurrence.as_deref()) {
            (Some(_), Some(_)) => {}
            (Some(id), None) => {
                let rank = (sort_time(event), event.title.as_str());
                let first = earliest.entry(id).or_insert_with(|| rank);
                if rank < *first {
                    *first = rank;
                }
            }
            (None, _) => shows
                .entry(day_and_title(event))
                .or_default()
                .push(show_rank(event)),
        }
    }
    for ranks in shows.values_mut() {
        ranks.sort_unstable();
    }
    events
        .map(|event| match (event.id.as_deref(), event.occurrence.as_deref()) {
            (Some(id), Some(occurrence)) => Key::Occurrence(id, occurrence),
            (Some(id), None) => {
                let is_first = earliest
                    .get(id)
                    .is_none_or(|(first, _)| *first == sort_time(event));
                if is_first {
                    Key::Id(id)
                } else {
                    Key::Dated(id, event.start.to_string())
                }
            }
            (None, _) => {
                let key = day_and_title(event);
                let ordinal = shows
                    .get(&key)
                    .map_or(0, |ranks| ranks.partition_point(|rank| *rank < show_rank(event)));
                Key::Title {
                    date: key.0,
                    title: key.1,
                    ordinal,
                }
            }
        })
        .collect()
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
    (event.start.date().to_string(), comparable_title(&event.title))
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

/// Splits off events that are the same once more.
fn without_duplicates(events: Vec<(usize, String, Event)>) -> (Vec<(usize, String, Event)>, Vec<Rejected>) {
    let mut best: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let rank = |at: usize| {
        let (index, hash, event) = &events[at];
        (std::cmp::Reverse(fullness(event)), hash.clone(), *index)
    };
    for (at, (_, _, event)) in events.iter().enumerate() {
        match best.entry(sameness(event)) {
            Entry::Vacant(place) => {
                place.insert(at);
            }
            Entry::Occupied(mut holder) if rank(at) < rank(*holder.get()) => {
                holder.insert(at);
            }
            Entry::Occupied(_) => {}
        }
    }
    let winners: BTreeSet<usize> = best.values().copied().collect();
    let (mut kept, mut duplicates) = (Vec::with_capacity(winners.len()), Vec::new());
    for (at, (index, hash, event)) in events.into_iter().enumerate() {
        if winners.contains(&at) {
            kept.push((index, hash, event));
        } else {
            let by = if event.id.is_some() {
                "id and start"
            } else {
                "address, title and start"
            };
            duplicates.push(Rejected {
                index,
                reason: SkipReason::Duplicate,
                detail: format!("another event of this run has the same {by} ({})", event.start),
                title: Some(event.title),
            });
        }
    }
    (kept, duplicates)
}

/// Two events that agree in this are one.
fn sameness(event: &Event) -> Vec<String> {
    match (&event.id, &event.occurrence) {
        (Some(id), Some(occurrence)) => vec!["occurrence".into(), id.clone(), occurrence.clone()],
        (Some(id), None) => vec!["id".into(), id.clone(), moment(event)],
        (None, _) => {
            // Without an address the place tells two rooms apart.
            let place = event.url.clone().map_or_else(
                || vec![String::new(), event.venue.clone().unwrap_or_default()],
                |url| vec![url],
            );
            let mut key = vec!["title".into(), moment(event), comparable_title(&event.title)];
            key.extend(place);
            key
        }
    }
}

/// The start, the same for one instant in two zones.
fn moment(event: &Event) -> String {
    match &event.start {
        EventTime::Date(date) => date.to_string(),
        EventTime::At(zoned) => zoned.timestamp().to_string(),
    }
}

/// How much is known of an event.
fn fullness(event: &Event) -> usize {
    serde_json::to_string(event).map_or(0, |json| json.len())
}

/// Hash of the event as JSON with sorted keys.
fn content_hash(event: &Event) -> String {
    let mut value = serde_json::to_value(event).unwrap_or(Value::Null);
    value.sort_all_objects();
    hex(&Sha256::digest(value.to_string()))
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date, tz::TimeZone};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::normalise::Normaliser;

    fn source() -> SourceKey {
        SourceKey {
            namespace: "default".into(),
            name: "venue".into(),
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "tests pass json!(…)")]
    fn event(fields: Value) -> Event {
        let now: Timestamp = "2026-02-21T20:00:00Z".parse().unwrap();
        let normaliser = Normaliser::new("America/Los_Angeles", None, &BTreeMap::new(), now).unwrap();
        normaliser
            .events(0, fields.as_object().unwrap(), "https://example.org/")
            .unwrap()
            .remove(0)
    }

    fn show(id: Option<&str>, title: &str, start: &str) -> Event {
        event(json!({"id": id, "title": title, "start": start}))
    }

    fn uids(events: Vec<Event>) -> Vec<String> {
        identify(&source(), events)
            .0
            .into_iter()
            .map(|one| one.uid)
            .collect()
    }

    #[test]
    fn an_id_alone_is_the_identity_whatever_else_changes() {
        let before = uids(vec![show(Some("7"), "Foo", "2026-05-08T19:00")]);
        let after = uids(vec![show(Some("7"), "CANCELLED - Foo", "2026-05-09T20:00")]);
        assert_eq!(before, after);
        assert_eq!(before[0].len(), 32);
        assert_ne!(before, uids(vec![show(Some("8"), "Foo", "2026-05-08T19:00")]));
        let other = SourceKey {
            namespace: "default".into(),
            name: "other".into(),
        };
        assert_ne!(
            before[0],
            identify(&other, vec![show(Some("7"), "Foo", "2026-05-08T19:00")]).0[0].uid
        );
    }

    #[test]
    fn a_second_date_of_an_id_leaves_the_first_as_it_was() {
        let one = uids(vec![show(Some("7"), "Foo", "2026-05-08T19:00")]);
        let two = uids(vec![
            show(Some("7"), "Foo", "2026-05-15T19:00"),
            show(Some("7"), "Foo", "2026-05-08T19:00"),
        ]);
        assert_eq!(two[1], one[0]);
        assert_ne!(two[0], one[0]);
    }

    #[test]
    fn with_what_the_store_knows_a_series_stays_itself_when_its_first_date_passes() {
        let series = ["2026-05-08T19:00", "2026-05-15T19:00", "2026-05-22T19:00"]
            .map(|start| show(Some("7"), "Foo", start));
        let (stored, _) = identify(&source(), series.to_vec());
        let start_of = |uid: &str| {
            stored
                .iter()
                .find(|one| one.uid == uid)
                .map(|one| one.event.start.to_string())
        };
        let (mut rest, _) = identify(
            &source(),
            vec![
                series[1].clone(),
                series[2].clone(),
                show(Some("7"), "Foo", "2026-05-29T19:00"),
            ],
        );
        keep_known(&source(), &mut rest, start_of);
        assert_eq!(rest[0].uid, stored[1].uid);
        assert_eq!(rest[1].uid, stored[2].uid);
        assert!(stored.iter().all(|one| one.uid != rest[2].uid));
        let (mut last, _) = identify(&source(), vec![series[2].clone()]);
        keep_known(&source(), &mut last, start_of);
        assert_eq!(last[0].uid, stored[2].uid);
        let (mut moved, _) = identify(&source(), vec![show(Some("7"), "Foo", "2026-06-01T19:00")]);
        keep_known(&source(), &mut moved, start_of);
        assert_eq!(
            moved[0].uid, stored[0].uid,
            "a single event that moves is still the same event"
        );
    }

    #[test]
    fn an_occurrence_is_part_of_the_identity() {
        let occurrence = |occurrence: &str, start: &str| {
            event(json!({"id": "u", "title": "T", "start": start, "occurrence": occurrence}))
        };
        let before = uids(vec![
            occurrence("20260508T190000", "2026-05-08T19:00"),
            occurrence("20260515T190000", "2026-05-15T19:00"),
        ]);
        let moved = uids(vec![occurrence("20260508T190000", "2026-05-09T21:00")]);
        assert_eq!(before[0], moved[0]);
        assert_ne!(before[0], before[1]);
    }

    #[test]
    fn without_an_id_day_title_and_order_decide() {
        let early = show(None, "Foo", "2026-05-08T18:00");
        let late = show(None, "Foo", "2026-05-08T21:00");
        let both = uids(vec![late.clone(), early.clone()]);
        assert_eq!(both.len(), 2);
        assert_ne!(both[0], both[1]);
        assert_eq!(
            uids(vec![early.clone()])[0],
            both[1],
            "the early show is the first of the day"
        );
        assert_eq!(
            uids(vec![show(None, "CANCELLED: FOO!", "2026-05-08T18:30")])[0],
            both[1]
        );
        assert_ne!(uids(vec![show(None, "Foo", "2026-05-09T18:00")])[0], both[1]);
        assert_ne!(
            uids(vec![show(None, "!!!", "2026-05-08")]),
            uids(vec![show(None, "???", "2026-05-08")])
        );
    }

    #[test]
    fn the_same_event_twice_is_one_and_the_fuller_stays() {
        let full = event(json!({"title": "Foo", "start": "2026-05-08T19:00", "url": "/a", "venue": "Hall"}));
        let bare = event(json!({"title": "Foo", "start": "2026-05-08T19:00", "url": "/a"}));
        for events in [vec![full.clone(), bare.clone()], vec![bare.clone(), full.clone()]] {
            let (kept, duplicates) = identify(&source(), events);
            assert_eq!(kept.len(), 1);
            assert_eq!(kept[0].event, full);
            assert_eq!(duplicates.len(), 1);
            assert_eq!(duplicates[0].reason, SkipReason::Duplicate);
        }
        let (kept, duplicates) = identify(
            &source(),
            vec![
                show(Some("1"), "Foo", "2026-05-08T19:00"),
                show(Some("1"), "Bar", "2026-05-09T02:00Z"),
            ],
        );
        assert_eq!(
            (kept.len(), duplicates.len()),
            (1, 1),
            "one instant written in two zones"
        );
        let rooms =
            ["A", "B"].map(|room| event(json!({"title": "Foo", "start": "2026-05-08T19:00", "venue": room})));
        assert_eq!(identify(&source(), rooms.to_vec()).0.len(), 2);
    }

    #[test]
    fn the_content_hash_follows_everything_that_can_be_seen() {
        let base = json!({"title": "Foo", "start": "2026-05-08T19:00", "a": {"x": 1, "y": 2}});
        let hash = |fields: &Value| {
            identify(&source(), vec![event(fields.clone())]).0[0]
                .content_hash
                .clone()
        };
        assert_eq!(
            hash(&base),
            hash(&json!({"a": {"y": 2, "x": 1}, "start": "2026-05-08T19:00", "title": "Foo"}))
        );
        for (name, value) in [
            ("title", json!("Bar")),
            ("price", json!("$5")),
            ("soldOut", json!(true)),
            ("extra1", json!(1)),
            ("doors", json!("6pm")),
        ] {
            let mut changed = base.clone();
            changed[name] = value;
            assert_ne!(hash(&base), hash(&changed), "{name}");
        }
    }

    fn some_events() -> impl Strategy<Value = Vec<Event>> {
        let template = show(None, "T", "2026-05-08T19:00");
        let one = (
            proptest::option::of(0..4_u8),
            0..3_u8,
            0..4_i8,
            0..3_i8,
            proptest::option::of(0..2_u8),
            proptest::option::of(0..2_u8),
        )
            .prop_map(move |(id, title, day, hour, url, venue)| Event {
                id: id.map(|id| id.to_string()),
                title: format!("Title {title}"),
                start: if hour == 0 {
                    EventTime::Date(date(2026, 5, 8 + day))
                } else {
                    EventTime::At(
                        date(2026, 5, 8 + day)
                            .at(17 + hour, 0, 0, 0)
                            .to_zoned(TimeZone::UTC)
                            .unwrap(),
                    )
                },
                url: url.map(|url| format!("https://example.org/{url}")),
                venue: venue.map(|venue| format!("Hall {venue}")),
                ..template.clone()
            });
        proptest::collection::vec(one, 0..24)
    }

    proptest! {
        #[test]
        fn order_does_not_matter(events in some_events(), seed in any::<u64>()) {
            let mut shuffled = events.clone();
            let mut state = seed;
            for at in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(at, (state >> 33) as usize % (at + 1));
            }
            let sorted = |events| {
                let mut all: Vec<_> = identify(&source(), events).0.into_iter().map(|one| (one.uid, one.content_hash)).collect();
                all.sort();
                all
            };
            prop_assert_eq!(sorted(events), sorted(shuffled));
        }

        #[test]
        fn identities_are_unique_and_nothing_is_lost(events in some_events()) {
            let count = events.len();
            let (kept, duplicates) = identify(&source(), events);
            let unique: BTreeSet<_> = kept.iter().map(|one| one.uid.clone()).collect();
            prop_assert_eq!(unique.len(), kept.len());
            prop_assert_eq!(kept.len() + duplicates.len(), count);
        }

        #[test]
        fn removing_duplicates_again_changes_nothing(events in some_events()) {
            let (kept, _) = identify(&source(), events);
            let (again, duplicates) = identify(&source(), kept.iter().map(|one| one.event.clone()).collect());
            prop_assert_eq!(duplicates, vec![]);
            prop_assert_eq!(again, kept);
        }

        #[test]
        fn known_identities_stay_unique(before in some_events(), after in some_events()) {
            let (stored, _) = identify(&source(), before);
            let (mut kept, _) = identify(&source(), after);
            keep_known(&source(), &mut kept, |uid| stored.iter().find(|one| one.uid == uid).map(|one| one.event.start.to_string()));
            let unique: BTreeSet<_> = kept.iter().map(|one| one.uid.clone()).collect();
            prop_assert_eq!(unique.len(), kept.len());
        }
    }
}
