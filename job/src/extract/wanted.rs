//! The parts of a JSON page that a manifest of plain paths asks for; of the rest no value is ever made. Pure.
//!
//! An API tells far more of an event than anybody wants, and making values costs several times what reading past them
//! does. What is left has the same shape for the paths as the whole page: a path gives the same, or the same error.

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};

use super::{
    part::Part,
    path::{Path, Step, StepKind},
};

/// A tree over the paths of `items` and of the fields.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The value itself is asked for, with everything in it.
    whole: bool,
    /// By key of an object.
    keys: Vec<(String, Wanted)>,
    /// Of every element of an array.
    elements: Option<Box<Wanted>>,
    /// Of every value of an object too (`.[]`).
    values: bool,
}

impl Wanted {
    /// What `fields` ask of the items that `items` gives. An output of `items` that is an array stands for its elements,
    /// so they may be items as well as the array may.
    pub(super) fn new<'p>(items: &Path, fields: impl Iterator<Item = &'p Path>) -> Self {
        let mut root = Self::default();
        let fields: Vec<_> = fields.collect();
        let outputs = root.at(items.steps());
        for field in &fields {
            outputs.at(field.steps()).whole = true;
        }
        let elements = outputs.elements();
        for field in &fields {
            elements.at(field.steps()).whole = true;
        }
        root
    }

    fn at(&mut self, steps: &[Step]) -> &mut Self {
        steps.iter().fold(self, |node, step| match &step.kind {
            StepKind::Key(key) => node.key(key),
            StepKind::Index(_) => node.elements(),
            StepKind::Each => {
                node.values = true;
                node.elements()
            }
        })
    }

    fn key(&mut self, key: &str) -> &mut Self {
        let at = self.keys.iter().position(|(known, _)| known == key);
        let at = at.unwrap_or_else(|| {
            self.keys.push((key.to_owned(), Self::default()));
            self.keys.len() - 1
        });
        &mut self.keys[at].1
    }

    fn elements(&mut self) -> &mut Self {
        self.elements.get_or_insert_default()
    }

    /// What is asked of the value under `key`.
    pub(super) fn at_key(&self, key: &str) -> Option<&Self> {
        let found = self.keys.iter().find(|(known, _)| known == key);
        found.map(|(_, wanted)| wanted)
    }

    /// What is asked of every element of an array.
    pub(super) fn of_elements(&self) -> Option<&Self> {
        self.elements.as_deref()
    }
}

