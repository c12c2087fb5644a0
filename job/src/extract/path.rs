//! Plain jq paths (`.a.b[0]?`, `.events[]`) without an interpreter. Pure.
//!
//! Most field programs are plain paths; walking them over the parsed page spares the conversion to the interpreter's
//! values. What a path means is exactly what jq means by it; whatever is not surely plain is left to the interpreter.

use serde_json::Value;

/// A compiled plain path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    /// `?`: a value of the wrong type gives nothing instead of an error.
    pub(super) optional: bool,
}

/// Where a step leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StepKind {
    Key(String),
    Index(i64),
    Each,
}

const NULL: &Value = &Value::Null;

impl Path {
    /// The path that `program` is, or `None` if it is more than a plain path.
    pub fn parse(program: &str) -> Option<Self> {
        let mut rest = program.trim();
        let mut steps = Vec::new();
        if rest == "." {
            return Some(Self { steps });
        }
        if !rest.starts_with('.') {
            return None;
        }
        while !rest.is_empty() {
            let (kind, after) = parse_step(rest, steps.is_empty())?;
            let after_optional = after.trim_start_matches('?');
            steps.push(Step {
                kind,
                optional: after_optional.len() < after.len(),
            });
            rest = after_optional;
        }
        Some(Self { steps })
    }

    /// Every output for `input`, in jq's order.
    ///
    /// # Errors
    /// In words, where a step meets a value of the wrong type, as jq has it.
    pub fn run<'v>(&self, input: &'v Value) -> Result<Vec<&'v Value>, String> {
        let mut current = vec![input];
        for step in &self.steps {
            let mut next = Vec::with_capacity(current.len());
            for value in current {
                match (&step.kind, value) {
                    (StepKind::Key(_) | StepKind::Index(_), Value::Null) => next.push(NULL),
                    (StepKind::Key(key), Value::Object(map)) => next.push(map.get(key).unwrap_or(NULL)),
                    (StepKind::Index(index), Value::Array(list)) => {
                        next.push(position(list.len(), *index).map_or(NULL, |at| &list[at]));
                    }
                    (StepKind::Each, Value::Array(list)) => next.extend(list),
                    (StepKind::Each, Value::Object(map)) => next.extend(map.values()),
                    _ if step.optional => {}
                    (kind, other) => return Err(mismatch(kind, type_name(other))),
                }
            }
            current = next;
        }
        Ok(current)
    }
}

impl Path {
    /// Its steps in order.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it gives one value at the most.
    pub(super) fn is_single(&self) -> bool {
        self.steps.iter().all(|step| step.kind != StepKind::Each)
    }

    /// Whether what the two paths give can be one value, or one inside the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let same = |(one, other): (&Step, &Step)| match (&one.kind, &other.kind) {
            (StepKind::Key(one), StepKind::Key(other)) => one == other,
            _ => true,
        };
        self.steps.iter().zip(&other.steps).all(same)
    }

    /// The first output for `input`; `None` where there is none.
    ///
    /// # Errors
    /// Those of [`Self::run`].
    pub fn first<'v>(&self, input: &'v Value) -> Result<Option<&'v Value>, String> {
        if !self.is_single() {
            return self.run(input).map(|found| found.first().copied());
        }
        let mut current = input;
        for step in &self.steps {
            current = match (&step.kind, current) {
                (_, Value::Null) => NULL,
                (StepKind::Key(key), Value::Object(map)) => map.get(key).unwrap_or(NULL),
                (StepKind::Index(index), Value::Array(list)) => {
                    position(list.len(), *index).map_or(NULL, |at| &list[at])
                }
                _ if step.optional => return Ok(None),
                (kind, other) => return Err(mismatch(kind, type_name(other))),
            };
        }
        Ok(Some(current))
    }

    /// What [`Self::first`] gives, taken out of `input`: null stays in its place. For a path that [`Self::is_single`].
    ///
    /// # Errors
    /// Those of [`Self::run`].
    pub(super) fn take_single(&self, input: &mut Value) -> Result<Option<Value>, String> {
        take_single(&self.steps, input)
    }

    /// What [`Self::run`] gives, taken out of `input` instead of copied.
    ///
    /// # Errors
    /// Those of [`Self::run`].
    pub fn take(&self, input: Value) -> Result<Vec<Value>, String> {
        let mut current = vec![input];
        for step in &self.steps {
            let mut next = Vec::with_capacity(current.len());
            for value in current {
                step.take(value, &mut next)?;
            }
            current = next;
        }
        Ok(current)
    }
}

