//! Microdata (HTML standard, section 5) as objects in the shape of JSON-LD. Pure.

use std::collections::{HashMap, HashSet};

use ego_tree::NodeId;
use scraper::ElementRef;
use serde_json::{Map, Value};

use super::page::HtmlPage;
use super::text::{Step, text_of, walk};

/// Items inside items, at most: `itemref` may lead back up.
const DEPTH: usize = 32;

/// Properties of a page, at most: with `itemref` a few elements can be read any number of times.
const PROPERTIES: usize = 100_000;

/// The items of a page that are no property of another item and have a schema.org type, in document order.
///
/// `@type` is the type without the address (a list where there are several), `@id` the `itemid`. A property that occurs
/// once is a string or an object, otherwise a list.
pub fn items(page: &HtmlPage) -> Vec<Value> {
    let mut crawl = Crawl {
        by_id: HashMap::new(),
        open: HashSet::new(),
        left: PROPERTIES,
    };
    for element in page.elements() {
        if let Some(id) = element.attr("id") {
            crawl.by_id.entry(id).or_insert(element);
        }
    }
    let referred: HashSet<NodeId> = page
        .elements()
        .filter_map(|element| element.attr("itemref"))
        .flat_map(str::split_ascii_whitespace)
        .filter_map(|id| crawl.by_id.get(id).map(|element| element.id()))
        .collect();
    page.elements()
        .filter(|element| is_top_level(*element, &referred) && !types(*element).is_empty())
        .filter_map(|element| crawl.item(element))
        .collect()
}

/// The value of a microdata property, where a non-empty attribute says it; otherwise the value is the text. `content`
/// counts on every element, as in schema.org's own examples, not only on `<meta>`.
pub(super) fn property_text(element: ElementRef<'_>) -> Option<String> {
    let kind = match element.value().name() {
        "data" | "meter" => "value",
        "object" => "data",
        _ => "href",
    };
    ["content", "datetime", kind, "src"]
        .into_iter()
        .find_map(|name| {
            element
                .attr(name)
                .map(str::trim)
                .filter(|value| !value.is_empty())
        })
        .map(str::to_owned)
}

/// An item without `itemprop`, or with one that no item around it can have.
fn is_top_level(element: ElementRef<'_>, referred: &HashSet<NodeId>) -> bool {
    let is_property = || {
        element.ancestors().any(|above| {
            referred.contains(&above.id())
                || above
                    .value()
                    .as_element()
                    .is_some_and(|above| above.attr("itemscope").is_some())
        })
    };
    element.attr("itemscope").is_some()
        && (element.attr("itemprop").is_none() || (!referred.contains(&element.id()) && !is_property()))
}

/// The schema.org types of an item, without the address.
fn types(element: ElementRef<'_>) -> Vec<&str> {
    element
        .attr("itemtype")
        .unwrap_or_default()
        .split_ascii_whitespace()
        .filter_map(schema_org)
        .collect()
}

fn schema_org(address: &str) -> Option<&str> {
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))?;
    let name = rest
        .strip_prefix("www.")
        .unwrap_or(rest)
        .strip_prefix("schema.org/")?;
    let name = name.trim_end_matches('/');
    (!name.is_empty()).then_some(name)
}

struct Crawl<'a> {
    by_id: HashMap<&'a str, ElementRef<'a>>,
    /// Items that are being read: one that refers to itself, through others too, is left out.
    open: HashSet<NodeId>,
    left: usize,
}

impl<'a> Crawl<'a> {
    fn item(&mut self, element: ElementRef<'a>) -> Option<Value> {
        if self.open.len() >= DEPTH || !self.open.insert(element.id()) {
            return None;
        }
        let mut object = Map::new();
        match types(element).as_slice() {
            [] => {}
            [one] => _ = object.insert("@type".to_owned(), Value::from(*one)),
            several => _ = object.insert("@type".to_owned(), Value::from(several.to_vec())),
        }
        if let Some(id) = element.attr("itemid") {
            object.insert("@id".to_owned(), Value::from(id.trim()));
        }
        for property in self.properties(element) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let value = if property.attr("itemscope").is_some() {
                self.item(property)
            } else {
                Some(Value::from(
                    property_text(property).unwrap_or_else(|| text_of(property)),
                ))
            };
            let Some(value) = value else { continue };
            for name in property
                .attr("itemprop")
                .unwrap_or_default()
                .split_ascii_whitespace()
            {
                add(&mut object, schema_org(name).unwrap_or(name), value.clone());
            }
        }
        self.open.remove(&element.id());
        Some(Value::Object(object))
    }

    /// The elements with `itemprop` that belong to the item `element`, those that it refers to last.
    fn properties(&self, element: ElementRef<'a>) -> Vec<ElementRef<'a>> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([element.id()]);
        let referred = element
            .attr("itemref")
            .unwrap_or_default()
            .split_ascii_whitespace();
        let roots = std::iter::once(element).chain(referred.filter_map(|id| self.by_id.get(id).copied()));
        for (number, root) in roots.enumerate() {
            let mut take = |candidate: ElementRef<'a>| {
                if candidate
                    .attr("itemprop")
                    .is_some_and(|names| !names.trim().is_empty())
                {
                    found.push(candidate);
                }
                candidate.attr("itemscope").is_none()
            };
            if number > 0 && (!seen.insert(root.id()) || !take(root)) {
                continue;
            }
            walk(*root, |step, node| match ElementRef::wrap(node) {
                Some(candidate) if step == Step::Enter => seen.insert(candidate.id()) && take(candidate),
                _ => true,
            });
        }
        found
    }
}

