//! What is generated from the types is what is committed, and it is a definition that a cluster takes.

use std::{fs, path::Path};

use serde_json::Value;

fn committed(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap_or_default()
}

fn root() -> Value {
    let definition = serde_json::to_value(sms_crds::crd::definition()).unwrap_or_default();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Calls `look` with every schema and its path.
fn walk(schema: &Value, path: &str, look: &mut impl FnMut(&str, &Value)) {
    look(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}.{name}"), look);
    }
    for (word, step) in [("items", "[]"), ("additionalProperties", ".*")] {
        if schema[word].is_object() {
            walk(&schema[word], &format!("{path}{step}"), look);
        }
    }
}

fn complaints(say: impl Fn(&str, &Value) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut count = 0;
    walk(&root(), "", &mut |path, schema| {
        count += 1;
        found.extend(say(path, schema).map(|complaint| format!("{path}: {complaint}")));
    });
    assert!(count > 200, "{count}");
    found
}

#[test]
fn the_committed_definition_is_the_generated_one() {
    let same = committed("crds/generated/scrapesources.yaml") == sms_crds::crd::yaml().unwrap();
    assert!(
        same,
        "run: cargo run -p sms-crds --bin crdgen crds/generated/scrapesources.yaml"
    );
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let same = committed("crds/generated/schema.json") == sms_crds::crd::schema_json().unwrap();
    assert!(same, "run: make generate");
    let read = serde_json::to_value(sms_crds::schema::schema()).unwrap();
    assert_eq!(read, root());
}

#[test]
fn the_committed_reference_is_the_generated_one() {
    let same = committed("docs/reference/manifest.md") == sms_crds::reference::markdown();
    assert!(
        same,
        "run: cargo run -p sms-crds --bin docgen docs/reference/manifest.md"
    );
}

#[test]
fn the_yaml_says_what_the_definition_says() {
    let yaml: Value = serde_saphyr::from_str(&committed("crds/generated/scrapesources.yaml")).unwrap();
    assert_eq!(yaml["spec"]["names"]["kind"], "ScrapeSource");
    let again: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition =
        serde_json::from_value(yaml).unwrap();
    assert_eq!(again, sms_crds::crd::definition());
}

#[test]
fn every_field_has_a_description() {
    let missing = complaints(|path, schema| {
        let entry = path.ends_with("[]") || path.ends_with(".*");
        (!entry && schema["description"].as_str().is_none_or(str::is_empty))
            .then(|| "has no description".to_owned())
    });
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_schema_is_structural() {
    let broken = complaints(|_, schema| {
        let words: Vec<&String> = schema.as_object()?.keys().collect();
        let foreign = [
            "$ref",
            "oneOf",
            "anyOf",
            "allOf",
            "not",
            "const",
            "definitions",
            "patternProperties",
        ];
        if let Some(word) = words.iter().find(|word| foreign.contains(&word.as_str())) {
            return Some(format!("has {word}"));
        }
        let typed = schema["type"].is_string() || schema["x-kubernetes-int-or-string"] == true;
        (!typed).then(|| "has no type".to_owned())
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_format_is_one_that_kubernetes_knows() {
    let unknown = complaints(|_, schema| {
        let format = schema["format"].as_str()?;
        (!["int32", "int64", "double", "date-time"].contains(&format)).then(|| format!("has format {format}"))
    });
    assert_eq!(unknown, [""; 0]);
}

/// The API server estimates what a rule can cost from the limits of what it looks at; without limits it refuses the
/// definition. A rule is multiplied by every list and mapping around it.
#[test]
fn whatever_a_rule_looks_at_or_stands_in_has_a_limit() {
    fn check(schema: &Value, path: &str, found: &mut Vec<String>) -> bool {
        let mut rules = !schema["x-kubernetes-validations"].is_null();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            rules |= check(property, &format!("{path}.{name}"), found);
        }
        for (word, limit) in [("items", "maxItems"), ("additionalProperties", "maxProperties")] {
            if schema[word].is_object() && check(&schema[word], &format!("{path}.{word}"), found) {
                rules = true;
                if schema[limit].is_null() {
                    found.push(format!("{path} has no {limit}"));
                }
            }
        }
        let looked_at = schema["x-kubernetes-validations"]
            .as_array()
            .is_some_and(|rules| {
                rules.iter().any(|rule| {
                    rule["rule"]
                        .as_str()
                        .is_some_and(|rule| rule.contains("self.matches"))
                })
            });
        if schema["type"] == "string" && looked_at && schema["maxLength"].is_null() {
            found.push(format!("{path} has no maxLength"));
        }
        rules
    }
    let mut found = Vec::new();
    assert!(check(&root()["properties"]["spec"], "spec", &mut found));
    assert_eq!(found, [""; 0]);
}

#[test]
fn every_text_list_and_mapping_of_the_spec_has_a_limit() {
    let without = complaints(|path, schema| {
        let limited = match schema["type"].as_str()? {
            "string" => ["maxLength", "pattern", "enum"]
                .iter()
                .any(|word| !schema[word].is_null()),
            "array" => !schema["maxItems"].is_null(),
            "object" if schema["additionalProperties"].is_object() => !schema["maxProperties"].is_null(),
            _ => true,
        };
        // The texts in mappings are limited by the size of the whole source.
        (path.starts_with(".spec") && !path.ends_with(".*") && !limited).then(|| "has no limit".to_owned())
    });
    assert_eq!(without, [""; 0]);
}

#[test]
fn columns_and_selectable_fields_are_those_that_people_look_for() {
    let definition = sms_crds::crd::definition();
    let version = &definition.spec.versions[0];
    let columns: Vec<String> = version
        .additional_printer_columns
        .iter()
        .flatten()
        .map(|column| format!("{} {} {}", column.name, column.type_, column.json_path))
        .collect();
    assert_eq!(
        columns,
        [
            "Ready string .status.conditions[?(@.type==\"Ready\")].status",
            "Schedule string .spec.schedule",
            "Suspended boolean .spec.suspend",
            "Last success date .status.lastSuccessTime",
            "Processed integer .status.lastRun.processed",
            "Skipped integer .status.lastRun.skipped",
            "Next run string .status.nextRunTime",
            "Age date .metadata.creationTimestamp",
            "Last outcome string .status.lastRun.outcome",
            "Reason string .status.lastRun.reason",
        ]
    );
    let selectable: Vec<&str> = version
        .selectable_fields
        .iter()
        .flatten()
        .map(|field| field.json_path.as_str())
        .collect();
    assert_eq!(selectable, [".spec.suspend", ".spec.apiName"]);
    assert!(
        version
            .subresources
            .as_ref()
            .is_some_and(|subresources| subresources.status.is_some())
    );
}
