//! The contents of `script[type="application/ld+json"]` as JSON, mistakes forgiven. Pure.

use std::{iter::Peekable, str::CharIndices};

use super::value::Json;

/// The values of every script, and a warning for each script with something unreadable in it. A broken script does not
/// concern the others, and what stands before the break is kept.
///
/// Comments, CDATA and HTML comment marks, trailing commas, semicolons, several values one after another, line ends
/// inside strings and escapes that JSON does not know are forgiven.
pub fn scripts_to_values<S: AsRef<str>>(scripts: &[S]) -> (Vec<Json<'_>>, Vec<String>) {
    let mut values = Vec::new();
    let mut warnings = Vec::new();
    for (index, script) in scripts.iter().map(AsRef::as_ref).enumerate() {
        if let Ok(value) = serde_json::from_str(script) {
            values.push(value);
            continue;
        }
        let (mut read, mut problem) = parse(script);
        if read.is_empty() && script.contains("&quot;") {
            (read, problem) = parse(&without_entities(script));
        }
        values.append(&mut read);
        if let Some(problem) = problem {
            warnings.push(format!("JSON-LD script {} is not readable: {problem}", index + 1));
        }
    }
    (values, warnings)
}

fn parse(script: &str) -> (Vec<Json<'static>>, Option<String>) {
    let repaired = Repair::new(script).run();
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(&repaired).into_iter::<Json<'_>>() {
        match value {
            Ok(value) => values.push(value.into_owned()),
            Err(error) => return (values, Some(error.to_string())),
        }
    }
    (values, None)
}

/// For scripts that were escaped as if they were text.
fn without_entities(script: &str) -> String {
    [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#039;", "'"),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(script.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    })
}

/// Copies a script, leaving out what is no JSON.
struct Repair<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    out: String,
    depth: usize,
    /// A comma that is only written if something follows it.
    comma: bool,
}

impl<'a> Repair<'a> {
    fn new(text: &'a str) -> Self {
        let out = String::with_capacity(text.len() + 16);
        Self {
            text,
            rest: text.char_indices().peekable(),
            out,
            depth: 0,
            comma: false,
        }
    }

    fn run(mut self) -> String {
        while let Some((at, c)) = self.rest.next() {
            match c {
                '"' => {
                    self.write_comma();
                    self.string();
                }
                '{' | '[' => {
                    self.write_comma();
                    self.depth += 1;
                    self.out.push(c);
                }
                ']' if self.depth == 0 && self.text[at..].starts_with("]]>") => self.skip(2),
                '}' | ']' => {
                    self.comma = false;
                    self.depth = self.depth.saturating_sub(1);
                    self.out.push(c);
                }
                ',' => self.comma = self.depth > 0,
                '/' | '<' | '-' => self.mark(at, c),
                ';' | '>' => self.out.push(' '),
                c if c.is_whitespace() || c.is_control() || c == '\u{feff}' => self.out.push(' '),
                c => {
                    self.write_comma();
                    self.out.push(c);
                }
            }
        }
        self.out
    }

    fn write_comma(&mut self) {
        if std::mem::take(&mut self.comma) {
            self.out.push(',');
        }
    }

    fn skip(&mut self, characters: usize) {
        for _ in 0..characters {
            self.rest.next();
        }
    }

    /// Marks of comments and CDATA; anything else is copied.
    fn mark(&mut self, at: usize, c: char) {
        let here = &self.text[at..];
        if here.starts_with("//") {
            // A comment that holds a CDATA mark ends with that mark, as the JSON may follow in the same line.
            let line = here.find('\n').unwrap_or(here.len());
            let end = ["<![CDATA[", "]]>"]
                .iter()
                .find_map(|mark| here[..line].find(mark).map(|at| at + mark.len()));
            self.skip_to(at + end.unwrap_or(line));
        } else if here.starts_with("/*") {
            self.skip_to(at + here.find("*/").map_or(here.len(), |end| end + 2));
        } else if let Some(mark) = ["<!--", "-->", "<![CDATA["]
            .iter()
            .find(|mark| here.starts_with(**mark))
        {
            self.skip(mark.len() - 1);
        } else {
            self.write_comma();
            self.out.push(c);
        }
    }

