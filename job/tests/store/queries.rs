//! Reading stored events.

use jiff::civil;
use serde_json::json;
use sms_job::store::EventQuery;

use crate::bench::{Bench, Run, event, source, with};

pub async fn events_are_filtered_and_sorted(bench: Bench) {
    let store = bench.open().await;
    let festival = with("festival", &json!({ "start": "2026-05-10", "end": "2026-05-13" }));
    Run::new(1, &[event("c", 14), event("b", 12), event("a", 12), festival])
        .commit(&store)
        .await;
    let mut other = Run::new(1, &[event("x", 11)]);
    other.source = source("other");
    "other_api".clone_into(&mut other.report.api_name);
    other.commit(&store).await;
    for number in [2, 3] {
        Run::new(number, &[event("c", 14), event("a", 12), event("d", 11)])
            .commit(&store)
            .await;
    }
    let find = async |query: EventQuery| {
        let events = store.events(&query).await.unwrap();
        events
            .into_iter()
            .map(|event| event.uid)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let all = EventQuery::default;
    assert_eq!(find(all()).await, "festival d x a c");
    assert_eq!(
        find(EventQuery {
            include_removed: true,
            ..all()
        })
        .await,
        "festival d x a b c"
    );
    assert_eq!(
        find(EventQuery {
            sources: vec![source("other")],
            ..all()
        })
        .await,
        "x"
    );
    assert_eq!(
        find(EventQuery {
            sources: vec![source("other"), source("sea-monster")],
            ..all()
        })
        .await,
        "festival d x a c"
    );
    assert_eq!(
        find(EventQuery {
            apis: vec!["sea_monster".to_owned()],
            ..all()
        })
        .await,
        "festival d a c"
    );
    assert_eq!(
        find(EventQuery {
            apis: vec!["none".to_owned()],
            ..all()
        })
        .await,
        ""
    );
    assert_eq!(
        find(EventQuery {
            from: Some(civil::date(2026, 5, 12)),
            ..all()
        })
        .await,
        "festival a c"
    );
    assert_eq!(
        find(EventQuery {
            to: Some(civil::date(2026, 5, 11)),
            ..all()
        })
        .await,
        "festival d x"
    );
    let day = Some(civil::date(2026, 5, 12));
    assert_eq!(
        find(EventQuery {
            from: day,
            to: day,
            limit: Some(1),
            ..all()
        })
        .await,
        "festival"
    );
    assert_eq!(
        find(EventQuery {
            limit: Some(0),
            ..all()
        })
        .await,
        ""
    );
}

pub async fn an_event_comes_back_whole(bench: Bench) {
    let store = bench.open().await;
    let full = with(
        "full",
        &json!({
            "id": "42", "title": "A show", "start": "2026-05-20T20:00:00-07:00", "end": "2026-05-20T23:00:00-07:00",
            "occurrence": "20260520", "timeKnown": true, "doors": "2026-05-20T19:00:00-07:00", "venue": "The Room",
            "address": "1 Street", "description": "Loud.\nVery.", "performers": ["A", "B"], "categories": ["jazz"],
            "url": "https://example.org/42", "ticketUrl": "https://example.org/t/42", "image": "https://example.org/i",
            "priceMin": 12.5, "priceMax": 1e6, "currency": "USD", "status": "movedOnline", "soldOut": true,
            "extra": { "nested": [1, 2.5, { "deep": null }] }
        }),
    );
    Run::new(1, std::slice::from_ref(&full)).commit(&store).await;
    let stored = store.events(&EventQuery::default()).await.unwrap().remove(0);
    assert_eq!(
        (stored.source.as_str(), stored.api_name.as_str()),
        ("default/sea-monster", "sea_monster")
    );
    assert_eq!(stored.event, full.event);
    let line = serde_json::to_value(&stored).unwrap();
    assert_eq!(line["firstSeen"], "2026-05-10T01:00:00Z");
    assert_eq!(line["title"], "A show");
}
