//! The structural part of the CRD: types, required and unknown fields, limits. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;
use serde_json::{Map, Value};

use crate::{
    duration,
    problem::{Problem, did_you_mean, quoted},
    schema::words,
};

/// A problem, and whether it is one of shape: an unknown, missing or ill-typed field, of which broken rules of the
/// object around it are mere consequences.
#[derive(Debug)]
pub struct Finding {
    pub problem: Problem,
    pub of_shape: bool,
}

/// What a text must look like, by pattern of the schema.
const FORMS: [(&str, &str); 7] = [
    (
        duration::PATTERN,
        "a duration: write for example 30s, 5m, 4h, 1h30m or 90d",
    ),
    (
        r"^[a-z0-9_]{1,63}$",
        "an API name: use 1 to 63 lower-case letters, digits and underscores, e.g. sea_monster",
    ),
    (
        r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        "a time of day: write it as HH:MM, e.g. 20:00",
    ),
    (
        r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$",
        "a header name: use letters, digits and hyphens, e.g. Accept-Language",
    ),
    (
        r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$",
        "the name of a Kubernetes object: use lower-case letters, digits, hyphens and dots, e.g. sms-postgres",
    ),
    (
        r"^[-._a-zA-Z0-9]{1,253}$",
        "a key of a Secret: use letters, digits, hyphens, dots and underscores, e.g. token",
    ),
    (
        crate::v1alpha1::job::QUANTITY,
        "a quantity: write for example 100m, 0.5, 64Mi or 1Gi",
    ),
];

/// Whether a broken rule only follows from a problem of shape at its object or one of that object's own fields.
pub fn explains(findings: &[Finding], rule: &Problem) -> bool {
    findings
        .iter()
        .filter(|finding| finding.of_shape)
        .any(|Finding { problem, .. }| {
            problem.path == rule.path
                || problem
                    .path
                    .strip_prefix(&rule.path)
                    .and_then(|rest| rest.strip_prefix('.'))
                    .is_some_and(|name| !name.contains(['.', '[']))
        })
}

/// A required field that is not there.
pub fn missing(path: &str, schema: Option<&JSONSchemaProps>) -> Finding {
    let name = path.rsplit('.').next().unwrap_or(path);
    let description = schema
        .and_then(|schema| schema.description.as_deref())
        .unwrap_or_default();
    let example = description
        .split_once("Example: `")
        .and_then(|(_, rest)| rest.split_once('`'))
        .map(|(text, _)| text);
    let remedy = match example {
        Some(example) => format!("add {name}, e.g. {name}: {example}"),
        None => format!("add {name}"),
    };
    shape(path, format!("is required: {remedy}"))
}

/// Checks `value` against `schema` and takes out fields without a value, as the API server does.
pub fn check(schema: &JSONSchemaProps, value: &mut Value, path: &str, findings: &mut Vec<Finding>) {
    if schema.x_kubernetes_int_or_string == Some(true) {
        match value {
            Value::String(text) => check_text(schema, text, path, findings),
            Value::Number(number) if !number.is_f64() => {}
            other => findings.push(words::mismatch("a whole number or text", other, path, None)),
        }
        return;
    }
    match (schema.type_.as_deref(), &mut *value) {
        (Some("object"), Value::Object(fields)) => check_object(schema, fields, path, findings),
        (Some("array"), Value::Array(items)) => check_list(schema, items, path, findings),
        (Some("string"), Value::String(text)) => check_text(schema, text, path, findings),
        (Some("integer"), Value::Number(number)) if !number.is_f64() => {
            check_number(schema, number.as_f64().unwrap_or(f64::MAX), path, findings);
        }
        (Some("number"), Value::Number(number)) => {
            check_number(schema, number.as_f64().unwrap_or(f64::MAX), path, findings);
        }
        (Some("boolean"), Value::Bool(_)) | (None, _) => {}
        (Some(kind), other) => {
            let expected = match kind {
                "object" => "a mapping",
                "array" => "a list",
                "string" => "text",
                "integer" => "a whole number",
                "number" => "a number",
                _ => "true or false",
            };
            findings.push(words::mismatch(expected, other, path, Some(schema)));
        }
    }
}

fn check_object(
    schema: &JSONSchemaProps,
    fields: &mut Map<String, Value>,
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let known = schema.properties.iter().flatten();
    let entries = match &schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(entries)) => Some(&**entries),
        _ => None,
    };
    if entries.is_none() {
        fields.retain(|_, value| !value.is_null());
    }
    for name in schema.required.iter().flatten() {
        if !fields.contains_key(name) {
            let property = schema.properties.as_ref().and_then(|known| known.get(name));
            findings.push(missing(&join(path, name), property));
        }
    }
    if let Some(most) = schema.max_properties
        && over(fields.len(), most)
    {
        findings.push(limit(
            path,
            format!("has {} entries: at most {most} are allowed", fields.len()),
        ));
    }
    let names: Vec<&str> = known.map(|(name, _)| name.as_str()).collect();
    for (name, value) in fields.iter_mut() {
        let here = join(path, name);
        match (
            schema.properties.as_ref().and_then(|known| known.get(name)),
            entries,
        ) {
            (Some(property), _) => check(property, value, &here, findings),
            (None, Some(_)) if value.is_null() => {
                findings.push(shape(
                    &here,
                    "has no value: write one, or remove the line".to_owned(),
                ));
            }
            (None, Some(entries)) => check(entries, value, &here, findings),
            (None, None) => findings.push(words::unknown(name, &names, &here)),
        }
    }
}