    fn skip_to(&mut self, end: usize) {
        while self.rest.next_if(|(at, _)| *at < end).is_some() {}
    }

    /// Copies a string to its closing quote.
    fn string(&mut self) {
        self.out.push('"');
        while let Some((at, c)) = self.rest.next() {
            match c {
                '"' => {
                    self.out.push('"');
                    return;
                }
                '\\' => self.escape(at),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                c if c.is_control() => {}
                c => self.out.push(c),
            }
        }
    }

    fn escape(&mut self, at: usize) {
        match self.rest.next() {
            Some((_, c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't'))) => self.out.extend(['\\', c]),
            Some((_, 'u')) => {
                let digits = self.text.get(at + 2..at + 6).unwrap_or_default();
                let is_code = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                self.out.push_str(if is_code { "\\u" } else { "\\\\u" });
            }
            Some((_, '\'')) => self.out.push('\''),
            Some((_, '\n')) => self.out.push_str("\\n"),
            Some((_, c)) if c.is_control() => {}
            Some((_, c)) => {
                self.out.push_str("\\\\");
                self.out.push(c);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(script: &str) -> Vec<Value> {
        let (values, warnings) = values_of(&[script]);
        assert!(warnings.is_empty(), "{script}: {warnings:?}");
        values
    }

    fn values_of(scripts: &[&str]) -> (Vec<Value>, Vec<String>) {
        let (values, warnings) = scripts_to_values(scripts);
        (values.iter().map(Value::from).collect(), warnings)
    }

    #[test]
    fn usual_mistakes_are_forgiven() {
        for script in [
            r#"{"a": [1, 2]}"#,
            r#"<!-- {"a": [1, 2,]}, -->"#,
            "//<![CDATA[\n{\"a\": [1, 2,],};\n//]]>",
            "// <![CDATA[ {\"a\": [1, 2]} // ]]>",
            "/*<![CDATA[*/ {\"a\": /* why */ [1,\n// so\n 2]} /*]]>*/",
            "<![CDATA[{\"a\": [1,, 2]}]]>",
            "\u{feff}\u{a0}{\"a\":\u{b} [1, 2]};;",
            "{&quot;a&quot;: [1, 2]}",
        ] {
            assert_eq!(read(script), [json!({"a": [1, 2]})], "{script}");
        }
    }

    #[test]
    fn strings_are_kept_but_for_what_json_forbids() {
        assert_eq!(
            read("{\"a\": \"one\ntwo\tthree\u{1} \\'quoted\\' C:\\x \\u00e9 \\uzzzz // <!-- ,] ;\",}"),
            [json!({"a": "one\ntwo\tthree 'quoted' C:\\x é \\uzzzz // <!-- ,] ;"})]
        );
    }

    #[test]
    fn several_values_in_one_script_are_all_read() {
        assert_eq!(
            read("{\"a\":1}{\"b\":2};[3],{\"c\":-4}"),
            [json!({"a":1}), json!({"b":2}), json!([3]), json!({"c":-4})]
        );
        assert_eq!(read(" \n "), Vec::<Value>::new());
        assert_eq!(read("[[1]]>"), [json!([[1]])]);
    }

    #[test]
    fn a_broken_script_loses_only_itself() {
        let scripts = ["{\"a\": 1} {\"b\": ", "{\"c\": 3}", "var x = 1"];
        let (values, warnings) = values_of(&scripts);
        assert_eq!(values, [json!({"a": 1}), json!({"c": 3})]);
        assert_eq!(warnings.len(), 2);
        assert!(
            warnings[0].starts_with("JSON-LD script 1 is not readable: EOF"),
            "{warnings:?}"
        );
        assert!(warnings[1].starts_with("JSON-LD script 3"), "{warnings:?}");
    }

    #[test]
    fn nesting_beyond_the_parser_s_limit_is_a_warning() {
        let deep = format!("{}1{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let (values, warnings) = values_of(&[&deep, &"{\"@type\":".repeat(500_000), "[1]"]);
        assert_eq!(values, [json!([1])]);
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].contains("recursion limit"), "{}", warnings[0]);
    }
}
