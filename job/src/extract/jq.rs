//! jq programs of a manifest. Pure.
//!
//! A program is somebody else's code: only the functions in [`ALLOWED`] exist, so it cannot read the environment, the
//! clock, files or further inputs, nor end the process. That it also ends, and in bounded memory, is the business of
//! the worker process that it runs in.

use jaq_core::{
    Compiler, Ctx, Filter, Vars as CoreVars,
    compile::Undefined,
    data::JustLut,
    load::{self, Arena, File, Loader, parse::Def},
    native::Fun,
    unwrap_valr,
};
use jaq_json::Val;
use serde_json::Value;

use super::{error::PlanError, functions, path::Path};

/// What programs run over.
pub(super) type Data = JustLut<Val>;

/// Global variables of every program, in the order that they are bound in.
const VARIABLES: [&str; 8] = [
    "$item",
    "$document",
    "$lookups",
    "$url",
    "$index",
    "$now",
    "$listing",
    "$detail",
];

/// Functions of the jq language that exist here, beside our own in [`functions`]. Everything that reads something
/// other than its input (`env`, `input`, `now`, `localtime`), writes (`debug`, `stderr`) or ends the process (`halt`)
/// is left out; `now` is replaced by the run's own time.
const ALLOWED: &[&str] = &[
    "@base64",
    "@base64d",
    "@html",
    "@htmld",
    "@json",
    "@text",
    "@uri",
    "@urid",
    "abs",
    "add",
    "all",
    "any",
    "arrays",
    "ascii_downcase",
    "ascii_upcase",
    "booleans",
    "bsearch",
    "capture",
    "capture_of_match",
    "ceil",
    "combinations",
    "contains",
    "decode_base64",
    "decode_uri",
    "del",
    "delpaths",
    "empty",
    "encode_base64",
    "encode_uri",
    "endswith",
    "error",
    "error_empty",
    "escape_html",
    "explode",
    "false",
    "first",
    "finites",
    "flatten",
    "floor",
    "from_entries",
    "fromdate",
    "fromdateiso8601",
    "fromjson",
    "getpath",
    "gmtime",
    "group_by",
    "gsub",
    "has",
    "implode",
    "in",
    "index",
    "indices",
    "infinite",
    "inside",
    "isarray",
    "isboolean",
    "isempty",
    "isfinite",
    "isinfinite",
    "isnan",
    "isnormal",
    "isnumber",
    "isobject",
    "isstring",
    "iterables",
    "join",
    "key_values",
    "keys",
    "keys_unsorted",
    "last",
    "length",
    "limit",
    "ltrim",
    "ltrimstr",
    "map",
    "map_values",
    "match",
    "matches",
    "max",
    "max_by",
    "max_by_or_empty",
    "min",
    "min_by",
    "min_by_or_empty",
    "mktime",
    "nan",
    "normals",
    "not",
    "nth",
    "null",
    "nulls",
    "numbers",
    "objects",
    "path",
    "path_value",
    "paths",
    "pick",
    "pow",
    "range",
    "recurse",
    "repeat",
    "reverse",
    "rindex",
    "round",
    "rtrim",
    "rtrimstr",
    "scalars",
    "scan",
    "scan_",
    "select",
    "setpath",
    "skip",
    "sort",
    "sort_by",
    "split",
    "split_",
    "split_matches",
    "splits",
    "sqrt",
    "startswith",
    "strftime",
    "strings",
    "strptime",
    "sub",
    "test",
    "to_entries",
    "toboolean",
    "todate",
    "todateiso8601",
    "tojson",
    "tonumber",
    "tostring",
    "totype",
    "transpose",
    "trim",
    "true",
    "type",
    "unescape_html",
    "unique",
    "unique_by",
    "until",
    "utf8bytelength",
    "values",
    "walk",
    "while",
    "with_entries",
];

/// Functions of the jq language that are left out on purpose, for a better message than "does not exist".
const FORBIDDEN: &[&str] = &[
    "env",
    "input",
    "inputs",
    "halt",
    "halt_error",
    "debug",
    "stderr",
    "localtime",
    "strflocaltime",
    "stderr_empty",
    "debug_empty",
];

