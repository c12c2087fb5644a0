//! An occurrence as event fields, and its component as JSON for the manifest's programs. Pure.

use calcard::{
    common::PartialDateTime,
    icalendar::{
        ICalendarComponent, ICalendarEntry, ICalendarParameterName, ICalendarParameterValue,
        ICalendarProperty, ICalendarValue, Uri,
    },
};
use serde_json::{Map, Value, json};

use super::time::{self, Length};
use crate::{
    event::{EventTime, RawItem},
    extract::item::{RawNames, append, is_picture},
};

/// One date of an event.
#[derive(Clone, Debug)]
pub struct Occurrence<'a> {
    /// The component that describes it.
    pub component: &'a ICalendarComponent,
    /// The event whose occurrence the component changes; what the component lacks is read from it.
    pub inherited: Option<&'a ICalendarComponent>,
    /// When it starts, if that can be read.
    pub start: Option<EventTime>,
    /// How long it lasts.
    pub length: Length,
    /// When it was to start, for occurrences of recurring events.
    pub original: Option<EventTime>,
}

/// The default fields.
pub fn fields(occurrence: &Occurrence<'_>) -> RawItem {
    let mut fields = RawItem::with_capacity(8);
    let mut set = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name, value);
        }
    };
    let sources = || {
        [Some(occurrence.component), occurrence.inherited]
            .into_iter()
            .flatten()
    };
    let text = |property: &ICalendarProperty| sources().find_map(|component| first_text(component, property));
    set("id", text(&ICalendarProperty::Uid).map(Value::from));
    set("title", text(&ICalendarProperty::Summary).map(Value::from));
    set("venue", text(&ICalendarProperty::Location).map(Value::from));
    set(
        "description",
        text(&ICalendarProperty::Description).map(Value::from),
    );
    set("url", text(&ICalendarProperty::Url).map(Value::from));
    // A change's status is its own: an event that is off as a whole says so in the change as well, or not at all.
    let status = first_text(occurrence.component, &ICalendarProperty::Status);
    set("status", status.map(|status| Value::from(status.to_lowercase())));
    set("categories", sources().find_map(categories));
    set("image", sources().find_map(image).map(Value::from));
    if let Some(start) = &occurrence.start {
        set("start", Some(Value::from(start.to_string())));
        set(
            "end",
            time::end(start, occurrence.length).map(|end| Value::from(end.to_string())),
        );
        match start {
            EventTime::Date(_) => set("allDay", Some(Value::Bool(true))),
            EventTime::At(zoned) => {
                let zone = zoned
                    .time_zone()
                    .iana_name()
                    .filter(|name| !matches!(*name, "UTC" | "Etc/UTC"));
                set("timeZone", zone.map(Value::from));
            }
        }
    }
    set(
        "occurrence",
        occurrence
            .original
            .as_ref()
            .map(|original| Value::from(original_start(original))),
    );
    fields
}

/// In UTC, so that it stays the same however the calendar tells its zone.
fn original_start(original: &EventTime) -> String {
    match original {
        EventTime::Date(date) => date.to_string(),
        EventTime::At(zoned) => zoned.timestamp().to_string(),
    }
}

fn first_text(component: &ICalendarComponent, property: &ICalendarProperty) -> Option<String> {
    component
        .entries
        .iter()
        .filter(|entry| entry.name == *property)
        .find_map(|entry| entry.values.first().and_then(plain))
}

