//! jq programs of a manifest. Pure.
//!
//! A program is somebody else's code: only the functions in [`ALLOWED`] exist, so it cannot read the environment, the
//! clock, files or further inputs, nor end the process. That it also ends, and in bounded memory, is the business of
//! the worker process that it runs in.

mod language;
mod nesting;
#[cfg(test)]
mod tests;
mod value;

use jaq_core::{Ctx, Filter, Vars as CoreVars, data::JustLut, unwrap_valr};
use jaq_json::Val;
use serde_json::Value;

use super::{error::PlanError, path::Path};
use language::compile;
pub use language::{ALLOWED, FORBIDDEN, VARIABLES};
use value::{from_val, to_val};

/// What programs run over.
pub(super) type Data = JustLut<Val>;

/// Values of the global variables; what a step has nothing to say about is null.
#[derive(Clone, Default)]
pub struct Variables {
    /// The untouched item.
    pub item: Val,
    /// The whole JSON page.
    pub document: Val,
    /// Tables by name.
    pub lookups: Val,
    /// Address of the page.
    pub url: Val,
    /// Number of the item.
    pub index: Val,
    /// Time of the run.
    pub now: Val,
    /// The listing's fields, in `follow.transform`.
    pub listing: Val,
    /// The detail page's fields, in `follow.transform`.
    pub detail: Val,
}

/// [`Variables`] as programs have them: made once for all programs that see the same ones.
pub struct Bound(CoreVars<Val>);

/// A compiled program.
pub struct Program {
    place: String,
    source: String,
    code: Code,
}

enum Code {
    Plain(Path),
    Jq(Box<Filter<Data>>),
}

impl Program {
    /// Compiles `source`, which stands at `place` of the manifest.
    pub fn compile(source: &str, place: impl Into<String>) -> Result<Self, PlanError> {
        let place = place.into();
        let code = match Path::parse(source) {
            Some(path) => Code::Plain(path),
            None => match compile(source) {
                Ok(filter) => Code::Jq(Box::new(filter)),
                Err(problem) => return Err(PlanError::new(place, problem)),
            },
        };
        Ok(Self {
            place,
            source: source.to_owned(),
            code,
        })
    }

    /// Where the program stands in the manifest.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether the program names `variable` (with its `$`), so that its value is worth making.
    pub fn mentions(&self, variable: &str) -> bool {
        self.source.contains(variable)
    }

    /// The path that the program is, where it is nothing more than that.
    pub fn path(&self) -> Option<&Path> {
        match &self.code {
            Code::Plain(path) => Some(path),
            Code::Jq(_) => None,
        }
    }

    /// Up to `limit` outputs for `input`.
    ///
    /// # Errors
    /// What the program says, in words.
    pub fn run(&self, input: &Value, variables: &Variables, limit: usize) -> Result<Vec<Value>, String> {
        match &self.code {
            Code::Plain(path) => path
                .run(input)
                .map(|out| out.into_iter().take(limit).cloned().collect()),
            Code::Jq(filter) => interpret(filter, to_val(input), &variables.bound())
                .take(limit)
                .map(|out| out.map(|val| from_val(&val)))
                .collect(),
        }
    }

    /// Like [`Self::run`], with the interpreter's values on both sides.
    ///
    /// # Errors
    /// What the program says, in words.
    pub fn run_val(&self, input: Val, variables: &Variables, limit: usize) -> Result<Vec<Val>, String> {
        match &self.code {
            Code::Plain(path) => path
                .take(from_val(&input))
                .map(|out| out.iter().take(limit).map(to_val).collect()),
            Code::Jq(filter) => interpret(filter, input, &variables.bound()).take(limit).collect(),
        }
    }

    /// Like [`Self::first`], for a value of the interpreter: one that several programs look at is made once.
    ///
    /// # Errors
    /// What the program says, in words.
    pub fn first_of(&self, input: &Val, variables: &Bound) -> Result<Value, String> {
        let first = match &self.code {
            Code::Plain(path) => value::first(path, input)?,
            Code::Jq(filter) => {
                let mut outputs = interpret(filter, input.clone(), variables);
                outputs.next().transpose()?.map(|out| from_val(&out))
            }
        };
        Ok(first.unwrap_or(Value::Null))
    }

    /// Like [`Self::run`], for an input that nobody needs afterwards: of a large page its parts are moved, not copied.
    ///
    /// # Errors
    /// What the program says, in words.
    pub fn take(&self, input: Value, variables: &Variables, limit: usize) -> Result<Vec<Value>, String> {
        match &self.code {
            Code::Plain(path) => path.take(input).map(|mut out| {
                out.truncate(limit);
                out
            }),
            Code::Jq(_) => self.run(&input, variables, limit),
        }
    }

    /// The first output, or null where there is none.
    ///
    /// # Errors
    /// What the program says, in words.
    pub fn first(&self, input: &Value, variables: &Variables) -> Result<Value, String> {
        match &self.code {
            Code::Plain(path) => path
                .first(input)
                .map(|found| found.cloned().unwrap_or(Value::Null)),
            Code::Jq(_) => self.first_of(&to_val(input), &variables.bound()),
        }
    }

    /// Whether the first output is neither false nor null.
    ///
    /// # Errors
    /// What the program says, in words.
    pub fn holds(&self, input: &Value, variables: &Variables) -> Result<bool, String> {
        self.first(input, variables)
            .map(|value| !matches!(value, Value::Null | Value::Bool(false)))
    }
}

/// Every output of a program that is none of a path, made as it is asked for.
fn interpret<'f>(
    filter: &'f Filter<Data>,
    input: Val,
    variables: &Bound,
) -> impl Iterator<Item = Result<Val, String>> + 'f {
    let context = Ctx::<Data>::new(&filter.lut, variables.0.clone());
    let outputs = filter.id.run((context, input)).map(unwrap_valr);
    outputs.map(|out| out.map_err(|error| message(&error.into_val())))
}

/// What an error says: the text itself where the program gave one (`error("no price")`).
fn message(error: &Val) -> String {
    match from_val(error) {
        Value::String(text) => shorten(&text),
        other => shorten(&other.to_string()),
    }
}

/// An error's text, cut where it quotes a whole page.
fn shorten(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

impl Variables {
    /// JSON text as a value for [`Program::run_val`].
    ///
    /// # Errors
    /// The text is no JSON.
    pub fn parse(text: &str) -> Result<Val, serde_json::Error> {
        value::parse(text)
    }

    /// What a value of the interpreter is as JSON.
    pub fn json(value: &Val) -> Value {
        from_val(value)
    }

    /// These, for programs.
    pub fn bound(&self) -> Bound {
        let inner = [
            &self.item,
            &self.document,
            &self.lookups,
            &self.url,
            &self.index,
            &self.now,
            &self.listing,
            &self.detail,
        ];
        Bound(CoreVars::new(inner.into_iter().cloned()))
    }

    /// These, for the item of this number.
    #[must_use]
    pub fn for_item(&self, index: usize) -> Self {
        Self {
            index: to_val(&Value::from(index)),
            ..self.clone()
        }
    }

    /// A value for a variable.
    pub fn value(value: &Value) -> Val {
        to_val(value)
    }

    /// A text for a variable.
    pub fn text(text: &str) -> Val {
        Val::utf8_str(text.as_bytes().to_vec())
    }
}
