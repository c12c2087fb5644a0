//! An entry of an XML feed as an item. Pure.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{
    document::{Element, Entry, Space},
    event_time::{extended, published},
};
use crate::{
    event::RawItem,
    extract::item::{RawNames, SourceItem, append, is_picture},
};

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
struct Text {
    content: String,
    is_html: bool,
}

impl Text {
    fn plain(&self, html_to_text: fn(&str) -> String) -> String {
        if self.is_html {
            html_to_text(&self.content)
        } else {
            self.content.clone()
        }
    }
}

/// The entry's default fields and what programs see.
pub fn item(entry: &Entry, html_to_text: fn(&str) -> String, names: &RawNames) -> SourceItem {
    let view = View(entry);
    let (title, summary, content) = (view.title(), view.summary(), view.content());
    let links = view.links();
    let link = view.link(&links);
    let categories = view.categories();
    let mut fields = RawItem::new();
    set(&mut fields, "id", view.id());
    set(
        &mut fields,
        "title",
        title.as_ref().map(|title| title.plain(html_to_text)),
    );
    set(&mut fields, "url", link);
    let description = summary
        .as_ref()
        .or(content.as_ref())
        .map(|text| text.plain(html_to_text));
    set(
        &mut fields,
        "description",
        description.filter(|text| !text.is_empty()),
    );
    set(&mut fields, "image", view.image());
    if !categories.is_empty() {
        fields.insert("categories".to_owned(), json!(categories));
    }
    set(
        &mut fields,
        "start",
        view.of_event("startdate", "dtstart").map(|text| extended(&text)),
    );
    set(
        &mut fields,
        "end",
        view.of_event("enddate", "dtend").map(|text| extended(&text)),
    );
    set(&mut fields, "venue", view.of_event("location", "location"));

    SourceItem {
        fields,
        raw: Value::Object(raw(&view, title, summary, content, links, names)),
    }
}

/// What programs see: `names` of it.
fn raw(
    view: &View<'_>,
    title: Option<Text>,
    summary: Option<Text>,
    content: Option<Text>,
    links: Vec<Value>,
    names: &RawNames,
) -> Map<String, Value> {
    if names.is_empty() {
        return Map::new();
    }
    let date = |names: &[&str], term: &str| {
        view.own(names)
            .or_else(|| view.first(Space::DublinCore, term))
            .map(|text| published(&text))
    };
    let text = |text: Option<Text>| text.map(|text| Value::String(text.content));
    let mut raw = view.extensions(names);
    let mut set = |name: &str, value: &mut dyn FnMut() -> Option<Value>| {
        if names.wants(name)
            && let Some(value) = value()
        {
            raw.insert(name.to_owned(), value);
        }
    };
    let link = view.link(&links).map(Value::String);
    let (mut title, mut summary, mut content) = (text(title), text(summary), text(content));
    let (mut link, mut links) = (link, Some(Value::Array(links)));
    set("id", &mut || view.id().map(Value::String));
    set("title", &mut || title.take());
    set("link", &mut || link.take());
    set("links", &mut || links.take());
    set("summary", &mut || summary.take());
    set("content", &mut || content.take());
    set("published", &mut || {
        date(&["pubDate", "published", "issued"], "date").map(Value::String)
    });
    set("updated", &mut || {
        date(&["updated", "modified"], "modified")
            .or_else(|| view.atom("updated"))
            .map(Value::String)
    });
    set("authors", &mut || Some(json!(view.authors())));
    set("categories", &mut || Some(json!(view.categories())));
    set("image", &mut || view.image().map(Value::String));
    raw
}

fn set(map: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), Value::String(value));
    }
}

fn non_empty(text: &str) -> Option<String> {
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn part(parts: &[Element], local: &str) -> Option<String> {
    parts
        .iter()
        .find(|part| part.local() == local)
        .and_then(|part| non_empty(&part.text))
}

struct View<'a>(&'a Entry);

