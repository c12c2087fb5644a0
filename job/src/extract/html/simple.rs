//! Selectors of names, classes, ids and the two combinators that lead up, matched on the attributes as they are. Pure.
//!
//! Most selectors of manifests are such. The general matcher makes an atom of every class of every element it looks at,
//! which takes as long as the parsing of the page.

use html5ever::{LocalName, local_name, ns};
use scraper::{Element as _, ElementRef, node::Element};

/// A list of selectors of which one has to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SimpleSelector(Vec<Complex>);

/// Compounds from right to left, in groups: inside a group each is of the parent of the one before (`>`), and a group
/// is of any ancestor of the group before.
type Complex = Vec<Vec<Compound>>;

/// What one element has to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Compound {
    /// As written and in lower case, which is how names of HTML elements are compared.
    name: Option<(LocalName, LocalName)>,
    id: Option<String>,
    classes: Vec<String>,
}

impl SimpleSelector {
    /// Reads `css`, which is known to be a selector; `None` where there is more in it than this knows.
    pub(super) fn parse(css: &str) -> Option<Self> {
        css.split(',').map(complex).collect::<Option<_>>().map(Self)
    }

    /// Whether an element matches.
    pub(super) fn matches(&self, element: ElementRef<'_>) -> bool {
        self.0.iter().any(|complex| complex_matches(complex, element))
    }
}

fn complex(css: &str) -> Option<Complex> {
    let mut groups: Complex = Vec::new();
    let mut is_child = false;
    for part in css.split_ascii_whitespace() {
        if part == ">" {
            is_child = true;
            continue;
        }
        let compound = compound(part)?;
        match groups.last_mut() {
            Some(group) if is_child => group.insert(0, compound),
            _ => groups.push(vec![compound]),
        }
        is_child = false;
    }
    groups.reverse();
    (!groups.is_empty() && !is_child).then_some(groups)
}

fn compound(css: &str) -> Option<Compound> {
    let mut compound = Compound::default();
    let is_mark = |c: char| matches!(c, '.' | '#');
    let (name, mut rest) = css.split_at(css.find(is_mark).unwrap_or(css.len()));
    if !name.is_empty() {
        let lower = name.to_ascii_lowercase();
        compound.name = Some((LocalName::from(identifier(name)?), LocalName::from(lower)));
    }
    while let Some(mark) = rest.chars().next() {
        let value = &rest[1..];
        let (value, after) = value.split_at(value.find(is_mark).unwrap_or(value.len()));
        let value = identifier(value)?.to_owned();
        match mark {
            '.' => compound.classes.push(value),
            _ if compound.id.is_none() => compound.id = Some(value),
            _ => return None,
        }
        rest = after;
    }
    Some(compound)
}

/// An identifier of CSS without escapes and of ASCII alone.
fn identifier(text: &str) -> Option<&str> {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && text.bytes().all(is_inside)).then_some(text)
}

/// The lowest place of each group leaves the most elements to the next, so that nothing has to be tried twice.
fn complex_matches(groups: &[Vec<Compound>], element: ElementRef<'_>) -> bool {
    let Some((first, rest)) = groups.split_first() else {
        return false;
    };
    let Some(mut top) = place(first, element) else {
        return false;
    };
    rest.iter().all(|group| {
        let mut above = std::iter::successors(top.parent_element(), ElementRef::parent_element);
        let found = above.find_map(|element| place(group, element));
        if let Some(found) = found {
            top = found;
        }
        found.is_some()
    })
}

/// The highest element of a group whose lowest is `element`.
fn place<'a>(group: &[Compound], element: ElementRef<'a>) -> Option<ElementRef<'a>> {
    let mut top = element;
    for (at, compound) in group.iter().enumerate() {
        if at > 0 {
            top = top.parent_element()?;
        }
        if !compound.matches(top.value()) {
            return None;
        }
    }
    Some(top)
}

impl Compound {
    fn matches(&self, element: &Element) -> bool {
        let is_named = self.name.as_ref().is_none_or(|(written, lower)| {
            let name = if element.name.ns == ns!(html) {
                lower
            } else {
                written
            };
            element.name.local == *name
        });
        is_named
            && self.id.as_ref().is_none_or(|id| has_id(element, id))
            && self.classes.iter().all(|class| has_class(element, class))
    }
}

fn has_id(element: &Element, id: &str) -> bool {
    let mut ids = element
        .attrs
        .iter()
        .filter(|(name, _)| name.local == local_name!("id"));
    ids.next().is_some_and(|(_, value)| **value == *id)
}

fn has_class(element: &Element, class: &str) -> bool {
    let mut lists = element
        .attrs
        .iter()
        .filter(|(name, _)| name.local == local_name!("class"));
    lists.any(|(_, list)| list.len() >= class.len() && list.split_ascii_whitespace().any(|own| own == class))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scraper::{Html, Selector};

    use super::*;

    fn both(css: &str, html: &str) -> (Vec<String>, Vec<String>) {
        let (simple, general) = (
            SimpleSelector::parse(css).expect(css),
            Selector::parse(css).expect(css),
        );
        let page = Html::parse_document(html);
        let found = |matches: &dyn Fn(ElementRef<'_>) -> bool| {
            let elements = page.tree.nodes().filter_map(ElementRef::wrap);
            elements
                .filter(|element| matches(*element))
                .map(|element| element.html())
                .collect()
        };
        (
            found(&|element| simple.matches(element)),
            found(&|element| general.matches(&element)),
        )
    }

    #[test]
    fn what_matches_is_what_the_general_matcher_finds() {
        let html = "<div class='a b' id=x><p class=a><i>1</i></p><P CLASS='b\na-b'><a>2</a></p>\
            <svg><linearGradient class=b id=y><a/></linearGradient></svg></div><section class=A><a id=x></section>";
        for (css, count) in [
            ("p", 2),
            ("P", 2),
            (".a", 2),
            (".A", 1),
            (".b.a", 1),
            ("div#x.b", 1),
            ("#x", 2),
            ("div a", 2),
            ("div > p > a", 1),
            (".a > .a i", 1),
            ("div > a", 0),
            ("body .a-b a , i", 2),
            ("lineargradient", 0),
            ("linearGradient a", 1),
            ("html > body > div p", 2),
        ] {
            let (simple, general) = both(css, html);
            assert_eq!(simple, general, "{css}");
            assert_eq!(simple.len(), count, "{css}");
        }
    }

    #[test]
    fn what_is_not_simple_is_left_to_the_general_matcher() {
        for css in [
            "a[href]",
            "a:first-child",
            "*",
            "a + b",
            "a ~ b",
            "a>b",
            ".\\31",
            "é",
            "a, ",
            "-a",
            "a##b",
            ":scope > a",
        ] {
            assert_eq!(SimpleSelector::parse(css), None, "{css}");
        }
    }

    proptest! {
        #[test]
        fn pages_and_selectors_of_any_kind_match_alike(
            html in "(<(div|p|b|svg|table|td)( class='?(a|b|a b)'| id=a)?>|</(div|p|b|svg|table)>|x){0,40}",
            css in "(div|p|b|\\.a|\\.b|p\\.a|#a|td)(( | > )(div|p|b|\\.a|\\.b|p\\.a|#a)){0,4}(, (p|\\.b))?",
        ) {
            let (simple, general) = both(&css, &html);
            prop_assert_eq!(simple, general);
        }
    }
}
