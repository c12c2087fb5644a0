//! Manifests to checked sources: YAML or JSON text, schema, rules, and what neither can say. Pure.
//!
//! ```text
//! text ──document──▶ values + lines ──object──▶ ScrapeSource values ──schema──▶ types ──checks──▶ sources
//!          └─────────────── every step adds its problems, with line and field ────────────────┘
//! ```

mod checks;
mod document;
mod object;

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use crate::{ScrapeSource, problem::Problem, schema};

pub use checks::{FileAccess, MAX_SOURCE_BYTES, conflicts, validate};

/// Most bytes of one file of manifests.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// A problem and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestProblem {
    /// File name, or another word for where the text came from.
    pub origin: String,
    /// Number of the document in it, from 1; 0 for the text as a whole.
    pub document: usize,
    /// Line, where it is known.
    pub line: Option<u64>,
    /// Name of the source (`namespace/name` outside `default`), where it has one.
    pub source: Option<String>,
    /// Field, problem and remedy.
    pub problem: Problem,
}

impl fmt::Display for ManifestProblem {
    /// `sources.yaml:12: sea-monster: spec.fetch.timeut: is not a field: did you mean timeout?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        match self.line {
            Some(line) => write!(f, ":{line}")?,
            None if self.document > 1 => write!(f, " (document {})", self.document)?,
            None => {}
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Everything that is wrong with a text of manifests, one problem a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestErrors(pub Vec<ManifestProblem>);

impl fmt::Display for ManifestErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestErrors {}

/// What a text of manifests holds: the sources that are right, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Manifests {
    /// Valid sources, in the order of the text.
    pub sources: Vec<ScrapeSource>,
    /// Problems of all others.
    pub problems: Vec<ManifestProblem>,
}

/// Reads a file of manifests: YAML documents or JSON, lists unrolled, other Kubernetes objects passed over. A source
/// with a problem does not keep the others from being used.
///
/// `origin` is the file's name as problems tell it.
pub fn read_manifests(text: &str, origin: &str, files: FileAccess) -> Manifests {
    let mut found = Manifests::default();
    let whole = |problem: String| ManifestProblem {
        origin: origin.to_owned(),
        document: 0,
        line: None,
        source: None,
        problem: Problem::new("", problem),
    };
    if text.len() > MAX_FILE_BYTES {
        let size = text.len() / 1024 / 1024;
        found.problems.push(whole(format!(
            "has {size} MiB: split it into files of at most 16 MiB"
        )));
        return found;
    }
    for document::Document { number, content } in document::read(text) {
        let content = match content {
            Ok(content) => content,
            Err(document::Syntax { line, message }) => {
                // The usual reason is a jq object in a text that is not quoted.
                let remedy = if message.starts_with("mapping values are not allowed") {
                    "put a text that holds a colon and a space in quotes, or write it below a |"
                } else {
                    "correct the syntax here"
                };
                let problem = Problem::new("", format!("is not valid YAML: {message}; {remedy}"));
                found.problems.push(
                    ManifestProblem {
                        document: number,
                        line,
                        ..whole(String::new())
                    }
                    .with(problem),
                );
                continue;
            }
        };
        let label = object::label(&content.value);
        let mut problems: Vec<(String, Option<String>, Problem)> = content
            .problems
            .into_iter()
            .map(|problem| (String::new(), label.clone(), problem))
            .collect();
        let written_twice = !problems.is_empty();
        let sources = read_object(content.value, String::new(), files, &mut problems);
        if !written_twice {
            found.sources.extend(sources);
        }
        let mut placed: Vec<_> = problems
            .into_iter()
            .map(|(base, source, problem)| {
                let path = if base.is_empty() {
                    problem.path.clone()
                } else {
                    format!("{base}.{}", problem.path)
                };
                let line = document::line_of(&content.lines, &path);
                ManifestProblem {
                    document: number,
                    line,
                    source,
                    ..whole(String::new())
                }
                .with(problem)
            })
            .collect();
        placed.sort_by_key(|problem| problem.line);
        found.problems.extend(placed);
    }
    found
}

impl ManifestProblem {
    fn with(self, problem: Problem) -> Self {
        Self { problem, ..self }
    }
}

/// Reads a file of manifests from a disk, all or nothing; see [`read_manifests`].
pub fn parse_manifests(text: &str, origin: &str) -> Result<Vec<ScrapeSource>, ManifestErrors> {
    let Manifests { sources, problems } = read_manifests(text, origin, FileAccess::Allowed);
    if problems.is_empty() {
        Ok(sources)
    } else {
        Err(ManifestErrors(problems))
    }
}

/// Reads the one source that came in by a variable (`SMS_SOURCE`), in which `file://` is refused.
pub fn parse_source(text: &str, origin: &str) -> Result<ScrapeSource, ManifestErrors> {
    let Manifests {
        mut sources,
        problems,
    } = read_manifests(text, origin, FileAccess::Refused);
    if !problems.is_empty() {
        return Err(ManifestErrors(problems));
    }
    match (sources.pop(), sources.is_empty()) {
        (Some(source), true) => Ok(source),
        (last, _) => {
            let count = sources.len() + usize::from(last.is_some());
            let problem = Problem::new(
                "",
                format!("holds {count} ScrapeSources: exactly one is expected"),
            );
            let place = ManifestProblem {
                origin: origin.to_owned(),
                document: 0,
                line: None,
                source: None,
                problem,
            };
            Err(ManifestErrors(vec![place]))
        }
    }
}

