//! A raw item with the manifest's defaults, and its fields as texts and lists. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sms_crds::report::SkipReason;

use super::{FIELDS, problem::Problem, text};
use crate::event::RawItem;

/// Longest text of a field, in bytes.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;
/// Most performers or categories.
const LONGEST_LIST: usize = 500;
/// Most values that are looked at inside one field.
const MOST_VALUES: usize = 100_000;

/// Keys under which objects hold their text, best first: WordPress, JSON-LD, schema.org, many APIs.
const TEXT_KEYS: &[&str] = &[
    "rendered",
    "name",
    "title",
    "text",
    "value",
    "@value",
    "label",
    "venue_name",
    "plain",
    "html",
    "en",
    "slug",
];
/// Parts of a postal address in the order they are written, by the names that APIs use.
const ADDRESS_PARTS: &[&[&str]] = &[
    &[
        "streetAddress",
        "street",
        "address_1",
        "address1",
        "line1",
        "address",
    ],
    &["address_2", "address2", "line2"],
    &["addressLocality", "city", "locality"],
    &["addressRegion", "state", "region", "stateProvince"],
    &["postalCode", "zip", "postal_code", "zipcode"],
    &["addressCountry", "country"],
];

/// One item on its way to an event.
pub(super) struct Item<'a> {
    raw: &'a RawItem,
    defaults: &'a BTreeMap<String, Value>,
}

impl<'a> Item<'a> {
    /// Checks that every field has a sensible size.
    pub(super) fn new(raw: &'a RawItem, defaults: &'a BTreeMap<String, Value>) -> Result<Self, Problem> {
        for name in FIELDS {
            if raw.get(name).is_some_and(|value| !has_sensible_size(value)) {
                let detail = format!(
                    "{name} is longer than {} KiB: select a smaller part of the page",
                    LONGEST_TEXT / 1024
                );
                return Err(Problem::new(SkipReason::InvalidField, detail));
            }
        }
        Ok(Self { raw, defaults })
    }

    /// A field that holds something, or its default.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.raw
            .get(name)
            .filter(|value| !is_empty(value))
            .or_else(|| self.defaults.get(name))
    }

    /// Whether the item itself has the field, and not only the defaults.
    pub(super) fn has_own(&self, name: &str) -> bool {
        self.raw.get(name).is_some_and(|value| !is_empty(value))
    }

    /// A field as one line.
    pub(super) fn line(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| joined(value, ", ", text::line))
    }

    /// The title.
    pub(super) fn title(&self) -> Option<String> {
        self.get("title")
            .and_then(|value| joined(value, ", ", text::title))
    }

    /// A field as text of several lines.
    pub(super) fn paragraphs(&self, name: &str) -> Option<String> {
        self.get(name)
            .and_then(|value| joined(value, "\n", text::paragraphs))
    }

    /// A field as a list: a list as it is, a text one entry a line.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let Some(value) = self.get(name) else {
            return Vec::new();
        };
        let mut entries: Vec<String> = Vec::new();
        let mut add = |entry: String| {
            if !entry.is_empty() && entries.len() < LONGEST_LIST && !entries.contains(&entry) {
                entries.push(entry);
            }
        };
        match value {
            Value::Array(list) => list
                .iter()
                .filter_map(|value| scalar(value, text::line))
                .for_each(add),
            value => {
                let lines = scalar(value, text::paragraphs).unwrap_or_default();
                lines.lines().map(str::to_owned).for_each(&mut add);
            }
        }
        entries
    }

    /// The postal address: a text, or the parts of an object.
    pub(super) fn address(&self) -> Option<String> {
        self.get("address")
            .and_then(|value| match value {
                Value::Object(object) => address_of(object).or_else(|| joined(value, ", ", text::line)),
                value => joined(value, ", ", text::line),
            })
            .or_else(|| {
                let venue = self.get("venue")?.as_object()?;
                match venue.get("address") {
                    Some(Value::Object(address)) => address_of(address),
                    _ => address_of(venue),
                }
            })
            .filter(|address| address.chars().any(char::is_alphanumeric))
    }

    /// Fields that an event has no place for.
    pub(super) fn extra(&self) -> Map<String, Value> {
        let is_extra = |name: &str| name != "text" && !FIELDS.contains(&name);
        let own = self
            .raw
            .iter()
            .filter(|(_, value)| !is_blank(value) && has_sensible_size(value));
        let mut extra: Map<String, Value> = own
            .filter(|(name, _)| is_extra(name))
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        for (name, value) in self.defaults.iter().filter(|(name, _)| is_extra(name)) {
            if !extra.contains_key(name) {
                extra.insert(name.clone(), value.clone());
            }
        }
        extra
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Whether a value holds nothing, an empty list included.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().all(is_blank),
        Value::Object(object) => object.is_empty(),
        value => is_blank(value),
    }
}

/// Whether all texts inside a value together stay below the limit. Walks without recursion.
fn has_sensible_size(value: &Value) -> bool {
    let (mut bytes, mut values) = (0, 0);
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        values += 1;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(list) => stack.extend(list),
            Value::Object(object) => {
                bytes += object.keys().map(String::len).sum::<usize>();
                stack.extend(object.values());
            }
            _ => {}
        }
        if bytes > LONGEST_TEXT || values > MOST_VALUES || stack.len() > MOST_VALUES {
            return false;
        }
    }
    true
}

