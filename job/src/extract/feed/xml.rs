//! XML feeds as entries that keep every element. Pure.
//!
//! One pass without recursion. No DTD is read, so that entities can neither grow nor reach anything. Elements that are
//! not closed end with the element around them; HTML that is not escaped is kept as the text it is meant to be.

use std::{borrow::Cow, rc::Rc};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{
    FORMAT,
    document::{Document, Element, Entry, Name, Space},
    names::Names,
    text::References,
};
use crate::extract::{error::ExtractError, item::excerpt};

/// Most elements around one another.
const MAX_DEPTH: usize = 512;

/// Most attributes of one element that are read.
const MAX_ATTRIBUTES: usize = 64;

/// Where the markup of a feed begins.
pub fn start(text: &str) -> Result<usize, ExtractError> {
    text.find('<')
        .ok_or_else(|| no_feed(&format!("text that starts with {:?}", excerpt(text, 60))))
}

/// Reads at most `max_items` entries of markup, which stands at byte `start` of the file, and gives each to `give` when it
/// is closed.
pub fn parse<'t>(
    text: &'t str,
    start: usize,
    max_items: usize,
    give: &mut dyn FnMut(&Entry<'t>),
) -> Result<Document, ExtractError> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut builder = Builder {
        max_items,
        give,
        document: Document::default(),
        stack: Vec::new(),
        entry: None,
        spare: Entry::default(),
        text: None,
        names: Names::default(),
        has_root: false,
        references: References::default(),
    };
    loop {
        let event = match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => event,
            Err(error) => {
                builder.break_off(&format!(
                    "{error} at byte {}",
                    start as u64 + reader.error_position()
                ));
                break;
            }
        };
        if builder.take(event)? {
            break;
        }
    }
    builder.finish()
}

fn no_feed(found: &str) -> ExtractError {
    ExtractError::Parse {
        format: FORMAT,
        problem: format!("expected RSS, Atom or JSON Feed, found {found}"),
    }
}

/// HTML elements without an end tag.
fn is_void(name: &str) -> bool {
    ["br", "img", "hr", "wbr", "input", "source", "embed"]
        .iter()
        .any(|void| name.eq_ignore_ascii_case(void))
}

/// An element that is not closed yet.
#[derive(Debug)]
struct Open {
    name: Rc<str>,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Around entries.
    Outer,
    /// The entry.
    Entry,
    /// This element of the entry.
    Element(usize),
    /// Markup inside a text.
    Markup,
}

struct Builder<'t, 'g> {
    max_items: usize,
    give: &'g mut dyn FnMut(&Entry<'t>),
    document: Document,
    stack: Vec<Open>,
    entry: Option<Entry<'t>>,
    /// The entry before, empty, for its memory.
    spare: Entry<'t>,
    /// The text that markup now belongs to.
    text: Option<usize>,
    names: Names,
    has_root: bool,
    references: References,
}

