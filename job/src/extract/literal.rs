//! JavaScript literals inside scripts, read as JSON. Pure.
//!
//! Pages assign their data to variables as JavaScript, not JSON: unquoted keys, single quotes, comments, trailing
//! commas, `undefined`, `!0`, `new Date(…)`, `JSON.parse('…')`, and a function that is called where it stands, as
//! Nuxt writes its state ([`invocation`]). This reader takes the literal subset of ECMAScript (ECMA-262 §13.2) and
//! nothing that would need an interpreter; what it does not know inside a literal becomes null.

mod invocation;

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Deepest nesting, the same as that of `serde_json`.
const MAX_DEPTH: usize = 128;

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

/// A text that is a JavaScript literal from start to end.
///
/// # Errors
/// In words, with the character.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader::at(text, 0);
    let value = reader.value()?;
    reader.skip_blank();
    match reader.rest().trim_start_matches(';').trim() {
        "" => Ok(value),
        _ => Err(reader.fail("the end")),
    }
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

struct Reader<'s> {
    text: &'s str,
    at: usize,
    depth: usize,
    /// What the parameters of the function around stand for, and how large that is.
    bound: HashMap<&'s str, (Value, usize)>,
    /// Values copied from parameters so far.
    copied: usize,
}

impl<'s> Reader<'s> {
    fn at(text: &'s str, at: usize) -> Self {
        Self {
            text,
            at,
            depth: 0,
            bound: HashMap::new(),
            copied: 0,
        }
    }

    fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn fail(&self, expected: &str) -> String {
        let found: String = self.rest().chars().take(20).collect();
        let line = self.text[..self.at].matches('\n').count() + 1;
        format!("expected {expected} in line {line} of the script, found {found:?}")
    }

    /// White space and comments.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    /// A literal, with `+` between texts.
    fn value(&mut self) -> Result<Value, String> {
        let mut value = self.operand()?;
        loop {
            self.skip_blank();
            let (Value::String(left), true) = (&mut value, self.rest().starts_with('+')) else {
                return Ok(value);
            };
            self.at += 1;
            match self.operand()? {
                Value::String(right) => left.push_str(&right),
                other => left.push_str(&other.to_string()),
            }
        }
    }