impl<'a> View<'a> {
    /// Elements of the entry itself.
    fn children(&self, space: Space) -> impl Iterator<Item = &'a Element> {
        self.0
            .elements
            .iter()
            .filter(move |element| element.parent.is_none() && element.space == space)
    }

    /// Elements of this name of the entry itself, each with what stands in it.
    fn trees(&self, space: Space, local: &'static str) -> impl Iterator<Item = (&'a Element, &'a [Element])> {
        let elements = &self.0.elements;
        let roots = elements.iter().enumerate().filter(move |(_, element)| {
            element.parent.is_none() && element.space == space && element.local() == local
        });
        roots.map(|(index, root)| {
            let rest = &elements[index + 1..];
            let end = rest
                .iter()
                .position(|element| element.parent.is_none())
                .unwrap_or(rest.len());
            (root, &rest[..end])
        })
    }

    fn first(&self, space: Space, local: &str) -> Option<String> {
        self.children(space)
            .filter(|element| element.local() == local)
            .find_map(|element| non_empty(&element.text))
    }

    fn own(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.first(Space::Own, name))
    }

    fn atom(&self, name: &str) -> Option<String> {
        self.first(Space::Atom, name).map(|text| published(&text))
    }

    fn id(&self) -> Option<String> {
        self.own(&["guid", "id"])
            .or_else(|| self.first(Space::Atom, "id"))
            .or_else(|| self.0.about.as_deref().and_then(non_empty))
    }

    /// The first such text that is not empty. In RSS (`html_by_default`) the standard does not say what it is, and
    /// everybody takes it for HTML.
    fn text(&self, space: Space, names: &[&str], html_by_default: bool) -> Option<Text> {
        names.iter().find_map(|name| {
            self.children(space)
                .filter(|element| element.local() == *name)
                .find_map(|element| {
                    let says_html = element.attribute("type").map(|kind| kind.contains("html"));
                    let content = element.markup.as_deref().unwrap_or(&element.text);
                    let is_html = element.markup.is_some() || says_html.unwrap_or(html_by_default);
                    non_empty(content).map(|content| Text { content, is_html })
                })
        })
    }

    fn title(&self) -> Option<Text> {
        self.text(Space::Own, &["title"], false)
            .or_else(|| self.text(Space::DublinCore, &["title"], false))
    }

    fn summary(&self) -> Option<Text> {
        self.text(Space::Own, &["description"], true)
            .or_else(|| self.text(Space::Own, &["summary", "tagline"], false))
            .or_else(|| self.text(Space::DublinCore, &["description"], true))
    }

    fn content(&self) -> Option<Text> {
        self.text(Space::Content, &["encoded"], true)
            .or_else(|| self.text(Space::Own, &["content"], false))
    }

    fn links(&self) -> Vec<Value> {
        let own = self
            .children(Space::Own)
            .filter(|element| element.local() == "link");
        let atom = self
            .children(Space::Atom)
            .filter(|element| element.local() == "link");
        let enclosures = self
            .children(Space::Own)
            .filter(|element| element.local() == "enclosure");
        let link = |element: &Element, relation: Option<&str>| {
            let href = match element.attribute("href").or_else(|| element.attribute("url")) {
                Some(href) => non_empty(href),
                None => non_empty(&element.text),
            }?;
            let mut link = Map::new();
            set(&mut link, "href", Some(href));
            set(
                &mut link,
                "rel",
                element.attribute("rel").or(relation).map(str::to_owned),
            );
            set(&mut link, "type", element.attribute("type").map(str::to_owned));
            set(&mut link, "title", element.attribute("title").map(str::to_owned));
            Some(Value::Object(link))
        };
        own.chain(atom)
            .filter_map(|element| link(element, None))
            .chain(enclosures.filter_map(|element| link(element, Some("enclosure"))))
            .collect()
    }

    /// The entry's page: an alternate link, HTML first; else a guid that is a permanent link.
    fn link(&self, links: &[Value]) -> Option<String> {
        let alternates = || {
            links
                .iter()
                .filter(|link| matches!(link["rel"].as_str(), None | Some("alternate")))
        };
        let is_html = |link: &&Value| link["type"].as_str().is_none_or(|kind| kind.contains("html"));
        let permanent = || {
            let guid = self
                .children(Space::Own)
                .find(|element| element.local() == "guid")?;
            let is_link =
                guid.attribute("isPermaLink") != Some("false") && guid.text.trim().starts_with("http");
            is_link.then(|| non_empty(&guid.text)).flatten()
        };
        alternates()
            .find(is_html)
            .or_else(|| alternates().next())
            .and_then(|link| link["href"].as_str().map(str::to_owned))
            .or_else(permanent)
            .or_else(|| self.0.about.clone().filter(|about| about.starts_with("http")))
    }

    fn categories(&self) -> Vec<String> {
        let own = self
            .children(Space::Own)
            .filter(|element| element.local() == "category");
        let subjects = self
            .children(Space::DublinCore)
            .filter(|element| element.local() == "subject");
        let mut seen = HashSet::new();
        own.chain(subjects)
            .map(|element| {
                element
                    .attribute("label")
                    .or_else(|| element.attribute("term"))
                    .unwrap_or(&element.text)
            })
            .filter_map(non_empty)
            .filter(|name| seen.insert(name.clone()))
            .collect()
    }

    fn authors(&self) -> Vec<String> {
        let names = self.trees(Space::Own, "author").filter_map(|(author, parts)| {
            part(parts, "name")
                .or_else(|| part(parts, "email"))
                .or_else(|| non_empty(&author.text))
        });
        let creators = self
            .children(Space::DublinCore)
            .filter(|element| element.local() == "creator");
        names
            .chain(creators.filter_map(|element| non_empty(&element.text)))
            .collect()
    }

    fn image(&self) -> Option<String> {
        let elements = || self.0.elements.iter();
        let url = |element: &Element| {
            let address = element.attribute("url").or_else(|| element.attribute("href"));
            address.and_then(non_empty).or_else(|| non_empty(&element.text))
        };
        let is_image = |element: &Element| {
            let kind = element.attribute("type");
            kind.is_some_and(|kind| kind.starts_with("image"))
                || element.attribute("medium") == Some("image")
                || kind.is_none() && url(element).is_some_and(|url| is_picture(&url))
        };
        let media = |local: &'static str| {
            elements().filter(move |element| element.space == Space::Media && element.local() == local)
        };
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
    fn of_event(&self, event: &str, xcal: &str) -> Option<String> {
        self.0.elements.iter().find_map(|element| {
            let wanted = match element.space {
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
    fn extensions(&self, names: &RawNames) -> Map<String, Value> {
        let mut extensions = Map::new();
        for element in &self.0.elements {
            if self.is_standard(element) {
                continue;
            }
            let is_wanted = |key: &str| key.split('@').next() == Some(&*element.name);
            if let RawNames::Only(wanted) = names
                && !wanted.iter().any(|name| is_wanted(name))
            {
                continue;
            }
            let text = element.markup.as_deref().unwrap_or(&element.text);
            if let Some(text) = non_empty(text) {
                append(&mut extensions, element.name.to_string(), Value::String(text));
            }
            for (key, value) in &element.attributes {
                append(
                    &mut extensions,
                    format!("{}@{key}", element.name),
                    Value::String(value.clone()),
                );
            }
        }
        extensions
    }

    /// Standard elements, and what stands in them or in Atom's `source`, which describes another feed.
    fn is_standard(&self, element: &Element) -> bool {
        let mut outermost = element;
        while let Some(parent) = outermost.parent.and_then(|index| self.0.elements.get(index)) {
            outermost = parent;
        }
        outermost.space == Space::Own
            && (STANDARD.contains(&outermost.local())
                || outermost.local() == "source" && element.parent.is_some())
    }
}
