//! A schema.org event as event fields. Pure.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    graph::{Found, Graph},
    node::{each, member, members, property, text, types},
    offers,
    value::{Json, Object},
};
use crate::event::RawItem;

/// The default fields of an event. `shared` are `@id`s that do not tell one event from another.
pub fn fields<'a>(event: &Found<'a>, graph: &Graph<'a>, shared: &HashSet<&str>) -> RawItem {
    let object = event.object;
    let mut fields = RawItem::with_capacity(16);
    let mut set = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name, value);
        }
    };
    let of = |name: &str| text(property(object, name));
    let url = address_of(property(object, "url"), graph)
        .or_else(|| address_of(property(object, "mainEntityOfPage"), graph));
    set("id", id(object, url.as_deref(), shared).map(Value::from));
    set("title", title(event, graph).map(Value::from));
    set("start", of("startDate").map(Value::from));
    set("end", of("endDate").map(Value::from));
    set("duration", of("duration").map(Value::from));
    set("doors", of("doorTime").map(Value::from));
    set("url", url.map(Value::from));
    set(
        "image",
        address_of(property(object, "image"), graph).map(Value::from),
    );
    set(
        "description",
        of("description").map(|text| Value::from(unescaped(text))),
    );
    let place = place(property(object, "location").or(event.inherited.location), graph);
    set(
        "venue",
        place
            .and_then(venue)
            .filter(|text| is_told(text))
            .map(Value::from),
    );
    set(
        "address",
        place
            .and_then(|place| address(place, graph))
            .filter(|text| is_told(text))
            .map(Value::from),
    );
    let performers = performers(object, graph);
    set("performers", (!performers.is_empty()).then(|| json!(performers)));

    let offers = offers::read(object, graph);
    let free = property(object, "isAccessibleForFree")
        .is_some_and(is_true)
        .then_some(0.0);
    set("priceMin", free.or(offers.price_min).map(|price| json!(price)));
    set("priceMax", offers.price_max.map(|price| json!(price)));
    set("currency", offers.currency.map(Value::from));
    set("ticketUrl", offers.url.map(Value::from));
    set("soldOut", offers.sold_out.then_some(Value::Bool(true)));
    set("status", status(object).map(Value::from));
    fields
}

/// Some templates fill in a dash.
fn is_told(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The event's name, or that of what is shown, or that of the event that it is part of.
pub fn title<'a>(event: &Found<'a>, graph: &Graph<'a>) -> Option<String> {
    let named = |name: &str| {
        let thing = each(property(event.object, name)).next()?;
        text(property(graph.resolve(thing).as_object()?, "name"))
    };
    text(property(event.object, "name"))
        .or_else(|| named("workPresented"))
        .or_else(|| named("workPerformed"))
        .or_else(|| text(event.inherited.name))
        .map(unescaped)
}

/// Some sites escape quotes once more than JSON wants it.
fn unescaped(text: String) -> String {
    if text.contains('\\') {
        text.replace("\\'", "'").replace("\\\"", "\"")
    } else {
        text
    }
}

/// `identifier`; else an `@id` that is the event's own: its page, perhaps with a fragment, or no web address at all.
/// An `@id` of another form may be the place on the page, which another event has tomorrow.
fn id(object: &Object<'_>, url: Option<&str>, shared: &HashSet<&str>) -> Option<String> {
    let identifier = each(property(object, "identifier")).find_map(|identifier| {
        let value = identifier.as_object().and_then(|value| property(value, "value"));
        text(Some(value.unwrap_or(identifier)))
    });
    if identifier.is_some() {
        return identifier;
    }
    let id = object
        .get("@id")
        .and_then(Json::as_str)
        .map(str::trim)
        .filter(|id| !shared.contains(id))?;
    let page = |address: &'_ str| {
        address
            .split('#')
            .next()
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned()
    };
    let is_own = match id.split_once(':') {
        Some(("http" | "https", _)) => url.is_some_and(|url| page(url) == page(id)),
        Some(("_", _)) | None => false,
        Some((scheme, _)) => scheme.chars().all(|c| c.is_ascii_alphanumeric()),
    };
    is_own.then(|| id.to_owned())
}

