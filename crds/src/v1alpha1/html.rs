//! `spec.extract.html`: CSS selectors. Pure.

#![allow(clippy::struct_excessive_bools, reason = "each is a field that people write")]

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads items from HTML with CSS selectors.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct HtmlExtract {
    /// For HTML that arrives inside JSON: a jq program whose string outputs are the HTML. A page that is not JSON is
    /// read as HTML, so a listing may be HTML and its further pages JSON. Example: `.html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub within: Option<String>,

    /// CSS selector of one item (Selectors Level 4, `:has()`, `:is()` and `:not()` included). Without it the whole
    /// document is the one item, which is what a detail page is. Example: `div.entry-content h1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub items: Option<String>,

    /// What is read from each item, by field name. Names that the event has are listed under "Event fields" in the
    /// manifest reference; any other name can be used by `transform`, `include`, `exclude` and `follow`, and is kept
    /// with the event under `extra`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub fields: BTreeMap<String, HtmlField>,
}

/// How one field is read. The steps are, in this order: `closest`, `from`, `select` (or `itemprop`), then the
/// element's text (or `attribute`, `html`, `ownText`), then `lines`, `regex`, `replace`, and at last `default`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.select) && has(self.itemprop))")
        .message("has both select and itemprop: remove one"),
    validation = Rule::new("!has(self.value) || !(has(self.select) || has(self.itemprop) || has(self.attribute) || has(self.regex))")
        .message("has a constant value: remove value, or select, itemprop, attribute and regex")
)]
pub struct HtmlField {
    /// CSS selector of the element; the first match counts unless `all` is true. Without it the scope itself is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub select: Option<String>,

    /// Microdata property to read (`[itemprop~=NAME]`), by the microdata rules: `content`, else `datetime`, else
    /// `href` or `src`, else text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub itemprop: Option<String>,

    /// Start from the nearest ancestor of the item (or the item itself) that matches this CSS selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub closest: Option<String>,

    /// Where to look. Default: `item`.
    #[serde(default)]
    pub from: HtmlScope,

    /// Read this attribute instead of the text. Example: `aria-label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub attribute: Option<String>,

    /// Read the inner HTML instead of the text. Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub html: bool,

    /// Read only the element's own text, without that of elements inside it. Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_text: bool,

    /// Keep the text's lines apart (`<br>` and block elements end a line) and give a list of the non-empty ones.
    /// Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lines: bool,

    /// Give a list with every match instead of the first. Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,

    /// Regular expression (Rust `regex` syntax) that the text must match; the value is group 1, or the whole match
    /// where there is no group. In a list, entries without a match are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub regex: Option<String>,

    /// What the match of `regex` is replaced by, all over the text (`$1` is group 1), instead of extracting it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub replace: Option<String>,

    /// `true`: an item without this field is in order. `preview` reports other fields that matched nothing.
    /// Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,

    /// Value where nothing was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub default: Option<String>,

    /// A constant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub value: Option<String>,
}

/// Where a field is looked for, relative to the item.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub enum HtmlScope {
    /// Inside the item.
    #[default]
    Item,
    /// The siblings after the item, up to the next item: the nearest that matches `select`, or that holds a match.
    Next,
    /// The siblings before the item, nearest first: the nearest that matches `select`, or that holds a match.
    Previous,
    /// The nearest match of `select` after the item in document order, before the next item.
    After,
    /// The nearest match of `select` before the item in document order: a heading that several items share.
    Before,
    /// The item's parent element.
    Parent,
    /// The whole document.
    Document,
}
