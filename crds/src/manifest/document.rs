//! Texts of YAML or JSON documents to JSON values with line numbers. Pure.
//!
//! YAML is read as kubectl reads it (YAML 1.1 booleans included), except that what readers disagree about is refused.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, Options, Spanned};

use crate::problem::Problem;

/// One document of a file.
#[derive(Debug)]
pub struct Document {
    /// Number in the file, from 1; empty documents do not count.
    pub number: usize,
    /// What it holds, or why it cannot be read.
    pub content: Result<Content, Syntax>,
}

/// A document that could be read.
#[derive(Debug)]
pub struct Content {
    pub value: Value,
    /// Line of each path, as far as known.
    pub lines: BTreeMap<String, u64>,
    /// Keys that are written twice.
    pub problems: Vec<Problem>,
}

/// Why a document cannot be read.
#[derive(Debug)]
pub struct Syntax {
    pub line: Option<u64>,
    pub message: String,
}

/// The documents of `text`. One that cannot be read does not hide the others.
pub fn read(text: &str) -> Vec<Document> {
    let mut contents = Vec::new();
    for (first_line, part) in parts(text) {
        let blank = |line: &str| line.trim().is_empty() || line.starts_with(['#', '%']);
        if part.lines().all(blank) {
            continue;
        }
        match serde_saphyr::from_str_multiple_with_options::<Placed<Spotted>, Vec<_>>(part, options()) {
            Ok(trees) => contents.extend(trees.into_iter().map(|placed| Ok(flatten(placed.0, first_line)))),
            Err(error) => match json(part) {
                Some(trees) => {
                    contents.extend(trees.into_iter().map(|placed| Ok(flatten(placed.0, first_line))))
                }
                None => contents.push(Err(syntax(&error, first_line))),
            },
        }
    }
    contents
        .into_iter()
        .enumerate()
        .map(|(index, content)| Document {
            number: index + 1,
            content,
        })
        .collect()
}

/// JSON that is no YAML: documents without `---` between them.
fn json(text: &str) -> Option<Vec<Placed<Bare>>> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect::<Result<_, _>>()
        .ok()
}

/// The parts between `---` lines, with the number of lines before each. A line that begins with `---` ends a document
/// whatever stands before it, so no YAML needs to be understood for this.
fn parts(text: &str) -> Vec<(u64, &str)> {
    let mut found = Vec::new();
    let (mut start, mut start_line, mut at) = (0, 0, 0);
    for (line_number, line) in (0..).zip(text.split_inclusive('\n')) {
        let rest = line.strip_prefix("---");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])) && at > start
        {
            found.push((start_line, &text[start..at]));
            (start, start_line) = (at, line_number);
        }
        at += line.len();
    }
    found.push((start_line, &text[start..]));
    found
}

fn options() -> Options {
    let budget = serde_saphyr::budget! { max_nodes: 4_000_000, max_events: 10_000_000, max_documents: 100 };
    let alias_limits = serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 };
    serde_saphyr::options! {
        budget: budget,
        alias_limits: alias_limits,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    }
}

fn syntax(error: &serde_saphyr::Error, first_line: u64) -> Syntax {
    let text = error.without_snippet().to_string();
    let message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    let line = error.location().map(|at| at.line() + first_line);
    Syntax {
        line,
        message: message.replace('\n', " "),
    }
}

/// How a key or an item is read, with or without its place.
trait Place {
    type Of<T: DeserializeOwned>: DeserializeOwned;
    fn split<T: DeserializeOwned>(placed: Self::Of<T>) -> (Option<u64>, T);
}

/// With its line: YAML.
struct Spotted;
/// Without a line: JSON.
struct Bare;

impl Place for Spotted {
    type Of<T: DeserializeOwned> = Spanned<T>;
    fn split<T: DeserializeOwned>(placed: Spanned<T>) -> (Option<u64>, T) {
        (Some(placed.referenced.line()), placed.value)
    }
}

impl Place for Bare {
    type Of<T: DeserializeOwned> = T;
    fn split<T: DeserializeOwned>(placed: T) -> (Option<u64>, T) {
        (None, placed)
    }
}

/// A document with its lines and with keys that stand in it twice.
enum Tree {
    Leaf(Value),
    List(Vec<(Option<u64>, Tree)>),
    Map(Vec<(Option<u64>, String, Tree)>),
}

/// A tree whose keys and items are read as `P` says.
struct Placed<P>(Tree, PhantomData<P>);

impl<'de, P: Place> Deserialize<'de> for Placed<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(TreeVisitor::<P>(PhantomData))
            .map(|tree| Self(tree, PhantomData))
    }
}

struct TreeVisitor<P>(PhantomData<P>);

