//! `include` and `exclude` rules. Pure.

use regex::{Regex, RegexBuilder};
use serde_json::Value;
use sms_crds::v1alpha1::FilterRule;

use super::{
    error::PlanError,
    jq::{Program, Variables},
};
use crate::event::RawItem;

/// Most bytes of a compiled regular expression.
const REGEX_LIMIT: usize = 1 << 20;

/// A compiled rule.
pub struct Rule {
    test: Test,
}

enum Test {
    Matches { field: String, regex: Regex },
    Equals { field: String, text: String },
    Where(Program),
}

impl Rule {
    /// Compiles the rule at `path` of the manifest.
    pub fn compile(rule: &FilterRule, path: &str) -> Result<Self, PlanError> {
        let test = match rule {
            FilterRule {
                condition: Some(source),
                ..
            } => Test::Where(Program::compile(source, format!("{path}.where"))?),
            FilterRule {
                field: Some(field),
                equals: Some(text),
                ..
            } => Test::Equals {
                field: field.clone(),
                text: text.clone(),
            },
            FilterRule {
                field: Some(field),
                matches: Some(pattern),
                ..
            } => {
                let regex = RegexBuilder::new(pattern)
                    .size_limit(REGEX_LIMIT)
                    .build()
                    .map_err(|error| PlanError::new(format!("{path}.matches"), error.to_string()))?;
                Test::Matches {
                    field: field.clone(),
                    regex,
                }
            }
            _ => {
                return Err(PlanError::new(
                    path,
                    "needs field with matches or equals, or where",
                ));
            }
        };
        Ok(Self { test })
    }

    /// Whether the item passes the test.
    ///
    /// # Errors
    /// What a `where` program says.
    pub fn passes(&self, item: &RawItem, variables: &Variables) -> Result<bool, String> {
        match &self.test {
            Test::Matches { field, regex } => {
                Ok(texts(item.get(field)).iter().any(|text| regex.is_match(text)))
            }
            Test::Equals { field, text } => Ok(texts(item.get(field)).contains(text)),
            Test::Where(program) => program.holds(&Value::from(item.clone()), variables),
        }
    }

    /// Whether the rule looks at the item's whole text.
    pub fn wants_text(&self) -> bool {
        match &self.test {
            Test::Matches { field, .. } | Test::Equals { field, .. } => field == "text",
            Test::Where(program) => program.mentions(".text"),
        }
    }

    /// The rule in words, for the reason of a rejection.
    pub fn describe(&self) -> String {
        match &self.test {
            Test::Matches { field, regex } => format!("{field} matches {:?}", regex.as_str()),
            Test::Equals { field, text } => format!("{field} equals {text:?}"),
            Test::Where(program) => format!("where at {}", program.place()),
        }
    }
}

/// The texts of a field: one, or one for each entry of a list; a missing field is the empty text.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) if !list.is_empty() => {
            list.iter().flat_map(|entry| texts(Some(entry))).collect()
        }
        None | Some(Value::Null | Value::Array(_)) => vec![String::new()],
        Some(other) => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passes(rule: Value, item: Value) -> bool {
        let rule: FilterRule = serde_json::from_value(rule).unwrap();
        let Value::Object(item) = item else {
            panic!("an item is an object")
        };
        Rule::compile(&rule, "spec.extract.include[0]")
            .unwrap()
            .passes(&RawItem::from(item), &Variables::default())
            .unwrap()
    }

    #[test]
    fn a_rule_looks_at_texts_lists_numbers_and_missing_fields() {
        assert!(passes(
            json!({"field": "t", "matches": "(?i)jazz"}),
            json!({"t": "Acid JAZZ"})
        ));
        assert!(passes(
            json!({"field": "t", "matches": "^b$"}),
            json!({"t": ["a", "b"]})
        ));
        assert!(passes(json!({"field": "n", "equals": "3"}), json!({"n": 3})));
        assert!(passes(json!({"field": "gone", "equals": ""}), json!({})));
        assert!(!passes(
            json!({"field": "gone", "matches": "x"}),
            json!({"t": "x"})
        ));
        assert!(passes(json!({"where": ".a.b > 1"}), json!({"a": {"b": 2}})));
    }

    #[test]
    fn a_wrong_pattern_names_its_place() {
        let rule = FilterRule {
            field: Some("t".into()),
            matches: Some("(".into()),
            ..FilterRule::default()
        };
        let error = Rule::compile(&rule, "spec.extract.exclude[1]")
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.path, "spec.extract.exclude[1].matches");
    }
}
