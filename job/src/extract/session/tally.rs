//! How often each declared field was found, for `preview`. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::RawItem;

/// Most different values that are kept as examples of a field.
const MAX_EXAMPLES: usize = 2;

/// Longest example, in characters.
const MAX_EXAMPLE_CHARS: usize = 200;

/// How often one field was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldCount {
    /// Its name; `follow.title` is the field of the detail page.
    pub field: String,
    /// Items (for `follow.`: detail pages) that have it.
    pub items: usize,
    /// Items (for `follow.`: detail pages) that were read.
    pub of: usize,
    /// Different values, the first ones; cut to a readable length.
    pub examples: Vec<String>,
}

impl FieldCount {
    /// A field that was not looked for yet.
    pub fn new(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            ..Self::default()
        }
    }

    /// Counts what one item has in the field. Null, the empty text and the empty list are nothing.
    pub fn see(&mut self, value: Option<&Value>) {
        self.of += 1;
        let text = match value {
            None | Some(Value::Null) => return,
            Some(Value::String(text)) if text.trim().is_empty() => return,
            Some(Value::Array(list)) if list.is_empty() => return,
            Some(_) if self.examples.len() >= MAX_EXAMPLES => {
                self.items += 1;
                return;
            }
            Some(Value::String(text)) => text.chars().take(MAX_EXAMPLE_CHARS).collect(),
            Some(other) => other.to_string().chars().take(MAX_EXAMPLE_CHARS).collect(),
        };
        self.items += 1;
        if !self.examples.contains(&text) {
            self.examples.push(text);
        }
    }
}

/// The counts of one extractor's fields.
pub(super) struct Tally(Vec<(String, FieldCount)>);

impl Tally {
    /// One row for each of `names`, called `prefix` and the name.
    pub(super) fn new(names: Vec<String>, prefix: &str) -> Self {
        let row = |name: String| {
            let count = FieldCount::new(format!("{prefix}{name}"));
            (name, count)
        };
        Self(names.into_iter().map(row).collect())
    }

    /// Counts one item; `None` is one without any field.
    pub(super) fn see(&mut self, item: Option<&RawItem>) {
        for (name, count) in &mut self.0 {
            count.see(item.and_then(|item| item.get(name)));
        }
    }

    pub(super) fn into_counts(self) -> impl Iterator<Item = FieldCount> {
        self.0.into_iter().map(|(_, count)| count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_declared_field_has_a_row_with_two_different_examples_at_most() {
        let mut tally = Tally::new(vec!["a".into(), "b".into(), "c".into()], "follow.");
        for value in [json!("x"), json!("x"), json!(""), json!({"k": 1}), json!("y")] {
            let item = json!({"a": value, "b": [], "extra": 1});
            tally.see(item.as_object().cloned().map(RawItem::from).as_ref());
        }
        tally.see(None);
        let counts: Vec<_> = tally.into_counts().collect();
        assert_eq!(counts[0].field, "follow.a");
        assert_eq!((counts[0].items, counts[0].of), (4, 6));
        assert_eq!(counts[0].examples, ["x", "{\"k\":1}"]);
        assert_eq!((counts[1].items, counts[1].of), (0, 6));
        assert_eq!((counts[2].items, counts[2].of), (0, 6));
    }
}
