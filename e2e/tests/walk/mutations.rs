//! Every field of the CRD's schema, changed in every way that its type suggests. Pure.

use serde_json::{Map, Value, json};

/// A spec that differs from a good one in one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutation {
    /// The field and what became of it, for people.
    pub name: String,
    /// The whole spec.
    pub spec: Value,
    /// Whether the schema alone forbids it.
    pub is_forbidden: bool,
}

/// Fields of which one object has one at the most.
const EXCLUSIVE: [&[&str]; 6] = [
    &["json", "html", "jsonLd", "ical", "feed"],
    &["basic", "bearer", "header", "query"],
    &["secretRef", "volumeClaim"],
    &["nextPath", "next", "parameter", "template"],
    &["value", "secretKeyRef"],
    &["limits", "requests"],
];

/// Texts that mean something to some field: jq, CSS, a regular expression, an address, a duration, a time, a schedule, a
/// zone, a quantity, names; and what nobody wants.
const TEXTS: [&str; 19] = [
    ".x[]",
    "div.event > a",
    "^a+(b|c)$",
    "https://venue.example/{page}",
    "90m",
    "18:30",
    "H 4 * * 1",
    "0 0 31 2 *",
    "Europe/Berlin",
    "500m",
    "blue-moon",
    "sms-secret",
    "%Y-%m-%d",
    "",
    "(((",
    ".x |",
    "ftp://venue.example/",
    "TZ=UTC 5 * * * *",
    "🎵 \u{7f}",
];

/// A spec that is in order.
pub fn base() -> Value {
    json!({
        "schedule": "0 0 29 2 *",
        "fetch": { "url": "https://venue.example/events" },
        "extract": { "json": { "items": ".[]", "fields": { "title": ".title", "start": ".start" } } },
    })
}

/// Every mutation of [`base`] that the schema of `spec` suggests, in the order of the schema.
pub fn all(schema: &Value) -> Vec<Mutation> {
    let mut found = Vec::new();
    walk(schema, &mut Vec::new(), &mut found);
    found
}

/// One step from an object to what is in it.
#[derive(Debug, Clone)]
struct Step {
    field: String,
    /// What the parent needs besides.
    siblings: Vec<(String, Value)>,
}

fn walk(schema: &Value, path: &mut Vec<Step>, found: &mut Vec<Mutation>) {
    if !path.is_empty() {
        for (value, is_forbidden) in values(schema) {
            push(path, value, is_forbidden, found);
        }
        if schema["nullable"] == true {
            push(path, Value::Null, false, found);
        }
    }
    let required: Vec<_> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (field, child) in schema["properties"].as_object().into_iter().flatten() {
        let siblings = required.iter().filter(|name| *name != field);
        let siblings = siblings.map(|name| ((*name).to_owned(), example(name, &schema["properties"][*name])));
        path.push(Step {
            field: field.clone(),
            siblings: siblings.chain(needed_beside(field)).collect(),
        });
        walk(child, path, found);
        path.pop();
    }
    for (child, field) in [
        (&schema["additionalProperties"], "title"),
        (&schema["items"], "0"),
    ] {
        if child.is_object() {
            path.push(Step {
                field: field.to_owned(),
                siblings: Vec::new(),
            });
            walk(child, path, found);
            path.pop();
        }
    }
}

/// What no schema says, but a rule.
fn needed_beside(field: &str) -> Vec<(String, Value)> {
    let beside = |field: &str, value: Value| vec![(field.to_owned(), value)];
    match field {
        "attribute" | "variable" => beside("within", json!("script")),
        "replace" => beside("regex", json!("a")),
        "equals" | "matches" => beside("field", json!("title")),
        "field" => beside("matches", json!("a")),
        "body" => beside("method", json!("POST")),
        "start" | "step" | "max" => beside("parameter", json!("page")),
        "key" | "url" => beside("json", json!({ "items": ".x" })),
        "value" => beside("name", json!("accept")),
        _ => Vec::new(),
    }
}

