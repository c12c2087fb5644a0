//! Functions inside a literal: one that is called where it stands, and the arguments of calls. Pure.
//!
//! Nuxt and others shorten repeated values to parameters: `(function(a,b){b.x=1;return {n:a,o:b}}("text",{}))`. That
//! is a literal with names in it, and needs no interpreter: the arguments are put in, assignments to parts of them are
//! made, and what is returned is read. Statements of any other kind end the reading with an error.

use std::{collections::HashMap, mem};

use serde_json::Value;

use super::reader::Reader;

/// Most values that parameters may grow to, so that a short text cannot become an endless one.
const MOST_COPIED: usize = 2_000_000;

/// `new Date(2026, 2, 5, 20, 30)` as a local time: months count from 0 (ECMA-262 §21.4.2.1).
pub(super) fn date(arguments: &[Value]) -> Option<String> {
    let parts: Vec<i64> = arguments.iter().map(Value::as_i64).collect::<Option<_>>()?;
    let [year, month, rest @ ..] = parts.as_slice() else {
        return None;
    };
    let part = |at: usize, default: i64| rest.get(at).copied().unwrap_or(default);
    Some(format!(
        "{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        month + 1,
        part(0, 1),
        part(1, 0),
        part(2, 0),
        part(3, 0)
    ))
}

impl<'s> Reader<'s> {
    /// What follows an opening parenthesis, up to the closing one.
    pub(super) fn arguments(&mut self) -> Result<Vec<Value>, String> {
        let mut found = Vec::new();
        loop {
            self.skip_blank();
            if self.eat(")") {
                return Ok(found);
            }
            found.push(self.value()?);
            self.skip_blank();
            if !self.eat(",") && !self.rest().starts_with(')') {
                return Err(self.fail("a closing parenthesis"));
            }
        }
    }

    /// A value in parentheses, or a function that is called: `(function(a){…}(1))`, `(function(a){…})(1)`,
    /// `((a)=>{…})(1)`.
    pub(super) fn parenthesis(&mut self) -> Result<Value, String> {
        self.bump();
        self.skip_blank();
        let is_function = self.rest().starts_with("function");
        if !is_function && !self.is_arrow() {
            let value = self.value()?;
            self.skip_blank();
            return if self.eat(")") {
                Ok(value)
            } else {
                Err(self.fail("a closing parenthesis"))
            };
        }
        if is_function {
            self.word();
        }
        let (parameters, body) = self.function()?;
        self.skip_blank();
        let closed = self.eat(")");
        self.skip_blank();
        if !self.eat("(") {
            return Ok(Value::Null);
        }
        let arguments = self.arguments()?;
        self.skip_blank();
        if !closed && !self.eat(")") {
            return Err(self.fail("a closing parenthesis"));
        }
        let end = mem::replace(&mut self.at, body);
        let inner: HashMap<_, _> = parameters
            .into_iter()
            .zip(arguments)
            .map(|(name, value)| (name, (size(&value), value)))
            .map(|(name, (size, value))| (name, (value, size)))
            .collect();
        let outer = mem::replace(&mut self.bound, inner);
        let value = self.body();
        self.bound = outer;
        self.at = end;
        value
    }

    fn is_arrow(&self) -> bool {
        let rest = self.rest();
        rest.starts_with('(')
            && rest
                .find(')')
                .is_some_and(|end| rest[end + 1..].trim_start().starts_with("=>"))
    }

    /// The parameters of a function and where its body begins; reads past the body.
    pub(super) fn function(&mut self) -> Result<(Vec<&'s str>, usize), String> {
        self.skip_blank();
        self.word();
        self.skip_blank();
        if !self.eat("(") {
            return Err(self.fail("parameters"));
        }
        let mut parameters = Vec::new();
        loop {
            self.skip_blank();
            if self.eat(")") {
                break;
            }
            let name = self.word();
            if name.is_empty() {
                return Err(self.fail("a parameter"));
            }
            parameters.push(name);
            self.skip_blank();
            if !self.eat(",") && !self.rest().starts_with(')') {
                return Err(self.fail("a comma"));
            }
        }
        self.skip_blank();
        self.eat("=>");
        self.skip_blank();
        let body = self.at + 1;
        if !self.rest().starts_with('{') {
            return Err(self.fail("the body of a function"));
        }
        self.skip_block()?;
        Ok((parameters, body))
    }

