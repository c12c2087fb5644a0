//! The scripts of a page and its `<base>`, found without a tree. Pure.
//!
//! A page of JSON-LD is read for its scripts alone, and a tree of the rest costs ten times what reading past it does. This
//! follows the tokenizer of WHATWG HTML where it matters: tags with quoted attributes, comments, and elements whose
//! content is raw text. Whatever depends on the tree (scripts in foreign elements and templates, references in the
//! attributes that count) ends the scan with `None`: the page is then parsed. Linear, without recursion.

mod around;
mod attributes;

use std::borrow::Cow;

use memchr::{memchr2, memmem};

use self::{
    around::{Around, RAW},
    attributes::{Attributes, Next},
};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan<'t> {
    /// The content of every script of the wanted type, in the order of the text; a tree has what stands at a wrong place
    /// of a table before that table.
    pub scripts: Vec<Cow<'t, str>>,
    /// The first `<base href>`, as written.
    pub base: Option<String>,
}

/// The scripts of `html` whose `type` holds `kind` (in lower case), whatever its case.
pub fn scan<'t>(html: &'t str, kind: &str) -> Option<Scan<'t>> {
    let mut found = Scan::default();
    let mut around = Around::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = after_comment(comment);
            continue;
        }
        let closes = rest.starts_with('/');
        let name_at = usize::from(closes);
        if !rest[name_at..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            if around.is_foreign() && rest.starts_with("![") {
                return None;
            }
            if rest.starts_with(['!', '?', '/']) {
                rest = after(rest, ">");
            }
            continue;
        }
        let name_end = rest[name_at..]
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
            .map_or(rest.len(), |end| end + name_at);
        let name = lower(&rest[name_at..name_end]);
        let mut attributes = Attributes::new(&rest[name_end..]);
        let (mut type_of, mut href) = (None, None);
        loop {
            let (attribute, value) = match attributes.next() {
                Next::Attribute(attribute, value) => (attribute, value),
                Next::End => break,
                Next::Cut => return Some(found),
            };
            match &*name {
                "script" if attribute.eq_ignore_ascii_case("type") => _ = type_of.get_or_insert(value),
                "base" if attribute.eq_ignore_ascii_case("href") => _ = href.get_or_insert(value),
                _ => {}
            }
        }
        rest = attributes.rest;
        if !around.take(&name, closes, attributes.closes_itself) {
            return None;
        }
        match &*name {
            _ if closes => {}
            "base" => {
                if href.is_some_and(|href| href.contains(['&', '\0', '\r'])) {
                    return None;
                }
                if found.base.is_none() {
                    found.base = href.map(|href| href.trim().to_owned());
                }
            }
            "script" => {
                let (content, after) = raw_text(rest, "script");
                let kind_of = type_of.unwrap_or_default();
                // After such a mark the end of a script may be none.
                if kind_of.contains('&') || memmem::find(content.as_bytes(), b"<!--").is_some() {
                    return None;
                }
                if kind_of.to_ascii_lowercase().contains(kind) {
                    found.scripts.push(normalised(content));
                }
                rest = after;
            }
            raw if RAW.contains(&raw) => {
                let (content, after) = raw_text(rest, raw);
                // In foreign elements it is no raw text, which makes no difference where it holds no tag.
                if around.is_foreign() && content.contains('<') {
                    return None;
                }
                rest = after;
            }
            _ => {}
        }
    }
    Some(found)
}

fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// What follows the first `mark`, nothing where there is none.
fn after<'t>(text: &'t str, mark: &str) -> &'t str {
    text.find(mark).map_or("", |at| &text[at + mark.len()..])
}

/// What follows a comment whose `<!--` is read.
fn after_comment(text: &str) -> &str {
    for abrupt in [">", "->"] {
        if let Some(rest) = text.strip_prefix(abrupt) {
            return rest;
        }
    }
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        rest = &rest[at + 2..];
        let end = rest.strip_prefix('>').or_else(|| rest.strip_prefix("!>"));
        if let Some(end) = end {
            return end;
        }
        // `--->`: the second and third may be the two that count.
        if rest.starts_with('-') {
            rest = &text[text.len() - rest.len() - 1..];
        }
    }
    ""
}

