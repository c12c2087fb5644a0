//! Items from RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed, lenient towards real-world files. Pure.
//!
//! [`xml`] reads a feed of any kind into entries that keep every element; [`entry`] makes items of them. Extension
//! elements, broken markup and entities without a definition are the rule rather than the exception in event feeds,
//! which is why this stands on an XML reader and not on a model of the standards.

mod document;
mod entry;
mod event_time;
mod json;
mod names;
mod text;
mod view;
mod xml;

use super::{
    error::ExtractError,
    item::{ItemList, RawNames},
};

/// The words for this format in errors.
const FORMAT: &str = "a feed";

/// Reads at most `max_items` entries of a feed. `html_to_text` makes plain text of HTML for descriptions and titles.
///
/// Default fields are `id`, `title`, `url`, `description`, `image` and `categories`; `start`, `end` and `venue` only
/// from elements that mean them (`ev:startdate`, `xcal:dtstart` and their like). When an entry was published is never
/// when its event is. In `raw`, elements that are no standard ones are there by their name in the file, their
/// attributes as `name@attribute`, and what is there several times as a list.
///
/// # Errors
/// [`ExtractError::Parse`] where the body is no feed at all, [`ExtractError::Limit`] where elements are nested too deep.
/// A feed that breaks off gives the entries before that and is truncated.
pub fn read(
    body: &[u8],
    max_items: usize,
    html_to_text: fn(&str) -> String,
    names: &RawNames,
) -> Result<ItemList, ExtractError> {
    let text = text::decode(body);
    if text.trim_start().starts_with(['{', '[']) {
        return json::read(&text, max_items, html_to_text);
    }
    let start = xml::start(&text)?;
    let markup = text::escape_stray_brackets(&text[start..]);
    let mut items = Vec::new();
    let document = xml::parse(&markup, start, max_items, &mut |entry| {
        items.push(entry::item(entry, html_to_text, names));
    })?;
    Ok(ItemList {
        items,
        truncated: document.truncated,
        warnings: document.warnings,
    })
}

#[cfg(test)]
mod tests;
