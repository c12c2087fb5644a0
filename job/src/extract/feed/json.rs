//! JSON Feed (jsonfeed.org, version 1.1) as items. Pure.

use serde_json::{Map, Value, json};

use super::{FORMAT, event_time::published};
use crate::{
    event::RawItem,
    extract::{
        error::ExtractError,
        item::{ItemList, SourceItem, is_picture},
    },
};

/// Keys that other keys of `raw` are made of.
const STANDARD: [&str; 12] = [
    "url",
    "external_url",
    "content_html",
    "content_text",
    "date_published",
    "date_modified",
    "author",
    "authors",
    "tags",
    "attachments",
    "banner_image",
    "image",
];

/// Reads at most `max_items` items.
pub fn read(
    text: &str,
    max_items: usize,
    html_to_text: fn(&str) -> String,
) -> Result<ItemList, ExtractError> {
    let parse_error = |problem: String| ExtractError::Parse {
        format: FORMAT,
        problem,
    };
    let mut feed: Value = serde_json::from_str(text).map_err(|error| parse_error(error.to_string()))?;
    let Some(Value::Array(items)) = feed.get_mut("items").map(Value::take) else {
        return Err(parse_error(
            "expected RSS, Atom or JSON Feed, found JSON without a list \"items\"".to_owned(),
        ));
    };
    let truncated = items.len() > max_items;
    let entries = items.into_iter().take(max_items).filter_map(|item| match item {
        Value::Object(item) => Some(item),
        _ => None,
    });
    Ok(ItemList {
        items: entries.map(|entry| item(entry, html_to_text)).collect(),
        truncated,
        warnings: Vec::new(),
    })
}

fn item(entry: Map<String, Value>, html_to_text: fn(&str) -> String) -> SourceItem {
    let text = |key: &str| entry.get(key).and_then(text_of);
    let (html, plain) = (text("content_html"), text("content_text"));
    let link = text("url").or_else(|| text("external_url"));
    let image = text("image")
        .or_else(|| text("banner_image"))
        .or_else(|| attached_image(&entry));
    let categories: Vec<String> = list(entry.get("tags")).iter().filter_map(text_of).collect();
    let description = text("summary")
        .or_else(|| plain.clone())
        .or_else(|| html.as_deref().map(html_to_text));

    let mut fields = RawItem::new();
    let mut set = |name: &'static str, value: Option<&String>| {
        if let Some(value) = value {
            fields.insert(name, Value::from(value.as_str()));
        }
    };
    set("id", text("id").as_ref());
    set("title", text("title").as_ref());
    set("url", link.as_ref());
    set("description", description.as_ref());
    set("image", image.as_ref());
    if !categories.is_empty() {
        fields.insert("categories", json!(categories));
    }

    let mut raw: Map<String, Value> = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            raw.insert(name.to_owned(), value);
        }
    };
    set("id", text("id").map(Value::from));
    set("link", link.map(Value::from));
    set("links", Some(links(&entry)));
    set("content", html.or(plain).map(Value::from));
    set(
        "published",
        text("date_published").map(|at| Value::from(published(&at))),
    );
    set(
        "updated",
        text("date_modified").map(|at| Value::from(published(&at))),
    );
    set("authors", Some(authors(&entry)));
    set("categories", Some(json!(categories)));
    set("image", image.map(Value::from));
    for (key, value) in entry {
        if !STANDARD.contains(&key.as_str()) && !raw.contains_key(&key) {
            raw.insert(key, value);
        }
    }
    SourceItem {
        fields,
        raw: Value::Object(raw),
    }
}

/// Identifiers are numbers in some feeds, against the standard.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn attached_image(entry: &Map<String, Value>) -> Option<String> {
    list(entry.get("attachments")).iter().find_map(|attachment| {
        let url = attachment["url"].as_str()?;
        let kind = attachment["mime_type"].as_str();
        kind.map_or_else(|| is_picture(url), |kind| kind.starts_with("image/"))
            .then(|| url.to_owned())
    })
}

fn links(entry: &Map<String, Value>) -> Value {
    let pages = ["url", "external_url"]
        .into_iter()
        .filter_map(|key| entry.get(key).and_then(text_of))
        .map(|href| json!({ "href": href }));
    let attachments = list(entry.get("attachments")).iter().filter_map(|attachment| {
        let mut link = json!({ "href": attachment["url"].as_str()?, "rel": "enclosure" });
        for (name, key) in [("type", "mime_type"), ("title", "title")] {
            if let Some(text) = attachment[key].as_str() {
                link[name] = Value::from(text);
            }
        }
        Some(link)
    });
    pages.chain(attachments).collect()
}

fn authors(entry: &Map<String, Value>) -> Value {
    let several = list(entry.get("authors")).iter();
    several
        .chain(entry.get("author"))
        .filter_map(|author| text_of(&author["name"]))
        .map(Value::from)
        .collect()
}
