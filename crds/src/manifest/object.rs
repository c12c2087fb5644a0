//! What a document is, and its `metadata`. Pure.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::{
    GROUP, labels,
    problem::{Problem, did_you_mean, quoted},
};

const KIND: &str = "ScrapeSource";
const API_VERSION: &str = "sms-scraper.dev/v1alpha1";

/// What a document is.
#[derive(Debug)]
pub enum Object {
    /// A `ScrapeSource`.
    Source(Value),
    /// A list of objects.
    List(Vec<Value>),
    /// Some other Kubernetes object: none of our business.
    Foreign,
}

/// Tells what `document` is, or why it is nothing that can be used.
pub fn classify(mut document: Value) -> Result<Object, Problem> {
    let Some(fields) = document.as_object_mut() else {
        return Err(Problem::new(
            "",
            format!("expected an object: begin with apiVersion: {API_VERSION} and kind: {KIND}"),
        ));
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let (version, kind) = match (text("apiVersion"), text("kind")) {
        (Some(version), Some(kind)) => (version, kind),
        (None, None) => {
            return Err(Problem::new(
                "",
                format!("is no Kubernetes object: begin with apiVersion: {API_VERSION} and kind: {KIND}"),
            ));
        }
        (None, Some(KIND)) => {
            return Err(Problem::new(
                "apiVersion",
                format!("is required: write {API_VERSION}"),
            ));
        }
        (None, Some(_)) => {
            return Err(Problem::new(
                "apiVersion",
                format!("is required: for a {KIND} write {API_VERSION}"),
            ));
        }
        (Some(_), None) => return Err(Problem::new("kind", format!("is required: write {KIND}"))),
    };
    let group = version.split('/').next().unwrap_or_default();
    let ours = group == GROUP;
    match kind {
        KIND if version == API_VERSION => Ok(Object::Source(document)),
        KIND => Err(Problem::new(
            "apiVersion",
            format!(
                "{} is not the API of a {KIND}: write {API_VERSION}",
                quoted(version)
            ),
        )),
        "List" | "ScrapeSourceList" if ours || version == "v1" => match fields.remove("items") {
            Some(Value::Array(items)) => Ok(Object::List(items)),
            Some(Value::Null) | None => Ok(Object::List(Vec::new())),
            Some(_) => Err(Problem::new(
                "items",
                "expected a list: begin each object with \"- \"",
            )),
        },
        _ if ours => Err(Problem::new(
            "kind",
            format!("{} is not a kind of {GROUP}: write {KIND}", quoted(kind)),
        )),
        _ if did_you_mean(kind, [KIND]).is_some() => Err(Problem::new(
            "kind",
            format!("{} is not a known kind: did you mean {KIND}?", quoted(kind)),
        )),
        _ => Ok(Object::Foreign),
    }
}

/// `namespace/name` of an object as far as it has them, for messages; the namespace `default` is left out.
pub fn label(object: &Value) -> Option<String> {
    let text = |name: &str| {
        object
            .pointer(&format!("/metadata/{name}"))
            .and_then(Value::as_str)
    };
    let name = text("name")?;
    Some(
        text("namespace")
            .filter(|namespace| *namespace != "default")
            .map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}")),
    )
}

/// Fields of `metadata` that the API server knows.
const METADATA: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

static NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").ok());
static NAMESPACE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$").ok());