/// A value as text: numbers and booleans as written, objects by the key that holds their text.
fn scalar(value: &Value, clean: fn(&str) -> String) -> Option<String> {
    let mut value = value;
    for _ in 0..4 {
        match value {
            Value::String(text) => return Some(clean(text)).filter(|text| !text.is_empty()),
            Value::Number(number) => return Some(number.to_string()),
            Value::Bool(flag) => return Some(flag.to_string()),
            Value::Object(object) => {
                value = TEXT_KEYS
                    .iter()
                    .find_map(|key| object.get(*key).filter(|value| !is_blank(value)))?;
            }
            Value::Array(list) => value = list.iter().find(|value| !is_blank(value))?,
            Value::Null => return None,
        }
    }
    None
}

/// A value as text, the members of a list joined.
fn joined(value: &Value, separator: &str, clean: fn(&str) -> String) -> Option<String> {
    let Value::Array(list) = value else {
        return scalar(value, clean);
    };
    let parts: Vec<String> = list.iter().filter_map(|value| scalar(value, clean)).collect();
    (!parts.is_empty()).then(|| parts.join(separator))
}

fn address_of(object: &Map<String, Value>) -> Option<String> {
    let part = |keys: &&[&str]| keys.iter().find_map(|key| scalar(object.get(*key)?, text::line));
    let mut parts: Vec<String> = Vec::new();
    for part in ADDRESS_PARTS.iter().filter_map(part) {
        // A street that already holds the town is not followed by it again.
        if !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(raw: &Value) -> RawItem {
        RawItem::from(raw.as_object().cloned().unwrap())
    }

    fn with<T>(raw: &Value, read: impl Fn(&Item) -> T) -> T {
        let defaults = BTreeMap::from([
            ("venue".to_owned(), json!("Default Hall")),
            ("genre".to_owned(), json!("jazz")),
        ]);
        let raw = item(raw);
        let item = Item::new(&raw, &defaults).unwrap();
        read(&item)
    }

    #[test]
    fn texts_come_from_strings_numbers_objects_and_lists() {
        let cases = [
            (json!({"title": " A &amp; B "}), Some("A & B")),
            (json!({"title": 1984}), Some("1984")),
            (json!({"title": true}), Some("true")),
            (
                json!({"title": {"rendered": "WP &#8211; title"}}),
                Some("WP – title"),
            ),
            (json!({"title": ["One", "Two"]}), Some("One, Two")),
            (json!({"title": "\u{200b} "}), None),
            (json!({"title": null}), None),
            (json!({"title": []}), None),
        ];
        for (raw, expected) in cases {
            assert_eq!(
                with(&raw, |item| item.line("title")).as_deref(),
                expected,
                "{raw}"
            );
        }
    }

    #[test]
    fn lists_stay_and_texts_split_only_at_lines() {
        let cases = [
            (
                json!({"performers": ["A", {"name": "B &amp; C"}, "A", null]}),
                vec!["A", "B & C"],
            ),
            (
                json!({"performers": "Ducks, Ltd.\nSecond; Act"}),
                vec!["Ducks, Ltd.", "Second; Act"],
            ),
            (json!({"performers": "<p>One</p><p>Two</p>"}), vec!["One", "Two"]),
            (json!({"performers": null}), vec![]),
        ];
        for (raw, expected) in cases {
            assert_eq!(with(&raw, |item| item.list("performers")), expected, "{raw}");
        }
    }

    #[test]
    fn addresses_are_put_together() {
        let cases = [
            (
                json!({"address": {"streetAddress": "2044 NW Market St.", "addressLocality": "Seattle", "addressRegion": "WA", "postalCode": "98107"}}),
                Some("2044 NW Market St., Seattle, WA, 98107"),
            ),
            (
                json!({"venue": {"name": "X", "address": "1 A St", "city": "Seattle"}}),
                Some("1 A St, Seattle"),
            ),
            (json!({"address": "1 A St"}), Some("1 A St")),
            (json!({"address": "-"}), None),
            (json!({"venue": "X"}), None),
        ];
        for (raw, expected) in cases {
            assert_eq!(
                with(&raw, |item| item.address().unwrap_or_default()),
                expected.unwrap_or_default(),
                "{raw}"
            );
        }
    }

    #[test]
    fn defaults_fill_what_is_missing_and_the_rest_is_extra() {
        assert_eq!(
            with(&json!({"venue": ""}), |item| item.line("venue")).as_deref(),
            Some("Default Hall")
        );
        assert_eq!(
            with(&json!({"venue": "X"}), |item| item.line("venue")).as_deref(),
            Some("X")
        );
        let extra = with(
            &json!({"title": "T", "age": "21+", "text": "whole", "no": null, "blank": " ", "n": 0}),
            |item| Value::Object(item.extra()),
        );
        assert_eq!(extra, json!({"age": "21+", "n": 0, "genre": "jazz"}));
    }

    #[test]
    fn a_text_of_more_than_64_kibibytes_is_refused() {
        let raw = json!({"description": "x".repeat(LONGEST_TEXT + 1)});
        let problem = Item::new(&item(&raw), &BTreeMap::new()).err().unwrap();
        assert_eq!(problem.reason, SkipReason::InvalidField);
        assert!(problem.detail.contains("description"));
        let raw = json!({"title": "T", "huge": "x".repeat(LONGEST_TEXT + 1)});
        assert!(
            Item::new(&item(&raw), &BTreeMap::new())
                .unwrap()
                .extra()
                .is_empty()
        );
    }
}
