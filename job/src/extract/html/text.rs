//! Elements to text, as a reader sees it. Pure.
//!
//! White space is collapsed, `<br>` and block elements end a line, what a browser does not show is left out.

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};

/// Whether a node is entered or left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Enter,
    Leave,
}

/// Visits everything below `root` in document order, without recursion. Where `visit` answers `false` to
/// [`Step::Enter`], the children of that node are left out.
pub(super) fn walk<'a>(root: NodeRef<'a, Node>, mut visit: impl FnMut(Step, NodeRef<'a, Node>) -> bool) {
    let mut next = root.first_child();
    while let Some(mut node) = next {
        if visit(Step::Enter, node) && node.has_children() {
            next = node.first_child();
            continue;
        }
        next = loop {
            visit(Step::Leave, node);
            if let Some(sibling) = node.next_sibling() {
                break Some(sibling);
            }
            match node.parent() {
                Some(parent) if parent.id() != root.id() => node = parent,
                _ => break None,
            }
        };
    }
}

/// The text of an element: its lines joined by a space.
pub(super) fn text_of(element: ElementRef<'_>) -> String {
    read(element).joined()
}

/// The non-empty lines of an element.
pub(super) fn lines_of(element: ElementRef<'_>) -> Vec<String> {
    read(element).finish()
}

fn read(element: ElementRef<'_>) -> Lines {
    let mut lines = Lines {
        preformatted: usize::from(is_preformatted(*element)),
        ..Lines::default()
    };
    walk(*element, |step, node| lines.take(step, node));
    lines
}

/// What [`lines_of`] gives of a page that is `text` and nothing else: without tags and references.
pub(super) fn lines_of_text(text: &str) -> Vec<String> {
    let mut lines = Lines::default();
    lines.push(text);
    lines.finish()
}

/// The non-empty lines of the texts among `nodes` themselves, without those of elements.
pub(super) fn own_lines<'a>(nodes: impl Iterator<Item = NodeRef<'a, Node>>) -> Vec<String> {
    let mut lines = Lines::default();
    for node in nodes {
        match node.value() {
            Node::Text(text) => lines.push(text),
            Node::Element(element) if element.name() == "br" || is_block(element.name()) => lines.end_line(),
            // What is left out stands between words.
            Node::Element(_) => lines.space = true,
            _ => {}
        }
    }
    lines.finish()
}

#[derive(Default)]
struct Lines {
    done: Vec<String>,
    line: String,
    space: bool,
    preformatted: usize,
}

impl Lines {
    /// Takes one step of [`walk`].
    fn take(&mut self, step: Step, node: NodeRef<'_, Node>) -> bool {
        match node.value() {
            Node::Text(text) if step == Step::Enter => self.push(text),
            Node::Element(_) if is_hidden(node) => return false,
            Node::Element(element) => {
                if is_block(element.name()) || element.name() == "br" {
                    self.end_line();
                }
                if is_preformatted(node) {
                    match step {
                        Step::Enter => self.preformatted += 1,
                        Step::Leave => self.preformatted -= 1,
                    }
                }
            }
            _ => {}
        }
        true
    }

    fn push(&mut self, text: &str) {
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            // Words of ASCII, which most text is made of, are copied as a whole.
            let words = plain_words(rest.as_bytes());
            if words > 0 {
                self.begin_word();
                self.line.push_str(&rest[..words]);
                rest = &rest[words..];
                continue;
            }
            rest = &rest[character.len_utf8()..];
            if character == '\n' && self.preformatted > 0 {
                self.end_line();
            } else if character.is_whitespace() {
                self.space = true;
            } else if !self.is_invisible(character) {
                self.begin_word();
                self.line.push(character);
            }
        }
    }

    /// Writes the space that is due before what comes now.
    fn begin_word(&mut self) {
        if self.space && !self.line.is_empty() {
            self.line.push(' ');
        }
        self.space = false;
    }

    /// Zero-width and control characters. Joiners count only after ASCII: in emoji and in Indic and Arabic scripts they
    /// are part of the word.
    fn is_invisible(&self, character: char) -> bool {
        match character {
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' => true,
            '\u{200c}' | '\u{200d}' => {
                self.space || self.line.chars().next_back().is_none_or(|last| last.is_ascii())
            }
            other => other.is_control(),
        }
    }

    fn end_line(&mut self) {
        self.space = false;
        if !self.line.is_empty() {
            self.done.push(std::mem::take(&mut self.line));
        }
    }

    fn finish(mut self) -> Vec<String> {
        self.end_line();
        self.done
    }

    /// The lines as one text. Mostly there is no more than one.
    fn joined(self) -> String {
        match self.done.is_empty() {
            true => self.line,
            false => self.finish().join(" "),
        }
    }
}

/// How many bytes at the beginning are words of ASCII with one space between two.
fn plain_words(text: &[u8]) -> usize {
    let mut end = 0;
    for (at, byte) in text.iter().enumerate() {
        if byte.is_ascii_graphic() {
            end = at + 1;
        } else if *byte != b' ' || end == 0 || end < at {
            break;
        }
    }
    end
}

/// What a browser never shows as text.
fn is_hidden(node: NodeRef<'_, Node>) -> bool {
    let Some(element) = node.value().as_element() else {
        return false;
    };
    match element.name() {
        "head" | "script" | "style" | "template" | "noscript" | "iframe" | "noembed" | "noframes" => true,
        // Inside <svg> they describe the picture; <title> in HTML stands in the head.
        "title" | "desc" | "metadata" => element.name.ns != html5ever::ns!(html),
        _ => false,
    }
}

fn is_preformatted(node: NodeRef<'_, Node>) -> bool {
    node.value()
        .as_element()
        .is_some_and(|element| matches!(element.name(), "pre" | "textarea" | "listing"))
}

/// Elements that the HTML standard's style sheet does not display inline (section 15.3).
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "optgroup"
            | "option"
            | "p"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

#[cfg(test)]
mod tests;
