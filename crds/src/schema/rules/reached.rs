//! The part of a schema that given values reach. Pure.

use serde_json::{Map, Value};

use super::evident;

/// The keyword of CEL rules.
pub const RULES: &str = "x-kubernetes-validations";

/// `schema` without the properties, items and entries that none of `values` has: no rule of those can be evaluated. What
/// has a default stays, since it is there even where it is not written. Rules on changes go too, and those that all of
/// `values` [evidently](evident) keep.
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
            (RULES, Value::Array(rules)) => {
                let open = rules
                    .iter()
                    .filter(|rule| !compares(rule) && !is_kept(rule, values));
                let open: Vec<_> = open.cloned().collect();
                (!open.is_empty()).then_some(Value::Array(open))
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
        let of_name = values.iter().filter_map(|value| value.get(name));
        let of_name: Vec<_> = of_name.chain(schema.get("default")).collect();
        of_any(schema, &of_name).map(|part| (name.clone(), part))
    });
    Value::Object(reached.collect())
}

/// Whether a part of a schema has rules to evaluate.
pub fn has_rules(part: &Value) -> bool {
    match part {
        Value::Object(fields) => fields
            .iter()
            .any(|(keyword, inner)| keyword == RULES || has_rules(inner)),
        _ => false,
    }
}

fn is_kept(rule: &Value, values: &[&Value]) -> bool {
    let text = rule.get("rule").and_then(Value::as_str).unwrap_or_default();
    values.iter().all(|value| evident::is_kept(text, value))
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
            "x-kubernetes-validations": [
                { "rule": "self == oldSelf" }, { "rule": "self.size() > 0" }, { "rule": "!has(self.attribute) || has(self.within)" },
            ],
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
        assert!(has_rules(&expected));
    }

    #[test]
    fn rules_that_are_kept_are_left_out_and_then_there_are_none() {
        let schema = json!({
            "properties": {
                "late": { "default": "1h", "x-kubernetes-validations": [{ "rule": "self.matches('[1-9]')" }] },
            },
        });
        assert!(!has_rules(&part(&schema, &[&json!({})])));
        assert!(!has_rules(&part(&schema, &[&json!({ "late": "2h" })])));
        assert!(has_rules(&part(&schema, &[&json!({ "late": "0h" })])));
        assert!(has_rules(&part(
            &schema,
            &[&json!({ "late": "2h" }), &json!({ "late": 5 })]
        )));
    }
}