impl<'t> Builder<'t, '_> {
    /// Takes an event in; true where no more is wanted.
    fn take(&mut self, event: Event<'t>) -> Result<bool, ExtractError> {
        match event {
            Event::Start(tag) => return self.start(&tag, false),
            Event::Empty(tag) => return self.start(&tag, true),
            Event::End(tag) => self.end(tag.name().as_ref()),
            Event::Text(text) => self.push_text(text.into_inner()),
            Event::CData(text) => self.push_text(text.into_inner()),
            Event::GeneralRef(reference) => {
                let mut text = String::new();
                self.references.resolve(&reference, &mut text);
                self.push_text(Cow::Owned(text));
            }
            _ => {}
        }
        Ok(false)
    }

    fn start(&mut self, tag: &BytesStart<'_>, empty: bool) -> Result<bool, ExtractError> {
        if self.stack.len() >= MAX_DEPTH && self.text.is_none() {
            return Err(ExtractError::Limit(format!(
                "the feed nests more than {MAX_DEPTH} elements"
            )));
        }
        if !self.has_root {
            self.root(tag.name().as_ref())?;
        }
        let attributes = self.attributes(tag);
        let name = self.names.element(tag.name().as_ref());
        let role = if self.is_entry(&name) {
            if self.entry.is_some() {
                // The entry before was not closed.
                self.close_entry();
            }
            if self.document.entries >= self.max_items {
                self.document.truncated = true;
                return Ok(true);
            }
            let about = attributes
                .into_iter()
                .find(|(key, _)| key.ends_with(":about"))
                .map(|(_, value)| value);
            let spare = std::mem::take(&mut self.spare);
            self.entry = Some(Entry { about, ..spare });
            Role::Entry
        } else if self.text.is_some() {
            self.push_markup(&name.text, &attributes);
            Role::Markup
        } else if let Some(entry) = &mut self.entry {
            let parent = self.stack.iter().rev().find_map(|open| match open.role {
                Role::Element(index) => Some(index),
                _ => None,
            });
            let element = Element {
                parent,
                name: name.clone(),
                attributes,
                text: Cow::Borrowed(""),
                markup: None,
            };
            let index = entry.elements.len();
            if !empty && parent.is_none() && element.is_text() {
                self.text = Some(index);
            }
            entry.elements.push(element);
            Role::Element(index)
        } else {
            Role::Outer
        };
        if empty && role == Role::Entry {
            self.close_entry();
        } else if !empty && !(role == Role::Markup && (is_void(&name.text) || self.stack.len() >= MAX_DEPTH))
        {
            self.stack.push(Open {
                name: name.text,
                role,
            });
        }
        Ok(false)
    }

    fn root(&mut self, name: &str) -> Result<(), ExtractError> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        match local.to_ascii_lowercase().as_str() {
            "rss" | "rdf" | "channel" | "item" => {}
            // The prefix of rdf:RDF is not that of the items in it.
            "feed" | "entry" => self.names.root_of_atom(prefix),
            "html" => return Err(no_feed("an HTML page")),
            _ => return Err(no_feed(&format!("an XML document <{}>", excerpt(name, 60)))),
        }
        self.has_root = true;
        Ok(())
    }

    fn attributes(&mut self, tag: &BytesStart<'_>) -> Vec<(Rc<str>, String)> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes().with_checks(false).take(MAX_ATTRIBUTES).flatten() {
            let key: &str = attribute.key.as_ref();
            let value = self.references.unescape(&attribute.value);
            if let Some(prefix) = key.strip_prefix("xmlns:") {
                self.names.declare(prefix, value);
            } else if key != "xmlns" {
                attributes.push((self.names.attribute(key), value));
            }
        }
        attributes
    }

    /// Whether an entry begins. Inside another element of an entry the name means something else, but not inside a
    /// text, since HTML has no such element.
    fn is_entry(&self, name: &Name) -> bool {
        let wanted = if self.names.is_atom() { "entry" } else { "item" };
        name.space == Space::Own
            && name.local().eq_ignore_ascii_case(wanted)
            && (self.text.is_some()
                || !self
                    .stack
                    .iter()
                    .any(|open| matches!(open.role, Role::Element(_))))
    }

    /// Closes the nearest element of this name and all inside it that were left open.
    fn end(&mut self, name: &str) {
        let Some(at) = self.stack.iter().rposition(|open| &*open.name == name) else {
            return;
        };
        while self.stack.len() > at {
            let Some(open) = self.stack.pop() else { return };
            match open.role {
                Role::Entry => self.close_entry(),
                Role::Element(index) if self.text == Some(index) => self.text = None,
                Role::Markup if self.stack.len() == at => {
                    if let Some(markup) = self.text_element().and_then(|element| element.markup.as_mut()) {
                        markup.push_str("</");
                        markup.push_str(name);
                        markup.push('>');
                    }
                }
                _ => {}
            }
        }
    }

    fn close_entry(&mut self) {
        self.text = None;
        if let Some(mut entry) = self.entry.take() {
            (self.give)(&entry);
            self.document.entries += 1;
            entry.elements.clear();
            self.spare = entry;
        }
        let entry = self.stack.iter().position(|open| open.role == Role::Entry);
        self.stack.truncate(entry.unwrap_or(self.stack.len()));
    }

    fn text_element(&mut self) -> Option<&mut Element<'t>> {
        self.entry.as_mut()?.elements.get_mut(self.text?)
    }

    fn push_text(&mut self, text: Cow<'t, str>) {
        if let Some(element) = self.text_element() {
            if let Some(markup) = &mut element.markup {
                markup.push_str(&quick_xml::escape::minimal_escape(&*text));
            }
            element.text += text;
        } else if let (
            Some(entry),
            Some(Open {
                role: Role::Element(index),
                ..
            }),
        ) = (&mut self.entry, self.stack.last())
            && let Some(element) = entry.elements.get_mut(*index)
        {
            element.text += text;
        }
    }

    fn push_markup(&mut self, name: &str, attributes: &[(Rc<str>, String)]) {
        let Some(element) = self.text_element() else {
            return;
        };
        // Text before the first tag was plain until that tag showed that the whole is markup.
        let markup = element
            .markup
            .get_or_insert_with(|| quick_xml::escape::minimal_escape(&*element.text).into_owned());
        markup.push('<');
        markup.push_str(name);
        for (key, value) in attributes {
            markup.extend([" ", key, "=\"", &quick_xml::escape::escape(value), "\""]);
        }
        markup.push('>');
    }

    fn break_off(&mut self, problem: &str) {
        self.document.truncated = true;
        self.document
            .warnings
            .push(format!("the feed breaks off: {problem}"));
        self.entry = None;
    }

    fn finish(mut self) -> Result<Document, ExtractError> {
        if !self.has_root {
            let why = self
                .document
                .warnings
                .pop()
                .unwrap_or_else(|| "XML without elements".to_owned());
            return Err(no_feed(&why));
        }
        if self.entry.is_some() {
            self.break_off("the last entry is not closed");
        }
        Ok(self.document)
    }
}