fn plain(value: &ICalendarValue) -> Option<String> {
    let text = match value {
        ICalendarValue::Uri(Uri::Data(_)) => None,
        value => value.as_text(),
    }?;
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn categories(component: &ICalendarComponent) -> Option<Value> {
    let mut names: Vec<String> = Vec::new();
    for entry in component
        .entries
        .iter()
        .filter(|entry| entry.name == ICalendarProperty::Categories)
    {
        for name in entry.values.iter().filter_map(plain) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    (!names.is_empty()).then(|| json!(names))
}

/// IMAGE (RFC 7986), else an ATTACH that is a picture.
fn image(component: &ICalendarComponent) -> Option<String> {
    let address = |entry: &ICalendarEntry| {
        entry
            .values
            .first()
            .and_then(plain)
            .filter(|text| text.starts_with("http") || text.starts_with('/'))
    };
    let of = |property: ICalendarProperty| {
        component
            .entries
            .iter()
            .filter(move |entry| entry.name == property)
    };
    of(ICalendarProperty::Image).find_map(address).or_else(|| {
        of(ICalendarProperty::Attach)
            .filter(|entry| shows_picture(entry))
            .find_map(address)
    })
}

fn shows_picture(entry: &ICalendarEntry) -> bool {
    if let Some(kind) = entry
        .parameter(&ICalendarParameterName::Fmttype)
        .and_then(|kind| kind.as_text())
    {
        return kind.to_ascii_lowercase().starts_with("image/");
    }
    entry
        .values
        .first()
        .and_then(ICalendarValue::as_text)
        .is_some_and(is_picture)
}

/// The component's properties by name in lower case, parameters as `name@parameter`; what is there several times is a
/// list. A change of an occurrence has what it lacks from its event, except when and how often that takes place.
pub fn raw(occurrence: &Occurrence<'_>, names: &RawNames) -> Value {
    const OWN: [&str; 8] = [
        "dtstart", "dtend", "duration", "rrule", "rdate", "exdate", "exrule", "status",
    ];
    if names.is_empty() {
        return Value::Object(Map::new());
    }
    let mut raw = properties(occurrence.component);
    let Some(event) = occurrence.inherited else {
        return Value::Object(raw);
    };
    let mut inherited = properties(event);
    inherited.retain(|name, _| {
        let property = name.split('@').next().unwrap_or_default();
        !OWN.contains(&property) && !raw.contains_key(property)
    });
    raw.append(&mut inherited);
    Value::Object(raw)
}

fn properties(component: &ICalendarComponent) -> Map<String, Value> {
    let mut properties: Map<String, Value> = Map::new();
    for entry in &component.entries {
        let name = entry.name.as_str().to_lowercase();
        for value in values(entry) {
            append(&mut properties, name.clone(), value);
        }
        for parameter in &entry.params {
            if let Some(value) = parameter_value(&parameter.value) {
                let parameter = parameter.name.as_str().to_lowercase();
                append(&mut properties, format!("{name}@{parameter}"), value);
            }
        }
    }
    properties
}

fn values(entry: &ICalendarEntry) -> Vec<Value> {
    if let ICalendarProperty::Other(_) = entry.name {
        // The parser cuts unknown properties at semicolons, which for most of them mean nothing.
        let parts: Vec<&str> = entry.values.iter().filter_map(ICalendarValue::as_text).collect();
        return vec![Value::from(parts.join(";"))];
    }
    entry.values.iter().filter_map(value).collect()
}

fn value(value: &ICalendarValue) -> Option<Value> {
    match value {
        ICalendarValue::PartialDateTime(time) => Some(Value::from(basic(time))),
        ICalendarValue::Integer(number) => Some(Value::from(*number)),
        ICalendarValue::Float(number) => Some(json!(number)),
        ICalendarValue::Boolean(truth) => Some(Value::from(*truth)),
        ICalendarValue::Binary(_) | ICalendarValue::Uri(Uri::Data(_)) => None,
        other => other
            .clone()
            .into_text()
            .map(|text| Value::from(text.into_owned())),
    }
}

fn parameter_value(value: &ICalendarParameterValue) -> Option<Value> {
    value
        .clone()
        .into_text()
        .map(|text| Value::from(text.into_owned()))
}

/// `20260510`, `20260510T193000` or `20260510T193000Z`, as iCalendar writes it.
fn basic(time: &PartialDateTime) -> String {
    let part = |value: Option<u8>| value.unwrap_or_default();
    let date = format!(
        "{:04}{:02}{:02}",
        time.year.unwrap_or_default(),
        part(time.month),
        part(time.day)
    );
    let clock = time.hour.map_or_else(String::new, |hour| {
        format!("T{hour:02}{:02}{:02}", part(time.minute), part(time.second))
    });
    let zone = match (time.tz_hour, part(time.tz_minute)) {
        (None, _) => String::new(),
        (Some(0), 0) => "Z".to_owned(),
        (Some(hour), minute) => format!("{}{hour:02}{minute:02}", if time.tz_minus { '-' } else { '+' }),
    };
    date + &clock + &zone
}
