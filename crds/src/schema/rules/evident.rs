//! Rules that are seen to be kept without CEL. Pure.
//!
//! To compile a rule takes longer than all else that is done with a manifest, and nearly every manifest keeps them all.
//! What is not seen here is left to CEL, which also has the last word on what is broken.

use serde_json::Value;

/// Whether `value` keeps `rule` for sure; `false` says nothing.
pub fn is_kept(rule: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => is_kept_by_text(rule, text),
        Value::Object(fields) if fields.values().all(|field| !field.is_null()) => {
            is_kept_by_object(rule, value)
        }
        _ => false,
    }
}

fn is_kept_by_text(rule: &str, text: &str) -> bool {
    match rule {
        "self.matches('[1-9]')" => text.contains(|letter| matches!(letter, '1'..='9')),
        "!self.startsWith('@')" => !text.starts_with('@'),
        "self.startsWith('@') || !self.contains('TZ=')" => text.starts_with('@') || !text.contains("TZ="),
        r"self.startsWith('@') || self.contains('TZ=') || self.matches('^\\s*\\S+(\\s+\\S+){4}\\s*$')" => {
            text.starts_with('@') || text.contains("TZ=") || has_five_fields(text)
        }
        _ => false,
    }
}

/// Engines disagree about which letters outside of these are white space.
fn has_five_fields(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && text.split(' ').filter(|field| !field.is_empty()).count() == 5
}

fn is_kept_by_object(rule: &str, value: &Value) -> bool {
    let has = |name: &str| value.get(name).is_some();
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match rule {
        "self.metadata.name.size() <= 63" => {
            let name = value.pointer("/metadata/name").and_then(Value::as_str);
            name.is_some_and(|name| name.len() <= 63)
        }
        "self.url.startsWith('http://') || self.url.startsWith('https://') || self.url.startsWith('file://')" =>
        {
            let schemes = ["http://", "https://", "file://"];
            text("url").is_some_and(|url| schemes.iter().any(|scheme| url.starts_with(scheme)))
        }
        "!has(self.body) || (has(self.method) && self.method == 'POST')" => {
            !has("body") || text("method") == Some("POST")
        }
        "!has(self.attribute) || has(self.within)" => !has("attribute") || has("within"),
        "!(has(self.secretRef) && has(self.volumeClaim))" => !(has("secretRef") && has("volumeClaim")),
        "!(has(self.select) && has(self.itemprop))" => !(has("select") && has("itemprop")),
        "!has(self.value) || !(has(self.select) || has(self.itemprop) || has(self.attribute) || has(self.regex))" => {
            !has("value") || !["select", "itemprop", "attribute", "regex"].into_iter().any(has)
        }
        "has(self.value) != has(self.secretKeyRef)" => has("value") != has("secretKeyRef"),
        "has(self.field) != has(self.where)" => has("field") != has("where"),
        "!has(self.field) || (has(self.matches) != has(self.equals))" => {
            !has("field") || has("matches") != has("equals")
        }
        "!has(self.where) || !(has(self.matches) || has(self.equals))" => {
            !has("where") || !(has("matches") || has("equals"))
        }
        _ => names_of_one(rule).is_some_and(|names| names.filter(|name| has(name)).count() == 1),
    }
}

