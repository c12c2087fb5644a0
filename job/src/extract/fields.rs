//! jq programs by field name. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    error::PlanError,
    jq::{Program, Variables},
};
use crate::event::RawItem;

/// The compiled `fields` of an extractor that reads with jq.
#[derive(Default)]
pub struct FieldPrograms(Vec<(String, Program)>);

impl FieldPrograms {
    /// Compiles every program; `path` is the extractor's place in the manifest.
    pub fn compile(fields: &BTreeMap<String, String>, path: &str) -> Result<Self, PlanError> {
        fields
            .iter()
            .map(|(name, source)| {
                Ok((
                    name.clone(),
                    Program::compile(source, format!("{path}.fields.{name}"))?,
                ))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any program names `variable`.
    pub fn mentions(&self, variable: &str) -> bool {
        self.0.iter().any(|(_, program)| program.mentions(variable))
    }

    /// `defaults` with every field that a program gives for `raw`. A program that fails gives nothing: pages lack
    /// fields all the time, and a missing one shows in `preview` and in `expect.requiredFields`.
    pub fn read(&self, raw: &Value, defaults: RawItem, index: usize, variables: &Variables) -> RawItem {
        let variables = Variables {
            index: Variables::value(&Value::from(index)),
            ..variables.clone()
        };
        let mut fields = defaults;
        for (name, program) in &self.0 {
            match program.first(raw, &variables) {
                Ok(Value::Null) | Err(_) => {}
                Ok(value) => {
                    fields.insert(name.clone(), value);
                }
            }
        }
        fields
    }
}
