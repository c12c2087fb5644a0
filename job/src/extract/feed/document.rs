//! What an XML feed consists of. Pure.

use std::{borrow::Cow, rc::Rc};

/// A feed without its entries, which are given one by one.
#[derive(Debug, Default)]
pub struct Document {
    /// How many entries there are.
    pub entries: usize,
    /// There were more entries, or the file breaks off.
    pub truncated: bool,
    /// What was odd.
    pub warnings: Vec<String>,
}

/// An `item` or `entry`: its elements at every depth, in the order of the file.
#[derive(Debug, Default)]
pub struct Entry<'t> {
    /// `rdf:about` of RSS 1.0.
    pub about: Option<String>,
    /// Every element inside, except for markup inside texts.
    pub elements: Vec<Element<'t>>,
}

/// An element of an entry.
#[derive(Debug)]
pub struct Element<'t> {
    /// Index of the element around it, unless that is the entry.
    pub parent: Option<usize>,
    /// Its name.
    pub name: Name,
    /// Attributes by their name in the file, without namespace declarations.
    pub attributes: Vec<(Rc<str>, String)>,
    /// Its own text, references resolved.
    pub text: Cow<'t, str>,
    /// For a text with markup in it: the whole as HTML.
    pub markup: Option<String>,
}

/// The name of elements.
#[derive(Clone, Debug)]
pub struct Name {
    /// As in the file.
    pub text: Rc<str>,
    /// Where in it the part after the prefix begins.
    pub local_at: usize,
    /// What vocabulary it is of.
    pub space: Space,
}

impl Name {
    /// Without prefix.
    pub fn local(&self) -> &str {
        &self.text[self.local_at..]
    }

    /// Whether it is this one.
    pub fn is(&self, space: Space, local: &str) -> bool {
        self.space == space && self.local() == local
    }
}

impl Element<'_> {
    /// Name without prefix.
    pub fn local(&self) -> &str {
        self.name.local()
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| &**key == name)
            .map(|(_, value)| value.trim())
    }

    /// Standard elements whose content is text, whatever stands in it.
    pub fn is_text(&self) -> bool {
        match self.name.space {
            Space::Own => {
                matches!(
                    self.local(),
                    "title" | "description" | "summary" | "content" | "tagline"
                )
            }
            Space::Content => self.local() == "encoded",
            _ => false,
        }
    }
}

/// A vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// RSS or Atom itself.
    Own,
    /// RSS 1.0 content module.
    Content,
    /// Dublin Core.
    DublinCore,
    /// Atom elements inside RSS.
    Atom,
    /// Media RSS.
    Media,
    /// iTunes podcasts.
    Itunes,
    /// RSS 1.0 event module.
    Event,
    /// iCalendar in XML.
    Xcal,
    /// Any other.
    Other,
}

impl Space {
    /// By the namespace's name, or where the prefix is not declared by what it is usually called.
    pub fn of(prefix: &str, declared: Option<&str>) -> Self {
        let Some(uri) = declared else {
            return match prefix {
                "content" => Self::Content,
                "dc" => Self::DublinCore,
                "atom" | "a10" => Self::Atom,
                "media" => Self::Media,
                "itunes" => Self::Itunes,
                "ev" => Self::Event,
                "xcal" => Self::Xcal,
                _ => Self::Other,
            };
        };
        let uri = uri.trim_end_matches(['/', '#']).to_ascii_lowercase();
        let uri = uri
            .strip_prefix("http://")
            .or_else(|| uri.strip_prefix("https://"))
            .unwrap_or(&uri);
        match uri {
            "purl.org/rss/1.0" => Self::Own,
            "www.w3.org/2005/atom" | "purl.org/atom/ns" => Self::Atom,
            "purl.org/rss/1.0/modules/content" => Self::Content,
            "purl.org/dc/elements/1.1" | "purl.org/dc/terms" => Self::DublinCore,
            "search.yahoo.com/mrss" => Self::Media,
            "www.itunes.com/dtds/podcast-1.0.dtd" => Self::Itunes,
            "purl.org/rss/1.0/modules/event" => Self::Event,
            "urn:ietf:params:xml:ns:xcal"
            | "urn:ietf:params:xml:ns:icalendar-2.0"
            | "www.w3.org/2002/12/cal"
            | "www.w3.org/2002/12/cal/ical" => Self::Xcal,
            _ => Self::Other,
        }
    }
}
