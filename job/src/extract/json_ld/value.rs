//! JSON whose texts are those of the script wherever the script has them without an escape. Pure.
//!
//! A page's events are read once and then written as fields, so that maps of owned keys would cost more than the reading.

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// Up to this many keys are looked through when an object is read; of more, a hash map tells which were there before.
const FEW_KEYS: usize = 32;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'t, str>),
    /// An array.
    List(Vec<Json<'t>>),
    /// An object.
    Object(Object<'t>),
}

/// The entries of an object in the script's order. Of a key that comes twice the last value counts, at the first place.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Object<'t>(Vec<(Cow<'t, str>, Json<'t>)>);

impl<'t> Json<'t> {
    /// The value of a key, of objects.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    /// The object that this is.
    pub fn as_object(&self) -> Option<&Object<'t>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The string that this is.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same, independent of the script.
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::Bool(flag),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::List(list) => Json::List(list.into_iter().map(Self::into_owned).collect()),
            Self::Object(Object(entries)) => {
                let owned =
                    |(key, value): (Cow<'_, str>, Self)| (Cow::Owned(key.into_owned()), value.into_owned());
                Json::Object(Object(entries.into_iter().map(owned).collect()))
            }
        }
    }
}

impl<'t> Object<'t> {
    pub fn get(&self, key: &str) -> Option<&Json<'t>> {
        self.0
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Json<'t>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

impl From<Value> for Json<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(Cow::Owned(text)),
            Value::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            Value::Object(object) => {
                let owned = |(key, value)| (Cow::Owned(key), Self::from(value));
                Self::Object(Object(object.into_iter().map(owned).collect()))
            }
        }
    }
}

impl From<&Json<'_>> for Value {
    fn from(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => Self::Number(number.clone()),
            Json::Text(text) => Self::String(text.clone().into_owned()),
            Json::List(list) => list.iter().map(Self::from).collect(),
            Json::Object(object) => {
                let entries = object
                    .iter()
                    .map(|(key, value)| (key.to_owned(), Self::from(value)));
                Self::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

impl<'de: 't, 't> Deserialize<'de> for Json<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let mut object: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        let mut places: HashMap<Cow<'de, str>, usize> = HashMap::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            let value = entries.next_value()?;
            let known = if object.len() < FEW_KEYS {
                object.iter().position(|(known, _)| *known == key)
            } else {
                if places.is_empty() {
                    places = object.iter().map(|(key, _)| key.clone()).zip(0..).collect();
                }
                let next = object.len();
                Some(*places.entry(key.clone()).or_insert(next)).filter(|at| *at < next)
            };
            match known {
                Some(at) => object[at].1 = value,
                None => object.push((key, value)),
            }
        }
        Ok(Json::Object(Object(object)))
    }
}

/// A key, borrowed where it can be.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_a_map_would_hold() {
        let many = |from: usize| {
            (from..from + 40)
                .map(|n| format!("\"k{}\": [{n}]", n % 37))
                .collect::<Vec<_>>()
                .join(",")
        };
        for text in [
            "null".to_owned(),
            r#"[true, -1, 18446744073709551615, 0.1e3, "é", "a\"\u00e9", [], {}]"#.to_owned(),
            r#"{"a": 1, "b": {"c": "x", "\u0063": "y"}, "a": 2}"#.to_owned(),
            format!("{{{}, \"k1\": null}}", many(0)),
            format!("{{{}, {}}}", many(5), many(60)),
        ] {
            let value: Value = serde_json::from_str(&text).unwrap();
            let json: Json<'_> = serde_json::from_str(&text).unwrap();
            // As text, because the order of keys counts.
            assert_eq!(Value::from(&json).to_string(), value.to_string());
            assert_eq!(Json::from(value), json);
            assert_eq!(json.clone().into_owned(), json);
        }
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in [
            "{\"a\": \"\\ud800\"}",
            "{\"\\ud800\": 1}",
            "[1e999]",
            "{1: 2}",
            "\"\u{1}\"",
            "[1,]",
        ] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
            assert!(serde_json::from_str::<Json<'_>>(text).is_err(), "{text}");
        }
    }
}
