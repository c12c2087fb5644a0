//! Reads one field from the items of a page: finds the scope, the elements in it, and their texts. Pure.

use ego_tree::NodeId;
use scraper::{Element, ElementRef};
use sms_crds::v1alpha1::HtmlScope;

use super::field::{Part, Reading, Target};
use super::order::{Order, Placed};
use super::page::HtmlPage;
use super::text::own_lines;

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
            // No two items are one element.
            HtmlScope::Item if self.reading.closest.is_none() => return self.edited(self.inside(base)),
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
                .find(|element| closest.matches(*element)),
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
            Target::Select(selector) => self.texts(selector.inside(scope)),
            Target::Property(selector) if whole_page => {
                self.texts(outermost(self.page.select(selector).collect()))
            }
            Target::Property(selector) => self.texts(outermost(selector.inside(scope).collect())),
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
        edited.map(trimmed).filter(|text| !text.is_empty()).collect()
    }
}

fn trimmed(text: String) -> String {
    match text.trim() {
        inside if inside.len() < text.len() => inside.to_owned(),
        _ => text,
    }
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
