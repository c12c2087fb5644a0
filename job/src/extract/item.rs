//! What an extractor gives. Pure.

use serde_json::Value;

use crate::event::RawItem;

/// One item of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceItem {
    /// Fields by name, see [`crate::normalise::FIELDS`].
    pub fields: RawItem,
    /// The item as the manifest's jq programs see it.
    pub raw: Value,
}

/// The items of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemList {
    /// In the order of the page.
    pub items: Vec<SourceItem>,
    /// There were more than the limit allows.
    pub truncated: bool,
    /// What could not be read but did not matter for the rest.
    pub warnings: Vec<String>,
}
