//! Properties of reading manifests. The single cases are the files under `tests/manifests`. Pure.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const RICH: &str = include_str!("../../tests/manifests/valid/post-with-secrets.yaml");
const FILTERS: &str = include_str!("../../tests/manifests/valid/lookups-and-filters.yaml");

fn any_value() -> impl Strategy<Value = Value> {
    let words = [
        "",
        "x",
        "0s",
        "5m",
        "GET",
        "{}",
        "https://a.example",
        "H * * * *",
        "UTC",
        "$1",
        "name",
        "\u{0}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3_i64..12).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{1,8}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

/// Puts `with` in the place of the `at`-th value inside `value`.
fn replace(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        value.clone_from(with);
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, at, with)),
        _ => {}
    }
}

fn object(text: &str) -> Value {
    document::read(text).remove(0).content.unwrap().value
}

#[test]
fn an_admitted_source_is_read_without_the_schema_and_still_validated() {
    let mut object = object(RICH);
    let read = |object: &Value| read_admitted(&object.to_string(), "SMS_SOURCE");
    assert_eq!(
        read(&object).unwrap().spec,
        parse_source(RICH, "text").unwrap().spec
    );
    object["spec"]["schedule"] = json!("@daily");
    assert!(
        read(&object)
            .unwrap_err()
            .to_string()
            .starts_with("SMS_SOURCE: club: spec.schedule: the macro @daily")
    );
    object["spec"]["fetch"]["attempts"] = json!("3");
    let error = read(&object).unwrap_err().to_string();
    assert!(
        error.starts_with("SMS_SOURCE: is not a ScrapeSource as JSON: spec.fetch.attempts: "),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        read_manifests(&text, "text", FileAccess::Refused);
    }

    #[test]
    fn no_text_of_yaml_characters_panics(text in "[-a: \n\\[\\]{}#&*!|>'\"%@,?~.0-9<]{0,60}") {
        read_manifests(&text, "text", FileAccess::Refused);
    }

    #[test]
    fn a_manifest_that_is_cut_off_does_not_panic(end in 0..RICH.len()) {
        read_manifests(RICH.get(..end).unwrap_or_default(), "text", FileAccess::Refused);
    }

    /// An object that a cluster takes must be one that the operator can read.
    #[test]
    fn what_the_schema_accepts_the_types_can_read(
        text in prop::sample::select(vec![RICH, FILTERS]), at in 0..60_usize, with in any_value()
    ) {
        let mut object = object(text);
        replace(object.pointer_mut("/spec").unwrap(), &mut at.clone(), &with);
        let problems = schema::validate(&mut object);
        let typed = serde_json::from_value::<ScrapeSource>(object.clone());
        prop_assert!(!problems.is_empty() || typed.is_ok(), "{object}: {typed:?}");
    }

    #[test]
    fn a_source_that_is_accepted_travels_unchanged(
        text in prop::sample::select(vec![RICH, FILTERS]), at in 0..60_usize, with in any_value()
    ) {
        let mut object = object(text);
        replace(object.pointer_mut("/spec").unwrap(), &mut at.clone(), &with);
        if let Ok(source) = parse_source(&object.to_string(), "text") {
            let json = serde_json::to_string(&source.to_travel()).unwrap();
            prop_assert_eq!(parse_source(&json, "text").unwrap().spec, source.spec);
        }
    }
}

#[test]
fn what_is_no_admitted_source_is_told_with_place_and_remedy() {
    let mut unknown = object(RICH);
    unknown["spec"]["fetch"]["timeut"] = json!("5s");
    let mut version = object(RICH);
    version["apiVersion"] = json!("sms-scraper.dev/v9");
    for (json, expected) in [
        (
            "{garbage".to_owned(),
            "key must be a string at line 1 column 2; write one object",
        ),
        ("{}".to_owned(), "is no Kubernetes object: begin with apiVersion"),
        ("[]".to_owned(), "expected an object: begin with apiVersion"),
        (
            json!({"apiVersion": "v1", "kind": "Secret"}).to_string(),
            "kind: is another kind: write ScrapeSource",
        ),
        (
            unknown.to_string(),
            "spec.fetch.timeut: is not a field: did you mean timeout?",
        ),
        (
            version.to_string(),
            "apiVersion: \"sms-scraper.dev/v9\" is not the API",
        ),
    ] {
        let error = read_admitted(&json, "SMS_SOURCE").unwrap_err().to_string();
        let expected = format!("SMS_SOURCE: is not a ScrapeSource as JSON: {expected}");
        assert!(error.starts_with(&expected), "{error}");
    }
}
