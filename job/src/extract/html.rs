//! Items from HTML with CSS selectors (`spec.extract.html`). Pure.
//!
//! [`HtmlPlan::compile`] turns the manifest into a plan once; [`HtmlPlan::extract`] applies it to a parsed [`HtmlPage`].

mod field;
mod fragment;
mod limits;
pub mod microdata;
mod order;
mod page;
mod parse;
mod selector;
mod text;

use serde_json::Value;
use sms_crds::v1alpha1::HtmlExtract;

pub use self::fragment::{decode_entities, fragment_select, fragment_text};
pub use self::limits::HtmlLimits;
pub use self::page::HtmlPage;
pub use self::selector::{CompiledSelector, compile_selector};

use self::field::{FieldPlan, Reader, Rule};
use self::order::Order;
use crate::event::RawItem;
use crate::extract::error::{ExtractError, PlanError};

/// Most bytes of text that all items of one page have together.
const OUTPUT_BYTES: usize = 64 << 20;

/// What is wanted besides the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemOptions {
    /// Whether [`HtmlItem::text`] is filled.
    pub want_text: bool,
    /// Most items that are given. Ask for one more than are used to learn whether there were more.
    pub max_items: usize,
}

/// One item of a page.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct HtmlItem {
    /// The fields that were found: a text, or a list of texts for `all` and `lines` (empty where nothing was found).
    pub fields: RawItem,
    /// Fields that matched nothing and are neither optional nor have a default.
    pub missing: Vec<String>,
    /// The text of the whole item.
    pub text: Option<String>,
}

/// A compiled [`HtmlExtract`].
#[derive(Debug)]
pub struct HtmlPlan {
    items: Option<CompiledSelector>,
    fields: Vec<FieldPlan>,
}

impl HtmlPlan {
    /// Compiles all selectors and regular expressions of `spec`, which stands at `path` in the manifest (such as
    /// `spec.extract.html`). An error names the field.
    pub fn compile(spec: &HtmlExtract, path: &str) -> Result<Self, PlanError> {
        let items = spec
            .items
            .as_deref()
            .map(|css| compile_selector(css, &format!("{path}.items")))
            .transpose()?;
        let mut fields = Vec::new();
        for (name, field) in &spec.fields {
            fields.push(FieldPlan::compile(
                name,
                field,
                items.is_some(),
                &format!("{path}.fields.{name}"),
            )?);
        }
        Ok(Self { items, fields })
    }

    /// Reads the items of `page` in document order. The only error is [`ExtractError::Limit`]: items inside items repeat
    /// text, so a page can give far more than it holds.
    pub fn extract(&self, page: &HtmlPage, options: ItemOptions) -> Result<Vec<HtmlItem>, ExtractError> {
        let elements: Vec<_> = match &self.items {
            Some(selector) => page.select(&selector.0).collect(),
            None => page.root().into_iter().collect(),
        };
        let order = self
            .fields
            .iter()
            .any(FieldPlan::needs_order)
            .then(|| Order::new(page, &elements));
        let mut readers: Vec<_> = self
            .fields
            .iter()
            .map(|field| match &field.rule {
                Rule::Constant(_) => None,
                Rule::Read(reading) => Some(Reader::new(page, reading, order.as_ref(), self.items.is_none())),
            })
            .collect();
        let mut items = Vec::new();
        let mut bytes = 0;
        for element in elements.into_iter().take(options.max_items) {
            let mut item = HtmlItem {
                text: options.want_text.then(|| text::text_of(element)),
                ..HtmlItem::default()
            };
            bytes += item.text.as_ref().map_or(0, String::len);
            for (field, reader) in self.fields.iter().zip(&mut readers) {
                let value = match (&field.rule, reader) {
                    (Rule::Read(reading), Some(reader)) => {
                        let found = reader.read(element);
                        bytes += found.iter().map(String::len).sum::<usize>();
                        let (value, is_complete) = reading.value(&found);
                        if !is_complete && !reading.optional {
                            item.missing.push(field.name.clone());
                        }
                        value
                    }
                    (Rule::Constant(value), _) => Some(Value::from(value.as_str())),
                    (Rule::Read(_), None) => None,
                };
                if let Some(value) = value {
                    item.fields.insert(field.name.clone(), value);
                }
            }
            if bytes > OUTPUT_BYTES {
                return Err(ExtractError::Limit(format!(
                    "the items have more than {} MiB of text",
                    OUTPUT_BYTES >> 20
                )));
            }
            items.push(item);
        }
        Ok(items)
    }
}
