//! What is open around a place of a page, as far as it changes what a tag means. Pure.

/// Elements whose content is no markup, without `<script>`.
pub(super) const RAW: [&str; 7] = [
    "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes",
];

/// HTML elements that end an SVG or `MathML` element around them.
const BREAK_OUT: [&str; 45] = [
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];

/// What is open around the place that the scan has come to.
#[derive(Default)]
pub(super) struct Around {
    svg: usize,
    math: usize,
    templates: usize,
    select: bool,
}

impl Around {
    /// Whether it is inside of SVG or `MathML`.
    pub(super) fn is_foreign(&self) -> bool {
        self.svg + self.math > 0
    }

    /// Takes a tag in; `false` where only a tree tells what it does.
    pub(super) fn take(&mut self, name: &str, closes: bool, empty: bool) -> bool {
        if matches!(
            name,
            "foreignobject" | "annotation-xml" | "plaintext" | "frameset"
        ) {
            return false;
        }
        let change = |count: &mut usize| match closes {
            true => *count = count.saturating_sub(1),
            false => *count += usize::from(!empty),
        };
        match name {
            "svg" | "math" if self.select => return false,
            "svg" => change(&mut self.svg),
            "math" => change(&mut self.math),
            "template" if self.is_foreign() => return false,
            // Only foreign elements can close themselves.
            "template" if closes => self.templates = self.templates.saturating_sub(1),
            "template" => self.templates += 1,
            "select" => self.select = !closes,
            name if self.is_foreign() && BREAK_OUT.contains(&name) => return false,
            name if self.select && RAW.contains(&name) => return false,
            "script" | "base" if !closes => {
                return !self.is_foreign() && self.templates == 0 && (name == "script" || !self.select);
            }
            _ => {}
        }
        true
    }
}