/// Put before every program: `now` is the time of the run, which `preview --now` can pretend.
const PRELUDE: &str = "def now: $now | fromdateiso8601; ";

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

    /// Up to `limit` outputs for `input`.
    ///
    /// # Errors
    /// What the program says, in words.
    pub fn run(&self, input: &Value, variables: &Variables, limit: usize) -> Result<Vec<Value>, String> {
        match &self.code {
            Code::Plain(path) => path
                .run(input)
                .map(|out| out.into_iter().take(limit).cloned().collect()),
            Code::Jq(filter) => {
                let bound = [
                    &variables.item,
                    &variables.document,
                    &variables.lookups,
                    &variables.url,
                    &variables.index,
                    &variables.now,
                    &variables.listing,
                    &variables.detail,
                ];
                let context = Ctx::<Data>::new(&filter.lut, CoreVars::new(bound.into_iter().cloned()));
                let outputs = filter.id.run((context, to_val(input))).map(unwrap_valr);
                outputs
                    .take(limit)
                    .map(|out| out.map(|val| from_val(&val)).map_err(|e| shorten(&e.to_string())))
                    .collect()
            }
        }
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
        self.run(input, variables, 1)
            .map(|mut out| out.pop().unwrap_or(Value::Null))
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

/// The filters that are written in jq itself, without those that the language has for talking to the world.
fn definitions() -> impl Iterator<Item = Def<&'static str>> {
    jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .filter(|definition| ALLOWED.contains(&definition.name))
}

fn natives() -> impl Iterator<Item = Fun<Data>> {
    jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .filter(|(name, ..)| ALLOWED.contains(name))
        .chain(functions::natives())
}

fn compile(source: &str) -> Result<Filter<Data>, String> {
    let code = format!("{PRELUDE}{source}");
    let arena = Arena::default();
    let loader = Loader::new(definitions());
    let modules = loader
        .load(
            &arena,
            File {
                code: code.as_str(),
                path: (),
            },
        )
        .map_err(|errors| {
            errors
                .first()
                .map_or_else(String::new, |(_, error)| syntax_problem(error, &code))
        })?;
    Compiler::default()
        .with_funs(natives())
        .with_global_vars(VARIABLES)
        .compile(modules)
        .map_err(|errors| {
            errors
                .first()
                .and_then(|(_, undefined)| undefined.first())
                .map_or_else(String::new, |(name, kind)| undefined_problem(name, kind))
        })
}

fn syntax_problem(error: &load::Error<&str>, code: &str) -> String {
    let (expected, found) = match error {
        load::Error::Io(_) => return "import and include are not available in a manifest".to_owned(),
        load::Error::Lex(errors) => errors.first().map(|(expect, at)| (expect.as_str(), *at)),
        load::Error::Parse(errors) => errors.first().map(|(expect, found)| (expect.as_str(), *found)),
    }
    .unwrap_or(("a jq program", ""));
    let offset = load::span(code, found).start.saturating_sub(PRELUDE.len());
    let near: String = found.chars().take(20).collect();
    if near.trim().is_empty() {
        format!("is no jq program: expected {expected} at its end")
    } else {
        format!(
            "is no jq program: expected {expected} at character {}, found {near:?}",
            offset + 1
        )
    }
}

fn undefined_problem(name: &str, kind: &Undefined) -> String {
    match kind {
        Undefined::Filter(arity) => {
            let known = FORBIDDEN.contains(&name);
            let why = if known {
                "is not available: a manifest's program sees its input and the variables of the run, nothing else"
            } else {
                "does not exist; see the list of jq functions in the manifest reference"
            };
            format!("function {name}/{arity} {why}")
        }
        Undefined::Var => {
            format!(
                "variable {name} does not exist; a program has {}",
                VARIABLES.join(", ")
            )
        }
        other => format!("{} {name} does not exist", other.as_str()),
    }
}

fn to_val(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Number(number) => match (
            number.as_i64().and_then(|n| isize::try_from(n).ok()),
            number.as_f64(),
        ) {
            (Some(integer), _) => Val::from(integer),
            (None, float) => Val::from(float.unwrap_or(f64::NAN)),
        },
        Value::String(text) => Val::utf8_str(text.clone().into_bytes()),
        Value::Array(list) => list.iter().map(to_val).collect(),
        Value::Object(map) => Val::obj(
            map.iter()
                .map(|(key, value)| (Val::utf8_str(key.clone().into_bytes()), to_val(value)))
                .collect(),
        ),
    }
}

fn from_val(value: &Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(flag) => Value::Bool(*flag),
        Val::Num(number) => match number.as_isize() {
            Some(integer) => Value::from(integer),
            None => serde_json::from_str(&value.to_string()).unwrap_or(Value::Null),
        },
        Val::TStr(bytes) | Val::BStr(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        Val::Arr(list) => Value::Array(list.iter().map(from_val).collect()),
        Val::Obj(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key_text(key), from_val(value)))
                .collect(),
        ),
    }
}

