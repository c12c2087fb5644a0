//! The part of a schema that given values reach. Pure.

use serde_json::{Map, Value};

/// `schema` without the properties, items and entries that none of `values` has: no rule of those can be evaluated. What
/// has a default stays, since it is there even where it is not written. Rules on changes go too.
pub fn part(schema: &Value, values: &[&Value]) -> Value {
    let Some(fields) = schema.as_object() else {
        return schema.clone();
    };
    let reached = fields.iter().filter_map(|(keyword, inner)| {
        let kept = match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => Some(reached_properties(properties, values)),
            ("items", Value::Object(_)) => {
                let items = values.iter().filter_map(|value| value.as_array()).flatten();
                of_any(inner, &items.collect::<Vec<_>>())
            }
            ("additionalProperties", Value::Object(_)) => {
                let entries = values.iter().filter_map(|value| value.as_object());
                of_any(inner, &entries.flat_map(Map::values).collect::<Vec<_>>())
            }
            ("x-kubernetes-validations", Value::Array(rules)) => {
                Some(rules.iter().filter(|rule| !compares(rule)).cloned().collect())
            }
            ("description", _) => None,
            _ => Some(inner.clone()),
        };
        kept.map(|kept| (keyword.clone(), kept))
    });
    Value::Object(reached.collect())
}

fn reached_properties(properties: &Map<String, Value>, values: &[&Value]) -> Value {
    let reached = properties.iter().filter_map(|(name, schema)| {
        if schema.get("default").is_some() {
            return Some((name.clone(), schema.clone()));
        }
        let of_name: Vec<_> = values.iter().filter_map(|value| value.get(name)).collect();
        of_any(schema, &of_name).map(|part| (name.clone(), part))
    });
    Value::Object(reached.collect())
}

/// Whether a rule compares an object with what it was before, of which there is nothing here.
fn compares(rule: &Value) -> bool {
    let mentions = |key: &str| {
        rule.get(key)
            .and_then(Value::as_str)
            .is_some_and(|text| text.contains("oldSelf"))
    };
    mentions("rule") && rule.get("optionalOldSelf") != Some(&Value::Bool(true))
}

fn of_any(schema: &Value, values: &[&Value]) -> Option<Value> {
    (!values.is_empty()).then(|| part(schema, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_value_has_is_left_out_and_what_has_a_default_stays() {
        let leaf = json!({ "type": "string" });
        let schema = json!({
            "type": "object",
            "x-kubernetes-validations": [{ "rule": "self == oldSelf" }, { "rule": "self.size() > 0" }],
            "properties": {
                "absent": leaf,
                "given": { "default": 1 },
                "list": { "items": { "properties": { "a": leaf, "b": leaf, "c": leaf } } },
                "empty": { "items": leaf },
                "map": { "additionalProperties": { "properties": { "a": leaf, "b": leaf } } },
            },
        });
        let value = json!({ "list": [{ "a": 1 }, { "b": 2 }], "empty": [], "map": { "x": { "b": 1 } } });
        let expected = json!({
            "type": "object",
            "x-kubernetes-validations": [{ "rule": "self.size() > 0" }],
            "properties": {
                "given": { "default": 1 },
                "list": { "items": { "properties": { "a": leaf, "b": leaf } } },
                "empty": {},
                "map": { "additionalProperties": { "properties": { "b": leaf } } },
            },
        });
        assert_eq!(part(&schema, &[&value]), expected);
    }
}