/// The names of a rule that asks for exactly one of several fields.
fn names_of_one(rule: &str) -> Option<impl Iterator<Item = &str>> {
    let list = rule
        .strip_prefix("[has(self.")?
        .strip_suffix(")].filter(x, x).size() == 1")?;
    Some(list.split("), has(self."))
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeMap};

    use kube::core::cel::{CompiledSchema, Validator, compile_schema};
    use proptest::{prelude::*, test_runner::TestRunner};
    use serde_json::{Map, json};

    use super::*;
    use crate::schema::GENERATED;

    /// Rules of the CRD that are not about changes.
    fn rules() -> Vec<String> {
        let schema: Value = serde_json::from_str(GENERATED).unwrap();
        let mut found = Vec::new();
        collect(&schema, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(value: &Value, found: &mut Vec<String>) {
        let Value::Object(fields) = value else { return };
        for (keyword, inner) in fields {
            match inner {
                Value::Array(rules) if keyword == super::super::reached::RULES => {
                    let texts = rules.iter().filter_map(|rule| rule["rule"].as_str());
                    found.extend(texts.filter(|text| !text.contains("oldSelf")).map(str::to_owned));
                }
                _ => collect(inner, found),
            }
        }
    }

    const NAMES: [&str; 24] = [
        "json",
        "html",
        "ical",
        "feed",
        "jsonLd",
        "attribute",
        "within",
        "field",
        "where",
        "matches",
        "equals",
        "select",
        "itemprop",
        "value",
        "regex",
        "secretKeyRef",
        "secretRef",
        "volumeClaim",
        "basic",
        "bearer",
        "next",
        "template",
        "body",
        "method",
    ];

    /// An object whose named fields are texts, as the schema of each rule has them.
    fn objects() -> impl Strategy<Value = Value> {
        let fields = prop::collection::btree_map(prop::sample::select(&NAMES[..]), "POST|GET|x|", 0..5);
        let url = prop::option::of("(https?|file|ftp|x)?(:|://)[a-z]{0,3}");
        let name = prop::option::of("[a-zé]{0,5}|[a-z]{60,66}|é{30,66}");
        (fields, url, name).prop_map(|(fields, url, name)| {
            let mut object: Map<_, _> = fields
                .into_iter()
                .map(|(key, text)| (key.to_owned(), json!(text)))
                .collect();
            object.extend(url.map(|url| ("url".to_owned(), json!(url))));
            object.extend(name.map(|name| ("metadata".to_owned(), json!({ "name": name }))));
            Value::Object(object)
        })
    }

    fn texts() -> impl Strategy<Value = Value> {
        let parts = prop::collection::vec("[0-9*]{1,2}|H|@daily|TZ=UTC| |\t|\n|\u{b}|\u{a0}|é|0s", 0..10);
        let times = prop_oneof![
            parts.prop_map(|parts| parts.concat()),
            "( {1,2}[0-9H*/,-]{1,3}){3,6} ?",
            "[0-9]{1,3}[smhd]"
        ];
        times.prop_map(Value::String)
    }

    /// Each rule as CEL, compiled when it is first asked for.
    #[derive(Default)]
    struct Cel {
        validator: Validator,
        compiled: BTreeMap<String, CompiledSchema>,
    }

    impl Cel {
        fn is_kept(&mut self, rule: &str, value: &Value) -> bool {
            let compiled = self.compiled.entry(rule.to_owned());
            let compiled = compiled.or_insert_with(|| compile_schema(&schema_of(rule, value.is_object())));
            self.validator.validate_compiled(compiled, value, None).is_ok()
        }
    }

    fn schema_of(rule: &str, is_object: bool) -> Value {
        let rules = json!([{ "rule": rule, "message": "broken" }]);
        if !is_object {
            return json!({ "type": "string", "x-kubernetes-validations": rules });
        }
        let text = || json!({ "type": "string" });
        let mut properties: Map<_, _> = NAMES.iter().map(|name| ((*name).to_owned(), text())).collect();
        properties.insert("url".to_owned(), text());
        let metadata = json!({ "type": "object", "properties": { "name": text() } });
        properties.insert("metadata".to_owned(), metadata);
        json!({ "type": "object", "properties": properties, "x-kubernetes-validations": rules })
    }

    #[test]
    fn what_is_kept_here_is_kept_in_cel() {
        let (rules, cel) = (rules(), RefCell::new(Cel::default()));
        let values = prop_oneof![objects(), texts()];
        let ended = TestRunner::default().run(&values, |value| {
            for rule in rules.iter().filter(|rule| is_kept(rule, &value)) {
                prop_assert!(cel.borrow_mut().is_kept(rule, &value), "{rule}: {value}");
            }
            Ok(())
        });
        ended.unwrap();
    }

    #[test]
    fn every_rule_of_the_schema_is_kept_by_some_value_and_not_by_another() {
        let kept = [
            json!({ "metadata": { "name": "a" }, "url": "http://x", "json": 1, "field": 1, "matches": 1, "value": 1, "basic": 1, "next": 1 }),
            json!("5 4 * * *"),
        ];
        let broken = [
            json!({
                "body": 1, "attribute": 1, "secretRef": 1, "volumeClaim": 1, "select": 1, "itemprop": 1, "value": 1, "secretKeyRef": 1,
                "field": 1, "where": 1, "matches": 1, "equals": 1,
            }),
            json!("@daily"),
            json!("TZ=UTC"),
            json!("x"),
        ];
        let mut cel = Cel::default();
        for rule in rules() {
            let value = kept
                .iter()
                .find(|value| is_kept(&rule, value))
                .unwrap_or_else(|| panic!("{rule} is unknown"));
            assert!(cel.is_kept(&rule, value), "{rule}");
            assert!(broken.iter().any(|value| !is_kept(&rule, value)), "{rule}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_or_a_field_without_one_is_left_to_cel() {
        assert!(!is_kept("self.matches('[1-9]')", &json!(5)));
        assert!(!is_kept(
            "!has(self.attribute) || has(self.within)",
            &json!({ "within": null })
        ));
        assert!(!is_kept("self == 5", &json!("5")));
    }
}
