//! One section of the reference: the table of a type's fields. Pure.

use std::fmt::Write;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

use crate::duration;

/// A type, and where it stands in a manifest.
pub struct Section {
    /// Place in a manifest.
    pub path: &'static str,
    schema: Value,
}

impl Section {
    /// The section of type `T`.
    pub fn of<T: JsonSchema>(path: &'static str) -> Self {
        let schema = SchemaSettings::openapi3()
            .into_generator()
            .into_root_schema_for::<T>();
        Self {
            path,
            schema: schema.to_value(),
        }
    }

    /// Names of the fields, sorted.
    pub fn field_names(&self) -> Vec<&str> {
        self.properties().keys().map(String::as_str).collect()
    }

    fn properties(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&NONE)
    }

    fn is_required(&self, name: &str) -> bool {
        self.schema["required"]
            .as_array()
            .is_some_and(|required| required.iter().any(|entry| entry == name))
    }

    /// Names of optional values whose default is told nowhere. Lists, mappings and objects are empty by default.
    #[cfg(test)]
    pub fn fields_without_default(&self) -> Vec<&str> {
        let told = |name: &String, field: &Value| {
            let field = self.resolve(field);
            let simple = !matches!(field.kind(), "array" | "object");
            !simple
                || self.is_required(name)
                || field.split_default().1.is_some()
                || self.is_one_of_several(name)
        };
        self.properties()
            .iter()
            .filter(|(name, field)| !told(name, field))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Whether a field's absence has no meaning of its own: it is an alternative, or an addition.
    #[cfg(test)]
    fn is_one_of_several(&self, name: &str) -> bool {
        let alternatives: &[&str] = match self.path {
            "spec.fetch" => &["body"],
            "spec.fetch.headers[]" => &["value"],
            "spec.fetch.pages" => &["next", "nextPath", "parameter", "template"],
            "spec.extract" | "spec.extract.follow" => &["transform"],
            "spec.extract.json" => &["within"],
            "spec.extract.html" => &["within", "items"],
            "spec.extract.html.fields.NAME" => &[
                "select",
                "itemprop",
                "closest",
                "attribute",
                "regex",
                "replace",
                "default",
                "value",
            ],
            "spec.extract.include[]" => &["field", "matches", "equals", "where"],
            _ => &[],
        };
        alternatives.contains(&name)
    }

    /// Appends the section to `text`; types that have a section of their own become links.
    pub fn write(&self, all: &[Self], text: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {}\n\n", self.path);
        if let Some(description) = self.schema.get("description").and_then(Value::as_str) {
            let _ = write!(text, "{description}\n\n");
        }
        text.push_str("| Field | Value | Default | Meaning |\n| --- | --- | --- | --- |\n");
        let mut fields: Vec<_> = self.properties().iter().collect();
        fields.sort_by_key(|(name, _)| !self.is_required(name));
        for (name, field) in fields {
            let field = self.resolve(field);
            let (meaning, default) = field.split_default();
            let default = match default {
                _ if self.is_required(name) => "**required**".to_owned(),
                Some(default) => default,
                None => String::new(),
            };
            let kind = field.describe(self, all);
            let _ = writeln!(
                text,
                "| `{name}` | {} | {} | {} |",
                cell(&kind),
                cell(&default),
                cell(&meaning)
            );
        }
    }

    /// A field's schema with a reference followed.
    fn resolve<'a>(&'a self, field: &'a Value) -> Field<'a> {
        let reference = [
            field.get("$ref"),
            field.pointer("/allOf/0/$ref"),
            field.pointer("/anyOf/0/$ref"),
        ]
        .into_iter()
        .flatten()
        .find_map(Value::as_str);
        let target = reference.and_then(|reference| self.schema.pointer(reference.trim_start_matches('#')));
        Field {
            own: field,
            target: target.unwrap_or(field),
        }
    }
}

/// A field: its own schema, and that of the type it refers to.
struct Field<'a> {
    own: &'a Value,
    target: &'a Value,
}

