//! One field of an item, compiled from the manifest; [`super::reader`] applies it. Pure.

use std::sync::Arc;

use html5ever::ns;
use scraper::ElementRef;
use serde_json::Value;
use sms_crds::v1alpha1::{HtmlField, HtmlScope};

use super::edit::Edit;
use super::microdata::property_text;
use super::selector::{CompiledSelector, compile_selector};
use super::text::{lines_of, own_lines, text_of};
use crate::extract::error::PlanError;

/// A field, compiled.
#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) name: Arc<str>,
    pub(super) rule: Rule,
}

#[derive(Debug)]
pub(super) enum Rule {
    Constant(String),
    Read(Box<Reading>),
}

/// What is read, in the order of the steps.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) closest: Option<CompiledSelector>,
    pub(super) from: HtmlScope,
    pub(super) target: Target,
    pub(super) part: Part,
    lines: bool,
    pub(super) all: bool,
    pub(super) edit: Option<Edit>,
    default: Option<String>,
    pub(super) optional: bool,
}

#[derive(Debug)]
pub(super) enum Target {
    /// The scope itself.
    Scope,
    Select(CompiledSelector),
    /// A microdata property.
    Property(CompiledSelector),
}

#[derive(Debug)]
pub(super) enum Part {
    Text,
    OwnText,
    Html,
    Attribute(String),
    Property,
}

impl FieldPlan {
    /// Compiles one field; `has_items` says whether there is an item for scopes to be relative to.
    pub(super) fn compile(
        name: &str,
        field: &HtmlField,
        has_items: bool,
        path: &str,
    ) -> Result<Self, PlanError> {
        let rule = match &field.value {
            Some(value) => Rule::Constant(value.clone()),
            None => Rule::Read(Box::new(Reading::compile(field, has_items, path)?)),
        };
        Ok(Self {
            name: Arc::from(name),
            rule,
        })
    }

    /// Whether reading needs document order.
    pub(super) fn needs_order(&self) -> bool {
        matches!(&self.rule, Rule::Read(reading) if reading.is_ordered())
    }
}

impl Reading {
    fn compile(field: &HtmlField, has_items: bool, path: &str) -> Result<Self, PlanError> {
        check(field, has_items, path)?;
        let select = |css: &Option<String>, key: &str| {
            css.as_deref()
                .map(|css| compile_selector(css, &format!("{path}.{key}")))
                .transpose()
        };
        let target = match (select(&field.select, "select")?, &field.itemprop) {
            (Some(selector), _) => Target::Select(selector),
            (None, Some(name)) => {
                let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
                let css = format!("[itemprop~=\"{quoted}\"]");
                Target::Property(compile_selector(&css, &format!("{path}.itemprop"))?)
            }
            (None, None) => Target::Scope,
        };
        let part = match &field.attribute {
            Some(name) => Part::Attribute(name.clone()),
            None if field.html => Part::Html,
            None if field.own_text => Part::OwnText,
            None if field.itemprop.is_some() => Part::Property,
            None => Part::Text,
        };
        Ok(Self {
            closest: select(&field.closest, "closest")?,
            from: field.from,
            target,
            part,
            lines: field.lines,
            all: field.all,
            edit: Edit::compile(field, path)?,
            default: field.default.clone(),
            optional: field.optional,
        })
    }

    pub(super) fn is_ordered(&self) -> bool {
        matches!(
            self.from,
            HtmlScope::Next | HtmlScope::Previous | HtmlScope::After | HtmlScope::Before
        )
    }

    pub(super) fn selector(&self) -> Option<&CompiledSelector> {
        match &self.target {
            Target::Scope => None,
            Target::Select(selector) | Target::Property(selector) => Some(selector),
        }
    }

    /// The texts of one element: one, or its lines.
    pub(super) fn texts(&self, element: ElementRef<'_>) -> Vec<String> {
        let text = match &self.part {
            Part::Text if self.lines => return lines_of(element),
            Part::Text => text_of(element),
            Part::OwnText => return self.joined(own_lines(element.children())),
            Part::Html => element.inner_html(),
            Part::Attribute(name) => attribute(element, name).unwrap_or_default().to_owned(),
            Part::Property => match property_text(element) {
                Some(text) => text,
                None if self.lines => return lines_of(element),
                None => text_of(element),
            },
        };
        if self.lines {
            text.lines().map(str::to_owned).collect()
        } else {
            vec![text]
        }
    }

    pub(super) fn joined(&self, lines: Vec<String>) -> Vec<String> {
        if self.lines { lines } else { vec![lines.join(" ")] }
    }

    /// The field's value, and whether something was found.
    pub(super) fn value(&self, found: Vec<String>) -> (Option<Value>, bool) {
        let is_found = !found.is_empty();
        let values = match is_found {
            true => found,
            false => self.default.iter().cloned().collect(),
        };
        let value = if self.all || self.lines {
            Some(Value::from(values))
        } else {
            values.into_iter().next().map(Value::String)
        };
        (value, is_found || self.default.is_some())
    }
}

/// Combinations that mean nothing.
fn check(field: &HtmlField, has_items: bool, path: &str) -> Result<(), PlanError> {
    let error = |key: &str, problem: &str| Err(PlanError::new(format!("{path}.{key}"), problem));
    let relative = !matches!(field.from, HtmlScope::Item | HtmlScope::Document);
    if !has_items && relative {
        return error(
            "from",
            "without items the whole page is the item and has no surroundings; remove from",
        );
    }
    if !has_items && field.closest.is_some() {
        return error(
            "closest",
            "without items the whole page is the item and has no ancestors; use select",
        );
    }
    if field.select.is_some() && field.itemprop.is_some() {
        return error("itemprop", "a field has select or itemprop, not both");
    }
    let has_target = field.select.is_some() || field.itemprop.is_some();
    if matches!(field.from, HtmlScope::After | HtmlScope::Before) && !has_target {
        return error("from", "after and before look for something: add select");
    }
    if [field.attribute.is_some(), field.html, field.own_text]
        .into_iter()
        .filter(|it| *it)
        .count()
        > 1
    {
        return Err(PlanError::new(
            path,
            "a field reads one of attribute, html and ownText; remove the others",
        ));
    }
    if field.replace.is_some() && field.regex.is_none() {
        return error("replace", "replace needs regex, which says what is replaced");
    }
    Ok(())
}

fn attribute<'a>(element: ElementRef<'a>, name: &str) -> Option<&'a str> {
    // Comparing the few names of an element is cheaper than making an atom of this one to look it up.
    let of = |wanted: &dyn Fn(&str) -> bool| {
        let mut own = element.value().attrs.iter();
        own.find(|(key, _)| key.ns == ns!() && wanted(&key.local))
            .map(|(_, value)| &**value)
    };
    // HTML attributes are lower case, those of SVG are as written.
    of(&|key| key == name).or_else(|| of(&|key| key == name.to_ascii_lowercase()))
}
