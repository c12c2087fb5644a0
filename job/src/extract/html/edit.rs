//! What `regex` and `replace` make of a field's text. Pure.

use regex::{Regex, RegexBuilder};
use sms_crds::v1alpha1::HtmlField;

use crate::extract::error::PlanError;

/// Most memory of a compiled regular expression, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// A compiled `regex`, with `replace` or without.
#[derive(Debug)]
pub(super) struct Edit {
    regex: Regex,
    replacement: Option<String>,
}

impl Edit {
    /// Compiles the regular expression of `field`, if it has one.
    pub(super) fn compile(field: &HtmlField, path: &str) -> Result<Option<Self>, PlanError> {
        let Some(pattern) = &field.regex else {
            return Ok(None);
        };
        let regex = RegexBuilder::new(pattern)
            .size_limit(REGEX_SIZE)
            .build()
            .map_err(|error| {
                PlanError::new(
                    format!("{path}.regex"),
                    format!("{pattern:?} is not a regular expression: {}", explain(&error)),
                )
            })?;
        Ok(Some(Self {
            regex,
            replacement: field.replace.as_deref().map(with_braces),
        }))
    }

    /// The text after all replacements, or group 1 of the first match, or the whole match where there is no group.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        if let Some(replacement) = &self.replacement {
            return Some(self.regex.replace_all(text, replacement).into_owned());
        }
        let captures = self.regex.captures(text)?;
        let group = usize::from(captures.len() > 1);
        captures.get(group).map(|found| found.as_str().to_owned())
    }
}

fn explain(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large; make its repetition counts smaller".to_owned(),
        // The message draws the pattern over several lines; the last one says what is wrong.
        other => {
            let message = other.to_string();
            let last = message.lines().next_back().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

/// `$1st` as `${1}st`: the regex crate would look for a group named `1st`.
fn with_braces(replacement: &str) -> String {
    let mut result = String::with_capacity(replacement.len());
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        let (before, tail) = rest.split_at(at);
        result.push_str(before);
        let after = &tail[1..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            result.push_str("${");
            result.push_str(&after[..digits]);
            result.push('}');
            rest = &after[digits..];
        } else {
            // `$$` is a dollar sign, so the second one begins nothing.
            let taken = usize::from(after.starts_with('$'));
            result.push('$');
            result.push_str(&after[..taken]);
            rest = &after[taken..];
        }
    }
    result + rest
}