fn add(object: &mut Map<String, Value>, name: &str, value: Value) {
    match object.get_mut(name) {
        None => _ = object.insert(name.to_owned(), value),
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::html::HtmlLimits;
    use serde_json::json;

    fn found(html: &str) -> Vec<Value> {
        items(&HtmlPage::parse(html, &HtmlLimits::default()).unwrap())
    }

    #[test]
    fn an_event_with_a_place_and_offers_becomes_an_object() {
        let html = "<div itemscope itemtype='https://schema.org/MusicEvent http://schema.org/Event' itemid=' #1 '>
            <a itemprop=url href='/show/1'><span itemprop='name alternateName'>The <b>Show</b></span></a>
            <time itemprop=startDate datetime='2026-05-09T20:00'>May 9</time>
            <span itemprop=endDate content='2026-05-09T22:00'>late</span>
            <div itemprop=location itemscope itemtype='http://www.schema.org/Place'><b itemprop=name>Venue</b></div>
            <p><span itemprop=performer>A</span><span itemprop=performer>B</span></p>
            <img itemprop=image src=/i.jpg><data itemprop=price value=12.5>$12.50</data><meta itemprop=empty content=''>
        </div>";
        assert_eq!(
            found(html),
            [json!({
                "@type": ["MusicEvent", "Event"], "@id": "#1", "url": "/show/1",
                "name": "The Show", "alternateName": "The Show",
                "startDate": "2026-05-09T20:00", "endDate": "2026-05-09T22:00",
                "location": {"@type": "Place", "name": "Venue"},
                "performer": ["A", "B"], "image": "/i.jpg", "price": "12.5", "empty": ""
            })]
        );
    }

    #[test]
    fn only_top_level_items_of_schema_org_are_given() {
        let html = "<div itemscope itemtype=https://example.org/Event><p itemprop=name>no</p></div>
            <div itemscope><p itemprop=name>no type</p></div>
            <div itemprop=event itemscope itemtype=https://schema.org/Event><p itemprop=name>orphan</p></div>
            <div itemscope itemtype=https://schema.org/Place><div itemprop=event itemscope itemtype=https://schema.org/Event></div></div>";
        assert_eq!(
            found(html),
            [
                json!({"@type": "Event", "name": "orphan"}),
                json!({"@type": "Place", "event": {"@type": "Event"}})
            ]
        );
    }

    #[test]
    fn itemref_adds_properties_from_elsewhere() {
        let html = "<div itemscope itemtype=https://schema.org/Event itemref='a b nowhere a'><p itemprop=name>N</p></div>
            <p id=a itemprop=description>D</p><div id=b><i itemprop=http://schema.org/url>U</i></div>";
        assert_eq!(
            found(html),
            [json!({"@type": "Event", "name": "N", "description": "D", "url": "U"})]
        );
    }

    #[test]
    fn references_in_a_circle_and_references_that_multiply_come_to_an_end() {
        let html = "<div id=a itemscope itemtype=https://schema.org/Event itemref=b></div>
            <div id=b itemprop=x itemscope itemref=c></div><div id=c itemprop=y itemscope itemref='b c'></div>";
        assert_eq!(found(html), [json!({"@type": "Event", "x": {"y": {}}})]);
        let level = |n: usize| {
            let next = n + 1;
            ["a", "b"]
                .map(|id| format!("<div id={id}{n} itemprop=p itemscope itemref='a{next} b{next}'></div>"))
                .concat()
        };
        let mut parts =
            vec!["<div itemscope itemtype=https://schema.org/Event itemref='a0 b0'></div>".to_owned()];
        parts.extend((0..40).map(level));
        let bomb = parts.concat();
        assert_eq!(found(&bomb).len(), 1);
    }

    #[test]
    fn deeply_nested_items_do_not_overflow_the_stack() {
        let html = "<div itemscope itemprop=p itemtype=https://schema.org/Event>".repeat(500);
        assert_eq!(found(&html).len(), 1);
    }
}
