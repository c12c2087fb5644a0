//! JavaScript literals inside scripts, read as JSON. Pure.
//!
//! Pages assign their data to variables as JavaScript, not JSON: unquoted keys, single quotes, comments, trailing
//! commas, `undefined`, `!0`, `new Date(…)`, `JSON.parse('…')`, and a function that is called where it stands, as
//! Nuxt writes its state ([`invocation`]). This reader takes the literal subset of ECMAScript (ECMA-262 §13.2) and
//! nothing that would need an interpreter; what it does not know inside a literal becomes null.

mod invocation;
mod reader;
#[cfg(test)]
mod tests;

use serde_json::Value;

use reader::Reader;

/// The value that the script assigns to `variable`, or the first object or array that it assigns to anything.
///
/// # Errors
/// In words, where there is no such assignment or its value is not a literal.
pub fn assigned_value(script: &str, variable: Option<&str>) -> Result<Value, String> {
    let trimmed = script
        .trim()
        .trim_start_matches("<!--")
        .trim_start_matches("<![CDATA[");
    if variable.is_none()
        && let Ok(value) = serde_json::from_str(
            trimmed
                .trim_end_matches("-->")
                .trim_end_matches("]]>")
                .trim_end_matches(';'),
        )
    {
        return Ok(value);
    }
    let mut problem = None;
    for start in assignments(script, variable) {
        match Reader::at(script, start).value() {
            Ok(value) if variable.is_some() || value.is_object() || value.is_array() => return Ok(value),
            Ok(_) => {}
            Err(error) => {
                problem.get_or_insert(error);
            }
        }
    }
    Err(match (variable, problem) {
        (_, Some(problem)) => problem,
        (Some(name), None) => format!("the script assigns nothing to {name:?}"),
        (None, None) => "the script assigns no object and no array".to_owned(),
    })
}

/// The object or array that a text which is one call hands over first: JSONP, `callback({…});`.
pub fn called_value(text: &str) -> Option<Value> {
    let mut reader = Reader::at(text, 0);
    reader.skip_blank();
    if reader.rest().starts_with("typeof ") {
        reader.at += reader.rest().find("&&")? + 2;
        reader.skip_blank();
    }
    let name = reader
        .rest()
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '[' | ']' | '"' | '\'')))?;
    reader.at += name;
    reader.skip_blank();
    if name == 0 || !reader.eat("(") {
        return None;
    }
    let value = reader.value().ok()?;
    reader.skip_blank();
    (reader.rest().starts_with([')', ',']) && (value.is_object() || value.is_array())).then_some(value)
}

/// Places just after `name =`, `name:`, `"name":` or `name(`, in order; without a name after every `=`, and the text's
/// start.
fn assignments<'s>(script: &'s str, variable: Option<&'s str>) -> Box<dyn Iterator<Item = usize> + 's> {
    let Some(name) = variable else {
        let first = script
            .find(['{', '['])
            .into_iter()
            .filter(|at| script[..*at].trim().is_empty());
        let after_equals = script.match_indices('=').map(|(at, _)| at + 1).filter(|at| {
            let next = script[*at..].trim_start();
            starts_value(next) || next.starts_with("(function") || next.starts_with("((")
        });
        return Box::new(first.chain(after_equals));
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    Box::new(script.match_indices(name).filter_map(move |(at, _)| {
        if script[..at].ends_with(is_word) {
            return None;
        }
        let after = script[at + name.len()..]
            .trim_start_matches(['"', '\'', ']'])
            .trim_start();
        let value = after
            .strip_prefix('=')
            .filter(|rest| !rest.starts_with('='))
            .or_else(|| after.strip_prefix(':'))
            .or_else(|| {
                after
                    .strip_prefix('(')
                    .filter(|rest| starts_value(rest.trim_start()))
            })?;
        Some(script.len() - value.len())
    }))
}

fn starts_value(text: &str) -> bool {
    text.starts_with(['{', '[']) || text.starts_with("JSON.parse")
}
