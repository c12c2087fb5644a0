//! Document order: which elements lie before and after an item, and where its neighbourhood ends. Pure.
//!
//! Positions are found once per page, so that asking for each of ten thousand items stays cheap.

use std::collections::HashMap;

use ego_tree::{NodeId, NodeRef};
use scraper::{Element, ElementRef, Node};

use super::page::HtmlPage;
use super::text::{Step, walk};

/// Numbers of an element and of the last element inside it, in document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: usize,
    last: usize,
}

/// An element and where it lies.
pub(super) type Placed<'a> = (Span, ElementRef<'a>);

/// Where every element of a page lies, and which ones are items.
pub(super) struct Order<'a> {
    spans: HashMap<NodeId, Span>,
    items: Vec<Placed<'a>>,
}

impl<'a> Order<'a> {
    /// Numbers the elements of `page`; `items` are in document order.
    pub(super) fn new(page: &'a HtmlPage, items: &[ElementRef<'a>]) -> Self {
        let mut spans = HashMap::new();
        if let Some(root) = page.root() {
            let mut next = 1;
            walk(*root, |step, node| {
                if node.value().is_element() {
                    match step {
                        Step::Enter => {
                            spans.insert(
                                node.id(),
                                Span {
                                    first: next,
                                    last: next,
                                },
                            );
                            next += 1;
                        }
                        Step::Leave => {
                            if let Some(span) = spans.get_mut(&node.id()) {
                                span.last = next - 1;
                            }
                        }
                    }
                }
                true
            });
            spans.insert(
                root.id(),
                Span {
                    first: 0,
                    last: next - 1,
                },
            );
        }
        let mut order = Self {
            spans,
            items: Vec::new(),
        };
        order.items = order.place(items.iter().copied());
        order
    }

    /// Adds to elements in document order where they lie.
    pub(super) fn place(&self, elements: impl Iterator<Item = ElementRef<'a>>) -> Vec<Placed<'a>> {
        elements
            .filter_map(|element| Some((self.span(*element)?, element)))
            .collect()
    }

    /// The matches among the siblings after `base` and inside them, up to the next item, in document order.
    pub(super) fn next<'m>(
        &self,
        base: ElementRef<'a>,
        matches: &'m [Placed<'a>],
    ) -> impl Iterator<Item = ElementRef<'a>> + use<'a, 'm> {
        let range = match (self.span(*base), self.last_of_next(base)) {
            (Some(span), Some(last)) => starting_after(matches, span.last)..starting_after(matches, last),
            _ => 0..0,
        };
        matches[range].iter().map(|(_, element)| *element)
    }

    /// The matches among the siblings before `base` and inside them, nearest sibling first.
    pub(super) fn previous(
        &self,
        base: ElementRef<'a>,
        matches: &[Placed<'a>],
        most: usize,
    ) -> Vec<ElementRef<'a>> {
        let Some((span, parent)) = self.span(*base).zip(base.parent_element()) else {
            return Vec::new();
        };
        let Some(parent_span) = self.span(*parent) else {
            return Vec::new();
        };
        let range =
            &matches[starting_after(matches, parent_span.first)..starting_before(matches, span.first)];
        let Some((_, last)) = range.last() else {
            return Vec::new();
        };
        // A sibling that matches itself comes before the matches inside it.
        let nearest = child_towards(parent, *last)
            .and_then(|sibling| self.span(sibling))
            .and_then(|sibling| {
                range
                    .get(starting_before(range, sibling.first))
                    .filter(|(span, _)| *span == sibling)
            });
        if most == 1 {
            return vec![nearest.map_or(*last, |(_, element)| *element)];
        }
        range
            .iter()
            .rev()
            .take(most)
            .map(|(_, element)| *element)
            .collect()
    }

    /// The matches after `base`, not inside it, that end before the next item begins, in document order.
    pub(super) fn after<'m>(
        &self,
        base: ElementRef<'a>,
        matches: &'m [Placed<'a>],
    ) -> impl Iterator<Item = ElementRef<'a>> + use<'a, 'm> {
        let end = self.span(*base).map_or(usize::MAX, |span| span.last);
        let limit = self.item_after(end).map_or(usize::MAX, |(span, _)| span.first);
        matches[starting_after(matches, end)..]
            .iter()
            .take_while(move |(span, _)| span.first < limit)
            .filter(move |(span, _)| span.last < limit)
            .map(|(_, element)| *element)
    }

    /// The matches before `base` that do not contain it, nearest first.
    pub(super) fn before<'m>(
        &self,
        base: ElementRef<'a>,
        matches: &'m [Placed<'a>],
    ) -> impl Iterator<Item = ElementRef<'a>> + use<'a, 'm> {
        let start = self.span(*base).map_or(0, |span| span.first);
        matches[..starting_before(matches, start)]
            .iter()
            .rev()
            .filter(move |(span, _)| span.last < start)
            .map(|(_, element)| *element)
    }

    /// The nodes after `base` under the same parent, up to the next item.
    pub(super) fn nodes_after(&self, base: ElementRef<'a>) -> impl Iterator<Item = NodeRef<'a, Node>> {
        let last = self.last_of_next(base).unwrap_or(0);
        base.next_siblings()
            .take_while(move |node| self.span(*node).is_none_or(|span| span.first <= last))
    }

    /// The nodes before `base` under the same parent, down to the previous item, in document order.
    pub(super) fn nodes_before(&self, base: ElementRef<'a>) -> impl Iterator<Item = NodeRef<'a, Node>> {
        let start = self.span(*base).map_or(0, |span| span.first);
        let item = self.items[..starting_before(&self.items, start)]
            .iter()
            .rev()
            .find(|(span, _)| span.last < start)
            .map(|(span, _)| span.first);
        let mut nodes: Vec<_> = base
            .prev_siblings()
            .take_while(|node| self.span(*node).is_none_or(|span| Some(span.first) > item))
            .collect();
        nodes.reverse();
        nodes.into_iter()
    }

    fn span(&self, node: NodeRef<'a, Node>) -> Option<Span> {
        self.spans.get(&node.id()).copied()
    }

    fn item_after(&self, end: usize) -> Option<&Placed<'a>> {
        self.items.get(starting_after(&self.items, end))
    }

    /// Number of the last element of the siblings after `base` that neither are nor contain an item.
    fn last_of_next(&self, base: ElementRef<'a>) -> Option<usize> {
        let parent = base.parent_element()?;
        let (span, parent_span) = (self.span(*base)?, self.span(*parent)?);
        match self.item_after(span.last) {
            Some((item_span, item)) if item_span.first <= parent_span.last => {
                let holder = child_towards(parent, *item).and_then(|holder| self.span(holder))?;
                Some(holder.first - 1)
            }
            _ => Some(parent_span.last),
        }
    }
}

/// The child of `parent` that is or contains `inner`.
fn child_towards<'a>(parent: ElementRef<'a>, inner: ElementRef<'a>) -> Option<NodeRef<'a, Node>> {
    std::iter::once(*inner)
        .chain(inner.ancestors())
        .find(|node| node.parent().is_some_and(|above| above.id() == parent.id()))
}

fn starting_after(matches: &[Placed<'_>], number: usize) -> usize {
    matches.partition_point(|(span, _)| span.first <= number)
}

fn starting_before(matches: &[Placed<'_>], number: usize) -> usize {
    matches.partition_point(|(span, _)| span.first < number)
}
