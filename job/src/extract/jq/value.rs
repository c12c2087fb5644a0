//! Between JSON values and the interpreter's. Pure.

use jaq_json::Val;
use serde_json::Value;

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
