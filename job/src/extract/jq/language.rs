//! Which jq there is: the functions and variables that a program may name, and what it is told about others. Pure.

use jaq_core::{
    Compiler, Filter,
    compile::Undefined,
    load::{self, Arena, File, Loader, parse::Def},
    native::Fun,
};

use super::super::{functions, patterns};
use super::{Data, nesting};

/// Global variables of every program, in the order that they are bound in.
pub const VARIABLES: [&str; 8] = [
    "$item",
    "$document",
    "$lookups",
    "$url",
    "$index",
    "$now",
    "$listing",
    "$detail",
];

/// Functions of the jq language that exist here, beside our own in [`super::super::functions`]. Everything that reads something
/// other than its input (`env`, `input`, `now`, `localtime`), writes (`debug`, `stderr`) or ends the process (`halt`)
/// is left out; `now` is replaced by the run's own time.
#[rustfmt::skip]
pub const ALLOWED: &[&str] = &[
    "@base64", "@base64d", "@html", "@htmld", "@json", "@text", "@uri", "@urid", "abs", "add", "all", "any",
    "arrays", "ascii_downcase", "ascii_upcase", "booleans", "bsearch", "capture", "capture_of_match",
    "ceil", "combinations", "contains", "decode_base64", "decode_uri", "del", "delpaths", "empty",
    "encode_base64", "encode_uri", "endswith", "error", "error_empty", "escape_html", "explode", "false",
    "first", "finites", "flatten", "floor", "from_entries", "fromdate", "fromdateiso8601", "fromjson",
    "getpath", "gmtime", "group_by", "gsub", "has", "implode", "in", "index", "indices", "infinite",
    "inside", "isarray", "isboolean", "isempty", "isfinite", "isinfinite", "isnan", "isnormal", "isnumber",
    "isobject", "isstring", "iterables", "join", "key_values", "keys", "keys_unsorted", "last", "length",
    "limit", "ltrim", "ltrimstr", "map", "map_values", "match", "matches", "max", "max_by",
    "max_by_or_empty", "min", "min_by", "min_by_or_empty", "mktime", "nan", "normals", "not", "nth", "null",
    "nulls", "numbers", "objects", "path", "path_value", "paths", "pick", "pow", "range", "recurse",
    "repeat", "reverse", "rindex", "round", "rtrim", "rtrimstr", "scalars", "scan", "scan_", "select",
    "setpath", "skip", "sort", "sort_by", "split", "split_", "split_matches", "splits", "sqrt",
    "startswith", "strftime", "strings", "strptime", "sub", "test", "to_entries", "toboolean", "todate",
    "todateiso8601", "tojson", "tonumber", "tostring", "totype", "transpose", "trim", "true", "type",
    "unescape_html", "unique", "unique_by", "until", "utf8bytelength", "values", "walk", "while",
    "with_entries",
];

/// Functions of the jq language that are left out on purpose, for a better message than "does not exist".
pub const FORBIDDEN: &[&str] = &[
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
        .filter(|(name, ..)| !patterns::NAMES.contains(name))
        .chain(patterns::natives())
        .chain(functions::natives())
}

/// Compiles a program, or says in words why it is none.
pub(super) fn compile(source: &str) -> Result<Filter<Data>, String> {
    nesting::check(source)?;
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
                "does not exist; docs/reference/jq.md lists the functions"
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