impl<'de, 'w> DeserializeSeed<'de> for &'w Wanted {
    type Value = Part<'w>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Part<'w>, D::Error> {
        // An object whose values are walked both by key and all together is seldom enough to be kept whole.
        if self.whole || (self.values && !self.keys.is_empty()) {
            Value::deserialize(deserializer).map(Part::Whole)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

/// Of what is not wanted whole only the type is ever looked at.
impl<'de, 'w> Visitor<'de> for &'w Wanted {
    type Value = Part<'w>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Part<'w>, E> {
        Ok(Part::Whole(Value::Null))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Part<'w>, E> {
        Ok(Part::Whole(Value::Bool(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Part<'w>, E> {
        Ok(Part::Whole(Value::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Part<'w>, E> {
        Ok(Part::Whole(Value::Number(number.into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Part<'w>, E> {
        Ok(Part::Whole(
            Number::from_f64(number).map_or(Value::Null, Value::Number),
        ))
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<Part<'w>, E> {
        Ok(Part::Whole(Value::String(String::new())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part<'w>, A::Error> {
        let mut parts = Vec::new();
        match &self.elements {
            Some(elements) => {
                while let Some(part) = list.next_element_seed(&**elements)? {
                    parts.push(part);
                }
            }
            None => while list.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(Part::List(parts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Part<'w>, A::Error> {
        if let Some(values) = self.elements.as_deref().filter(|_| self.values) {
            return every_value(values, entries);
        }
        let mut object: Vec<(Cow<'w, str>, Part<'w>)> = Vec::with_capacity(self.keys.len());
        while let Some(known) = entries.next_key_seed(Keys(&self.keys))? {
            let Some((key, wanted)) = known else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            let part = entries.next_value_seed(wanted)?;
            // Of a key that comes twice the last value counts.
            match object.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) => *known = part,
                None => object.push((Cow::Borrowed(key), part)),
            }
        }
        Ok(Part::Object(object))
    }
}

/// An object of which every value is looked at.
fn every_value<'de, 'w, A: MapAccess<'de>>(values: &'w Wanted, mut entries: A) -> Result<Part<'w>, A::Error> {
    let mut object: Vec<(Cow<'w, str>, Part<'w>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    while let Some(key) = entries.next_key::<String>()? {
        let part = entries.next_value_seed(values)?;
        match places.get(&key) {
            Some(at) => object[*at].1 = part,
            None => {
                places.insert(key.clone(), object.len());
                object.push((Cow::Owned(key), part));
            }
        }
    }
    Ok(Part::Object(object))
}

/// Finds a key among the wanted ones without making a text of it.
struct Keys<'w>(&'w [(String, Wanted)]);

impl<'de, 'w> DeserializeSeed<'de> for Keys<'w> {
    type Value = Option<&'w (String, Wanted)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'w> Visitor<'_> for Keys<'w> {
    type Value = Option<&'w (String, Wanted)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(known, _)| known == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).expect(text)
    }

    /// The page as `items` and `fields` see it.
    fn seen(items: &str, fields: &[&str], page: &str) -> Value {
        let fields: Vec<_> = fields.iter().map(|field| path(field)).collect();
        let wanted = Wanted::new(&path(items), fields.iter());
        let mut reader = serde_json::Deserializer::from_str(page);
        wanted.deserialize(&mut reader).unwrap().into_value()
    }

    type Taken = Result<Vec<Result<Option<Value>, String>>, String>;

    /// What is taken out of the items of a part, the first field that gives one value.
    fn taken(items: &str, fields: &[&str], page: &str) -> Taken {
        let paths: Vec<_> = fields.iter().map(|field| path(field)).collect();
        let wanted = Wanted::new(&path(items), paths.iter());
        let mut reader = serde_json::Deserializer::from_str(page);
        let part = wanted.deserialize(&mut reader).unwrap();
        let outputs = part.take(&path(items))?.into_iter().flat_map(Part::into_items);
        let single = paths.iter().find(|path| path.is_single());
        Ok(single.map_or_else(Vec::new, |path| {
            outputs.map(|mut part| part.take_single(path)).collect()
        }))
    }

    fn taken_of(whole: &Value, items: &str, fields: &[&str]) -> Taken {
        let paths: Vec<_> = fields.iter().map(|field| path(field)).collect();
        let outputs = path(items).take(whole.clone())?.into_iter();
        let outputs = outputs.flat_map(|output| Part::Whole(output).into_items());
        let single = paths.iter().find(|path| path.is_single());
        Ok(single.map_or_else(Vec::new, |path| {
            let taken = |part: Part<'_>| path.take_single(&mut part.into_value());
            outputs.map(taken).collect()
        }))
    }

    #[test]
    fn only_what_is_asked_for_is_made() {
        let page = r#"{"meta": {"n": [1]}, "e": [{"a": "x", "b": {"c": 1, "d": 2}, "z": 1}, {"a": null, "a": "y"}]}"#;
        assert_eq!(
            seen(".e", &[".a", ".b.c"], page),
            serde_json::json!({"e": [{"a": "x", "b": {"c": 1}}, {"a": "y"}]})
        );
    }

    #[test]
    fn paths_give_what_they_give_of_the_whole_page() {
        let pages = [
            r#"{"e": [{"a": "x", "b": {"c": 1}, "l": [1, [2], {"c": 3}]}, "text", 7, null, [{"a": 1}], {"b": "no object"}]}"#,
            r#"{"e": {"one": {"a": 1, "b": {"c": [2]}}, "two": [{"a": 3}]}}"#,
            r#"[{"a": 1}, {"a": {"c": 2}}, true, 1.5e3, -4]"#,
            r#"{"a": [1, 2], "e": null}"#,
            "null",
            "\"text\"",
        ];
        let items = [
            ".",
            ".e",
            ".e[]",
            ".e[][]",
            ".[]",
            ".e[0]",
            ".e.one",
            ".[\"e\"]?",
            ".e[-1]?",
        ];
        let fields = [
            ".", ".a", ".a?", ".b.c", ".b.c[]", ".b[]", ".b[]?", ".l[0]", ".l[-1].c", ".l[]", ".l[1]?",
            ".x.y",
        ];
        for page in pages {
            let whole: Value = serde_json::from_str(page).unwrap();
            for items in items {
                for field in fields
                    .iter()
                    .flat_map(|one| fields.iter().map(move |other| [*one, *other]))
                {
                    let part = seen(items, &field, page);
                    let (of_whole, of_part) = (path(items).take(whole.clone()), path(items).take(part));
                    assert_eq!(
                        taken(items, &field, page),
                        taken_of(&whole, items, &field),
                        "{items}, {field:?} of {page}"
                    );
                    assert_eq!(
                        of_whole.as_ref().err(),
                        of_part.as_ref().err(),
                        "{items} of {page}"
                    );
                    let flat = |found: Vec<Value>| -> Vec<Value> {
                        let lists = found.into_iter().map(|value| match value {
                            Value::Array(list) => list,
                            other => vec![other],
                        });
                        lists.flatten().collect()
                    };
                    let (Ok(of_whole), Ok(of_part)) = (of_whole, of_part) else {
                        continue;
                    };
                    let (of_whole, of_part) = (flat(of_whole), flat(of_part));
                    assert_eq!(of_whole.len(), of_part.len());
                    for (one, other) in of_whole.iter().zip(&of_part) {
                        for field in field {
                            assert_eq!(
                                path(field).run(one),
                                path(field).run(other),
                                "{items}, {field} of {page}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn broken_json_is_an_error_wherever_it_breaks() {
        let wanted = Wanted::new(&path(".e"), [path(".a")].iter());
        for page in [
            "{\"e\": [{\"a\": 1]}",
            "{\"x\": [1, }",
            "{\"e\": [] ",
            "",
            "{\"e\": nul}",
        ] {
            let mut reader = serde_json::Deserializer::from_str(page);
            assert!(wanted.deserialize(&mut reader).is_err(), "{page}");
        }
    }
}
