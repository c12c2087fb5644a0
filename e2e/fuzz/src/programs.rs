//! Targets for programs of manifests. Pure.

use serde_json::Value;
use sms_job::extract::{
    jq::{Program, Variables},
    path::Path,
};

/// Parts of programs that come to an end in bounded memory: no definitions, no loops, no product of a text and a number.
/// Nor fromjson: of some texts the interpreter makes errors without end, and only the limits of the extraction process end that.
#[rustfmt::skip]
const WORDS: [&str; 96] = [
    ".", ".a", ".b", "[0]", "[-1]", "[]", "[]?", "?", " | ", ", ", "(", ")", "[", "]", "{a: ", "}", ", b: ", " + ", " - ",
    " / ", " % ", " == ", " < ", " and ", " or ", " // ", "not", "null", "true", "1", "0.5", "-7", "1e999", "nan",
    "\"x\"", "\"é\\n\"", "\"\\(", ")\"", "length", "keys", "map(", "select(", "first(", "any(", "test(\"", "\")", "(a+)*$",
    "sub(\"", "\"; \"", "gsub(\"^\"; \"", "split(\"", "join(\",\")", "ascii_downcase", "tonumber", "tostring", "abs",
    "tojson", "type", "sort", "sort_by(.a)", "group_by(.a)", "unique", "min", "max", "add", "flatten", "reverse",
    "to_entries", "from_entries", "with_entries(", "has(\"a\")", "contains(", "index(\"", "indices(1)", "explode",
    "implode", "trim", "ltrimstr(\"", "[1:3]", "[:-1]", ".[\"a b\"]", " as $x | $x", "if ", " then ", " else ", " end",
    "try ", " catch .", "strptime(\"%Y-%m-%d\")", "mktime", "todate", "fromdate", "@base64d", "@uri", "$item", "$now",
];

/// The bytes before the first NUL choose words of a program, what follows is its input as JSON.
pub fn jq(data: &[u8]) {
    let (choices, input) = super::halves(data);
    let program: String = choices
        .iter()
        .take(24)
        .map(|choice| WORDS[usize::from(*choice) % WORDS.len()])
        .collect();
    let Ok(program) = Program::compile(&program, "spec.fuzz") else {
        return;
    };
    let input: Value = serde_json::from_slice(input).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(input);
        serde_json::json!({ "a": text, "b": [1, "x", { "a": null }] })
    });
    let borrowed = program.run(&input, &Variables::default(), 50);
    if let Ok(values) = &borrowed {
        for value in values {
            let text = serde_json::to_string(value).expect("a value as JSON");
            serde_json::from_str::<Value>(&text).expect("a value from JSON");
        }
    }
}

/// A program as text, a NUL, and JSON: where it is a plain path, it gives what jq gives.
pub fn paths(data: &[u8]) {
    let (program, input) = super::halves(data);
    let (Ok(program), Ok(input)) = (
        std::str::from_utf8(program),
        serde_json::from_slice::<Value>(input),
    ) else {
        return;
    };
    let Some(path) = Path::parse(program) else {
        return;
    };
    let lent: Result<Vec<Value>, String> = path.run(&input).map(|found| found.into_iter().cloned().collect());
    assert_eq!(lent, path.take(input.clone()), "lent and given: {program:?}");
    // jq refuses a number as the key of an object, and so do we; the interpreter has objects with such keys.
    let has_index = program
        .as_bytes()
        .windows(2)
        .any(|two| two[0] == b'[' && (two[1] == b'-' || two[1].is_ascii_digit()));
    if has_index && input.to_string().contains('{') {
        return;
    }
    // In brackets it is no plain path, but the same program.
    let Ok(jq) = Program::compile(&format!("({program})"), "spec.fuzz") else {
        panic!("a plain path that jq does not know: {program:?}");
    };
    let theirs = jq.run(&input, &Variables::default(), usize::MAX);
    match (&lent, &theirs) {
        (Ok(ours), Ok(theirs)) => assert!(
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| is_same(ours, theirs)),
            "{program:?}: {ours:?}, but jq {theirs:?}"
        ),
        (Err(_), Err(_)) => {}
        _ => panic!("{program:?}: {lent:?}, but jq {theirs:?}"),
    }
}

/// Whether two values are the same, but for the last digit of a number: the interpreter reads numbers by itself.
fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| is_same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| ours.0 == theirs.0 && is_same(ours.1, theirs.1))
        }
        (Value::Number(ours), Value::Number(theirs)) => {
            let (Some(a), Some(b)) = (ours.as_f64(), theirs.as_f64()) else {
                return ours == theirs;
            };
            ours == theirs || (a - b).abs() <= a.abs() * 4.0 * f64::EPSILON
        }
        _ => ours == theirs,
    }
}
