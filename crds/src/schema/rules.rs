//! The CEL rules of the CRD, evaluated as the API server evaluates them. Pure.

mod evident;
mod reached;

use std::cell::{Cell, OnceCell};

use kube::core::cel::{CompiledSchema, ErrorKind, ValidationErrors, Validator, compile_schema};
use serde_json::Value;

pub use self::reached::part;
use super::TREE;
use crate::problem::Problem;

#[derive(Default)]
struct Rules {
    /// Of the whole schema; made for the second object that needs it.
    whole: OnceCell<CompiledSchema>,
    has_checked: Cell<bool>,
}

thread_local! {
    // A CEL program is not `Sync`.
    static RULES: Rules = Rules::default();
    static VALIDATOR: Validator = Validator::new();
}

/// The rules that `object` breaks. A rule that cannot be evaluated, because a field has the wrong type or is missing,
/// says nothing: the structural part has said it.
pub fn check(object: &Value) -> Vec<Problem> {
    RULES.with(|rules| {
        let part = part(&TREE, &[object]);
        if !reached::has_rules(&part) {
            return Vec::new();
        }
        // Compiling all rules takes longer than all else that is done with a manifest, and most processes read one.
        match rules.has_checked.replace(true) {
            false => broken(&compile_schema(&part), object),
            true => broken(rules.whole.get_or_init(|| compile_schema(&TREE)), object),
        }
    })
}

fn broken(schema: &CompiledSchema, object: &Value) -> Vec<Problem> {
    let errors = VALIDATOR.with(|validator| validator.validate_compiled(schema, object, None).err());
    errors
        .into_iter()
        .flat_map(ValidationErrors::into_vec)
        .filter(|error| error.kind == ErrorKind::ValidationFailure)
        .map(|error| match error.message.strip_prefix("metadata.name: ") {
            // A rule of the root object cannot have a `fieldPath` into metadata.
            Some(problem) => Problem::new("metadata.name", problem),
            None => Problem::new(error.field_path, error.message),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_part_that_an_object_reaches_breaks_the_same_rules_as_the_whole() {
        let specs = [
            json!({}),
            json!(5),
            json!({ "apiName": "a", "schedule": "@weekly" }),
            json!({ "schedule": "@daily", "fetch": { "url": "ftp://x", "body": "b" }, "extract": {} }),
            json!({ "fetch": { "url": "http://x" }, "extract": { "json": { "attribute": "x" }, "html": {} } }),
            json!({ "extract": { "lookups": { "a": { "json": { "attribute": "x" } }, "b": { "html": {} } } } }),
            json!({ "fetch": { "pages": { "next": "a", "nextPath": ".b" }, "headers": [{ "name": "A" }, {}] } }),
            json!({ "extract": { "html": { "fields": { "a": { "select": "b", "from": "page" }, "c": {} } } } }),
            json!({ "extract": { "include": [{ "field": "a" }, { "pattern": "b", "filter": "c" }], "follow": {} } }),
        ];
        let whole = compile_schema(&TREE);
        for spec in specs {
            let object = json!({ "metadata": { "name": "x".repeat(70) }, "spec": spec });
            let part = compile_schema(&part(&TREE, &[&object]));
            // The validator goes through properties in no order.
            let told = |schema| {
                let problems = broken(schema, &object);
                let mut told: Vec<_> = problems.iter().map(ToString::to_string).collect();
                told.sort_unstable();
                told
            };
            let expected = told(&whole);
            assert_eq!(told(&part), expected, "{object}");
            assert!(!expected.is_empty());
        }
    }
}
