//! Names of elements and attributes, of which a feed has few, each told many times. Pure.

use std::{collections::HashMap, rc::Rc};

use super::document::{Name, Space};

/// Most names that are remembered; further ones are made anew each time.
const MOST: usize = 64;

/// The names of one feed.
#[derive(Default)]
pub struct Names {
    elements: Vec<Name>,
    attributes: Vec<Rc<str>>,
    /// The root's prefix, whose elements are the feed's own.
    own_prefix: String,
    is_atom: bool,
    namespaces: HashMap<String, String>,
}

impl Names {
    /// Takes the root of an Atom feed in.
    pub fn root_of_atom(&mut self, prefix: &str) {
        self.is_atom = true;
        prefix.clone_into(&mut self.own_prefix);
        self.elements.clear();
    }

    /// Whether the feed is one of Atom.
    pub fn is_atom(&self) -> bool {
        self.is_atom
    }

    /// Takes a declaration of a namespace in.
    pub fn declare(&mut self, prefix: &str, uri: String) {
        if self.namespaces.get(prefix) != Some(&uri) {
            self.namespaces.insert(prefix.to_owned(), uri);
            self.elements.clear();
        }
    }

    /// The name of an element.
    pub fn element(&mut self, text: &str) -> Name {
        if let Some(known) = self.elements.iter().find(|known| &*known.text == text) {
            return known.clone();
        }
        let local_at = text.find(':').map_or(0, |at| at + 1);
        let name = Name {
            text: Rc::from(text),
            local_at,
            space: self.space(&text[..local_at.saturating_sub(1)]),
        };
        if self.elements.len() < MOST {
            self.elements.push(name.clone());
        }
        name
    }

    /// The name of an attribute.
    pub fn attribute(&mut self, text: &str) -> Rc<str> {
        if let Some(known) = self.attributes.iter().find(|known| &***known == text) {
            return Rc::clone(known);
        }
        let name: Rc<str> = Rc::from(text);
        if self.attributes.len() < MOST {
            self.attributes.push(Rc::clone(&name));
        }
        name
    }

    fn space(&self, prefix: &str) -> Space {
        if prefix == self.own_prefix || prefix.is_empty() {
            return Space::Own;
        }
        match Space::of(prefix, self.namespaces.get(prefix).map(String::as_str)) {
            Space::Atom if self.is_atom => Space::Own,
            space => space,
        }
    }
}
