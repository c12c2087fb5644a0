//! HTML inside texts: entities decoded, markup turned into plain text. Pure.
//!
//! Only the tokenizer of html5ever is used: it knows the whole entity table and, without a tree, is linear in its
//! input however hostile that is.

use std::{cell::RefCell, sync::LazyLock};

use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
    },
};
use regex::Regex;

/// `&amp;`, `&#8217;`, `&#x2019;`: with the semicolon, since `rock&reggae` is a text and no entity.
static ENTITY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});").ok());

/// Tags of HTML by name, so that `<3` and a band called `<Unknown>` stay.
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)</?(?:a|abbr|address|article|aside|b|big|blockquote|body|br|button|center|code|dd|del|div|dl|dt|em|",
        r"figcaption|figure|font|footer|h[1-6]|header|hr|html|i|iframe|img|ins|label|li|main|mark|nav|ol|p|pre|q|",
        r"s|script|section|small|span|strike|strong|style|sub|sup|svg|table|tbody|td|th|thead|time|tr|tt|u|ul|",
        r#"video|wbr)(?:\s(?:[^<>"']|"[^"]*"|'[^']*')*)?/?>|<!--"#
    ))
    .ok()
});

/// Whether the text holds HTML tags.
pub(super) fn has_tags(text: &str) -> bool {
    text.contains('<') && TAG.as_ref().is_some_and(|tag| tag.is_match(text))
}

/// Whether the text holds a well-formed entity.
fn has_entity(text: &str) -> bool {
    text.contains('&') && ENTITY.as_ref().is_some_and(|entity| entity.is_match(text))
}

/// Entities decoded, and decoded again where the result still holds one (`&amp;#8217;`).
pub(super) fn decode_entities(text: &str) -> String {
    let mut decoded = text.to_owned();
    for _ in 0..2 {
        if !has_entity(&decoded) {
            break;
        }
        decoded = tokenize(&protect(&decoded), false);
    }
    decoded
}

/// Escapes what is neither an entity nor meant as markup, so that the tokenizer decodes entities and nothing else.
fn protect(text: &str) -> String {
    let mut protected = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        protected.push_str(&rest[..at]);
        let tail = &rest[at..];
        let entity = ENTITY
            .as_ref()
            .filter(|_| tail.starts_with('&'))
            .and_then(|entity| {
                // No entity is longer than 33 bytes: looking further would make the loop quadratic.
                let end = (0..=tail.len().min(40))
                    .rev()
                    .find(|end| tail.is_char_boundary(*end))
                    .unwrap_or(0);
                entity
                    .find(&tail[..end])
                    .filter(|found| found.start() == 0)
                    .map(|found| found.end())
            });
        let taken = if let Some(length) = entity {
            protected.push_str(&tail[..length]);
            length
        } else {
            protected.push_str(if tail.starts_with('&') { "&amp;" } else { "&lt;" });
            1
        };
        rest = &tail[taken..];
    }
    protected.push_str(rest);
    protected
}

/// The text of a piece of HTML: tags, comments, scripts and styles removed, a line for each block.
pub(super) fn to_plain_text(html: &str) -> String {
    tokenize(html, true)
}

fn tokenize(html: &str, lines: bool) -> String {
    let sink = TextSink {
        text: RefCell::new(String::with_capacity(html.len())),
        lines,
        skip: RefCell::new(None),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.text.take()
}

struct TextSink {
    text: RefCell<String>,
    lines: bool,
    /// Name of the element whose content is no text.
    skip: RefCell<Option<String>>,
}

impl TokenSink for TextSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(characters) if self.skip.borrow().is_none() => {
                self.text.borrow_mut().push_str(&characters);
            }
            Token::TagToken(tag) => {
                let name = tag.name.as_ref();
                if tag.kind == TagKind::EndTag && self.skip.borrow().as_deref() == Some(name) {
                    self.skip.replace(None);
                }
                if self.lines {
                    self.text.borrow_mut().push_str(gap(name));
                }
                if tag.kind == TagKind::StartTag && !tag.self_closing {
                    let raw = match name {
                        "script" => RawKind::ScriptData,
                        "style" | "noscript" | "iframe" => RawKind::Rawtext,
                        _ => return TokenSinkResult::Continue,
                    };
                    self.skip.replace(Some(name.to_owned()));
                    return TokenSinkResult::RawData(raw);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// What stands in the place of a tag: inline tags join their neighbours.
fn gap(name: &str) -> &'static str {
    match name {
        "p" | "div" | "br" | "li" | "ul" | "ol" | "tr" | "table" | "h1" | "h2" | "h3" | "h4" | "h5"
        | "h6" | "hr" | "section" | "article" | "blockquote" | "header" | "footer" | "dl" | "dt" | "dd"
        | "pre" | "figure" | "figcaption" | "address" | "main" | "aside" | "nav" | "center" | "script"
        | "style" => "\n",
        "td" | "th" | "img" | "button" | "iframe" => " ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_decoded_once_and_again_where_they_were_escaped_twice() {
        let cases = [
            ("Pop &amp; EDM", "Pop & EDM"),
            ("O&#8217;Neill", "O’Neill"),
            ("O&amp;#8217;Neill", "O’Neill"),
            ("it&#146;s", "it’s"),
            ("2010 &ndash; 2015", "2010 – 2015"),
            ("&quot;Weird&quot;", "\"Weird\""),
            ("rock&reggae &copyright AT&T", "rock&reggae &copyright AT&T"),
            ("a &unknownentity; b", "a &unknownentity; b"),
            ("I <3 U & <b>me</b>", "I <3 U & <b>me</b>"),
            ("x &lt;b&gt; y", "x <b> y"),
            ("Ti&#7871;ng Vi&#7879;t", "Tiếng Việt"),
        ];
        for (raw, expected) in cases {
            assert_eq!(decode_entities(raw), expected, "{raw}");
        }
    }

    #[test]
    fn markup_becomes_lines_without_scripts_and_styles() {
        let html = "<p>One <b>two</b></p><style>p{}</style><script>if (a<b) {}</script><ul><li>x</li><li>y&nbsp;z</ul>";
        let lines: Vec<String> = to_plain_text(html)
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(lines, ["One two", "x", "y\u{a0}z"]);
    }

    #[test]
    fn only_known_tags_count_as_markup() {
        for text in [
            "<b>x</b>",
            "a<br/>b",
            "<a href='x>y'>z</a>",
            "</p>",
            "<!-- note -->",
        ] {
            assert!(has_tags(text), "{text}");
        }
        for text in ["I <3 U", "<Unknown>", "a < b > c", "x <- y -> z"] {
            assert!(!has_tags(text), "{text}");
        }
    }
}
