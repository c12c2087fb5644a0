//! One field of an item: compiled from the manifest, then read from a page. Pure.

use ego_tree::NodeId;
use regex::{Regex, RegexBuilder};
use scraper::{Element, ElementRef, Selector};
use serde_json::Value;
use sms_crds::v1alpha1::{HtmlField, HtmlScope};

use super::microdata::property_text;
use super::order::{Order, Placed};
use super::page::HtmlPage;
use super::selector::compile_selector;
use super::text::{lines_of, own_lines, text_of};
use crate::extract::error::PlanError;

/// Most memory of a compiled regular expression, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// A field, compiled.
#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) name: String,
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
    closest: Option<Selector>,
    pub(super) from: HtmlScope,
    target: Target,
    part: Part,
    lines: bool,
    all: bool,
    edit: Option<Edit>,
    default: Option<String>,
    pub(super) optional: bool,
}

#[derive(Debug)]
enum Target {
    /// The scope itself.
    Scope,
    Select(Selector),
    /// A microdata property.
    Property(Selector),
}

#[derive(Debug)]
enum Part {
    Text,
    OwnText,
    Html,
    Attribute(String),
    Property,
}

#[derive(Debug)]
struct Edit {
    regex: Regex,
    replacement: Option<String>,
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
            name: name.to_owned(),
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
                .map(|css| compile_selector(css, &format!("{path}.{key}")).map(|it| it.0))
                .transpose()
        };
        let target = match (select(&field.select, "select")?, &field.itemprop) {
            (Some(selector), _) => Target::Select(selector),
            (None, Some(name)) => {
                let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
                let css = format!("[itemprop~=\"{quoted}\"]");
                Target::Property(compile_selector(&css, &format!("{path}.itemprop"))?.0)
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

    fn is_ordered(&self) -> bool {
        matches!(
            self.from,
            HtmlScope::Next | HtmlScope::Previous | HtmlScope::After | HtmlScope::Before
        )
    }

    fn selector(&self) -> Option<&Selector> {
        match &self.target {
            Target::Scope => None,
            Target::Select(selector) | Target::Property(selector) => Some(selector),
        }
    }

    /// The texts of one element: one, or its lines.
    fn texts(&self, element: ElementRef<'_>) -> Vec<String> {
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

    fn joined(&self, lines: Vec<String>) -> Vec<String> {
        if self.lines { lines } else { vec![lines.join(" ")] }
    }

    /// The field's value, and whether something was found.
    pub(super) fn value(&self, found: &[String]) -> (Option<Value>, bool) {
        let is_found = !found.is_empty();
        let values = if is_found { found } else { self.default.as_slice() };
        let value = if self.all || self.lines {
            Some(Value::from(values.to_vec()))
        } else {
            values.first().map(|value| Value::from(value.as_str()))
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

impl Edit {
    fn compile(field: &HtmlField, path: &str) -> Result<Option<Self>, PlanError> {
        let Some(pattern) = &field.regex else {
            return Ok(None);
        };
        let regex = RegexBuilder::new(pattern)
            .size_limit(REGEX_SIZE)
            .build()
            .map_err(|error| {
                PlanError::new(
                    format!("{path}.regex"),
                    format!("{pattern:?} is not a regular expression: {}", explain(&error)),
                )
            })?;
        Ok(Some(Self {
            regex,
            replacement: field.replace.as_deref().map(with_braces),
        }))
    }

    fn apply(&self, text: &str) -> Option<String> {
        if let Some(replacement) = &self.replacement {
            return Some(self.regex.replace_all(text, replacement).into_owned());
        }
        let captures = self.regex.captures(text)?;
        let group = usize::from(captures.len() > 1);
        captures.get(group).map(|found| found.as_str().to_owned())
    }
}

fn explain(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large; make its repetition counts smaller".to_owned(),
        // The message draws the pattern over several lines; the last one says what is wrong.
        other => {
            let message = other.to_string();
            let last = message.lines().next_back().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

/// `$1st` as `${1}st`: the regex crate would look for a group named `1st`.
fn with_braces(replacement: &str) -> String {
    let mut result = String::with_capacity(replacement.len());
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        let (before, tail) = rest.split_at(at);
        result.push_str(before);
        let after = &tail[1..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            result.push_str("${");
            result.push_str(&after[..digits]);
            result.push('}');
            rest = &after[digits..];
        } else {
            // `$$` is a dollar sign, so the second one begins nothing.
            let taken = usize::from(after.starts_with('$'));
            result.push('$');
            result.push_str(&after[..taken]);
            rest = &after[taken..];
        }
    }
    result + rest
}

fn attribute<'a>(element: ElementRef<'a>, name: &str) -> Option<&'a str> {
    // HTML attributes are lower case, those of SVG are as written.
    element
        .attr(name)
        .or_else(|| element.attr(&name.to_ascii_lowercase()))
}

/// Reads one field from item after item of a page.
pub(super) struct Reader<'a, 'p> {
    page: &'a HtmlPage,
    reading: &'p Reading,
    order: Option<&'p Order<'a>>,
    /// Every match of the page, where the scope is a matter of document order.
    matches: Vec<Placed<'a>>,
    whole_page: bool,
    /// What was found in the last scope: neighbours often share one, e.g. the section of a day.
    last: Option<(NodeId, Vec<String>)>,
}

impl<'a, 'p> Reader<'a, 'p> {
    pub(super) fn new(
        page: &'a HtmlPage,
        reading: &'p Reading,
        order: Option<&'p Order<'a>>,
        whole_page: bool,
    ) -> Self {
        let matches = match (order.filter(|_| reading.is_ordered()), reading.selector()) {
            (Some(order), Some(selector)) => order.place(page.select(selector)),
            _ => Vec::new(),
        };
        Self {
            page,
            reading,
            order,
            matches,
            whole_page,
            last: None,
        }
    }

    /// The non-empty texts found for `item`, at most one unless the field is a list.
    pub(super) fn read(&mut self, item: ElementRef<'a>) -> Vec<String> {
        let Some(base) = self.base(item) else {
            return Vec::new();
        };
        let scope = match self.reading.from {
            HtmlScope::Item => Some(base),
            HtmlScope::Parent => base.parent_element(),
            HtmlScope::Document => self.page.root(),
            _ => return self.edited(self.around(base)),
        };
        let Some(scope) = scope else { return Vec::new() };
        if let Some((id, found)) = &self.last
            && *id == scope.id()
        {
            return found.clone();
        }
        let found = self.edited(self.inside(scope));
        self.last = Some((scope.id(), found.clone()));
        found
    }

    /// The item, or its nearest ancestor that `closest` matches.
    fn base(&self, item: ElementRef<'a>) -> Option<ElementRef<'a>> {
        match &self.reading.closest {
            None => Some(item),
            Some(closest) => std::iter::once(item)
                .chain(item.ancestors().filter_map(ElementRef::wrap))
                .find(|element| closest.matches(element)),
        }
    }

    fn most(&self) -> usize {
        if self.reading.all { usize::MAX } else { 1 }
    }

    fn inside(&self, scope: ElementRef<'a>) -> Vec<String> {
        let whole_page = self.reading.from == HtmlScope::Document || self.whole_page;
        match &self.reading.target {
            Target::Scope => self.reading.texts(scope),
            Target::Select(selector) if whole_page => self.texts(self.page.select(selector)),
            Target::Select(selector) => self.texts(scope.select(selector)),
            Target::Property(selector) if whole_page => {
                self.texts(outermost(self.page.select(selector).collect()))
            }
            Target::Property(selector) => self.texts(outermost(scope.select(selector).collect())),
        }
    }

    fn around(&self, base: ElementRef<'a>) -> Vec<String> {
        let Some(order) = self.order else {
            return Vec::new();
        };
        let loose = matches!(
            (&self.reading.target, &self.reading.part),
            (Target::Scope, Part::OwnText)
        );
        let is_property = matches!(self.reading.target, Target::Property(_));
        let most = self.most();
        let found: Vec<_> = match self.reading.from {
            HtmlScope::Next if loose => return self.reading.joined(own_lines(order.nodes_after(base))),
            HtmlScope::Previous if loose => return self.reading.joined(own_lines(order.nodes_before(base))),
            HtmlScope::Next if self.reading.selector().is_none() => order
                .nodes_after(base)
                .filter_map(ElementRef::wrap)
                .take(most)
                .collect(),
            HtmlScope::Previous if self.reading.selector().is_none() => base
                .prev_siblings()
                .filter_map(ElementRef::wrap)
                .take(most)
                .collect(),
            HtmlScope::Next if is_property => order.next(base, &self.matches).collect(),
            HtmlScope::Next => order.next(base, &self.matches).take(most).collect(),
            HtmlScope::Previous => order.previous(base, &self.matches, most),
            HtmlScope::After => order.after(base, &self.matches).take(most).collect(),
            _ => order.before(base, &self.matches).take(most).collect(),
        };
        if is_property {
            self.texts(outermost(found))
        } else {
            self.texts(found.into_iter())
        }
    }

    fn texts(&self, elements: impl Iterator<Item = ElementRef<'a>>) -> Vec<String> {
        elements
            .take(self.most())
            .flat_map(|element| self.reading.texts(element))
            .collect()
    }

    fn edited(&self, texts: Vec<String>) -> Vec<String> {
        let edited = texts.into_iter().filter_map(|text| match &self.reading.edit {
            Some(edit) => edit.apply(text.trim()),
            None => Some(text),
        });
        edited
            .map(|text| trimmed(&text))
            .filter(|text| !text.is_empty())
            .collect()
    }
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// Of microdata properties those of the outermost item: a property of an item inside it (the venue's `name`) is not its
/// own.
fn outermost<'a>(found: Vec<ElementRef<'a>>) -> impl Iterator<Item = ElementRef<'a>> {
    let nesting = |element: &ElementRef<'a>| {
        element
            .ancestors()
            .filter_map(ElementRef::wrap)
            .filter(|above| above.attr("itemscope").is_some())
            .count()
    };
    let least = found.iter().map(nesting).min();
    found
        .into_iter()
        .filter(move |element| Some(nesting(element)) == least)
}
