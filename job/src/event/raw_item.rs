//! Fields of one item as extractors give them, before they are made an event. Pure.

use std::{borrow::Borrow, ops::Index, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The name of a field: one that a format defines, or one of the manifest, which all items share.
#[derive(Clone, Debug)]
pub enum FieldName {
    /// A format's own.
    Known(&'static str),
    /// A manifest's.
    Declared(Arc<str>),
}

impl Borrow<str> for FieldName {
    fn borrow(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Declared(name) => name,
        }
    }
}

impl From<&'static str> for FieldName {
    fn from(name: &'static str) -> Self {
        Self::Known(name)
    }
}

impl From<&Arc<str>> for FieldName {
    fn from(name: &Arc<str>) -> Self {
        Self::Declared(Arc::clone(name))
    }
}

/// Fields of one item by name, in the order that they were found in. The names that [`super::Event`] is built from are
/// listed in [`crate::normalise::FIELDS`].
#[derive(Clone, Debug)]
pub struct RawItem(Fields);

/// The few fields that a format or a manifest names are looked through; an object of the page may have any number.
#[derive(Clone, Debug)]
enum Fields {
    Named(Vec<(FieldName, Value)>),
    Object(Map<String, Value>),
}

impl RawItem {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Fields::Named(Vec::new()))
    }

    /// No fields, with room for `count`.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self(Fields::Named(Vec::with_capacity(count)))
    }

    /// The field of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match &self.0 {
            Fields::Named(fields) => fields
                .iter()
                .find(|(known, _)| is_named(known, name))
                .map(|(_, value)| value),
            Fields::Object(object) => object.get(name),
        }
    }

    /// The field of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        match &mut self.0 {
            Fields::Named(fields) => fields
                .iter_mut()
                .find(|(known, _)| is_named(known, name))
                .map(|(_, value)| value),
            Fields::Object(object) => object.get_mut(name),
        }
    }

    /// Sets a field; one of this name keeps its place.
    pub fn insert(&mut self, name: impl Into<FieldName>, value: Value) {
        let name = name.into();
        if let Some(known) = self.get_mut(name.borrow()) {
            *known = value;
            return;
        }
        match &mut self.0 {
            Fields::Named(fields) => fields.push((name, value)),
            Fields::Object(object) => {
                let name: &str = name.borrow();
                object.insert(name.to_owned(), value);
            }
        }
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Fields::Named(fields) => fields.is_empty(),
            Fields::Object(object) => object.is_empty(),
        }
    }

    /// Every field in its order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let (named, object) = match &self.0 {
            Fields::Named(fields) => (fields.as_slice(), None),
            Fields::Object(object) => (&[][..], Some(object)),
        };
        let named = named.iter().map(|(name, value)| (name.borrow(), value));
        let object = object.into_iter().flatten();
        named.chain(object.map(|(name, value)| (name.as_str(), value)))
    }

    /// The names in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The fields as the object that programs see.
    #[must_use]
    pub fn into_object(self) -> Map<String, Value> {
        match self.0 {
            Fields::Named(fields) => {
                let owned = |(name, value): (FieldName, Value)| {
                    let name: &str = name.borrow();
                    (name.to_owned(), value)
                };
                fields.into_iter().map(owned).collect()
            }
            Fields::Object(object) => object,
        }
    }
}

fn is_named(known: &FieldName, name: &str) -> bool {
    let known: &str = known.borrow();
    known == name
}

impl Default for RawItem {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Map<String, Value>> for RawItem {
    fn from(object: Map<String, Value>) -> Self {
        Self(Fields::Object(object))
    }
}

impl From<RawItem> for Value {
    fn from(item: RawItem) -> Self {
        Self::Object(item.into_object())
    }
}

/// As of objects: the order does not matter.
impl PartialEq for RawItem {
    fn eq(&self, other: &Self) -> bool {
        self.iter().count() == other.iter().count()
            && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl Index<&str> for RawItem {
    type Output = Value;

    /// The field of this name; null where there is none.
    fn index(&self, name: &str) -> &Value {
        const NONE: &Value = &Value::Null;
        self.get(name).unwrap_or(NONE)
    }
}

impl Serialize for RawItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for RawItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_of_a_manifest_and_those_of_an_object_are_told_alike() {
        let title: Arc<str> = Arc::from("title");
        let mut named = RawItem::with_capacity(2);
        let mut object = RawItem::from(Map::new());
        for item in [&mut named, &mut object] {
            item.insert(&title, json!("a"));
            item.insert("id", json!(1));
            item.insert("title", json!("b"));
            assert_eq!(item.keys().collect::<Vec<_>>(), ["title", "id"]);
            assert_eq!((&item["title"], &item["x"]), (&json!("b"), &Value::Null));
        }
        assert_eq!(named, object);
        let text = serde_json::to_string(&named).unwrap();
        assert_eq!(text, r#"{"title":"b","id":1}"#);
        assert_eq!(serde_json::from_str::<RawItem>(&text).unwrap(), named);
        assert_eq!(Value::from(named.clone()), json!({"title": "b", "id": 1}));
        object.insert("id", json!(2));
        assert_ne!(named, object);
    }
}
