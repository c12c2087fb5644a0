//! JSON-LD objects and the values in them. Pure.

use super::value::{Json, Object};

/// `Event` and its subtypes (<https://schema.org/Event>, pending ones included). `UserInteraction` and its subtypes
/// are left out: they count likes and downloads, and are superseded.
pub const EVENT_TYPES: &[&str] = &[
    "Event",
    "BusinessEvent",
    "BroadcastEvent",
    "ChildrensEvent",
    "ComedyEvent",
    "ConferenceEvent",
    "CourseInstance",
    "DanceEvent",
    "DeliveryEvent",
    "EducationEvent",
    "EventSeries",
    "ExhibitionEvent",
    "Festival",
    "FoodEvent",
    "Hackathon",
    "LiteraryEvent",
    "MusicEvent",
    "OnDemandEvent",
    "PerformingArtsEvent",
    "PublicationEvent",
    "SaleEvent",
    "ScreeningEvent",
    "SocialEvent",
    "SportsEvent",
    "TheaterEvent",
    "VisualArtsEvent",
];

/// `name` without schema.org's address or prefix.
pub fn local_name(name: &str) -> &str {
    [
        "http://schema.org/",
        "https://schema.org/",
        "http://www.schema.org/",
        "https://www.schema.org/",
        "schema:",
    ]
    .iter()
    .find_map(|prefix| name.strip_prefix(prefix))
    .unwrap_or(name)
}

/// The property of this name, with whatever prefix and in whatever case, unless it is null.
pub fn property<'a>(object: &'a Object<'a>, name: &str) -> Option<&'a Json<'a>> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| is_named(key, name)).map(|(_, v)| v))
        .filter(|value| **value != Json::Null)
}

/// Whether a key is this name behind whatever prefix. Few keys end like it, so that prefixes are seldom looked at.
fn is_named(key: &str, name: &str) -> bool {
    let last = |text: &str| text.bytes().next_back().map(|byte| byte.to_ascii_lowercase());
    if key.len() < name.len() || last(key) != last(name) {
        return false;
    }
    let ending = key.get(key.len() - name.len()..);
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(name))
        && local_name(key).eq_ignore_ascii_case(name)
}

/// The object's types without prefix.
pub fn types<'a>(object: &'a Object<'a>) -> impl Iterator<Item = &'a str> {
    each(object.get("@type")).filter_map(Json::as_str).map(local_name)
}

/// The elements of a list (`@set` and `@list` too), or the one value.
pub fn each<'a>(value: Option<&'a Json<'a>>) -> impl Iterator<Item = &'a Json<'a>> {
    let value = value.map(|value| value.get("@list").or_else(|| value.get("@set")).unwrap_or(value));
    let (list, single) = match value {
        Some(Json::List(list)) => (Some(list), None),
        single => (None, single),
    };
    list.into_iter().flatten().chain(single)
}

/// The first text of a value that is not empty; numbers count as text.
pub fn text<'a>(value: Option<&'a Json<'a>>) -> Option<String> {
    match value? {
        Json::Text(text) => trimmed(text),
        other => each(Some(other)).find_map(|value| match value.get("@value").unwrap_or(value) {
            Json::Text(text) => trimmed(text),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }),
    }
}

fn trimmed(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The last part of an enumeration's member: `SoldOut` of `https://schema.org/SoldOut`.
pub fn member(text: &str) -> &str {
    text.rsplit(['/', '#', ':']).next().unwrap_or(text).trim()
}

/// The members of an enumeration that a property holds, in lower case: as text, or as `{"@id": …}`.
pub fn members<'a>(value: Option<&'a Json<'a>>) -> impl Iterator<Item = String> {
    each(value).filter_map(|value| {
        let named = value.get("@id").or_else(|| value.get("name")).unwrap_or(value);
        text(Some(named)).map(|text| member(&text).to_ascii_lowercase())
    })
}
