//! The `html` kind: HTML, possibly inside JSON. Pure.

use serde_json::Value;
use sms_crds::v1alpha1::HtmlExtract;

use super::{ReadOptions, Reading};
use crate::extract::{
    error::{ExtractError, PlanError},
    fields::FieldFailures,
    html::{HtmlPage, HtmlPlan, ItemOptions},
    item::{ItemList, SourceItem},
    jq::{Program, Variables},
    page::Page,
};

/// HTML, possibly inside JSON.
pub struct HtmlKind {
    within: Option<Program>,
    plan: HtmlPlan,
}

impl HtmlKind {
    pub(super) fn compile(spec: &HtmlExtract, path: &str) -> Result<Self, PlanError> {
        let within = match &spec.within {
            Some(source) => Some(Program::compile(source, format!("{path}.within"))?),
            None => None,
        };
        Ok(Self {
            within,
            plan: HtmlPlan::compile(spec, path)?,
        })
    }

    pub(super) fn field_names(&self) -> impl Iterator<Item = &str> {
        self.plan.field_names()
    }

    pub(super) fn read(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<Reading, ExtractError> {
        let inside = match self.within.is_some() || page.looks_like_json() {
            true => self.html_inside_json(page.text(), variables)?,
            false => None,
        };
        match inside {
            Some((html, document)) => {
                let parsed = HtmlPage::parse(&html, page.limits())?;
                self.items(&parsed, document, options)
            }
            None => self.items(page.html()?, Value::Null, options),
        }
    }

    /// The HTML texts of a page that is JSON, joined; `None` where it is not JSON.
    fn html_inside_json(
        &self,
        text: &str,
        variables: &Variables,
    ) -> Result<Option<(String, Value)>, ExtractError> {
        let Ok(document) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
            return Ok(None);
        };
        let outputs = match &self.within {
            Some(program) => {
                program
                    .run(&document, variables, 10_000)
                    .map_err(|problem| ExtractError::Program {
                        path: program.place().to_owned(),
                        problem,
                    })?
            }
            None => vec![document.clone()],
        };
        let mut html = String::new();
        for output in &outputs {
            match output {
                Value::String(part) => html.push_str(part),
                Value::Array(parts) => parts
                    .iter()
                    .filter_map(Value::as_str)
                    .for_each(|part| html.push_str(part)),
                _ => {}
            }
        }
        if html.is_empty() && self.within.is_none() {
            return Err(ExtractError::Parse {
                format: "HTML",
                problem: "the page is JSON: name the HTML inside it with within, or use the json extractor"
                    .to_owned(),
            });
        }
        Ok(Some((html, document)))
    }

    fn items(
        &self,
        html: &HtmlPage,
        document: Value,
        options: &ReadOptions<'_>,
    ) -> Result<Reading, ExtractError> {
        let item_options = ItemOptions {
            want_text: options.want_text,
            max_items: options.max_items + 1,
        };
        let mut found = self.plan.extract(html, item_options)?;
        let truncated = found.len() > options.max_items;
        found.truncate(options.max_items);
        let mut missing = Vec::with_capacity(found.len());
        let mut items = Vec::with_capacity(found.len());
        for item in found {
            let mut fields = item.fields;
            if let Some(text) = item.text
                && fields.get("text").is_none()
            {
                fields.insert("text", Value::String(text));
            }
            missing.push(item.missing);
            items.push(SourceItem {
                raw: Value::Null,
                fields,
            });
        }
        Ok(Reading {
            list: ItemList {
                items,
                truncated,
                warnings: Vec::new(),
            },
            document,
            failures: FieldFailures::none(missing.len()),
            missing,
        })
    }
}
