//! One item of a source, before the manifest's own programs see it. Pure.

use serde_json::{Map, Value};

use crate::event::RawItem;

/// An item as a format's reader gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceItem {
    /// Event fields that the format itself defines, named as in [`crate::normalise::FIELDS`].
    pub fields: RawItem,
    /// The item as it stands in the source, or what of it is wanted ([`RawNames`]): what the manifest's jq programs see.
    pub raw: Value,
}

/// Which top-level names of [`SourceItem::raw`] somebody looks at; the others need not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawNames {
    /// Any.
    All,
    /// These alone.
    Only(Vec<String>),
}

impl RawNames {
    /// Whether a value of this name is worth making.
    pub fn wants(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|known| known == name),
        }
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(names) if names.is_empty())
    }
}

/// The items of one document.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ItemList {
    /// In document order.
    pub items: Vec<SourceItem>,
    /// There were more items than a limit allows: the run is partial.
    pub truncated: bool,
    /// What was odd but did not stop the reading, in words.
    pub warnings: Vec<String>,
}

impl ItemList {
    /// Most warnings that are kept.
    const MAX_WARNINGS: usize = 20;

    /// Adds a warning once; the ones beyond [`Self::MAX_WARNINGS`] are dropped.
    pub fn warn(&mut self, warning: String) {
        if self.warnings.len() < Self::MAX_WARNINGS && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Adds a value to an object; what is there several times becomes a list.
pub(crate) fn append(object: &mut Map<String, Value>, name: String, value: Value) {
    match object.get_mut(&name) {
        None => {
            object.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(single) => *single = Value::Array(vec![single.take(), value]),
    }
}

/// Whether an address names a picture by its ending.
pub(crate) fn is_picture(address: &str) -> bool {
    const EXTENSIONS: [&str; 7] = ["jpg", "jpeg", "png", "gif", "webp", "avif", "svg"];
    let path = address.split(['?', '#']).next().unwrap_or_default();
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| EXTENSIONS.iter().any(|e| ending.eq_ignore_ascii_case(e)))
}

/// The text's beginning on one line, for messages: at most `limit` characters.
pub(crate) fn excerpt(text: &str, limit: usize) -> String {
    let mut words = String::new();
    let mut rest = text.split_whitespace().peekable();
    while let Some(word) = rest.next() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().take(limit + 1));
        if words.chars().count() > limit || (words.chars().count() == limit && rest.peek().is_some()) {
            words = words.chars().take(limit).collect();
            words.push('…');
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("  Not \n Found ", 20), "Not Found");
        assert_eq!(excerpt("Not Found here", 9), "Not Found…");
        assert_eq!(excerpt(&"é".repeat(50), 3), "ééé…");
    }

    #[test]
    fn what_is_added_twice_is_a_list() {
        let mut object = Map::new();
        for value in ["a", "b", "c"] {
            append(&mut object, "x".to_owned(), Value::from(value));
        }
        append(&mut object, "y".to_owned(), Value::from(1));
        assert_eq!(
            Value::Object(object),
            serde_json::json!({ "x": ["a", "b", "c"], "y": 1 })
        );
    }

    #[test]
    fn pictures_are_known_by_the_ending_of_their_path() {
        assert!(is_picture("https://v/a.JPG?w=1#x"));
        assert!(!is_picture("https://v/a?x=.jpg") && !is_picture("https://v.png.example/a"));
    }

    #[test]
    fn warnings_are_told_once_and_bounded() {
        let mut list = ItemList::default();
        for number in 0..100 {
            list.warn(format!("{}", number / 2));
        }
        assert_eq!(list.warnings.len(), 20);
        assert_eq!(list.warnings[1], "1");
    }
}
