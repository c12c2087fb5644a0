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
        let blank =
            |line: &str| line.trim().is_empty() || line.starts_with(['#', '%']) || line.trim() == "---";
        let Some(blank_lines) = part.lines().position(|line| !blank(line)) else {
            continue;
        };
        let flatten = |tree| flatten(tree, first_line, first_line + 1 + blank_lines as u64);
        match serde_saphyr::from_str_multiple_with_options::<Placed<Spotted>, Vec<_>>(part, options()) {
            Ok(trees) => contents.extend(trees.into_iter().map(|placed| Ok(flatten(placed.0)))),
            Err(error) => match json(part) {
                Some(trees) => contents.extend(trees.into_iter().map(|placed| Ok(flatten(placed.0)))),
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

fn flatten(tree: Tree, first_line: u64, content_line: u64) -> Content {
    let lines = BTreeMap::from([(String::new(), content_line)]);
    let mut content = Content {
        value: Value::Null,
        lines,
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
            None => return lines.get("").copied(),
        }
    }
}

#[cfg(test)]
mod tests;
