//! Words for problems of shape: unknown fields and values of the wrong type. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::Value;

use super::structure::{Finding, join, shape};
use crate::problem::{did_you_mean, quoted};

/// A field that is not there in the schema.
pub fn unknown(name: &str, known: &[&str], path: &str) -> Finding {
    let remedy = match did_you_mean(name, known.iter().copied()) {
        Some(nearest) => asked(nearest),
        None => match place_of(name).filter(|_| path != format!("spec.{name}.{name}")) {
            Some(place) => format!("it belongs to {place}"),
            None => format!("the fields here are {}", known.join(", ")),
        },
    };
    shape(path, format!("is not a field: {remedy}"))
}

/// The place of the field called `name` that is nearest to the root, where there is one such place.
fn place_of(name: &str) -> Option<String> {
    let spec = super::schema().properties.as_ref()?.get("spec")?;
    let mut level = vec![("spec".to_owned(), spec)];
    while !level.is_empty() {
        let mut below = Vec::new();
        let mut found = Vec::new();
        for (path, schema) in level {
            for (child, property) in schema.properties.iter().flatten() {
                let here = join(&path, child);
                if child == name {
                    found.push(here);
                } else {
                    below.push((here, property));
                }
            }
        }
        if !found.is_empty() {
            return (found.len() == 1).then(|| found.remove(0));
        }
        level = below;
    }
    None
}

/// A value of the wrong type.
pub fn mismatch(expected: &str, found: &Value, path: &str, schema: Option<&JSONSchemaProps>) -> Finding {
    let shown = match found {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    };
    let remedy = match (expected, found) {
        ("text", Value::Bool(_) | Value::Number(_)) => "put it in quotes".to_owned(),
        ("a whole number", Value::Number(_)) => "write it without a fraction".to_owned(),
        ("a whole number" | "a number", Value::String(text)) if text.parse::<f64>().is_ok() => {
            "write it without quotes".to_owned()
        }
        ("true or false", Value::String(text)) if text.parse::<bool>().is_ok() => {
            "write it without quotes".to_owned()
        }
        ("a list", Value::String(_) | Value::Object(_)) => "begin each item with \"- \"".to_owned(),
        ("a mapping", Value::Array(_)) => "remove the brackets or the \"- \"".to_owned(),
        ("a mapping", Value::String(text)) => fields_for(text, schema),
        _ => format!("write {expected}"),
    };
    shape(path, format!("expected {expected}, found {shown}: {remedy}"))
}

/// How a text is written where a mapping is expected.
fn fields_for(text: &str, schema: Option<&JSONSchemaProps>) -> String {
    let names: Vec<&str> = schema
        .and_then(|schema| schema.properties.as_ref())
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let required = schema.and_then(|schema| schema.required.as_ref()?.first());
    match required
        .map(String::as_str)
        .or_else(|| names.iter().copied().find(|name| *name == "select"))
    {
        Some(name) => format!("write {{ {name}: {} }}", quoted(text)),
        None if names.is_empty() => "write one \"name: value\" per line".to_owned(),
        None => format!("write its fields: {}", names.join(", ")),
    }
}

/// A suggestion.
pub fn asked(nearest: &str) -> String {
    format!("did you mean {nearest}?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_in_the_wrong_place_is_told_its_place() {
        assert_eq!(place_of("attempts").as_deref(), Some("spec.fetch.attempts"));
        assert_eq!(place_of("basic").as_deref(), Some("spec.fetch.auth.basic"));
        assert_eq!(place_of("fields"), None, "several places have it");
    }
}