/// Reads the JSON of a source that an API server has admitted already: types and [`validate`] alone. The schema and its
/// rules, which are most of what reading the first source costs, are made only where the source turns out not to be what
/// an API server admits. `file://` is refused.
pub fn read_admitted(json: &str, origin: &str) -> Result<ScrapeSource, ManifestErrors> {
    let place = |source: Option<String>, problem: Problem| ManifestProblem {
        origin: origin.to_owned(),
        document: 0,
        line: None,
        source,
        problem,
    };
    let unlike = |problem: String| {
        let problem = format!("is not a ScrapeSource as JSON: {problem}");
        ManifestErrors(vec![place(None, Problem::new("", problem))])
    };
    let value: Value = serde_json::from_str(json).map_err(|error| {
        unlike(format!(
            "{error}; write one object as `kubectl get scrapesource NAME -o json` prints it"
        ))
    })?;
    let value = match object::classify(value) {
        Ok(object::Object::Source(value)) => value,
        Ok(object::Object::List(_)) => {
            return Err(unlike("kind: is a list: give one ScrapeSource".to_owned()));
        }
        Ok(object::Object::Foreign) => {
            return Err(unlike("kind: is another kind: write ScrapeSource".to_owned()));
        }
        Err(problem) => return Err(unlike(problem.to_string())),
    };
    let source = match serde_path_to_error::deserialize::<_, ScrapeSource>(&value) {
        Ok(source) if serde_json::to_value(&source).is_ok_and(|written| covers(&written, &value)) => source,
        // The slow way knows better what is wrong.
        Ok(source) => match read_source(value, FileAccess::Refused) {
            Ok(_) => source,
            Err(problems) => return Err(unlike(one_line(&problems))),
        },
        Err(error) => {
            let problem = Problem::new(
                error.path().to_string(),
                format!("cannot be read: {}", error.inner()),
            );
            let problems = read_source(value, FileAccess::Refused).err();
            return Err(unlike(one_line(&problems.unwrap_or_else(|| vec![problem]))));
        }
    };
    let problems = validate(&source, FileAccess::Refused);
    if problems.is_empty() {
        return Ok(source);
    }
    let name = source.metadata.name.clone();
    Err(ManifestErrors(
        problems
            .into_iter()
            .map(|problem| place(name.clone(), problem))
            .collect(),
    ))
}

/// Whether every field of `given` is in `written` too, which was written from what was understood of `given`. Null and
/// empty values may be left out there.
fn covers(written: &Value, given: &Value) -> bool {
    match (written, given) {
        (Value::Object(written), Value::Object(given)) => given.iter().all(|(name, given)| {
            let is_empty = given.is_null()
                || given.as_object().is_some_and(serde_json::Map::is_empty)
                || given.as_array().is_some_and(Vec::is_empty);
            is_empty || written.get(name).is_some_and(|written| covers(written, given))
        }),
        (Value::Array(written), Value::Array(given)) => {
            written.len() == given.len()
                && written
                    .iter()
                    .zip(given)
                    .all(|(written, given)| covers(written, given))
        }
        // A value may be written in another form; only a field that vanished is suspicious.
        _ => true,
    }
}

fn one_line(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// The sources in one object. Problems are told with the path of the object inside the document.
fn read_object(
    value: Value,
    base: String,
    files: FileAccess,
    problems: &mut Vec<(String, Option<String>, Problem)>,
) -> Vec<ScrapeSource> {
    let label = object::label(&value);
    match object::classify(value) {
        Err(problem) => {
            problems.push((base, label, problem));
            Vec::new()
        }
        Ok(object::Object::Foreign) => Vec::new(),
        Ok(object::Object::List(items)) => items
            .into_iter()
            .enumerate()
            .flat_map(|(index, item)| {
                let dot = if base.is_empty() { "" } else { "." };
                read_object(item, format!("{base}{dot}items[{index}]"), files, problems)
            })
            .collect(),
        Ok(object::Object::Source(value)) => match read_source(value, files) {
            Ok(source) => vec![source],
            Err(found) => {
                problems.extend(
                    found
                        .into_iter()
                        .map(|problem| (base.clone(), label.clone(), problem)),
                );
                Vec::new()
            }
        },
    }
}

fn read_source(mut value: Value, files: FileAccess) -> Result<ScrapeSource, Vec<Problem>> {
    let mut problems = value.as_object().map(object::check).unwrap_or_default();
    problems.extend(schema::validate(&mut value));
    match serde_path_to_error::deserialize::<_, ScrapeSource>(value) {
        Ok(source) => {
            problems.extend(validate(&source, files));
            if problems.is_empty() {
                Ok(source)
            } else {
                Err(only_first_of_a_field(problems))
            }
        }
        Err(error) if problems.is_empty() => Err(vec![Problem::new(
            error.path().to_string(),
            format!("cannot be read: {}", error.inner()),
        )]),
        Err(_) => Err(only_first_of_a_field(problems)),
    }
}

/// Leaves one problem for each field: what a later step says about it mostly follows from the first.
fn only_first_of_a_field(problems: Vec<Problem>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    if problems.iter().any(|problem| problem.path == "metadata.name") {
        // A default API name is wrong only because the name is.
        seen.insert("spec.apiName".to_owned());
    }
    problems
        .into_iter()
        .filter(|problem| seen.insert(problem.path.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
