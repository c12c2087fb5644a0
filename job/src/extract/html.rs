//! Items from HTML with CSS selectors (`spec.extract.html`). Pure.
//!
//! [`HtmlPlan::compile`] turns the manifest into a plan once; [`HtmlPlan::extract`] applies it to a parsed [`HtmlPage`].

mod direct;
mod edit;
mod field;
mod fragment;
mod limits;
pub mod microdata;
mod order;
mod page;
mod parse;
mod pieces;
mod reader;
mod scan;
mod selector;
mod simple;
mod text;

use serde_json::Value;
use sms_crds::v1alpha1::HtmlExtract;

pub use self::fragment::{decode_entities, fragment_lines, fragment_select, fragment_text};
pub use self::limits::HtmlLimits;
pub use self::page::HtmlPage;
pub use self::scan::scan;
pub use self::selector::{CompiledSelector, compile_selector};

use self::field::{FieldPlan, Rule};
use self::order::Order;
use self::reader::Reader;
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

    /// Names of the declared fields.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| &*field.name)
    }

    /// Reads the items of `page` in document order. The only error is [`ExtractError::Limit`]: items inside items repeat
    /// text, so a page can give far more than it holds.
    pub fn extract(&self, page: &HtmlPage, options: ItemOptions) -> Result<Vec<HtmlItem>, ExtractError> {
        let elements: Vec<_> = match &self.items {
            Some(selector) => page.select(selector).collect(),
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
                fields: RawItem::with_capacity(self.fields.len()),
                text: options.want_text.then(|| text::text_of(element)),
                ..HtmlItem::default()
            };
            bytes += item.text.as_ref().map_or(0, String::len);
            for (field, reader) in self.fields.iter().zip(&mut readers) {
                let value = match (&field.rule, reader) {
                    (Rule::Read(reading), Some(reader)) => {
                        let found = reader.read(element);
                        bytes += found.iter().map(String::len).sum::<usize>();
                        let (value, is_complete) = reading.value(found);
                        if !is_complete && !reading.optional {
                            item.missing.push(field.name.to_string());
                        }
                        value
                    }
                    (Rule::Constant(value), _) => Some(Value::from(value.as_str())),
                    (Rule::Read(_), None) => None,
                };
                if let Some(value) = value {
                    item.fields.insert(&field.name, value);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::{Duration, Instant};

    const ALL: ItemOptions = ItemOptions {
        want_text: false,
        max_items: usize::MAX,
    };

    fn plan(spec: Value) -> Result<HtmlPlan, PlanError> {
        HtmlPlan::compile(&serde_json::from_value(spec).unwrap(), "spec.extract.html")
    }

    fn page(html: &str) -> HtmlPage {
        HtmlPage::parse(html, &HtmlLimits::default()).unwrap()
    }

    #[test]
    fn errors_name_the_field_and_the_remedy() {
        for (field, path, words) in [
            (json!({"select": "a["}), "fields.f.select", "ends too early"),
            (json!({"closest": "> a"}), "fields.f.closest", ":scope"),
            (json!({"regex": "(a"}), "fields.f.regex", "unclosed group"),
            (
                json!({"regex": "(\\w{1000}){1000}"}),
                "fields.f.regex",
                "too large",
            ),
            (json!({"replace": "x"}), "fields.f.replace", "needs regex"),
            (json!({"from": "after"}), "fields.f.from", "add select"),
            (
                json!({"select": "a", "itemprop": "b"}),
                "fields.f.itemprop",
                "not both",
            ),
            (json!({"attribute": "a", "html": true}), "fields.f", "one of"),
        ] {
            let error = plan(json!({"items": "p", "fields": {"f": field}})).unwrap_err();
            assert_eq!(error.path, format!("spec.extract.html.{path}"));
            assert!(error.problem.contains(words), "{error}");
        }
        assert_eq!(
            plan(json!({"items": "::x"})).unwrap_err().path,
            "spec.extract.html.items"
        );
    }

    #[test]
    fn scopes_around_an_item_need_items() {
        for field in [
            json!({"from": "next"}),
            json!({"from": "parent"}),
            json!({"closest": "div"}),
        ] {
            let error = plan(json!({"fields": {"f": field}})).unwrap_err();
            assert!(error.problem.contains("without items"), "{error}");
        }
        plan(json!({"fields": {"f": {"from": "document", "select": "a"}}})).unwrap();
    }

    #[test]
    fn the_text_of_the_item_is_given_when_it_is_wanted() {
        let plan = plan(json!({"items": "li"})).unwrap();
        let options = ItemOptions {
            want_text: true,
            max_items: 10,
        };
        let items = plan.extract(&page("<li>a<p>b</p></li>"), options).unwrap();
        assert_eq!(items[0].text.as_deref(), Some("a b"));
        assert_eq!(plan.extract(&page("<li>a"), ALL).unwrap()[0].text, None);
    }

    #[test]
    fn no_more_items_than_asked_for_are_given_and_the_next_one_still_ends_the_search() {
        let plan =
            plan(json!({"items": "h1", "fields": {"p": {"from": "next", "select": "p", "all": true}}}))
                .unwrap();
        let options = ItemOptions {
            want_text: false,
            max_items: 1,
        };
        let items = plan
            .extract(&page("<h1>a</h1><p>1</p><h1>b</h1><p>2</p>"), options)
            .unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].fields["p"], json!(["1"]));
    }

    #[test]
    fn a_number_after_a_dollar_is_a_group_whatever_follows() {
        let field = json!({"regex": "(\\d+)(st|nd)", "replace": "$1th $$2 ${2} $x"});
        let plan = plan(json!({"items": "p", "fields": {"f": field}})).unwrap();
        assert_eq!(
            plan.extract(&page("<p>May 1st"), ALL).unwrap()[0].fields["f"],
            "May 1th $2 st"
        );
    }

    #[test]
    fn every_scope_stays_fast_with_ten_thousand_items() {
        let row = "<div class=day><h2>Day</h2></div><div class=e><b>T</b></div><p class=n>note</p>";
        let html = format!("<section>{}</section>", row.repeat(10_000));
        let plan = plan(json!({"items": ".e", "fields": {
            "before": {"from": "before", "select": "h2"},
            "after": {"from": "after", "select": ".n"},
            "next": {"from": "next", "select": ".n"},
            "previous": {"from": "previous", "select": "h2"},
            "run": {"from": "next", "ownText": true, "optional": true},
            "sibling": {"from": "previous"},
            "none": {"from": "before", "select": "h6", "optional": true},
            "closest": {"closest": "section", "select": "h6", "optional": true},
            "document": {"from": "document", "select": "h6", "optional": true},
            "parent": {"from": "parent", "select": "h6", "optional": true}
        }}))
        .unwrap();
        let limits = HtmlLimits {
            processor_time: Duration::from_mins(1),
            ..HtmlLimits::default()
        };
        let page = HtmlPage::parse(&html, &limits).unwrap();
        let started = Instant::now();
        let items = plan.extract(&page, ALL).unwrap();
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "took {:?}",
            started.elapsed()
        );
        assert_eq!(items.len(), 10_000);
        for item in &items {
            assert!(item.missing.is_empty(), "{item:?}");
            assert_eq!(item.fields["next"], "note");
            assert_eq!(item.fields["previous"], "Day");
        }
    }

    #[test]
    fn items_that_repeat_too_much_text_end_with_a_limit() {
        let html = format!("<p>{}</p>{}", "x".repeat(1 << 20), "<i></i>".repeat(100));
        let plan = plan(json!({"items": "i", "fields": {"f": {"from": "document", "select": "p"}}})).unwrap();
        assert!(matches!(
            plan.extract(&page(&html), ALL),
            Err(ExtractError::Limit(_))
        ));
    }
}
