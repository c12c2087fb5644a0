//! A parsed page of HTML. Pure.

use scraper::{ElementRef, Html, Selector};

use super::limits::HtmlLimits;
use super::parse::parse;
use super::selector::CompiledSelector;
use crate::extract::error::ExtractError;

/// A page of HTML, or a piece of one, as a tree. Not [`Send`]: it stays on the thread that parsed it.
#[derive(Debug)]
pub struct HtmlPage {
    html: Html,
}

impl HtmlPage {
    /// Parses HTML. Nothing is too malformed for HTML, so the only error is [`ExtractError::Limit`].
    pub fn parse(text: &str, limits: &HtmlLimits) -> Result<Self, ExtractError> {
        Ok(Self {
            html: parse(text, limits)?,
        })
    }

    /// `<base href>`, as written: what relative addresses of the page are relative to.
    pub fn base_href(&self) -> Option<String> {
        self.elements()
            .filter(|element| element.value().name() == "base")
            .find_map(|element| element.attr("href"))
            .map(|href| href.trim().to_owned())
    }

    /// The raw text of each match in document order, e.g. of `script#data`.
    pub fn scripts(&self, selector: &CompiledSelector) -> Vec<String> {
        self.select(&selector.0)
            .map(|element| element.text().collect())
            .collect()
    }

    /// The address of the first match that has one, or of the first `a` or `link` inside it, as written. Addresses that
    /// lead nowhere (`#`, `javascript:`) are passed over.
    pub fn next_link(&self, selector: &CompiledSelector) -> Option<String> {
        self.select(&selector.0).find_map(|found| {
            std::iter::once(found)
                .chain(
                    found
                        .descendent_elements()
                        .skip(1)
                        .filter(|inner| matches!(inner.value().name(), "a" | "link")),
                )
                .find_map(|element| {
                    element
                        .attr("href")
                        .map(str::trim)
                        .filter(|href| leads_somewhere(href))
                })
                .map(str::to_owned)
        })
    }

    /// The `<html>` element. A parsed page always has one, even an empty page.
    pub(super) fn root(&self) -> Option<ElementRef<'_>> {
        self.html.tree.root().children().find_map(ElementRef::wrap)
    }

    /// Every element in document order.
    pub(super) fn elements(&self) -> impl Iterator<Item = ElementRef<'_>> {
        self.root()
            .into_iter()
            .flat_map(|root| root.descendent_elements())
    }

    /// Every match in document order.
    pub(super) fn select<'a>(&'a self, selector: &Selector) -> impl Iterator<Item = ElementRef<'a>> {
        let root = self.root();
        root.filter(|root| selector.matches(root))
            .into_iter()
            .chain(root.into_iter().flat_map(|root| root.select(selector)))
    }
}

fn leads_somewhere(href: &str) -> bool {
    !href.is_empty()
        && !href.starts_with('#')
        && !href
            .get(..11)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("javascript:"))
}