fn key_text(key: &Val) -> String {
    match key {
        Val::TStr(bytes) | Val::BStr(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.to_string(),
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
    /// A value for a variable.
    pub fn value(value: &Value) -> Val {
        to_val(value)
    }

    /// A text for a variable.
    pub fn text(text: &str) -> Val {
        Val::utf8_str(text.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(source: &str, input: &Value) -> Result<Vec<Value>, String> {
        let variables = Variables {
            now: Variables::text("2026-05-01T00:00:00Z"),
            ..Variables::default()
        };
        Program::compile(source, "spec.x")
            .map_err(|error| error.to_string())?
            .run(input, &variables, 100)
    }

    #[test]
    fn programs_give_what_jq_gives() {
        let page = json!({"days": {"x": [{"n": 1}], "y": [{"n": 2.5}, {"n": null}]}, "t": "A & B | C"});
        assert_eq!(run("[.days[][] | .n // 0] | add", &page), Ok(vec![json!(3.5)]));
        assert_eq!(
            run(".t | split(\" | \") | .[]", &page),
            Ok(vec![json!("A & B"), json!("C")])
        );
        assert_eq!(
            run(".t | capture(\"(?<last>[A-Z])$\").last", &page),
            Ok(vec![json!("C")])
        );
        assert_eq!(
            run("\"https://x/\\(.t | @uri)\"", &page),
            Ok(vec![json!("https://x/A%20%26%20B%20%7C%20C")])
        );
        assert_eq!(
            run(".days | to_entries | map(.key)", &page),
            Ok(vec![json!(["x", "y"])])
        );
        assert_eq!(
            run(". + {z: 1} | del(.days) | keys", &page),
            Ok(vec![json!(["t", "z"])])
        );
        assert_eq!(
            run("now | todate", &page),
            Ok(vec![json!("2026-05-01T00:00:00Z")])
        );
        assert_eq!(
            run("\"2026-05-01\" | strptime(\"%Y-%m-%d\") | mktime", &page),
            Ok(vec![json!(1_777_593_600)])
        );
        assert_eq!(
            run("12345678901234567890", &page),
            Ok(vec![json!(12_345_678_901_234_567_890_u64)])
        );
    }

    #[test]
    fn a_function_that_reaches_outside_does_not_exist() {
        for name in FORBIDDEN {
            let error = Program::compile(&format!("1 | {name}"), "spec.extract.transform")
                .map(|_| ())
                .unwrap_err();
            assert!(
                error.to_string().starts_with(&format!(
                    "spec.extract.transform: function {name}/0 is not available"
                )),
                "{error}"
            );
        }
        assert!(
            run("$ENV.HOME", &json!(null))
                .unwrap_err()
                .contains("variable $ENV does not exist")
        );
        assert!(
            run("$__prog_args", &json!(null))
                .unwrap_err()
                .contains("does not exist")
        );
        assert!(run("import \"a\" as a; .", &json!(null)).is_err());
        assert!(
            run("halt_error(1)", &json!(null))
                .unwrap_err()
                .contains("halt_error/1 is not available")
        );
    }

    #[test]
    fn every_allowed_function_is_one_that_the_language_has() {
        let known: Vec<&str> = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .map(|definition| definition.name)
            .chain(
                jaq_core::funs::<Data>()
                    .chain(jaq_std::funs())
                    .chain(jaq_json::funs())
                    .map(|(name, ..)| name),
            )
            .collect();
        let unknown: Vec<_> = ALLOWED.iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn a_syntax_error_names_the_place() {
        assert_eq!(
            run(".a | | .b", &json!(null)).unwrap_err(),
            "spec.x: is no jq program: expected term at character 6, found \"|\""
        );
        assert!(
            run("map(.a", &json!(null))
                .unwrap_err()
                .contains("is no jq program")
        );
        assert!(
            run("nonsense", &json!(null))
                .unwrap_err()
                .contains("function nonsense/0 does not exist")
        );
    }

    #[test]
    fn outputs_without_end_are_cut_at_the_limit() {
        assert_eq!(run("repeat(1)", &json!(null)).map(|out| out.len()), Ok(100));
    }

    #[test]
    fn an_error_of_a_program_is_short() {
        let long = json!({"a": "x".repeat(10_000)});
        assert!(run(".a | .b + 1", &long).unwrap_err().len() < 300);
    }
}
