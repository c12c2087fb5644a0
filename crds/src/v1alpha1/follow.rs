//! `spec.extract.follow`: detail pages. Pure.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FeedExtract, HtmlExtract, IcalExtract, JsonExtract, JsonLdExtract};

/// A detail page for each item: exactly one of `json`, `html`, `ical`, `feed`, `jsonLd` reads it. Its first item's
/// fields are merged into the listing's. Detail pages obey the same limits, robots.txt and pauses as the listing.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.json), has(self.html), has(self.ical), has(self.feed), has(self.jsonLd)].filter(x, x).size() == 1")
    .message("needs exactly one of json, html, ical, feed, jsonLd: write one and no other"))]
pub struct FollowSpec {
    /// jq program that gives the detail page's address from an item (relative addresses are fine); null or an empty
    /// text means that this item has none. Example: `.url`.
    #[schemars(length(min = 1, max = 4096))]
    pub url: String,

    /// Reads a JSON detail page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonExtract>,

    /// Reads an HTML detail page; without `items` the whole page is the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<HtmlExtract>,

    /// Reads an iCalendar file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ical: Option<IcalExtract>,

    /// Reads a feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedExtract>,

    /// Reads JSON-LD in the detail page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_ld: Option<JsonLdExtract>,

    /// Which side wins where listing and detail page both have a field. Default: `preferDetail`.
    #[serde(default)]
    pub merge: MergeRule,

    /// jq program on the merged item, to none, one or many; `$listing` and `$detail` are the two sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16384))]
    pub transform: Option<String>,

    /// Most detail pages of a run; a run with more items leaves the rest without details. Default: 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5000))]
    pub max: Option<i32>,
}

/// Which side wins where both have a field that is not null or empty.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub enum MergeRule {
    /// The detail page's value.
    #[default]
    PreferDetail,
    /// The listing's value.
    PreferListing,
}
