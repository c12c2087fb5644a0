//! What goes out of a session. Pure.

use serde::{Deserialize, Serialize};

use super::tally::FieldCount;
use crate::event::{Event, RawItem, Rejected};

/// What one listing page gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageSummary {
    /// Items seen on the page.
    pub items: usize,
    /// Absolute address of the next page, where the page names one.
    pub next: Option<String>,
}

/// A detail page that an item asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetailRequest {
    /// Which item.
    pub entry: usize,
    /// Absolute address.
    pub url: String,
}

/// Everything that was read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Extraction {
    /// Items seen.
    pub found: usize,
    /// Events, in the order of the pages.
    pub events: Vec<Event>,
    /// Items that were not made events.
    pub rejected: Vec<Rejected>,
    /// A limit cut the items or the detail pages.
    pub truncated: bool,
    /// What could not be read but did not matter for the rest.
    pub warnings: Vec<String>,
    /// Raw items after transform and follow, for `preview`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<TracedItem>,
    /// What each declared field matched, before transform, for `preview`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldCount>,
}

/// One item as it reached normalisation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TracedItem {
    /// Number of the item it came from.
    pub index: usize,
    /// Its fields.
    pub fields: RawItem,
    /// Non-optional fields that matched nothing.
    pub missing: Vec<String>,
}

impl Extraction {
    /// Adds the next part.
    pub fn extend(&mut self, part: Self) {
        self.found += part.found;
        self.events.extend(part.events);
        self.rejected.extend(part.rejected);
        self.truncated |= part.truncated;
        self.warnings.extend(part.warnings);
        self.trace.extend(part.trace);
        self.fields.extend(part.fields);
    }
}