/// An address, or that of the first object of a list.
fn address_of<'a>(value: Option<&'a Json<'a>>, graph: &Graph<'a>) -> Option<String> {
    each(value).find_map(|value| match graph.resolve(value) {
        Json::Text(address) => Some(address.trim())
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        Json::Object(object) => text(property(object, "url"))
            .or_else(|| text(property(object, "contentUrl")))
            .or_else(|| text(object.get("@value")))
            .or_else(|| text(object.get("@id")).filter(|id| id.starts_with("http"))),
        _ => None,
    })
}

/// The place to go to, before one on the net.
fn place<'a>(location: Option<&'a Json<'a>>, graph: &Graph<'a>) -> Option<&'a Json<'a>> {
    let is_virtual = |place: &Json<'_>| {
        place
            .as_object()
            .is_some_and(|place| types(place).any(|name| name == "VirtualLocation"))
    };
    let places = || each(location).map(|place| graph.resolve(place));
    places()
        .find(|place| !is_virtual(place))
        .or_else(|| places().next())
}

fn venue(place: &Json<'_>) -> Option<String> {
    match place {
        Json::Object(object) => text(property(object, "name")).map(unescaped),
        other => text(Some(other)),
    }
}

/// `street, locality, region postalCode`.
fn address<'a>(place: &'a Json<'a>, graph: &Graph<'a>) -> Option<String> {
    let place = place.as_object()?;
    let is_address = |object: &Object<'_>| {
        types(object).any(|name| name == "PostalAddress") || property(object, "streetAddress").is_some()
    };
    let address = match each(property(place, "address")).next() {
        Some(address) => graph.resolve(address),
        None if is_address(place) => return postal(place),
        None => return None,
    };
    match address {
        Json::Object(object) => postal(object),
        other => text(Some(other)),
    }
}

fn postal(address: &Object<'_>) -> Option<String> {
    let street: Vec<String> = each(property(address, "streetAddress"))
        .filter_map(|line| text(Some(line)))
        .collect();
    let region = [
        text(property(address, "addressRegion")),
        text(property(address, "postalCode")),
    ];
    let region: Vec<String> = region.into_iter().flatten().collect();
    let parts = [
        Some(street.join(", ")),
        text(property(address, "addressLocality")),
        Some(region.join(" ")),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Names of performers; a name that is a mere type was left in by a template.
fn performers<'a>(object: &'a Object<'a>, graph: &Graph<'a>) -> Vec<String> {
    const TYPES: [&str; 5] = ["Organization", "Person", "MusicGroup", "PerformingGroup", "Thing"];
    let mut seen = HashSet::new();
    each(property(object, "performer"))
        .chain(each(property(object, "performers")))
        .filter_map(|performer| match graph.resolve(performer) {
            Json::Object(performer) => text(property(performer, "name").or_else(|| performer.get("@value"))),
            other => text(Some(other)),
        })
        .map(unescaped)
        .filter(|name| !TYPES.contains(&name.as_str()) && seen.insert(name.clone()))
        .collect()
}

fn is_true(value: &Json<'_>) -> bool {
    match value {
        Json::Bool(flag) => *flag,
        other => text(Some(other)).is_some_and(|text| member(&text).eq_ignore_ascii_case("true")),
    }
}

/// The state that matters most, of `eventStatus` (schema.org/EventStatusType).
fn status(object: &Object<'_>) -> Option<&'static str> {
    const STATES: [(&str, &str); 6] = [
        ("eventcancelled", "cancelled"),
        ("eventcanceled", "cancelled"),
        ("eventpostponed", "postponed"),
        ("eventrescheduled", "rescheduled"),
        ("eventmovedonline", "movedOnline"),
        ("eventscheduled", "scheduled"),
    ];
    let told: Vec<String> = members(property(object, "eventStatus")).collect();
    STATES
        .iter()
        .find(|(name, _)| told.iter().any(|told| told == name))
        .map(|(_, state)| *state)
}
