//! Pages that mean harm, and what is an event's own.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::processor_time::within;

fn fields(value: Value) -> Vec<Value> {
    read_objects(&[Json::from(value)], &[], &RawNames::All)
        .items
        .into_iter()
        .map(|item| Value::from(item.fields))
        .collect()
}

fn quickly<T>(work: impl FnOnce() -> T) -> T {
    within(Duration::from_secs(30), work)
}

#[test]
fn circles_of_references_end() {
    let parts = json!([{ "@id": "a" }, { "@id": "b" }, { "@id": "a" }]);
    let found = quickly(|| {
        fields(json!([
            { "@id": "a", "@type": "Event", "name": "A", "subEvent": parts },
            { "@id": "b", "@type": "Event", "name": "B", "subEvent": parts, "location": { "@id": "a" } },
        ]))
    });
    assert_eq!(found.len(), 2);
}

#[test]
fn many_events_that_refer_to_one_another_take_linear_time() {
    let events: Vec<Value> = (0..20_000)
        .map(
            |n| json!({ "@id": n.to_string(), "@type": "Event", "subEvent": { "@id": (n + 1).to_string() } }),
        )
        .collect();
    assert_eq!(quickly(|| fields(Value::Array(events))).len(), 20_000);
    let parts: Vec<Value> = (0..100_000).map(|_| json!({ "@id": "a" })).collect();
    let found = quickly(|| fields(json!({ "@id": "a", "@type": "Event", "name": "A", "subEvent": parts })));
    assert_eq!(found.len(), 1);
    let offers: Vec<Value> = (0..100_000).map(|_| json!({ "@id": "o" })).collect();
    quickly(|| fields(json!([{ "@type": "Event", "offers": offers }, { "@id": "o", "offers": offers }])));
}

#[test]
fn an_identifier_is_the_event_s_own_or_none() {
    let id = |event: Value| {
        let mut event = event;
        event["@type"] = json!("Event");
        fields(event)[0].get("id").cloned()
    };
    assert_eq!(
        id(json!({ "identifier": 17, "@id": "https://v/1", "url": "https://v/1" })),
        Some(json!("17"))
    );
    assert_eq!(
        id(json!({ "identifier": { "@type": "PropertyValue", "value": "x-1" } })),
        Some(json!("x-1"))
    );
    assert_eq!(
        id(json!({ "@id": "https://v/1/#event", "url": "https://v/1" })),
        Some(json!("https://v/1/#event"))
    );
    assert_eq!(id(json!({ "@id": "urn:uuid:1" })), Some(json!("urn:uuid:1")));
    assert_eq!(id(json!({ "@id": "#event" })), None);
    assert_eq!(id(json!({ "@id": "_:b0" })), None);
    assert_eq!(id(json!({ "@id": "event-1" })), None);
    assert_eq!(
        id(json!({ "@id": "https://v/calendar#1", "url": "https://v/1" })),
        None
    );
    assert_eq!(id(json!({ "@id": "https://v/calendar" })), None);
}

#[test]
fn an_id_under_which_several_events_go_is_none() {
    let event = |name: &str, date: &str| json!({ "@type": "Event", "@id": "https://v/c", "url": "https://v/c", "name": name, "startDate": date });
    assert!(
        fields(json!([event("A", "1"), event("B", "2")]))
            .iter()
            .all(|event| event.get("id").is_none())
    );
    assert!(
        fields(json!([event("A", "1"), event("A", "2")]))
            .iter()
            .all(|event| event["id"] == "https://v/c")
    );
}

#[test]
fn types_are_matched_with_every_prefix_and_can_be_chosen() {
    let page = Json::from(json!([
        { "@type": "Event", "name": "1" }, { "@type": "http://schema.org/MusicEvent", "name": "2" },
        { "@type": ["Thing", "schema:Festival"], "name": "3" }, { "@type": "https://schema.org/Person", "name": "4" },
        { "@type": "Eventful", "name": "5" },
    ]));
    let names = |types: &[&str]| -> Vec<String> {
        let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
        let list = read_objects(std::slice::from_ref(&page), &types, &RawNames::All);
        list.items
            .iter()
            .map(|item| item.fields["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&[]), ["1", "2", "3"]);
    assert_eq!(names(&["https://schema.org/Event"]), ["1"]);
    assert_eq!(names(&["Festival", "Person"]), ["3", "4"]);
}

#[test]
fn dated_parts_stand_for_their_event_unless_they_are_not_wanted() {
    let festival = Json::from(json!({
        "@type": "Festival", "name": "All", "startDate": "2026-05-01", "location": "Park",
        "superEvent": { "@type": "Event", "name": "Above" },
        "subEvent": [
            { "@type": "MusicEvent", "name": "One", "startDate": "2026-05-01" },
            { "@type": "MusicEvent", "startDate": "2026-05-02", "location": "Hall" },
        ],
    }));
    let told = |types: &[&str]| -> Vec<Value> {
        let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
        let list = read_objects(std::slice::from_ref(&festival), &types, &RawNames::All);
        list.items
            .iter()
            .map(|item| json!([item.fields["title"], item.fields["venue"]]))
            .collect()
    };
    assert_eq!(told(&[]), [json!(["One", "Park"]), json!(["All", "Hall"])]);
    assert_eq!(told(&["Festival"]), [json!(["All", "Park"])]);
    let undated = fields(
        json!({ "@type": "Event", "name": "All", "subEvent": [{ "@type": "Event", "name": "Part" }] }),
    );
    assert_eq!(undated.len(), 2);
}