impl Step {
    /// Appends what the step leads to from a value.
    pub(super) fn take(&self, value: Value, found: &mut Vec<Value>) -> Result<(), String> {
        match (&self.kind, value) {
            (StepKind::Key(_) | StepKind::Index(_), Value::Null) => found.push(Value::Null),
            (StepKind::Key(key), Value::Object(mut map)) => {
                found.push(map.swap_remove(key).unwrap_or_default());
            }
            (StepKind::Index(index), Value::Array(mut list)) => {
                found.push(position(list.len(), *index).map_or(Value::Null, |at| list.swap_remove(at)));
            }
            (StepKind::Each, Value::Array(list)) => found.extend(list),
            (StepKind::Each, Value::Object(map)) => found.extend(map.into_values()),
            _ if self.optional => {}
            (kind, other) => return Err(mismatch(kind, type_name(&other))),
        }
        Ok(())
    }
}

/// What steps without [`StepKind::Each`] lead to, taken out of `input`.
pub(super) fn take_single(steps: &[Step], input: &mut Value) -> Result<Option<Value>, String> {
    let mut current = input;
    for step in steps {
        current = match (&step.kind, current) {
            (StepKind::Key(_) | StepKind::Index(_), Value::Null) => return Ok(Some(Value::Null)),
            (StepKind::Key(key), Value::Object(map)) => match map.get_mut(key) {
                Some(value) => value,
                None => return Ok(Some(Value::Null)),
            },
            (StepKind::Index(index), Value::Array(list)) => match position(list.len(), *index) {
                Some(at) => &mut list[at],
                None => return Ok(Some(Value::Null)),
            },
            _ if step.optional => return Ok(None),
            (kind, other) => return Err(mismatch(kind, type_name(other))),
        };
    }
    Ok(Some(current.take()))
}

/// The place of an index in a list of this length; negative ones count from its end.
pub(super) fn position(length: usize, index: i64) -> Option<usize> {
    let index = match index {
        0.. => index,
        _ => index.checked_add(i64::try_from(length).ok()?)?,
    };
    usize::try_from(index).ok().filter(|at| *at < length)
}

/// What is said where a step meets a value of the wrong type: `found`, with its article.
pub(super) fn mismatch(kind: &StepKind, found: &str) -> String {
    match kind {
        StepKind::Key(key) => format!("cannot take key {key:?} of {found}"),
        StepKind::Index(index) => format!("cannot take element {index} of {found}"),
        StepKind::Each => format!("cannot iterate over {found}"),
    }
}

/// The JSON type of a value, with its article.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One step at the start of `text`, and what follows it.
fn parse_step(text: &str, first: bool) -> Option<(StepKind, &str)> {
    if let Some(after_dot) = text.strip_prefix('.') {
        if after_dot.starts_with('[') {
            return first.then(|| parse_bracket(after_dot)).flatten();
        }
        if after_dot.starts_with('"') {
            let (key, rest) = parse_quoted(after_dot)?;
            return Some((StepKind::Key(key), rest));
        }
        let end = after_dot
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(after_dot.len());
        let name = &after_dot[..end];
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        return starts_well.then(|| (StepKind::Key(name.to_owned()), &after_dot[end..]));
    }
    parse_bracket(text)
}