    fn operand(&mut self) -> Result<Value, String> {
        self.skip_blank();
        match self.peek() {
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::array),
            Some('"' | '\'' | '`') => self.string().map(Value::String),
            Some('-' | '+' | '.' | '0'..='9') => self.number(),
            Some('!') => {
                self.bump();
                Ok(Value::Bool(match self.nested(Self::operand)? {
                    Value::Null | Value::Bool(false) => true,
                    Value::Number(number) => number.as_f64() == Some(0.0),
                    Value::String(text) => text.is_empty(),
                    _ => false,
                }))
            }
            Some('(') => self.nested(Self::parenthesis),
            Some(c) if c.is_alphabetic() || c == '_' || c == '$' => self.nested(Self::name),
            _ => Err(self.fail("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("the script nests deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, String> {
        self.bump();
        let mut map = Map::new();
        loop {
            self.skip_blank();
            if self.eat("}") {
                return Ok(Value::Object(map));
            }
            let key = match self.peek() {
                Some('"' | '\'' | '`') => self.string()?,
                Some(c) if c.is_alphanumeric() || c == '_' || c == '$' => self.word().to_owned(),
                _ => return Err(self.fail("a key or }")),
            };
            self.skip_blank();
            if !self.eat(":") {
                return Err(self.fail("a colon"));
            }
            map.insert(key, self.value()?);
            self.skip_blank();
            if !self.eat(",") && !self.rest().starts_with('}') {
                return Err(self.fail("a comma or }"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, String> {
        self.bump();
        let mut list = Vec::new();
        loop {
            self.skip_blank();
            if self.eat("]") {
                return Ok(Value::Array(list));
            }
            if self.eat(",") {
                list.push(Value::Null);
                continue;
            }
            list.push(self.value()?);
            self.skip_blank();
            if !self.eat(",") && !self.rest().starts_with(']') {
                return Err(self.fail("a comma or ]"));
            }
        }
    }

    fn word(&mut self) -> &'s str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// `true`, `null`, `undefined`, a parameter, `new Date("…")`, `JSON.parse("…")`; any other name is null, any other
    /// call its first argument.
    fn name(&mut self) -> Result<Value, String> {
        let mut last = self.word();
        match last {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "new" => return self.operand(),
            "void" => return self.operand().map(|_| Value::Null),
            "function" => return self.function().map(|_| Value::Null),
            "null" | "undefined" | "NaN" | "Infinity" => return Ok(Value::Null),
            _ => {}
        }
        if !self.rest().starts_with(['.', '(']) && self.bound.contains_key(last) {
            return self.copy(last);
        }
        while self.eat(".") {
            last = self.word();
        }
        self.skip_blank();
        if !self.eat("(") {
            return Ok(Value::Null);
        }
        let arguments = self.arguments()?;
        if let ("Date" | "UTC", Some(written)) = (last, invocation::date(&arguments)) {
            return Ok(Value::String(written));
        }
        match (last, arguments.into_iter().next().unwrap_or(Value::Null)) {
            ("parse", Value::String(json)) => {
                serde_json::from_str(&json).map_err(|error| format!("JSON.parse: {error}"))
            }
            (_, argument) => Ok(argument),
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|(at, c)| {
                let after_exponent = rest[..*at].ends_with(['e', 'E']);
                !(c.is_ascii_alphanumeric()
                    || matches!(c, '.' | '_')
                    || (matches!(c, '-' | '+') && (*at == 0 || after_exponent)))
            })
            .map_or(rest.len(), |(at, _)| at);
        let text = rest[..end].trim_start_matches('+').replace('_', "");
        let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let value = match hexadecimal {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(Value::from),
            None => text.parse::<i64>().ok().map(Value::from).or_else(|| {
                text.parse::<f64>()
                    .ok()
                    .and_then(serde_json::Number::from_f64)
                    .map(Value::Number)
            }),
        };
        let value = value.ok_or_else(|| self.fail("a number"))?;
        self.at += end;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, String> {
        let quote = self.bump().unwrap_or('"');
        let mut out = String::new();
        loop {
            match self.bump() {
                None => return Err(self.fail("the end of a text")),
                Some(c) if c == quote => return Ok(out),
                Some('\\') => self.escape(&mut out)?,
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        match self.bump() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b' | 'f' | 'v' | '0' | '\n') => {}
            Some('x') => {
                out.push(char::from_u32(self.hexadecimal(2)?).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            Some('u') => {
                let mut unit = self.code_unit()?;
                if (0xD800..0xDC00).contains(&unit) && self.eat("\\u") {
                    let low = self.code_unit()?;
                    unit = 0x10000 + ((unit - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
                }
                // A lone surrogate cannot be a char; its place is kept by the replacement character.
                out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => return Err(self.fail("an escape")),
        }
        Ok(())
    }

    fn code_unit(&mut self) -> Result<u32, String> {
        if self.eat("{") {
            let digits = self.word();
            return match (u32::from_str_radix(digits, 16), self.eat("}")) {
                (Ok(unit), true) => Ok(unit),
                _ => Err(self.fail("a code point")),
            };
        }
        self.hexadecimal(4)
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, String> {
        let text = self.rest().get(..digits).ok_or_else(|| self.fail("an escape"))?;
        let unit = u32::from_str_radix(text, 16).map_err(|_| self.fail("an escape"))?;
        self.at += digits;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_javascript_array_with_comments_and_bare_keys_is_read() {
        let script = r#"
            jQuery(document).ready(function($) { var x = 3; });
            var all_events = [
                { id: '15782', start: '2026-02-12', // end: '2026-02-13',
                  title: "Tom &amp; Jerry's", imageUrl: '<img src="a.png"/>', },
                /* gone */ { id: 7, price: 1e2, off: -.5, hex: 0x1F, free: !0, sold: !1, x: undefined, d: new Date("2026-02-12"), },
            ];
            all_events.forEach(e => console.log(e));"#;
        let expected = json!([
            {"id": "15782", "start": "2026-02-12", "title": "Tom &amp; Jerry's", "imageUrl": "<img src=\"a.png\"/>"},
            {"id": 7, "price": 100.0, "off": -0.5, "hex": 31, "free": true, "sold": false, "x": null, "d": "2026-02-12"},
        ]);
        assert_eq!(assigned_value(script, Some("all_events")), Ok(expected.clone()));
        assert_eq!(assigned_value(script, None), Ok(expected));
    }

    #[test]
    fn json_and_json_parse_and_properties_are_read() {
        assert_eq!(assigned_value(" {\"a\": [1]} ", None), Ok(json!({"a": [1]})));
        assert_eq!(
            assigned_value(
                "window.x = JSON.parse('{\"a\\u0022: 1}'.replace('a','a'))",
                Some("y")
            )
            .is_err(),
            true
        );
        assert_eq!(
            assigned_value(
                r#"window.__STATE__ = JSON.parse("{\"a\":1}");"#,
                Some("__STATE__")
            ),
            Ok(json!({"a": 1}))
        );
        assert_eq!(
            assigned_value(r#"f({"events": [{t: `x`}], n: 1})"#, Some("events")),
            Ok(json!([{"t": "x"}]))
        );
        assert_eq!(
            assigned_value("my_events = 1; var events = {a: 'x' + 'y'}", Some("events")),
            Ok(json!({"a": "xy"}))
        );
        assert_eq!(
            assigned_value(
                r"a = {s: 'caf\xe9 \u{1F600} \ud83d\ude00 \ud83d!', no: !10, yes: !'', gone: void 0}",
                None
            ),
            Ok(json!({"s": "café 😀 😀 \u{fffd}!", "no": false, "yes": true, "gone": null}))
        );
        assert_eq!(
            assigned_value("q.push([1, 'a']); q.push([2])", Some("q.push")),
            Ok(json!([1, "a"]))
        );
    }

    #[test]
    fn what_is_no_literal_is_an_error_that_names_the_line() {
        assert_eq!(
            assigned_value("var a = 1;", Some("b")),
            Err("the script assigns nothing to \"b\"".to_owned())
        );
        assert_eq!(
            assigned_value("run()", None),
            Err("the script assigns no object and no array".to_owned())
        );
        let error = assigned_value("x = {\n a: 1\n b: 2}", Some("x")).unwrap_err();
        assert_eq!(
            error,
            "expected a comma or } in line 3 of the script, found \"b: 2}\""
        );
        assert!(assigned_value("x = {a: 'never closed", Some("x")).is_err());
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("x = {}", "[".repeat(100_000));
        assert!(
            assigned_value(&deep, Some("x"))
                .unwrap_err()
                .contains("deeper than 128")
        );
    }
}
