//! Tests of the offline validation as a whole. The many single cases are the manifests under `tests/`.

use kube::core::cel::{CompiledSchema, compile_schema};
use serde_json::{Value, json};

use super::*;

fn problems(mut object: Value) -> Vec<String> {
    validate(&mut object).iter().map(ToString::to_string).collect()
}

fn source(spec: &Value) -> Value {
    json!({"metadata": {"name": "club"}, "spec": spec})
}

#[test]
fn fields_without_a_value_are_taken_out_as_the_api_server_does() {
    let mut object = source(&json!({
        "suspend": null,
        "fetch": {"url": "https://club.example", "timeout": null},
        "extract": {"json": null, "jsonLd": {"types": null}}
    }));
    assert_eq!(validate(&mut object), []);
    assert_eq!(
        object["spec"],
        json!({"fetch": {"url": "https://club.example"}, "extract": {"jsonLd": {}}})
    );
}

#[test]
fn a_mistake_is_told_once_although_a_rule_follows_from_it() {
    let spec = json!({"fetch": {"url": "https://club.example"}, "extract": {"jsonld": {}}});
    assert_eq!(
        problems(source(&spec)),
        ["spec.extract.jsonld: is not a field: did you mean jsonLd?"]
    );
}

#[test]
fn a_rule_is_told_beside_a_mistake_elsewhere_in_the_object() {
    let spec =
        json!({"fetch": {"url": "https://club.example"}, "extract": {"jsonLd": {}, "json": {"itemss": "."}}});
    assert_eq!(
        problems(source(&spec)),
        [
            "spec.extract.json.itemss: is not a field: did you mean items?",
            "spec.extract: needs exactly one of json, html, ical, feed, jsonLd: write one and no other"
        ]
    );
}

#[test]
fn nothing_at_all_is_told_and_does_not_panic() {
    for object in [
        json!(null),
        json!(5),
        json!([]),
        json!({}),
        json!({"spec": null}),
        json!({"spec": 5}),
    ] {
        assert_eq!(problems(object.clone()).len(), 1, "{object}");
    }
}

#[test]
fn every_rule_compiles() {
    fn broken(schema: &CompiledSchema, count: &mut usize) -> Vec<String> {
        *count += schema.validations.len();
        let mut found: Vec<String> = schema
            .compilation_errors()
            .iter()
            .map(ToString::to_string)
            .collect();
        let below = schema
            .properties
            .values()
            .chain(schema.items.as_deref())
            .chain(schema.additional_properties.as_deref());
        found.extend(below.flat_map(|below| broken(below, count)));
        found
    }
    let mut count = 0;
    let schema = compile_schema(&serde_json::to_value(schema()).unwrap());
    assert_eq!(broken(&schema, &mut count), [""; 0]);
    assert!(count > 30, "{count}");
}
