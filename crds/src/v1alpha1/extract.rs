//! `spec.extract`: how events are read from a page. Pure.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{DateRules, FollowSpec, HtmlExtract};
use crate::DurationString;

/// How events are read: exactly one of `json`, `html`, `ical`, `feed`, `jsonLd` gives raw items; `transform`, `include`
/// and `exclude` shape them; `follow` adds a detail page's fields; then each item becomes an event.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.json), has(self.html), has(self.ical), has(self.feed), has(self.jsonLd)].filter(x, x).size() == 1")
    .message("needs exactly one of json, html, ical, feed, jsonLd: write one and no other"))]
pub struct ExtractSpec {
    /// Items from JSON, or from JSON or a JavaScript literal inside an HTML page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonExtract>,

    /// Items from HTML with CSS selectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<HtmlExtract>,

    /// Items from an iCalendar file (RFC 5545).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ical: Option<IcalExtract>,

    /// Items from RSS, Atom or JSON Feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedExtract>,

    /// Items from schema.org Event objects in JSON-LD (and microdata, if asked).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_ld: Option<JsonLdExtract>,

    /// IANA time zone of times without one. Default: `spec.timeZone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,

    /// Tables read from the same page, for joins: `transform` sees each as `$lookups.NAME`, an object by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub lookups: BTreeMap<String, LookupSpec>,

    /// jq program from one raw item to none, one or many. `.` is the item's fields; `$item` the untouched item,
    /// `$document` the whole JSON page, `$lookups` the tables, `$url` the page's address, `$index` the item's number,
    /// `$now` the time of the run (RFC 3339). Example: `. + {title: (.artists | join(", "))}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16384))]
    pub transform: Option<String>,

    /// Keep only items that pass every rule; the others are skipped with reason `NotIncluded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub include: Vec<FilterRule>,

    /// Drop items that pass any rule; they are skipped with reason `Excluded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub exclude: Vec<FilterRule>,

    /// How dates and times are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateRules>,

    /// Values for event fields that an item lacks. Example: `{ venue: Blue Moon Tavern, price: "$10" }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub defaults: BTreeMap<String, String>,

    /// A detail page for each item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<FollowSpec>,

    /// Most items of a run; a run that has more is partial. Default: 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_items: Option<i64>,
}

/// Items from JSON with jq.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.attribute) || has(self.within)")
    .message("json.attribute needs json.within: the selector of the elements that have the attribute"))]
pub struct JsonExtract {
    /// CSS selector of the script elements of an HTML page that hold the JSON. Every match that holds a value is read.
    /// Example: `script#wix-warmup-data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub within: Option<String>,

    /// Attribute of the elements that `within` matches, where the JSON stands in it instead of in their text.
    /// Example: `data-page`. Default: the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub attribute: Option<String>,

    /// Name of the JavaScript variable or property that the value is assigned to, or of the function that it is handed
    /// to, where the script is a program: `var all_events = [...]` is `all_events`, `show({...})` is `show`. The value
    /// may be a JavaScript literal (unquoted keys, single quotes, comments, trailing commas, `new Date(2026, 2, 5)`),
    /// `JSON.parse('...')`, or a function that is called where it stands (`window.__NUXT__=(function(a){...}(1))`).
    /// Default: the first object or array that is assigned, or that a page which is one call hands over (JSONP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub variable: Option<String>,

    /// Give `items` the values of all elements that `within` matches as one list, instead of one after the other: for
    /// data that a page writes in pieces. Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slurp: bool,

    /// jq program that gives the items. An output that is an array stands for its elements. Default: `.`.
    /// Example: `.eventsByDates[][]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub items: Option<String>,

    /// jq program for each field, run on one item; an error or no output is null. `$document`, `$index`, `$url` and
    /// `$now` are as in `transform`. Without `fields` an item's own keys are its fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub fields: BTreeMap<String, String>,
}

/// Items from iCalendar. Each occurrence of a recurring event inside the horizon is one item.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct IcalExtract {
    /// How far into the future recurrences are expanded. Default: `366d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<DurationString>,

    /// How far into the past recurrences are expanded. Default: `30d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<DurationString>,

    /// jq programs for fields beyond the default ones, run on the component's properties in lower case
    /// (`.summary`, `.["x-cost"]`). They win over the defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub fields: BTreeMap<String, String>,
}

/// Items from a feed. Default fields: `id`, `title`, `url`, `description`, `image`, `categories`, and `start`, `end`,
/// `venue` where the feed has event elements (`ev:startdate`, `xcal:dtstart`). The publication date is never the start.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct FeedExtract {
    /// jq programs for each field, run on the entry: `.id`, `.title`, `.link`, `.links`, `.summary`, `.content`,
    /// `.published`, `.updated`, `.authors`, `.categories`, `.image`, and namespaced elements by their name in the
    /// file, e.g. `.["event_listing:start_date"]`, and their attributes, e.g. `.["gd:when@startTime"]`. They win over
    /// the defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub fields: BTreeMap<String, String>,
}

/// Items from schema.org Events in `script[type="application/ld+json"]`, or in a page that is JSON-LD itself. `@graph`,
/// arrays and `subEvent` are walked; an `eventSchedule` is not expanded. Default fields: `id`, `title`, `start`, `end`, `duration`, `doors`, `url`, `image`,
/// `description`, `venue`, `address`, `performers`, `priceMin`, `priceMax`, `currency`, `status`, `soldOut`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct JsonLdExtract {
    /// Types to take. Default: `Event` and all its schema.org subtypes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 256)))]
    pub types: Vec<String>,

    /// Read microdata (`itemscope`, `itemprop`) with a schema.org Event type as well. Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub microdata: bool,

    /// jq programs for fields, run on the JSON-LD object. They win over the defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub fields: BTreeMap<String, String>,
}

/// A table read from the page beside the items: exactly one of `json`, `html`, `jsonLd`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.json), has(self.html), has(self.jsonLd)].filter(x, x).size() == 1")
    .message("needs exactly one of json, html, jsonLd: write one and no other"))]
pub struct LookupSpec {
    /// Rows from JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonExtract>,

    /// Rows from HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<HtmlExtract>,

    /// Rows from JSON-LD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_ld: Option<JsonLdExtract>,

    /// jq program that gives a row's key; the first row of a key counts. Example: `.id`.
    #[schemars(length(min = 1, max = 1024))]
    pub key: String,
}

/// One test of an item: exactly one of `field` and `where`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.field) != has(self.where)")
        .message("needs exactly one of field (with matches or equals) and where (a jq condition): write one"),
    validation = Rule::new("!has(self.field) || (has(self.matches) != has(self.equals))")
        .message("needs exactly one of matches and equals beside field: write one"),
    validation = Rule::new("!has(self.where) || !(has(self.matches) || has(self.equals))")
        .message("matches and equals go with field: remove them, or replace where by field")
)]
pub struct FilterRule {
    /// Field to look at, after `transform`. `text` is an HTML item's whole text. A missing field is the empty text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub field: Option<String>,

    /// Regular expression (Rust `regex` syntax) searched in the field. Example: `(?i)jazz jam|dj night`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub matches: Option<String>,

    /// Text that the field equals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub equals: Option<String>,

    /// jq condition on the item; anything but false and null passes. Example: `.venue_location.state == "BC"`.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub condition: Option<String>,
}