/// The content of an element up to its end tag, and what follows the name in that.
fn raw_text<'t>(text: &'t str, name: &str) -> (&'t str, &'t str) {
    let mut at = 0;
    while let Some(found) = memmem::find(&text.as_bytes()[at..], b"</") {
        at += found;
        let tail = &text[at + 2..];
        let is_name = tail
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        if is_name
            && tail[name.len()..].starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
        {
            return (&text[..at], &text[at..]);
        }
        at += 2;
    }
    (text, "")
}

/// Line ends and null characters as the tokenizer gives them.
fn normalised(text: &str) -> Cow<'_, str> {
    if memchr2(b'\r', b'\0', text.as_bytes()).is_some() {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::extract::html::{HtmlLimits, HtmlPage, compile_selector};

    const SELECTOR: &str = "script[type*=\"ld+json\" i]";

    fn of_tree(html: &str) -> Scan<'static> {
        let page = HtmlPage::parse(html, &HtmlLimits::default()).unwrap();
        Scan {
            scripts: page
                .scripts(&compile_selector(SELECTOR, "p").unwrap())
                .into_iter()
                .map(Cow::Owned)
                .collect(),
            base: page.base_href(),
        }
    }

    #[test]
    fn scripts_are_those_of_the_tree() {
        let script = "<script type=application/ld+json>{\"a\": \"<b>&amp;</b>\"}</script>";
        for html in [
            format!("<html><head>{script}</head><body>{script}</body></html>"),
            format!("<!-- {script} --><p title='{script}'>{script}"),
            format!(
                "<!-->{script}<!--->{script}<!-- a --!>{script}<!-- a --->{script}<!---->{script}<!-- {script}"
            ),
            format!("<title>{script}</title><style>{script}</style>{script}<textarea>{script}</textarea>"),
            format!("<TITLE>x</Title >{script}<script>\"<script>\"</script>{script}"),
            "<SCRIPT TYPE = ' Application/LD+JSON ' type=x>1</SCRIPT x>2".to_owned(),
            "<script type=\"application/ld+json\"/>1</script><script a/type=application/ld+json>2".to_owned(),
            "<script type=application/ld+json>a\r\nb\rc\0</scriptx></script\n>".to_owned(),
            format!("<base target=x><base href=' /a/ '><base href=/b/>{script}"),
            format!("<noscript>{script}</noscript><table><tr>{script}<td>{script}</table>"),
            format!("<svg><title>a</title><style>p{{}}</style><path d='M0'/></svg><svg/>{script}"),
            format!("a < b <3 <? {script} ?> </ {script} > <!doctype html>{script}</p a='>'>{script}"),
            format!("{script}<p title="),
            format!("<a =b = c>{script}<a b=/>{script}<a b='c'd='e'>{script}"),
        ] {
            assert_eq!(scan(&html, "ld+json"), Some(of_tree(&html)), "{html}");
        }
    }

    #[test]
    fn what_depends_on_the_tree_is_left_to_it() {
        let script = "<script type=application/ld+json>1</script>";
        for html in [
            format!("<svg>{script}</svg>"),
            format!("<svg><p><style></svg>{script}"),
            format!("<select><title></select>{script}"),
            format!("<template>{script}</template>"),
            format!("<template/>{script}"),
            "<script type=application/ld+json><!-- <script> </script> --></script>".to_owned(),
            "<script type='application/ld&#43;json'>1</script>".to_owned(),
            "<base href='?a=1&amp;b=2'>".to_owned(),
            format!("<plaintext>{script}"),
        ] {
            assert_eq!(scan(&html, "ld+json"), None, "{html}");
        }
    }

    #[test]
    fn long_pages_of_one_kind_take_no_longer_than_others() {
        let begin = std::time::Instant::now();
        for part in [
            "<", "<!--", "<!-- -", "</", "<a b='", "<script>", "</script", "<title>", "<p a=b", "--", "<svg>",
        ] {
            let _ = scan(&part.repeat(200_000), "ld+json");
        }
        assert!(
            begin.elapsed() < std::time::Duration::from_secs(20),
            "{:?}",
            begin.elapsed()
        );
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_the_tree_has(html in "(<(/?(script type=ld\\+json|script|title|p|svg|table|td|template|style|select|base href=/a|!--|noscript)( x='?| |/)?>?)|[ -~]|</script>|-->|é|\r){0,60}") {
            if let (Some(found), true) = (scan(&html, "ld+json"), HtmlPage::parse(&html, &HtmlLimits::default()).is_ok()) {
                let (mut found, mut expected) = (found, of_tree(&html));
                found.scripts.sort();
                expected.scripts.sort();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
