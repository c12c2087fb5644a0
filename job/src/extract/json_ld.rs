//! Items from schema.org events in JSON-LD. Pure.
//!
//! JSON-LD is taken as nearly every site writes it: schema.org's names, bare or with its prefix or address before them.
//! Contexts are not loaded, `@id` references inside a page are followed.

mod fields;
mod graph;
mod node;
mod offers;
mod script;
mod value;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use self::{
    graph::{Found, Graph},
    node::local_name,
    value::Object,
};
pub use self::{node::EVENT_TYPES, script::scripts_to_values, value::Json};
use super::item::{ItemList, RawNames, SourceItem};

/// The events among `values` and inside them, in document order.
///
/// `types` are the types to take, empty for [`EVENT_TYPES`]. Arrays, `@graph`, lists, `mainEntity`, the events of a
/// place or an organisation and `subEvent` are walked, `superEvent` is not. An event that has dated sub-events of these
/// types stands for them and gives no item itself; the sub-events have its place and name where they lack one.
pub fn read_objects(values: &[Json<'_>], types: &[String], names: &RawNames) -> ItemList {
    let types: Vec<String> = if types.is_empty() {
        EVENT_TYPES.iter().map(|name| (*name).to_owned()).collect()
    } else {
        let local = |name: &String| local_name(name.trim()).to_owned();
        types.iter().map(local).collect()
    };
    let graph = Graph::new(values);
    let found = graph.events(values, &types);
    let shared = shared_ids(&found, &graph);
    let items = found.iter().map(|event| SourceItem {
        fields: fields::fields(event, &graph, &shared),
        raw: raw(event.object, names),
    });
    ItemList {
        items: items.collect(),
        truncated: false,
        warnings: Vec::new(),
    }
}

fn raw(object: &Object<'_>, names: &RawNames) -> Value {
    let wanted = object.iter().filter(|(name, _)| names.wants(name));
    Value::Object(
        wanted
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect(),
    )
}

/// `@id`s under which events of different names go: they name the page, not an event.
fn shared_ids<'a>(found: &[Found<'a>], graph: &Graph<'a>) -> HashSet<&'a str> {
    let mut names: HashMap<&str, Option<String>> = HashMap::new();
    let mut shared = HashSet::new();
    for event in found {
        if let Some(id) = event.object.get("@id").and_then(Json::as_str) {
            let name = fields::title(event, graph);
            if names.entry(id).or_insert_with(|| name.clone()) != &name {
                shared.insert(id);
            }
        }
    }
    shared
}

#[cfg(test)]
mod tests;