impl Field<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.own.get(key).or_else(|| self.target.get(key))
    }

    fn kind(&self) -> &str {
        match self.get("type") {
            Some(Value::Array(kinds)) => kinds
                .iter()
                .filter_map(Value::as_str)
                .find(|kind| *kind != "null")
                .unwrap_or(""),
            kind => kind.and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// The description without its sentence on the default, and the default.
    fn split_default(&self) -> (String, Option<String>) {
        let text = self
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .replace('\n', " ");
        let (mut meaning, default) = match text.split_once("Default: ") {
            None => (text, self.own.get("default").map(|value| format!("`{value}`"))),
            Some((before, after)) => {
                let end = sentence_end(after);
                let rest = after[end..].trim_start_matches('.').trim();
                (
                    format!("{} {rest}", before.trim_end()).trim().to_owned(),
                    Some(after[..end].to_owned()),
                )
            }
        };
        for (word, told) in self.choices() {
            if let Some(told) = told {
                let _ = write!(meaning, "<br>`{word}`: {}", told.replace('\n', " "));
            }
        }
        (meaning, default)
    }

    /// The words of an enumeration with their meanings.
    fn choices(&self) -> Vec<(&str, Option<&str>)> {
        let variants = self
            .target
            .get("oneOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let mut found: Vec<_> = variants
            .filter_map(|variant| {
                Some((
                    variant.get("const")?.as_str()?,
                    variant.get("description").and_then(Value::as_str),
                ))
            })
            .collect();
        let plain = self
            .target
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        found.extend(plain.filter_map(|word| Some((word.as_str()?, None))));
        found
    }

    /// Type and limits.
    fn describe(&self, section: &Section, all: &[Section]) -> String {
        let choices: Vec<String> = self
            .choices()
            .iter()
            .map(|(word, _)| format!("`{word}`"))
            .collect();
        if !choices.is_empty() {
            return choices.join(", ");
        }
        let number = |key: &str| self.get(key).and_then(Value::as_i64);
        let at_most = |key: &str| {
            number(key)
                .map(|most| format!(" (at most {most})"))
                .unwrap_or_default()
        };
        if let Some(target) = self.section(all) {
            return target;
        }
        if self.get("x-kubernetes-int-or-string").is_some() {
            return "quantity".to_owned();
        }
        match self.kind() {
            "array" => {
                let item = self
                    .get("items")
                    .map(|items| section.resolve(items).describe(section, all));
                format!("list{} of {}", at_most("maxItems"), item.unwrap_or_default())
            }
            "object" => match self.get("additionalProperties") {
                Some(of) if of.is_object() => {
                    let of = section.resolve(of).describe(section, all);
                    format!("mapping{} of names to {of}", at_most("maxProperties"))
                }
                _ => "object".to_owned(),
            },
            "integer" | "number" => {
                let word = if self.kind() == "integer" {
                    "whole number"
                } else {
                    "number"
                };
                match (number("minimum"), number("maximum")) {
                    (Some(least), Some(most)) => format!("{word}, {least} to {most}"),
                    _ => word.to_owned(),
                }
            }
            "boolean" => "true or false".to_owned(),
            _ => match self.get("pattern").and_then(Value::as_str) {
                Some(duration::PATTERN) => "duration".to_owned(),
                Some(pattern) => format!("text that matches `{pattern}`"),
                None if self.get("format").is_some() => "date and time".to_owned(),
                None => number("maxLength").map_or_else(
                    || "text".to_owned(),
                    |most| format!("text, at most {most} characters"),
                ),
            },
        }
    }

    /// A link to the section that describes this object.
    fn section(&self, all: &[Section]) -> Option<String> {
        let names: Vec<&str> = self
            .get("properties")?
            .as_object()?
            .keys()
            .map(String::as_str)
            .collect();
        let section = all.iter().find(|section| section.field_names() == names)?;
        Some(format!("[{}](#{})", section.path, anchor(section.path)))
    }
}

/// Where the first sentence ends: a full stop outside of code, with white space or nothing after it.
fn sentence_end(text: &str) -> usize {
    let mut in_code = false;
    for (at, character) in text.char_indices() {
        match character {
            '`' => in_code = !in_code,
            '.' if !in_code && text[at + 1..].chars().next().is_none_or(char::is_whitespace) => return at,
            _ => {}
        }
    }
    text.len()
}

/// The anchor that Markdown renderers give a heading.
pub fn anchor(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
    heading
        .to_lowercase()
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

/// A text as it stands in a cell of a table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
