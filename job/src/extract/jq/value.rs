//! Between JSON values and the interpreter's. Pure.

use std::fmt;

use jaq_json::{Map, Val};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::super::path::{Path, StepKind, mismatch, position, type_name};

/// A value for the interpreter. A whole number that it cannot hold exactly becomes a float.
pub(super) fn to_val(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Number(number) => match (
            number.as_i64().and_then(|n| isize::try_from(n).ok()),
            number.as_f64(),
        ) {
            (Some(integer), _) => Val::from(integer),
            (None, float) => Val::from(float.unwrap_or(f64::NAN)),
        },
        Value::String(text) => Val::utf8_str(text.clone().into_bytes()),
        Value::Array(list) => list.iter().map(to_val).collect(),
        Value::Object(map) => Val::obj(
            map.iter()
                .map(|(key, value)| (Val::utf8_str(key.clone().into_bytes()), to_val(value)))
                .collect(),
        ),
    }
}

/// A value of the interpreter as JSON; bytes that are no text lose what is none.
pub(super) fn from_val(value: &Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(flag) => Value::Bool(*flag),
        Val::Num(number) => match number.as_isize() {
            Some(integer) => Value::from(integer),
            None => serde_json::from_str(&value.to_string()).unwrap_or(Value::Null),
        },
        Val::TStr(bytes) | Val::BStr(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        Val::Arr(list) => Value::Array(list.iter().map(from_val).collect()),
        Val::Obj(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key_text(key), from_val(value)))
                .collect(),
        ),
    }
}

fn key_text(key: &Val) -> String {
    match key {
        Val::TStr(bytes) | Val::BStr(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.to_string(),
    }
}

/// JSON text as a value for the interpreter: what [`to_val`] makes of the parsed text, without the step between.
pub(super) fn parse(text: &str) -> Result<Val, serde_json::Error> {
    serde_json::from_str(text).map(|Parsed(value)| value)
}

struct Parsed(Val);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Self)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Val;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Val, E> {
        Ok(Val::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Val, E> {
        Ok(Val::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Val, E> {
        Ok(to_val(&Value::from(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Val, E> {
        Ok(to_val(&Value::from(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Val, E> {
        Ok(Val::from(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Val, E> {
        Ok(Val::utf8_str(text.as_bytes().to_vec()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Val, E> {
        Ok(Val::utf8_str(text.into_bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Val, A::Error> {
        let mut values = Vec::new();
        while let Some(Parsed(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into_iter().collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Val, A::Error> {
        let mut object = Map::default();
        while let Some((key, Parsed(value))) = entries.next_entry::<String, _>()? {
            object.insert(Val::utf8_str(key.into_bytes()), value);
        }
        Ok(Val::obj(object))
    }
}

/// What [`Path::first`] gives of the same value as JSON.
pub(super) fn first(path: &Path, input: &Val) -> Result<Option<Value>, String> {
    if !path.is_single() {
        return path.first(&from_val(input)).map(Option::<&Value>::cloned);
    }
    let mut current = input;
    for step in path.steps() {
        let next = match (&step.kind, current) {
            (_, Val::Null) => None,
            (StepKind::Key(key), Val::Obj(map)) => entry(map, key),
            (StepKind::Index(index), Val::Arr(list)) => position(list.len(), *index).map(|at| &list[at]),
            _ if step.optional => return Ok(None),
            (kind, other) => return Err(mismatch(kind, type_name(&from_val(other)))),
        };
        match next {
            Some(value) => current = value,
            None => return Ok(Some(Value::Null)),
        }
    }
    Ok(Some(from_val(current)))
}

/// An entry by its key. Objects are mostly so small that looking at each key is cheaper than making one to look up.
fn entry<'v>(map: &'v Map, key: &str) -> Option<&'v Val> {
    const SMALL: usize = 64;
    if map.len() > SMALL {
        return map.get(&Val::utf8_str(key.as_bytes().to_vec()));
    }
    let is_key = |known: &Val| match known {
        Val::TStr(bytes) | Val::BStr(bytes) => bytes.as_ref().as_ref() == key.as_bytes(),
        other => other.to_string() == key,
    };
    map.iter()
        .find(|(known, _)| is_key(known))
        .map(|(_, value)| value)
}