fn matches(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// What is wrong with the object's own fields and its `metadata`, by the API server's rules for them.
pub fn check(object: &Map<String, Value>) -> Vec<Problem> {
    const TOP: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
    let mut problems: Vec<Problem> = object
        .keys()
        .filter(|name| !TOP.contains(&name.as_str()))
        .map(|name| unknown(name, name, &TOP))
        .collect();
    match object.get("metadata") {
        Some(Value::Object(metadata)) => check_metadata(metadata, &mut problems),
        Some(Value::Null) | None => problems.push(Problem::new(
            "metadata.name",
            "is required: add a name, e.g. sea-monster",
        )),
        Some(_) => problems.push(Problem::new(
            "metadata",
            "expected a mapping: write metadata: { name: sea-monster }",
        )),
    }
    problems
}

fn unknown(name: &str, path: &str, known: &[&str]) -> Problem {
    let remedy = did_you_mean(name, known.iter().copied()).map_or_else(
        || format!("the fields here are {}", known.join(", ")),
        |near| format!("did you mean {near}?"),
    );
    Problem::new(path, format!("is not a field: {remedy}"))
}

fn check_metadata(metadata: &Map<String, Value>, problems: &mut Vec<Problem>) {
    for name in metadata.keys().filter(|name| !METADATA.contains(&name.as_str())) {
        problems.push(unknown(name, &format!("metadata.{name}"), &METADATA));
    }
    match metadata.get("name") {
        Some(Value::String(name)) if name.len() <= 253 && matches(&NAME, name) => {}
        Some(Value::String(name)) => problems.push(Problem::new(
            "metadata.name",
            format!(
                "{} is not a name: use lower-case letters, digits and hyphens, e.g. sea-monster",
                quoted(name)
            ),
        )),
        Some(Value::Null) | None => problems.push(Problem::new(
            "metadata.name",
            "is required: add a name, e.g. sea-monster",
        )),
        Some(_) => problems.push(Problem::new(
            "metadata.name",
            "expected text: put the name in quotes",
        )),
    }
    match metadata.get("namespace") {
        Some(Value::Null) | None => {}
        Some(Value::String(name)) if name.len() <= 63 && matches(&NAMESPACE, name) => {}
        Some(Value::String(name)) => problems.push(Problem::new(
            "metadata.namespace",
            format!(
                "{} is not a namespace: use at most 63 lower-case letters, digits and hyphens",
                quoted(name)
            ),
        )),
        Some(_) => problems.push(Problem::new(
            "metadata.namespace",
            "expected text: put the namespace in quotes",
        )),
    }
    for field in ["labels", "annotations"] {
        let path = format!("metadata.{field}");
        match metadata.get(field) {
            Some(Value::Null) | None => {}
            Some(Value::Object(entries)) => {
                for (key, value) in entries {
                    let here = format!("{path}.{key}");
                    match value {
                        Value::String(value) if field == "labels" => {
                            problems.extend(labels::check_label(key, value, &here));
                        }
                        Value::String(_) => problems.extend(labels::check_key(key, &here)),
                        _ => problems.push(Problem::new(here, "expected text: put the value in quotes")),
                    }
                }
            }
            Some(_) => problems.push(Problem::new(
                path,
                "expected a mapping: write one \"name: value\" per line",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn other_kubernetes_objects_are_foreign_and_near_misses_are_not() {
        let kind = |version: &str, kind: &str| classify(json!({"apiVersion": version, "kind": kind}));
        assert!(matches!(kind("v1", "Secret"), Ok(Object::Foreign)));
        assert!(matches!(kind("apps/v1", "Deployment"), Ok(Object::Foreign)));
        assert!(matches!(kind(API_VERSION, KIND), Ok(Object::Source(_))));
        assert!(matches!(kind("v1", "List"), Ok(Object::List(_))));
        for (version, name) in [
            ("v1", KIND),
            (API_VERSION, "ScrapeSources"),
            ("v1", "Scrapesource"),
            (API_VERSION, "Source"),
        ] {
            assert!(kind(version, name).is_err(), "{version} {name}");
        }
    }

    #[test]
    fn metadata_is_checked_by_the_rules_of_the_api_server() {
        let problems = |metadata: Value| {
            let object = json!({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": {}});
            check(object.as_object().unwrap())
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            problems(json!({"name": "a.b-c", "labels": {"example.org/x": "y"}, "creationTimestamp": null})),
            [""; 0]
        );
        assert_eq!(
            problems(json!(null)),
            ["metadata.name: is required: add a name, e.g. sea-monster"]
        );
        assert_eq!(
            problems(json!({"name": 5})),
            ["metadata.name: expected text: put the name in quotes"]
        );
        assert!(
            problems(json!({"name": "Sea Monster"}))[0]
                .starts_with("metadata.name: \"Sea Monster\" is not a name")
        );
        assert_eq!(
            problems(json!({"name": "a", "nmespace": "b"})),
            ["metadata.nmespace: is not a field: did you mean namespace?"]
        );
        assert!(problems(json!({"name": "a", "labels": {"x": "y z"}}))[0].starts_with("metadata.labels.x: "));
        assert!(
            problems(json!({"name": "a", "annotations": {"x y": "z"}}))[0]
                .starts_with("metadata.annotations.x y: ")
        );
    }
}