fn parse_bracket(text: &str) -> Option<(StepKind, &str)> {
    let inside = text.strip_prefix('[')?;
    if let Some(rest) = inside.strip_prefix(']') {
        return Some((StepKind::Each, rest));
    }
    if inside.starts_with('"') {
        let (key, rest) = parse_quoted(inside)?;
        return Some((StepKind::Key(key), rest.strip_prefix(']')?));
    }
    let end = inside.find(']')?;
    let index = inside[..end].parse().ok().filter(|_| !inside.starts_with('+'))?;
    Some((StepKind::Index(index), &inside[end + 1..]))
}

/// A quoted key without escapes or interpolation.
fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let end = inside.find(['"', '\\'])?;
    inside[end..]
        .starts_with('"')
        .then(|| (inside[..end].to_owned(), &inside[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(program: &str, input: &Value) -> Result<Vec<Value>, String> {
        Path::parse(program)
            .expect(program)
            .run(input)
            .map(|out| out.into_iter().cloned().collect())
    }

    fn take(program: &str, input: &Value) -> Result<Vec<Value>, String> {
        Path::parse(program).expect(program).take(input.clone())
    }

    #[test]
    fn what_is_taken_is_what_is_looked_at() {
        let page = json!({"a": [1, {"b": [2, null, "x"]}, []], "c": {"d": 1, "e": {"b": 3}}, "f": null});
        for program in [
            ".",
            ".a",
            ".a[]",
            ".a[1]",
            ".a[-2]",
            ".a[9]",
            ".a[-9]",
            ".a[1].b[]",
            ".c[]",
            ".c[].b",
            ".c[].b?",
            ".f[0]",
            ".f.g",
            ".f[]",
            ".x.y",
            ".a.b",
            ".a[].b?",
            ".a[1].b[2]",
            "[0]?",
        ] {
            let Some(path) = Path::parse(program) else {
                continue;
            };
            assert_eq!(take(program, &page), run(program, &page), "{program}");
            let first = run(program, &page).map(|found| found.first().cloned());
            assert_eq!(
                path.first(&page).map(Option::<&Value>::cloned),
                first,
                "{program}"
            );
            if path.is_single() {
                assert_eq!(path.take_single(&mut page.clone()), first, "{program}");
            }
        }
    }

    #[test]
    fn plain_paths_give_what_jq_gives() {
        let page = json!({"a": {"b c": [1, 2, {"d": null}]}, "days": {"x": [3], "y": [4, 5]}});
        assert_eq!(run(".", &page), Ok(vec![page.clone()]));
        assert_eq!(run(".a.\"b c\"[1]", &page), Ok(vec![json!(2)]));
        assert_eq!(run(".a[\"b c\"][-1].d.e", &page), Ok(vec![json!(null)]));
        assert_eq!(run(".days[][]", &page), Ok(vec![json!(3), json!(4), json!(5)]));
        assert_eq!(run(".missing", &page), Ok(vec![json!(null)]));
        assert_eq!(run(".a.x?", &json!({"a": 1})), Ok(vec![]));
        assert_eq!(run(".[\"a\"]", &json!({"a": 1})), Ok(vec![json!(1)]));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_an_error_that_names_both() {
        assert_eq!(
            run(".a.b", &json!({"a": 1})),
            Err("cannot take key \"b\" of a number".to_owned())
        );
        assert_eq!(
            run(".a[]", &json!({"a": null})),
            Err("cannot iterate over null".to_owned())
        );
    }

    #[test]
    fn programs_are_left_to_the_interpreter() {
        for program in [
            ".a | .b",
            ".a // 1",
            "\"x\"",
            ".a[.b]",
            ".a[1:]",
            ".a.[0]",
            "..",
            "$x",
            ".\"a\\n\"",
            ".a,.b",
            ".1",
        ] {
            assert_eq!(Path::parse(program), None, "{program}");
        }
    }
}
