//! A parsed page of HTML. Pure.

use scraper::{ElementRef, Html};

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
        self.select(selector)
            .map(|element| element.text().collect())
            .collect()
    }

    /// The attribute `name` of every element that matches and has it: pages keep JSON there too.
    pub fn attributes(&self, selector: &CompiledSelector, name: &str) -> Vec<String> {
        self.select(selector)
            .filter_map(|element| element.attr(name))
            .map(str::to_owned)
            .collect()
    }

    /// The address of the first match that has one, or of the first `a` or `link` inside it, as written. Addresses that
    /// lead nowhere (`#`, `javascript:`) are passed over.
    pub fn next_link(&self, selector: &CompiledSelector) -> Option<String> {
        self.select(selector).find_map(|found| {
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
    pub(super) fn select<'a, 's>(
        &'a self,
        selector: &'s CompiledSelector,
    ) -> impl Iterator<Item = ElementRef<'a>> + use<'a, 's> {
        let root = self.root();
        root.filter(|root| selector.matches(*root))
            .into_iter()
            .chain(root.into_iter().flat_map(|root| selector.inside(root)))
    }
}

fn leads_somewhere(href: &str) -> bool {
    !href.is_empty()
        && !href.starts_with('#')
        && !href
            .get(..11)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("javascript:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::html::compile_selector;

    fn page(html: &str) -> HtmlPage {
        HtmlPage::parse(html, &HtmlLimits::default()).unwrap()
    }

    #[test]
    fn the_base_is_that_of_the_first_base_element_with_an_address() {
        assert_eq!(
            page("<base target=x><base href=' /a/ '><base href=/b/>")
                .base_href()
                .as_deref(),
            Some("/a/")
        );
        assert_eq!(page("<p>").base_href(), None);
    }

    #[test]
    fn scripts_are_given_raw_and_in_document_order() {
        let html =
            "<script type=application/json>{\"a\": \"<b>&amp;\"}</script><div><script>1</script></div>";
        let selector = compile_selector("script", "p").unwrap();
        assert_eq!(page(html).scripts(&selector), ["{\"a\": \"<b>&amp;\"}", "1"]);
    }

    #[test]
    fn the_next_link_is_the_match_or_a_link_inside_it() {
        let next = |html: &str, css: &str| page(html).next_link(&compile_selector(css, "p").unwrap());
        assert_eq!(
            next("<a rel=next href=?page=2&amp;x=1>", "a[rel=next]").as_deref(),
            Some("?page=2&x=1")
        );
        assert_eq!(
            next("<link rel=next href=/2>", "[rel=next]").as_deref(),
            Some("/2")
        );
        assert_eq!(
            next("<li class=next><span></span><a href=/3>", ".next").as_deref(),
            Some("/3")
        );
        assert_eq!(
            next(
                "<a class=next href=#><a class=next href=JavaScript:go()><a class=next href=/4>",
                ".next"
            )
            .as_deref(),
            Some("/4")
        );
        assert_eq!(next("<a class=next>end</a>", ".next"), None);
    }

    #[test]
    fn an_empty_page_has_a_root_and_no_matches() {
        assert!(page("").root().is_some());
        assert_eq!(
            page("").scripts(&compile_selector("script", "p").unwrap()),
            Vec::<String>::new()
        );
        assert_eq!(
            page("x").select(&compile_selector(":root", "p").unwrap()).count(),
            1
        );
    }

    #[test]
    fn matches_come_in_document_order_even_where_the_parser_moves_elements() {
        let page = page("<table><tr><td><i>2</i></td></tr><i>1</i></table>");
        let found: Vec<_> = page
            .select(&compile_selector("i", "p").unwrap())
            .map(|i| i.inner_html())
            .collect();
        assert_eq!(found, ["1", "2"]);
    }
}
