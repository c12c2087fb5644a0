//! An event as JSON whose keys are sorted, at every level. Pure.
//!
//! The content hash is taken of it. It is stored, so not a byte of this form may change: every event would be an updated
//! one.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::event::Event;

/// Writes an event with sorted keys, without a tree in between.
pub struct Canonical<'a>(pub &'a Event);

impl Serialize for Canonical<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Event {
            id,
            title,
            start,
            end,
            occurrence,
            all_day,
            time_known,
            time_zone,
            doors,
            venue,
            address,
            description,
            performers,
            categories,
            url,
            ticket_url,
            image,
            price_min,
            price_max,
            currency,
            status,
            sold_out,
            extra,
        } = self.0;
        let mut map = serializer.serialize_map(None)?;
        given(&mut map, "address", address.as_ref())?;
        given(&mut map, "allDay", all_day.then_some(&true))?;
        given(&mut map, "categories", filled(categories))?;
        given(&mut map, "currency", currency.as_ref())?;
        given(&mut map, "description", description.as_ref())?;
        given(&mut map, "doors", doors.as_ref())?;
        given(&mut map, "end", end.as_ref())?;
        let sorted = SortedMap(extra);
        given(&mut map, "extra", (!extra.is_empty()).then_some(&sorted))?;
        given(&mut map, "id", id.as_ref())?;
        given(&mut map, "image", image.as_ref())?;
        given(&mut map, "occurrence", occurrence.as_ref())?;
        given(&mut map, "performers", filled(performers))?;
        given(&mut map, "priceMax", price_max.as_ref())?;
        given(&mut map, "priceMin", price_min.as_ref())?;
        given(&mut map, "soldOut", sold_out.then_some(&true))?;
        given(&mut map, "start", Some(start))?;
        given(&mut map, "status", Some(status))?;
        given(&mut map, "ticketUrl", ticket_url.as_ref())?;
        given(&mut map, "timeKnown", Some(time_known))?;
        given(&mut map, "timeZone", Some(time_zone))?;
        given(&mut map, "title", Some(title))?;
        given(&mut map, "url", url.as_ref())?;
        given(&mut map, "venue", venue.as_ref())?;
        map.end()
    }
}

fn given<M: SerializeMap, T: Serialize + ?Sized>(
    map: &mut M,
    key: &str,
    value: Option<&T>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, value))
}

fn filled(list: &[String]) -> Option<&[String]> {
    (!list.is_empty()).then_some(list)
}

struct SortedMap<'a>(&'a Map<String, Value>);

impl Serialize for SortedMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sorted: BTreeMap<&String, Sorted> =
            self.0.iter().map(|(key, value)| (key, Sorted(value))).collect();
        serializer.collect_map(sorted)
    }
}

struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => SortedMap(map).serialize(serializer),
            Value::Array(list) => serializer.collect_seq(list.iter().map(Sorted)),
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The definition: the tree with every object sorted.
    fn defined(event: &Event) -> String {
        let mut value = serde_json::to_value(event).unwrap();
        value.sort_all_objects();
        value.to_string()
    }

    #[test]
    fn it_is_the_events_json_sorted() {
        let least = json!({ "title": "A \"show\"\u{7}", "start": "2026-05-10", "timeKnown": false, "timeZone": "UTC" });
        let most = json!({
            "id": "1", "title": "Ä", "start": "2026-05-10T19:30:00-07:00", "end": "2026-05-11T01:00:00-07:00",
            "occurrence": "2026", "allDay": true, "timeKnown": true, "timeZone": "America/Los_Angeles",
            "doors": "2026-05-10T19:00:00-07:00", "venue": "v", "address": "a", "description": "d\n",
            "performers": ["p", "q"], "categories": ["c"], "url": "https://x/", "ticketUrl": "https://y/",
            "image": "https://z/", "priceMin": 0.0, "priceMax": 12.5, "currency": "USD", "status": "cancelled",
            "soldOut": true,
            "extra": { "z": [{ "b": 1, "a": [2.0, null] }], "a": { "y": true, "x": {} }, "m": 1e300, "n": -1 },
        });
        for json in [least, most] {
            let mut event: Event = serde_json::from_value(json).unwrap();
            assert_eq!(
                serde_json::to_string(&Canonical(&event)).unwrap(),
                defined(&event)
            );
            event.price_max = Some(f64::NAN);
            assert_eq!(
                serde_json::to_string(&Canonical(&event)).unwrap(),
                defined(&event)
            );
        }
    }
}
