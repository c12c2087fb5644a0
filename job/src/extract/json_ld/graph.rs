//! Where the events of a page are. Pure.

use std::collections::{HashMap, HashSet};

use super::{
    node::{each, local_name, property, types},
    value::{Json, Object},
};

/// Properties that lead from a thing to the events of its page.
const CONTAINERS: [&str; 11] = [
    "@graph",
    "@set",
    "@list",
    "@included",
    "mainEntity",
    "itemListElement",
    "item",
    "event",
    "events",
    "subEvent",
    "subEvents",
];

/// Types that have events and perhaps an address, but are no place.
const NO_PLACES: [&str; 6] = [
    "Organization",
    "Person",
    "MusicGroup",
    "PerformingGroup",
    "WebPage",
    "WebSite",
];

/// Most sub-events of one event that are looked at to see whether they have dates.
const MAX_SUB_EVENTS: usize = 64;

/// An event of the page.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The event.
    pub object: &'a Object<'a>,
    /// What it takes from the thing that it is part of.
    pub inherited: Inherited<'a>,
}

/// What sub-events take from their event, and the events of a place from that place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inherited<'a> {
    /// `location`.
    pub location: Option<&'a Json<'a>>,
    /// `name`.
    pub name: Option<&'a Json<'a>>,
}

/// The things of a page by `@id`.
pub struct Graph<'a> {
    by_id: HashMap<&'a str, &'a Json<'a>>,
}

impl<'a> Graph<'a> {
    /// Finds everything that has an `@id` and more than that.
    pub fn new(values: &'a [Json<'a>]) -> Self {
        let mut by_id: HashMap<&str, &'a Json<'a>> = HashMap::new();
        let mut pending: Vec<&'a Json<'a>> = values.iter().collect();
        while let Some(value) = pending.pop() {
            match value {
                Json::List(list) => pending.extend(list),
                Json::Object(object) => {
                    if let Some(Json::Text(id)) = object.get("@id")
                        && object.len() > 1
                    {
                        let known = by_id.entry(id).or_insert(value);
                        // Some pages repeat a thing in short where it is mentioned.
                        if known.as_object().is_some_and(|known| known.len() < object.len()) {
                            *known = value;
                        }
                    }
                    pending.extend(object.iter().map(|(_, value)| value));
                }
                _ => {}
            }
        }
        Self { by_id }
    }

    /// What a bare reference `{"@id": …}` stands for; any other value is itself.
    pub fn resolve(&self, value: &'a Json<'a>) -> &'a Json<'a> {
        match value.as_object() {
            Some(object)
                if object.len() <= 2 && object.iter().all(|(key, _)| matches!(key, "@id" | "@type")) =>
            {
                let id = object.get("@id").and_then(Json::as_str);
                id.and_then(|id| self.by_id.get(id)).copied().unwrap_or(value)
            }
            _ => value,
        }
    }

    /// The events of these types, in document order.
    pub fn events(&self, values: &'a [Json<'a>], wanted: &[String]) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        let mut seen: HashSet<*const Json<'a>> = HashSet::new();
        let mut pending: Vec<(&'a Json<'a>, Inherited<'a>)> = values
            .iter()
            .rev()
            .map(|value| (value, Inherited::default()))
            .collect();
        while let Some((value, inherited)) = pending.pop() {
            let value = self.resolve(value);
            match value {
                Json::List(list) => pending.extend(list.iter().rev().map(|value| (value, inherited))),
                Json::Object(object) if seen.insert(std::ptr::from_ref(value)) => {
                    let is_event = is_wanted(object, wanted);
                    if is_event && !self.has_dated_part(object, wanted) {
                        found.push(Found { object, inherited });
                    }
                    let passed_on = pass_on(value, object, is_event, inherited);
                    pending.extend(
                        parts(object, is_event)
                            .into_iter()
                            .rev()
                            .map(|part| (part, passed_on)),
                    );
                }
                _ => {}
            }
        }
        found
    }

    /// Whether a sub-event of these types has a date, at whatever depth. References may lead in circles.
    fn has_dated_part(&self, event: &'a Object<'a>, wanted: &[String]) -> bool {
        let mut seen: HashSet<*const Json<'a>> = HashSet::new();
        let mut pending: Vec<&'a Json<'a>> = sub_events(event).take(MAX_SUB_EVENTS).collect();
        while let Some(part) = pending.pop() {
            let part = self.resolve(part);
            let Some(object) = part.as_object() else { continue };
            if is_wanted(object, wanted) && property(object, "startDate").is_some() {
                return true;
            }
            if seen.len() < MAX_SUB_EVENTS && seen.insert(std::ptr::from_ref(part)) {
                pending.extend(sub_events(object).take(MAX_SUB_EVENTS));
            }
        }
        false
    }
}

fn sub_events<'a>(event: &'a Object<'a>) -> impl Iterator<Item = &'a Json<'a>> {
    each(property(event, "subEvent")).chain(each(property(event, "subEvents")))
}

fn is_wanted(object: &Object<'_>, wanted: &[String]) -> bool {
    types(object).any(|name| wanted.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// The values to go on with. What has no type is a mere wrapper, whatever its keys are called.
fn parts<'a>(object: &'a Object<'a>, is_event: bool) -> Vec<&'a Json<'a>> {
    if is_event {
        return sub_events(object).chain(object.get("@graph")).collect();
    }
    let is_typed = object.get("@type").is_some();
    let leads_on = |key: &str| {
        if is_typed {
            CONTAINERS.contains(&local_name(key))
        } else {
            key != "@context"
        }
    };
    object
        .iter()
        .filter(|(key, value)| leads_on(key) && matches!(value, Json::Object(_) | Json::List(_)))
        .map(|(_, value)| value)
        .collect()
}

fn pass_on<'a>(
    value: &'a Json<'a>,
    object: &'a Object<'a>,
    is_event: bool,
    inherited: Inherited<'a>,
) -> Inherited<'a> {
    let location = property(object, "location");
    if is_event {
        return Inherited {
            location: location.or(inherited.location),
            name: property(object, "name").or(inherited.name),
        };
    }
    let is_place =
        property(object, "address").is_some() && !types(object).any(|name| NO_PLACES.contains(&name));
    Inherited {
        location: if is_place {
            Some(value)
        } else {
            location.or(inherited.location)
        },
        name: None,
    }
}
