//! One JavaScript literal, character by character. Pure.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::invocation;

/// Deepest nesting, the same as that of `serde_json`.
const MAX_DEPTH: usize = 128;

/// A place in a script.
pub(super) struct Reader<'s> {
    pub(super) text: &'s str,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// What the parameters of the function around stand for, and how large that is.
    pub(super) bound: HashMap<&'s str, (Value, usize)>,
    /// Values copied from parameters so far.
    pub(super) copied: usize,
}

impl<'s> Reader<'s> {
    pub(super) fn at(text: &'s str, at: usize) -> Self {
        Self {
            text,
            at,
            depth: 0,
            bound: HashMap::new(),
            copied: 0,
        }
    }

    pub(super) fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn fail(&self, expected: &str) -> String {
        let found: String = self.rest().chars().take(20).collect();
        let line = self.text[..self.at].matches('\n').count() + 1;
        format!("expected {expected} in line {line} of the script, found {found:?}")
    }

    /// White space and comments.
    pub(super) fn skip_blank(&mut self) {
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
    pub(super) fn value(&mut self) -> Result<Value, String> {
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

    pub(super) fn operand(&mut self) -> Result<Value, String> {
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

    pub(super) fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("the script nests deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    pub(super) fn object(&mut self) -> Result<Value, String> {
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

    pub(super) fn array(&mut self) -> Result<Value, String> {
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

    pub(super) fn word(&mut self) -> &'s str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// `true`, `null`, `undefined`, a parameter, `new Date("…")`, `JSON.parse("…")`; any other name is null, any other
    /// call its first argument.
    pub(super) fn name(&mut self) -> Result<Value, String> {
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

    pub(super) fn number(&mut self) -> Result<Value, String> {
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

    pub(super) fn string(&mut self) -> Result<String, String> {
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

    pub(super) fn escape(&mut self, out: &mut String) -> Result<(), String> {
        match self.bump() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b' | 'f' | 'v' | '0' | '\n') => {}
            Some('x') => {
                out.push(char::from_u32(self.hexadecimal(2)?).unwrap_or(char::REPLACEMENT_CHARACTER));
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

    pub(super) fn code_unit(&mut self) -> Result<u32, String> {
        if self.eat("{") {
            let digits = self.word();
            return match (u32::from_str_radix(digits, 16), self.eat("}")) {
                (Ok(unit), true) => Ok(unit),
                _ => Err(self.fail("a code point")),
            };
        }
        self.hexadecimal(4)
    }

    pub(super) fn hexadecimal(&mut self, digits: usize) -> Result<u32, String> {
        let text = self.rest().get(..digits).ok_or_else(|| self.fail("an escape"))?;
        let unit = u32::from_str_radix(text, 16).map_err(|_| self.fail("an escape"))?;
        self.at += digits;
        Ok(unit)
    }
}
