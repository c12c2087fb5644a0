//! Offline validation of a manifest against the CRD: its structural schema, then its CEL rules. Pure.
//!
//! The answer is the API server's: what passes here passes there, and the other way round. Two differences are on
//! purpose. An entry of a map without a value (`title:`) is a problem here, where the API server silently drops it;
//! and a whole number with a fraction (`3.0`) is one, since YAML readers disagree about it.

mod rules;
mod structure;
mod words;

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::Value;

use crate::problem::Problem;

/// The schema as it was generated: making it of the types anew takes longer than all of its use. A test compares them.
const GENERATED: &str = include_str!("../generated/schema.json");

static TREE: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(GENERATED).unwrap_or_default());

static SCHEMA: LazyLock<JSONSchemaProps> =
    LazyLock::new(|| serde_json::from_str(GENERATED).unwrap_or_default());

/// The schema of a whole `ScrapeSource`.
pub fn schema() -> &'static JSONSchemaProps {
    &SCHEMA
}

/// Everything that the CRD's schema and rules say against `object`. `apiVersion`, `kind` and `metadata` are not looked
/// at, apart from rules that name them; `status` is ignored.
///
/// Fields without a value (`timeout:`) are taken out of `object` first, as the API server does.
pub fn validate(object: &mut Value) -> Vec<Problem> {
    let Some(fields) = object.as_object_mut() else {
        return vec![Problem::new(
            "",
            "a manifest is a mapping: write apiVersion, kind, metadata and spec",
        )];
    };
    fields.remove("status");
    let mut findings = Vec::new();
    match fields.get_mut("spec") {
        // To type the whole schema takes longer than to check against it. Only a finding has use for the rest: for the
        // names and descriptions of other fields.
        Some(spec) if !spec.is_null() => {
            if !fits_part(spec)
                && let Some(schema) = SCHEMA.properties.as_ref().and_then(|fields| fields.get("spec"))
            {
                structure::check(schema, spec, "spec", &mut findings);
            }
        }
        _ => findings.push(structure::missing("spec", None)),
    }
    let mut broken = rules::check(object);
    broken.retain(|rule| !structure::explains(&findings, rule));
    findings
        .into_iter()
        .map(|finding| finding.problem)
        .chain(broken)
        .collect()
}

/// Whether `spec` fits the part of its schema that it reaches. Fields without a value are taken out of it.
fn fits_part(spec: &mut Value) -> bool {
    let part = rules::part(&TREE["properties"]["spec"], &[spec]);
    let Ok(schema) = serde_json::from_value(part) else {
        return false;
    };
    let mut findings = Vec::new();
    structure::check(&schema, spec, "spec", &mut findings);
    findings.is_empty()
}

#[cfg(test)]
mod tests;
