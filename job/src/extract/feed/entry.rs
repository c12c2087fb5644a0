//! An entry of an XML feed as an item. Pure.

use serde_json::{Map, Value, json};

use super::{
    document::{Entry, Space},
    event_time::{extended, published},
    view::{Link, Text, View},
};
use crate::{
    event::RawItem,
    extract::item::{RawNames, SourceItem},
};

/// The entry's default fields and what programs see.
pub fn item(entry: &Entry<'_>, html_to_text: fn(&str) -> String, names: &RawNames) -> SourceItem {
    let view = View(entry);
    let (title, summary, content) = (view.title(), view.summary(), view.content());
    let links = view.links();
    let link = view.link(&links);
    let image = view.image();
    let categories = view.categories();
    let mut fields = RawItem::with_capacity(8);
    let mut set = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name, value);
        }
    };
    let plain = |text: &Text<'_>| text.plain(html_to_text);
    set("id", view.id().map(Value::from));
    set("title", title.as_ref().map(plain).map(Value::from));
    set("url", link.map(Value::from));
    let description = summary.as_ref().or(content.as_ref()).map(plain);
    set(
        "description",
        description.filter(|text| !text.is_empty()).map(Value::from),
    );
    set("image", image.map(Value::from));
    set(
        "categories",
        (!categories.is_empty()).then(|| Value::from(categories.clone())),
    );
    set(
        "start",
        view.of_event("startdate", "dtstart")
            .map(|text| Value::from(extended(text))),
    );
    set(
        "end",
        view.of_event("enddate", "dtend")
            .map(|text| Value::from(extended(text))),
    );
    set("venue", view.of_event("location", "location").map(Value::from));

    let raw = match names.is_empty() {
        true => Map::new(),
        false => raw(&view, [title, summary, content], &links, names),
    };
    SourceItem {
        fields,
        raw: Value::Object(raw),
    }
}

/// What programs see: `names` of it.
fn raw(
    view: &View<'_>,
    [title, summary, content]: [Option<Text<'_>>; 3],
    links: &[Link<'_>],
    names: &RawNames,
) -> Map<String, Value> {
    let date = |names: &[&str], term: &str| {
        view.own(names)
            .or_else(|| view.first(Space::DublinCore, term))
            .map(published)
    };
    let updated = || {
        date(&["updated", "modified"], "modified")
            .or_else(|| view.first(Space::Atom, "updated").map(published))
    };
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| Value::from(text.content));
    let mut raw = view.extensions(names);
    let mut set = |name: &str, value: &dyn Fn() -> Option<Value>| {
        if names.wants(name)
            && let Some(value) = value()
        {
            raw.insert(name.to_owned(), value);
        }
    };
    set("id", &|| view.id().map(Value::from));
    set("title", &|| text(&title));
    set("link", &|| view.link(links).map(Value::from));
    set("links", &|| Some(links.iter().map(Link::value).collect()));
    set("summary", &|| text(&summary));
    set("content", &|| text(&content));
    set("published", &|| {
        date(&["pubDate", "published", "issued"], "date").map(Value::from)
    });
    set("updated", &|| updated().map(Value::from));
    set("authors", &|| Some(json!(view.authors())));
    set("categories", &|| Some(json!(view.categories())));
    set("image", &|| view.image().map(Value::from));
    raw
}