    /// From an opening brace to behind its closing one; braces inside texts and comments do not count.
    fn skip_block(&mut self) -> Result<(), String> {
        let mut depth = 0_usize;
        loop {
            self.skip_blank();
            match self.peek() {
                None => return Err(self.fail("a closing brace")),
                Some('"' | '\'' | '`') => {
                    self.string()?;
                    continue;
                }
                Some('{') => depth += 1,
                Some('}') => depth -= 1,
                Some(_) => {}
            }
            self.bump();
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Assignments to parts of parameters, then `return` and its value.
    fn body(&mut self) -> Result<Value, String> {
        loop {
            self.skip_blank();
            if self.eat(";") {
                continue;
            }
            let name = self.word();
            if name == "return" {
                return self.value();
            }
            if !self.bound.contains_key(name) {
                return Err(self.fail("an assignment to a parameter, or return"));
            }
            let mut path = Vec::new();
            loop {
                self.skip_blank();
                if self.eat(".") {
                    path.push(Value::String(self.word().to_owned()));
                } else if self.eat("[") {
                    path.push(self.value()?);
                    self.skip_blank();
                    self.eat("]");
                } else {
                    break;
                }
            }
            if !self.eat("=") {
                return Err(self.fail("an assignment"));
            }
            let value = self.value()?;
            if let Some((target, known)) = self.bound.get_mut(name) {
                *known += size(&value);
                assign(target, &path, value);
            }
        }
    }

    /// The value of a parameter.
    pub(super) fn copy(&mut self, name: &str) -> Result<Value, String> {
        let (value, size) = self.bound.get(name).cloned().unwrap_or((Value::Null, 1));
        self.copied += size;
        if self.copied > MOST_COPIED {
            return Err(format!(
                "the script repeats parameters to more than {MOST_COPIED} values"
            ));
        }
        Ok(value)
    }
}

fn assign(target: &mut Value, path: &[Value], value: Value) {
    let mut at = target;
    for step in path {
        at = match (at, step) {
            (Value::Object(object), Value::String(key)) => object.entry(key.clone()).or_insert(Value::Null),
            (Value::Array(list), step) => {
                let Some(index) = step.as_u64().and_then(|index| usize::try_from(index).ok()) else {
                    return;
                };
                if index == list.len() {
                    list.push(Value::Null);
                }
                match list.get_mut(index) {
                    Some(slot) => slot,
                    None => return,
                }
            }
            _ => return,
        };
    }
    *at = value;
}

/// How many values a value is made of. Nesting is bounded by the reader.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(object) => object.values().map(size).sum(),
        Value::String(text) => text.len() / 32,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{assigned_value, called_value};
    use serde_json::json;

    #[test]
    fn a_function_called_where_it_stands_gives_what_it_returns() {
        let nuxt = r#"window.__NUXT__=(function(a,b,c,d){d.x="}";d.list[0]={n:a};return {s:a,f:b,deep:[{v:a,o:d}],u:c.none}}("A",false,null,{list:[]}));"#;
        let expected = json!({"s": "A", "f": false, "deep": [{"v": "A", "o": {"list": [{"n": "A"}], "x": "}"}}], "u": null});
        assert_eq!(assigned_value(nuxt, Some("__NUXT__")), Ok(expected.clone()));
        assert_eq!(assigned_value(nuxt, None), Ok(expected));
        assert_eq!(
            assigned_value("x = (function(){ return [1, 2] })()", None),
            Ok(json!([1, 2]))
        );
        assert!(assigned_value("x = ((a, b) => { return {a, b: b} })(1, 2)", None).is_err());
        assert_eq!(
            assigned_value("x = ((a) => { return {k: a} })(1)", None),
            Ok(json!({"k": 1}))
        );
        let other = assigned_value("x = (function(a){ for(;;){} return a }([1]))", Some("x"));
        assert!(other.unwrap_err().contains("or return"));
    }

    #[test]
    fn parameters_do_not_grow_without_bound() {
        let mut script = String::from("[0,0,0,0,0,0,0,0,0,0]");
        for _ in 0..12 {
            script = format!("(function(a){{return [a,a,a,a,a,a,a,a,a,a]}}({script}))");
        }
        let read = assigned_value(&format!("x = {script}"), Some("x"));
        assert!(read.unwrap_err().contains("repeats parameters"));
    }

    #[test]
    fn dates_in_parts_are_local_times_and_functions_are_null() {
        assert_eq!(
            assigned_value(
                "$('#c').fullCalendar({events: [{start: new Date(2026, 2, 5, 20, 30), end: new Date(2026, 11, 6), click: function(e) { if (e) { go('}') } }}]})",
                Some("events")
            ),
            Ok(json!([{"start": "2026-03-05T20:30:00", "end": "2026-12-06T00:00:00", "click": null}]))
        );
    }

    #[test]
    fn the_first_argument_of_a_call_is_the_value_of_jsonp() {
        let value = json!({"a": [1]});
        for text in [
            "callback({\"a\":[1]});",
            "/**/ typeof cb === 'function' && cb({\"a\":[1]})",
            "a.b[\"c\"]({a: [1]}, 2)",
        ] {
            assert_eq!(called_value(text), Some(value.clone()), "{text}");
        }
        for text in ["run()", "{\"a\":1}", "f(1)", "<html>({})", "", "f({a:1}"] {
            assert_eq!(called_value(text), None, "{text}");
        }
    }
}