fn check_list(schema: &JSONSchemaProps, items: &mut [Value], path: &str, findings: &mut Vec<Finding>) {
    if let Some(most) = schema.max_items
        && over(items.len(), most)
    {
        findings.push(limit(
            path,
            format!("has {} items: at most {most} are allowed", items.len()),
        ));
    }
    if let Some(JSONSchemaPropsOrArray::Schema(of)) = &schema.items {
        for (index, item) in items.iter_mut().enumerate() {
            check(of, item, &format!("{path}[{index}]"), findings);
        }
    }
}

fn check_text(schema: &JSONSchemaProps, text: &str, path: &str, findings: &mut Vec<Finding>) {
    let length = text.chars().count();
    if let Some(most) = schema.max_length
        && over(length, most)
    {
        findings.push(limit(
            path,
            format!("is {length} characters long: at most {most} are allowed"),
        ));
        return;
    }
    if let Some(choices) = &schema.enum_ {
        let choices: Vec<&str> = choices.iter().filter_map(|choice| choice.0.as_str()).collect();
        if !choices.contains(&text) {
            let nearest = did_you_mean(text, choices.iter().copied());
            let remedy = nearest.map_or_else(|| format!("write one of {}", choices.join(", ")), words::asked);
            findings.push(limit(
                path,
                format!("{} is not a choice here: {remedy}", quoted(text)),
            ));
            return;
        }
    }
    if let Some(pattern) = &schema.pattern
        && !Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
    {
        let form = FORMS
            .iter()
            .find(|(known, _)| known == pattern)
            .map(|(_, form)| *form);
        let form = form.map_or_else(|| format!("text that matches {pattern}"), ToOwned::to_owned);
        findings.push(limit(path, format!("{} is not {form}", quoted(text))));
        return;
    }
    if let Some(least) = schema.min_length
        && !over(length, least - 1)
    {
        let found = if text.is_empty() {
            "is empty".to_owned()
        } else {
            format!("{} is too short", quoted(text))
        };
        let characters = if least == 1 { "character" } else { "characters" };
        findings.push(limit(
            path,
            format!("{found}: write at least {least} {characters}, or remove the line"),
        ));
    }
}

fn check_number(schema: &JSONSchemaProps, number: f64, path: &str, findings: &mut Vec<Finding>) {
    let too_small = schema.minimum.is_some_and(|least| number < least);
    let too_large = schema.maximum.is_some_and(|most| number > most);
    if !too_small && !too_large {
        return;
    }
    let range = match (schema.minimum, schema.maximum) {
        (Some(least), Some(most)) => format!("write a number from {least} to {most}"),
        (Some(least), None) => format!("write a number from {least}"),
        (_, most) => format!("write a number up to {}", most.unwrap_or_default()),
    };
    findings.push(limit(
        path,
        format!(
            "{number} is too {}: {range}",
            if too_small { "small" } else { "large" }
        ),
    ));
}

fn over(count: usize, limit: i64) -> bool {
    i64::try_from(count).is_ok_and(|count| count > limit)
}

pub(super) fn join(path: &str, name: &str) -> String {
    format!("{path}.{name}")
}

pub(super) fn shape(path: &str, problem: String) -> Finding {
    Finding {
        problem: Problem::new(path, problem),
        of_shape: true,
    }
}

fn limit(path: &str, problem: String) -> Finding {
    Finding {
        problem: Problem::new(path, problem),
        of_shape: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(schema: &JSONSchemaProps, found: &mut Vec<String>) {
        found.extend(schema.pattern.clone());
        for property in schema
            .properties
            .iter()
            .flat_map(|properties| properties.values())
        {
            patterns(property, found);
        }
        if let Some(JSONSchemaPropsOrBool::Schema(of)) = &schema.additional_properties {
            patterns(of, found);
        }
        if let Some(JSONSchemaPropsOrArray::Schema(of)) = &schema.items {
            patterns(of, found);
        }
    }

    #[test]
    fn every_pattern_of_the_schema_is_told_in_words_and_no_other() {
        let mut found = Vec::new();
        patterns(
            &super::super::schema().properties.as_ref().unwrap()["spec"],
            &mut found,
        );
        found.sort();
        found.dedup();
        let mut told = FORMS.map(|(pattern, _)| pattern.to_owned()).to_vec();
        told.sort();
        assert_eq!(found, told);
    }
}