/// Values of a field, and whether the schema alone forbids each.
fn values(schema: &Value) -> Vec<(Value, bool)> {
    let bound = |name: &str| schema[name].as_f64();
    match schema["type"].as_str() {
        _ if schema["enum"].is_array() => {
            let allowed = schema["enum"].as_array().into_iter().flatten();
            let allowed = allowed.map(|value| (value.clone(), false));
            allowed
                .chain([(json!("other"), true), (json!(3), true)])
                .collect()
        }
        Some("boolean") => vec![(json!(true), false), (json!(false), false), (json!("yes"), true)],
        Some("integer") => {
            let (low, high) = (bound("minimum").unwrap_or(0.0), bound("maximum").unwrap_or(1e9));
            #[allow(clippy::cast_possible_truncation, reason = "bounds are whole")]
            let [low, high] = [low as i64, high as i64];
            vec![
                (json!(low), false),
                (json!(high), false),
                (json!(low - 1), true),
                (json!(high + 1), true),
                (json!(1.5), true),
                (json!("many"), true),
            ]
        }
        Some("string") => {
            let most = schema["maxLength"]
                .as_u64()
                .and_then(|most| usize::try_from(most).ok());
            let is_forbidden = |text: &str| {
                let length = text.chars().count();
                most.is_some_and(|most| length > most)
                    || schema["minLength"]
                        .as_u64()
                        .is_some_and(|least| (length as u64) < least)
            };
            let mut values: Vec<_> = TEXTS
                .iter()
                .map(|text| (json!(text), is_forbidden(text)))
                .collect();
            values.extend(most.map(|most| (json!("a".repeat(most + 1)), true)));
            values.push((json!(["a"]), true));
            values
        }
        Some("array") => {
            let most = schema["maxItems"]
                .as_u64()
                .and_then(|most| usize::try_from(most).ok());
            let item = example("title", &schema["items"]);
            let mut values = vec![(json!([]), false), (json!("one"), true)];
            values.extend(most.map(|most| (Value::from(vec![item; most + 1]), true)));
            values
        }
        Some("object") if schema["additionalProperties"].is_object() => {
            let most = schema["maxProperties"].as_u64().unwrap_or(1000);
            let item = example("title", &schema["additionalProperties"]);
            let many: Map<_, _> = (0..=most)
                .map(|number| (format!("f{number}"), item.clone()))
                .collect();
            vec![(json!({}), false), (Value::Object(many), true), (json!([]), true)]
        }
        Some("object") => vec![
            (json!({}), schema["required"].is_array()),
            (json!({ "misspelt": 1 }), true),
            (json!("text"), true),
        ],
        _ => vec![
            (json!("500m"), false),
            (json!(1), false),
            (json!("lots"), true),
            (json!([]), true),
        ],
    }
}

/// A value that is in order, as far as a schema can tell.
fn example(name: &str, schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten();
    match schema["type"].as_str() {
        Some("object") => {
            let fields = required.filter_map(Value::as_str);
            fields
                .map(|field| (field.to_owned(), example(field, &schema["properties"][field])))
                .collect::<Map<_, _>>()
                .into()
        }
        Some("array") => json!([]),
        Some("integer") => schema["minimum"].clone(),
        Some("boolean") => json!(true),
        _ if name == "url" => json!("https://venue.example/events"),
        _ => json!("title"),
    }
}

fn push(path: &[Step], value: Value, is_forbidden: bool, found: &mut Vec<Mutation>) {
    let place: Vec<_> = path.iter().map(|step| step.field.as_str()).collect();
    let text: String = value.to_string().chars().take(40).collect();
    let name = format!("spec.{} = {text}", place.join("."));
    let mut spec = base();
    set(&mut spec, path, value);
    found.push(Mutation {
        name,
        spec,
        is_forbidden,
    });
}

/// Makes `value` what stands at `path`, with what that needs on the way.
fn set(object: &mut Value, path: &[Step], value: Value) {
    let Some((step, rest)) = path.split_first() else {
        *object = value;
        return;
    };
    if step.field == "0" {
        let mut item = Value::Null;
        set(&mut item, rest, value);
        *object = json!([item]);
        return;
    }
    if !object.is_object() {
        *object = json!({});
    }
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    for (name, sibling) in &step.siblings {
        fields.entry(name.clone()).or_insert_with(|| sibling.clone());
    }
    for group in EXCLUSIVE
        .iter()
        .filter(|group| group.contains(&step.field.as_str()))
    {
        fields.retain(|name, _| *name == step.field || !group.contains(&name.as_str()));
    }
    set(
        fields.entry(step.field.clone()).or_insert(Value::Null),
        rest,
        value,
    );
}

#[test]
fn a_field_is_changed_with_what_it_needs_and_without_what_it_excludes() {
    let schema = json!({ "type": "object", "properties": {
        "extract": { "type": "object", "properties": {
            "html": { "type": "object", "properties": { "within": { "type": "string", "maxLength": 3 } } },
        }},
        "suspend": { "type": "boolean" },
    }});
    let found = all(&schema);
    let of = |name: &str| found.iter().find(|mutation| mutation.name == name).unwrap();
    let within = of("spec.extract.html.within = \".x[]\"");
    assert_eq!(within.spec["extract"], json!({ "html": { "within": ".x[]" } }));
    assert!(within.is_forbidden, "it is too long");
    assert_eq!(of("spec.suspend = true").spec["suspend"], true);
    assert!(of("spec.suspend = \"yes\"").is_forbidden);
    assert_eq!(of("spec.suspend = true").spec["fetch"], base()["fetch"]);
}
