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
            let word = rest.bytes().take_while(u8::is_ascii_graphic).count();
            if word > 0 {
                self.begin_word();
                self.line.push_str(&rest[..word]);
                rest = &rest[word..];
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
mod tests {
    use super::*;
    use crate::extract::html::{HtmlLimits, HtmlPage};

    fn text(html: &str) -> String {
        text_of(
            HtmlPage::parse(html, &HtmlLimits::default())
                .unwrap()
                .root()
                .unwrap(),
        )
    }

    #[test]
    fn blocks_and_breaks_part_words_and_inline_elements_do_not() {
        assert_eq!(text("<p>a</p><p>b</p>"), "a b");
        assert_eq!(text("<b>a</b>b"), "ab");
        assert_eq!(text("a<br>b<br/>c"), "a b c");
        assert_eq!(text("<ul><li>a<li>b</ul>c"), "a b c");
        assert_eq!(text("<table><tr><td>a</td><td>b</td></tr></table>"), "a b");
        assert_eq!(text("a<hr>b<wbr>c<span>d </span> e"), "a bcd e");
    }

    #[test]
    fn white_space_collapses_and_what_has_no_width_goes() {
        assert_eq!(text("  a\n\t b&nbsp;&nbsp;c&#8239;d&emsp; "), "a b c d");
        assert_eq!(text("a&#8203;b&shy;c&#xfeff;d&lrm;e&#1;f"), "abcdef");
        assert_eq!(text("a&zwj;b c&zwnj;"), "ab c");
        assert_eq!(text("👩&zwj;👧 می&zwnj;خواهم"), "👩\u{200d}👧 می\u{200c}خواهم");
    }

    #[test]
    fn what_a_browser_does_not_show_is_left_out() {
        assert_eq!(
            text(
                "<title>t</title>a<script>b</script><style>c</style><noscript>d</noscript><template>e</template><iframe>f</iframe><svg><title>g</title></svg><!-- h -->"
            ),
            "a"
        );
    }

    #[test]
    fn what_is_hidden_can_still_be_read_when_it_is_what_was_selected() {
        let page = HtmlPage::parse("<script>var  a = 1;</script>", &HtmlLimits::default()).unwrap();
        let script = page
            .elements()
            .find(|element| element.value().name() == "script")
            .unwrap();
        assert_eq!(text_of(script), "var a = 1;");
    }

    #[test]
    fn lines_end_at_breaks_blocks_and_where_preformatted_text_breaks() {
        let page = HtmlPage::parse(
            "<div> a <br><br>b<i>c</i><p>d\ne</p>f<pre>g\nh</pre>\n</div>",
            &HtmlLimits::default(),
        );
        assert_eq!(
            lines_of(page.unwrap().root().unwrap()),
            ["a", "bc", "d e", "f", "g", "h"]
        );
    }

    #[test]
    fn walking_stays_below_its_root() {
        let page = HtmlPage::parse("<div id=x><p>a</p></div><p>b</p>", &HtmlLimits::default()).unwrap();
        let root = page
            .elements()
            .find(|element| element.attr("id") == Some("x"))
            .unwrap();
        let mut names = Vec::new();
        walk(*root, |step, node| {
            names.push((
                step == Step::Enter,
                node.value().as_element().map(|e| e.name().to_owned()),
            ));
            true
        });
        let p = Some("p".to_owned());
        assert_eq!(
            names,
            [(true, p.clone()), (true, None), (false, None), (false, p)]
        );
    }
}
