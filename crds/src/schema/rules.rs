//! The CEL rules of the CRD, evaluated as the API server evaluates them. Pure.

use std::cell::OnceCell;

use kube::core::cel::{CompiledSchema, ErrorKind, Validator, compile_schema};
use serde_json::Value;

use crate::problem::Problem;

struct Rules {
    schema: CompiledSchema,
    validator: Validator,
}

thread_local! {
    // A CEL program is not `Sync`.
    static RULES: OnceCell<Rules> = const { OnceCell::new() };
}

/// The rules that `object` breaks. A rule that cannot be evaluated, because a field has the wrong type or is missing,
/// says nothing: the structural part has said it.
pub fn check(object: &Value) -> Vec<Problem> {
    RULES.with(|rules| {
        let rules = rules.get_or_init(|| Rules {
            schema: compile_schema(&serde_json::from_str(super::GENERATED).unwrap_or_default()),
            validator: Validator::new(),
        });
        let errors = rules
            .validator
            .validate_compiled(&rules.schema, object, None)
            .err();
        errors
            .into_iter()
            .flat_map(kube::core::cel::ValidationErrors::into_vec)
            .filter(|error| error.kind == ErrorKind::ValidationFailure)
            .map(|error| match error.message.strip_prefix("metadata.name: ") {
                // A rule of the root object cannot have a `fieldPath` into metadata.
                Some(problem) => Problem::new("metadata.name", problem),
                None => Problem::new(error.field_path, error.message),
            })
            .collect()
    })
}
