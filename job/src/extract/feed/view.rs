//! What the elements of an entry say. Pure.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::document::{Element, Entry, Space};
use crate::extract::item::{RawNames, append, is_picture};

/// Standard elements of entries, which have a place of their own in the item.
const STANDARD: [&str; 16] = [
    "title",
    "link",
    "description",
    "summary",
    "tagline",
    "content",
    "guid",
    "id",
    "pubDate",
    "published",
    "issued",
    "updated",
    "modified",
    "author",
    "category",
    "contributor",
];

/// A text and whether it is HTML.
pub struct Text<'a> {
    /// As it stands in the file.
    pub content: &'a str,
    is_html: bool,
}

impl Text<'_> {
    /// The text without markup.
    pub fn plain(&self, html_to_text: fn(&str) -> String) -> String {
        if self.is_html {
            html_to_text(self.content)
        } else {
            self.content.to_owned()
        }
    }
}

/// An address that an entry leads to.
pub struct Link<'a> {
    href: &'a str,
    relation: Option<&'a str>,
    kind: Option<&'a str>,
    title: Option<&'a str>,
}

impl<'a> Link<'a> {
    fn new(element: &'a Element<'_>, relation: Option<&'a str>) -> Option<Self> {
        let href = match element.attribute("href").or_else(|| element.attribute("url")) {
            Some(href) => non_empty(href),
            None => non_empty(&element.text),
        }?;
        Some(Self {
            href,
            relation: element.attribute("rel").or(relation),
            kind: element.attribute("type"),
            title: element.attribute("title"),
        })
    }

    /// As programs see it.
    pub fn value(&self) -> Value {
        let parts = [
            ("href", Some(self.href)),
            ("rel", self.relation),
            ("type", self.kind),
            ("title", self.title),
        ];
        let told = |(name, value): (&str, Option<&str>)| Some((name.to_owned(), Value::from(value?)));
        Value::Object(parts.into_iter().filter_map(told).collect())
    }
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn part<'a>(parts: &'a [Element<'_>], local: &str) -> Option<&'a str> {
    parts
        .iter()
        .find(|part| part.local() == local)
        .and_then(|part| non_empty(&part.text))
}

/// An entry by what is asked of it.
pub struct View<'a>(pub &'a Entry<'a>);

impl<'a> View<'a> {
    /// Elements of the entry itself.
    fn children(&self, space: Space) -> impl Iterator<Item = &'a Element<'a>> {
        self.0
            .elements
            .iter()
            .filter(move |element| element.parent.is_none() && element.name.space == space)
    }

    /// Elements of this name of the entry itself.
    fn named(&self, space: Space, local: &str) -> impl Iterator<Item = &'a Element<'a>> {
        self.children(space)
            .filter(move |element| element.local() == local)
    }

    /// Elements of this name of the entry itself, each with what stands in it.
    fn trees(
        &self,
        space: Space,
        local: &'static str,
    ) -> impl Iterator<Item = (&'a Element<'a>, &'a [Element<'a>])> {
        let elements = &self.0.elements;
        let roots = elements
            .iter()
            .enumerate()
            .filter(move |(_, element)| element.parent.is_none() && element.name.is(space, local));
        roots.map(|(index, root)| {
            let rest = &elements[index + 1..];
            let end = rest
                .iter()
                .position(|element| element.parent.is_none())
                .unwrap_or(rest.len());
            (root, &rest[..end])
        })
    }

    /// The first text of an element of this name.
    pub fn first(&self, space: Space, local: &str) -> Option<&'a str> {
        self.named(space, local)
            .find_map(|element| non_empty(&element.text))
    }

