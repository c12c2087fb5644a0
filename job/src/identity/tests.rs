//! Identities from run to run. Pure.

use jiff::{Timestamp, civil::date, tz::TimeZone};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::normalise::Normaliser;

fn source() -> SourceKey {
    SourceKey {
        namespace: "default".into(),
        name: "venue".into(),
    }
}

fn event(fields: &Value) -> Event {
    let now: Timestamp = "2026-02-21T20:00:00Z".parse().unwrap();
    let normaliser = Normaliser::new("America/Los_Angeles", None, &BTreeMap::new(), now).unwrap();
    normaliser
        .events(
            0,
            &fields.as_object().cloned().unwrap().into(),
            "https://example.org/",
        )
        .unwrap()
        .remove(0)
}

fn show(id: Option<&str>, title: &str, start: &str) -> Event {
    event(&json!({"id": id, "title": title, "start": start}))
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
fn a_date_of_a_series_keeps_its_identity_when_only_its_time_changes() {
    let series = |second: &str| {
        uids(vec![
            show(Some("7"), "Foo", "2026-05-08T19:00"),
            show(Some("7"), "Foo", second),
        ])
    };
    assert_eq!(series("2026-05-15T19:00"), series("2026-05-15T20:00"));
    assert_eq!(series("2026-05-15T19:00"), series("2026-05-15"));
    let (stored, _) = identify(
        &source(),
        vec![
            show(Some("7"), "Foo", "2026-05-08T19:00"),
            show(Some("7"), "Foo", "2026-05-15T19:00"),
        ],
    );
    let (mut last, _) = identify(&source(), vec![show(Some("7"), "Foo", "2026-05-15T20:00")]);
    keep_known(&source(), &mut last, |uid| {
        stored
            .iter()
            .find(|one| one.uid == uid)
            .map(|one| one.event.start.to_string())
    });
    assert_eq!(last[0].uid, stored[1].uid);
}

#[test]
fn an_occurrence_is_part_of_the_identity() {
    let occurrence = |occurrence: &str, start: &str| {
        event(&json!({"id": "u", "title": "T", "start": start, "occurrence": occurrence}))
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
    let full = event(&json!({"title": "Foo", "start": "2026-05-08T19:00", "url": "/a", "venue": "Hall"}));
    let bare = event(&json!({"title": "Foo", "start": "2026-05-08T19:00", "url": "/a"}));
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
        ["A", "B"].map(|room| event(&json!({"title": "Foo", "start": "2026-05-08T19:00", "venue": room})));
    assert_eq!(identify(&source(), rooms.to_vec()).0.len(), 2);
}

#[test]
fn the_content_hash_follows_everything_that_can_be_seen() {
    let base = json!({"title": "Foo", "start": "2026-05-08T19:00", "a": {"x": 1, "y": 2}});
    let hash = |fields: &Value| identify(&source(), vec![event(fields)]).0[0].content_hash.clone();
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