impl<'de, P: Place> Visitor<'de> for TreeVisitor<P> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Tree, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number must be finite"))?;
        Ok(Tree::Leaf(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Placed::<P>::deserialize(deserializer).map(|placed| placed.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<P::Of<Placed<P>>>()? {
            let (line, Placed(item, _)) = P::split(item);
            list.push((line, item));
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<P::Of<Key>>()? {
            let (line, Key(name)) = P::split(key);
            map.push((line, name, entries.next_value::<Placed<P>>()?.0));
        }
        Ok(Tree::Map(map))
    }
}

/// A key of a mapping.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(Key(name.to_owned()))
    }

    fn visit_i64<E>(self, name: i64) -> Result<Key, E> {
        Ok(Key(name.to_string()))
    }

    fn visit_u64<E>(self, name: u64) -> Result<Key, E> {
        Ok(Key(name.to_string()))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Key, E> {
        Err(E::custom(
            "an unquoted y, n, yes, no, on, off, true or false is no name of a field: put it in quotes",
        ))
    }
}

fn flatten(tree: Tree, first_line: u64) -> Content {
    let mut content = Content {
        value: Value::Null,
        lines: BTreeMap::new(),
        problems: Vec::new(),
    };
    content.value = content.add(tree, "", first_line);
    content
}

impl Content {
    fn add(&mut self, tree: Tree, path: &str, first_line: u64) -> Value {
        match tree {
            Tree::Leaf(value) => value,
            Tree::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, (line, item)) in items.into_iter().enumerate() {
                    let here = format!("{path}[{index}]");
                    self.lines
                        .extend(line.map(|line| (here.clone(), line + first_line)));
                    list.push(self.add(item, &here, first_line));
                }
                Value::Array(list)
            }
            Tree::Map(entries) => {
                let mut map = Map::new();
                for (line, name, entry) in entries {
                    let here = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    if map.contains_key(&name) {
                        let first = self
                            .lines
                            .get(&here)
                            .map_or_else(String::new, |line| format!(" (first in line {line})"));
                        self.problems.push(Problem::new(
                            &here,
                            format!("is written twice{first}: remove one"),
                        ));
                    }
                    self.lines
                        .extend(line.map(|line| (here.clone(), line + first_line)));
                    let value = self.add(entry, &here, first_line);
                    map.insert(name, value);
                }
                Value::Object(map)
            }
        }
    }
}

/// The line of `path`, or of the nearest thing around it.
pub fn line_of(lines: &BTreeMap<String, u64>, path: &str) -> Option<u64> {
    let mut path = path;
    loop {
        if let Some(line) = lines.get(path) {
            return Some(*line);
        }
        match path.rfind(['.', '[']) {
            Some(at) => path = &path[..at],
            None => return lines.values().copied().min(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        read(text).remove(0).content.unwrap().value
    }

    fn failure(text: &str) -> (Option<u64>, String) {
        let syntax = read(text).remove(0).content.unwrap_err();
        (syntax.line, syntax.message)
    }

    #[test]
    fn values_are_those_that_kubectl_reads() {
        let cases = [
            ("a: yes", r#"{"a":true}"#),
            ("a: off", r#"{"a":false}"#),
            ("a: 20:00", r#"{"a":"20:00"}"#),
            ("a: 2026-01-01", r#"{"a":"2026-01-01"}"#),
            ("a: ~", r#"{"a":null}"#),
            ("1: x", r#"{"1":"x"}"#),
            ("'on': x", r#"{"on":"x"}"#),
            (
                "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2",
                r#"{"a":{"b":1},"c":{"b":1,"d":2}}"#,
            ),
            ("{\"a\": \"\\ud83d\\ude00 \\/\"}", r#"{"a":"😀 /"}"#),
        ];
        for (text, expected) in cases {
            assert_eq!(
                value(text),
                serde_json::from_str::<Value>(expected).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_broken_document_does_not_hide_the_others() {
        let documents = read("a: 1\n---\nb: {\n---\n# nothing\n---\nc: 3\n");
        assert_eq!(
            documents
                .iter()
                .map(|document| document.number)
                .collect::<Vec<_>>(),
            [1, 2, 3]
        );
        assert_eq!(documents[1].content.as_ref().unwrap_err().line, Some(3));
        assert_eq!(documents[2].content.as_ref().unwrap().lines["c"], 7);
    }

    #[test]
    fn json_documents_may_follow_each_other() {
        assert_eq!(read("{\"a\": 1}\n{\"a\": 2}\n").len(), 2);
    }

    #[test]
    fn lines_are_those_of_the_keys() {
        let content = read("a:\n  b:\n  - c: 1\n  - d\n").remove(0).content.unwrap();
        let lines: Vec<_> = content
            .lines
            .iter()
            .map(|(path, line)| format!("{path} {line}"))
            .collect();
        assert_eq!(lines, ["a 1", "a.b 2", "a.b[0] 3", "a.b[0].c 3", "a.b[1] 4"]);
        assert_eq!(line_of(&content.lines, "a.b[0].x.y"), Some(3));
    }

    #[test]
    fn a_key_that_is_written_twice_is_a_problem_with_both_lines() {
        for text in ["a:\n  b: 1\n  c: 2\n  b: 3\n", "{\"a\": {\"b\": 1,\n \"b\": 2}}"] {
            let content = read(text).remove(0).content.unwrap();
            assert_eq!(content.problems.len(), 1, "{text}");
            assert!(
                content.problems[0]
                    .to_string()
                    .starts_with("a.b: is written twice (first in line "),
                "{text}"
            );
        }
    }

    #[test]
    fn syntax_errors_have_a_line_and_one_line_of_text() {
        assert_eq!(
            failure("a:\n  b: c: d"),
            (
                Some(2),
                "mapping values are not allowed in this context".to_owned()
            )
        );
        assert!(
            failure("on: x").1.contains("put it in quotes"),
            "{:?}",
            failure("on: x")
        );
        assert!(failure("a: .inf").1.contains("non-finite"));
    }

    #[test]
    fn nested_aliases_are_stopped() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                before.trim_end_matches(", ")
            ));
        }
        assert!(failure(&text).1.contains("limit"), "{:?}", failure(&text));
    }

    #[test]
    fn deep_nesting_is_stopped() {
        assert!(!failure(&"[".repeat(100_000)).1.is_empty());
        assert!(!failure(&"{a: ".repeat(100_000)).1.is_empty());
    }
}