    /// The first text of an element of the feed's own vocabulary.
    pub fn own(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.first(Space::Own, name))
    }

    /// What tells the entry from others.
    pub fn id(&self) -> Option<&'a str> {
        self.own(&["guid", "id"])
            .or_else(|| self.first(Space::Atom, "id"))
            .or_else(|| self.0.about.as_deref().and_then(non_empty))
    }

    /// The first such text that is not empty. In RSS (`html_by_default`) the standard does not say what it is, and
    /// everybody takes it for HTML.
    fn text(&self, space: Space, names: &[&str], html_by_default: bool) -> Option<Text<'a>> {
        names.iter().find_map(|name| {
            self.named(space, name).find_map(|element| {
                let content = non_empty(element.markup.as_deref().unwrap_or(&element.text))?;
                let says_html = element.attribute("type").map(|kind| kind.contains("html"));
                let is_html = element.markup.is_some() || says_html.unwrap_or(html_by_default);
                Some(Text { content, is_html })
            })
        })
    }

    /// The title.
    pub fn title(&self) -> Option<Text<'a>> {
        self.text(Space::Own, &["title"], false)
            .or_else(|| self.text(Space::DublinCore, &["title"], false))
    }

    /// The description.
    pub fn summary(&self) -> Option<Text<'a>> {
        self.text(Space::Own, &["description"], true)
            .or_else(|| self.text(Space::Own, &["summary", "tagline"], false))
            .or_else(|| self.text(Space::DublinCore, &["description"], true))
    }

    /// The whole text.
    pub fn content(&self) -> Option<Text<'a>> {
        self.text(Space::Content, &["encoded"], true)
            .or_else(|| self.text(Space::Own, &["content"], false))
    }

    /// Links, then enclosures.
    pub fn links(&self) -> Vec<Link<'a>> {
        let own = self.named(Space::Own, "link");
        let atom = self.named(Space::Atom, "link");
        let enclosures = self.named(Space::Own, "enclosure");
        own.chain(atom)
            .filter_map(|element| Link::new(element, None))
            .chain(enclosures.filter_map(|element| Link::new(element, Some("enclosure"))))
            .collect()
    }

    /// The entry's page: an alternate link, HTML first; else a guid that is a permanent link.
    pub fn link(&self, links: &[Link<'a>]) -> Option<&'a str> {
        let alternates = || {
            links
                .iter()
                .filter(|link| matches!(link.relation, None | Some("alternate")))
        };
        let is_html = |link: &&Link<'_>| link.kind.is_none_or(|kind| kind.contains("html"));
        let permanent = || {
            let guid = self.named(Space::Own, "guid").next()?;
            let is_link =
                guid.attribute("isPermaLink") != Some("false") && guid.text.trim().starts_with("http");
            is_link.then(|| non_empty(&guid.text)).flatten()
        };
        alternates()
            .find(is_html)
            .or_else(|| alternates().next())
            .map(|link| link.href)
            .or_else(permanent)
            .or_else(|| self.0.about.as_deref().filter(|about| about.starts_with("http")))
    }

    /// Names of the categories, each once.
    pub fn categories(&self) -> Vec<&'a str> {
        let own = self.named(Space::Own, "category");
        let subjects = self.named(Space::DublinCore, "subject");
        let mut seen = HashSet::new();
        own.chain(subjects)
            .map(|element| {
                element
                    .attribute("label")
                    .or_else(|| element.attribute("term"))
                    .unwrap_or(&element.text)
            })
            .filter_map(non_empty)
            .filter(|name| seen.insert(*name))
            .collect()
    }

    /// Names of the authors.
    pub fn authors(&self) -> Vec<&'a str> {
        let names = self.trees(Space::Own, "author").filter_map(|(author, parts)| {
            part(parts, "name")
                .or_else(|| part(parts, "email"))
                .or_else(|| non_empty(&author.text))
        });
        let creators = self.named(Space::DublinCore, "creator");
        names
            .chain(creators.filter_map(|element| non_empty(&element.text)))
            .collect()
    }

    /// Address of a picture.
    pub fn image(&self) -> Option<&'a str> {
        let elements = || self.0.elements.iter();
        let url = |element: &'a Element<'a>| {
            let address = element.attribute("url").or_else(|| element.attribute("href"));
            address.and_then(non_empty).or_else(|| non_empty(&element.text))
        };
        let is_image = |element: &'a Element<'a>| {
            let kind = element.attribute("type");
            kind.is_some_and(|kind| kind.starts_with("image"))
                || element.attribute("medium") == Some("image")
                || kind.is_none() && url(element).is_some_and(is_picture)
        };
        let media =
            |local: &'static str| elements().filter(move |element| element.name.is(Space::Media, local));
        let enclosures = self.children(Space::Own).filter(|element| {
            element.local() == "enclosure"
                || element.local() == "link" && element.attribute("rel") == Some("enclosure")
        });
        let pictures = self
            .trees(Space::Own, "image")
            .chain(self.trees(Space::Itunes, "image"));
        media("content")
            .chain(enclosures)
            .filter(|element| is_image(element))
            .chain(media("thumbnail"))
            .find_map(url)
            .or_else(|| {
                pictures
                    .into_iter()
                    .find_map(|(picture, parts)| part(parts, "url").or_else(|| url(picture)))
            })
    }

    /// From the RSS event module, or iCalendar elements.
    pub fn of_event(&self, event: &str, xcal: &str) -> Option<&'a str> {
        self.0.elements.iter().find_map(|element| {
            let wanted = match element.name.space {
                Space::Event => event,
                Space::Xcal => xcal,
                _ => return None,
            };
            element
                .local()
                .eq_ignore_ascii_case(wanted)
                .then(|| non_empty(&element.text))
                .flatten()
        })
    }

    /// Every element that is no standard one, by its name in the file, where a program looks at it or an attribute of it.
    pub fn extensions(&self, names: &RawNames) -> Map<String, Value> {
        let mut extensions = Map::new();
        for element in &self.0.elements {
            let is_wanted = |key: &String| key.split('@').next() == Some(&*element.name.text);
            if let RawNames::Only(wanted) = names
                && !wanted.iter().any(is_wanted)
            {
                continue;
            }
            if self.is_standard(element) {
                continue;
            }
            let text = element.markup.as_deref().unwrap_or(&element.text);
            if let Some(text) = non_empty(text) {
                append(&mut extensions, element.name.text.to_string(), Value::from(text));
            }
            for (key, value) in &element.attributes {
                append(
                    &mut extensions,
                    format!("{}@{key}", element.name.text),
                    Value::from(value.as_str()),
                );
            }
        }
        extensions
    }

    /// Standard elements, and what stands in them or in Atom's `source`, which describes another feed.
    fn is_standard(&self, element: &Element<'_>) -> bool {
        let mut outermost = element;
        while let Some(parent) = outermost.parent.and_then(|index| self.0.elements.get(index)) {
            outermost = parent;
        }
        outermost.name.space == Space::Own
            && (STANDARD.contains(&outermost.local())
                || outermost.local() == "source" && element.parent.is_some())
    }
}
