//! CSS selectors, compiled once. Pure.

use ego_tree::NodeRef;
use scraper::{ElementRef, Node, Selector, element_ref::Select, error::SelectorErrorKind};

use super::simple::SimpleSelector;
use crate::extract::error::PlanError;

/// Longest selector, in bytes, as in the manifest's schema.
const LONGEST: usize = 1024;

/// A CSS selector that compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledSelector {
    general: Selector,
    /// The same, where it is simple.
    simple: Option<SimpleSelector>,
}

impl CompiledSelector {
    /// Whether an element matches; `:scope` is the root.
    pub(super) fn matches(&self, element: ElementRef<'_>) -> bool {
        match &self.simple {
            Some(simple) => simple.matches(element),
            None => self.general.matches(&element),
        }
    }

    /// The matches inside of `scope` in document order.
    pub(super) fn inside<'a, 's>(&'s self, scope: ElementRef<'a>) -> Matches<'a, 's> {
        match &self.simple {
            Some(simple) => Matches::Simple(
                simple,
                Inside {
                    scope,
                    next: scope.first_child(),
                },
            ),
            None => Matches::General(Box::new(scope.select(&self.general))),
        }
    }
}

/// Matches of a selector in document order.
pub(super) enum Matches<'a, 's> {
    Simple(&'s SimpleSelector, Inside<'a>),
    General(Box<Select<'a, 's>>),
}

impl<'a> Iterator for Matches<'a, '_> {
    type Item = ElementRef<'a>;

    fn next(&mut self) -> Option<ElementRef<'a>> {
        match self {
            Self::Simple(selector, inside) => inside.find(|element| selector.matches(*element)),
            Self::General(select) => select.next(),
        }
    }
}

/// The elements inside of one, in document order.
pub(super) struct Inside<'a> {
    scope: ElementRef<'a>,
    next: Option<NodeRef<'a, Node>>,
}

impl<'a> Iterator for Inside<'a> {
    type Item = ElementRef<'a>;

    fn next(&mut self) -> Option<ElementRef<'a>> {
        while let Some(node) = self.next {
            self.next = node.first_child().or_else(|| {
                let above = std::iter::successors(Some(node), NodeRef::parent);
                above
                    .take_while(|node| node.id() != self.scope.id())
                    .find_map(|node| node.next_sibling())
            });
            if let Some(element) = ElementRef::wrap(node) {
                return Some(element);
            }
        }
        None
    }
}

/// Compiles `css`; an error names `path`, the selector, and what is wrong with it.
pub fn compile_selector(css: &str, path: &str) -> Result<CompiledSelector, PlanError> {
    if css.len() > LONGEST {
        return Err(PlanError::new(
            path,
            format!("a selector has at most {LONGEST} bytes, not {}", css.len()),
        ));
    }
    let general = Selector::parse(css).map_err(|error| {
        PlanError::new(
            path,
            format!("{css:?} is not a CSS selector: {}", explain(css, &error)),
        )
    })?;
    let simple = SimpleSelector::parse(css);
    Ok(CompiledSelector { general, simple })
}

fn explain(css: &str, error: &SelectorErrorKind) -> String {
    if let Some(hint) = hint(css) {
        return hint.to_owned();
    }
    match error {
        SelectorErrorKind::UnexpectedToken => "it has a character where CSS allows none".to_owned(),
        SelectorErrorKind::EndOfLine => "it ends too early; close brackets and quotes".to_owned(),
        SelectorErrorKind::TooManyNestedBlocks => "it is nested too deeply".to_owned(),
        SelectorErrorKind::UnexpectedSelectorParseError(kind) => words(&format!("{kind:?}")),
        other => words(&format!("{other:?}")),
    }
}

/// What people write who come from another tool.
fn hint(css: &str) -> Option<&'static str> {
    let css = css.trim();
    if css.is_empty() {
        return Some("it is empty");
    }
    if css.starts_with(['>', '+', '~']) {
        return Some("it begins with a combinator; write `:scope` before it");
    }
    if css.starts_with('/') {
        return Some("it looks like XPath; write CSS, e.g. `div.event > a`");
    }
    if css.contains("::") {
        return Some("pseudo-elements do not exist in a document; use `attribute`, or leave `::text` out");
    }
    if [":contains(", ":icontains(", ":has-text(", ":matches("]
        .iter()
        .any(|name| css.contains(name))
    {
        return Some(
            "CSS cannot look at text; select the element and use `regex`, or `include` and `exclude`",
        );
    }
    if [":eq(", ":first ", ":last ", ":gt(", ":lt("]
        .iter()
        .any(|name| format!("{css} ").contains(name))
    {
        return Some("that is jQuery; use `:nth-child()`, `:nth-of-type()` or `:first-of-type`");
    }
    None
}

/// `DanglingCombinator` as `dangling combinator`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars().take_while(|c| c.is_alphanumeric()) {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_four_selectors_compile() {
        for css in [
            "div.entry-content h1",
            ":scope > a",
            "div:has(> a, + p)",
            ":is(h1, h2):not(.past, [hidden])",
            "li:nth-child(2n + 1 of .x)",
            "a[href^='http' i]",
            "p:empty, p:last-of-type",
            "#\\31 23",
        ] {
            let compiled = compile_selector(css, "p");
            assert_eq!(
                compiled.is_ok(),
                css != "li:nth-child(2n + 1 of .x)",
                "{css}: {compiled:?}"
            );
        }
    }

    #[test]
    fn an_error_names_the_path_the_selector_and_what_is_wrong() {
        for (css, words) in [
            ("", "empty"),
            ("a[", "ends too early"),
            ("div >", "dangling combinator"),
            ("> a", ":scope"),
            ("p::text", "attribute"),
            ("li:contains('May')", "regex"),
            ("li:eq(2)", ":nth-child()"),
            ("//div[@class='x']", "XPath"),
            ("div:hover", "unsupported pseudo class"),
            ("a)b", "character"),
        ] {
            let error = compile_selector(css, "spec.extract.html.items").unwrap_err();
            assert_eq!(error.path, "spec.extract.html.items");
            assert!(error.problem.contains(words), "{css}: {error}");
            assert!(error.problem.contains(&format!("{css:?}")), "{error}");
        }
    }

    #[test]
    fn a_selector_that_is_too_long_or_too_deep_is_an_error_and_no_crash() {
        assert!(
            compile_selector(&"a".repeat(1025), "p")
                .unwrap_err()
                .problem
                .contains("1024")
        );
        let deep = format!("{}a{}", ":is(".repeat(200), ")".repeat(200));
        let _ = compile_selector(&deep, "p");
        let deep = format!("{}a{}", ":not(".repeat(170), ")".repeat(170));
        if let Ok(selector) = compile_selector(&deep, "p") {
            let page = scraper::Html::parse_document(&"<div>".repeat(400));
            assert!(page.select(&selector.general).count() < 1000);
        }
    }
}
