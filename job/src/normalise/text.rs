//! Readable texts: titles, descriptions, names. Pure.

use std::borrow::Cow;

use super::markup;

/// One line: entities decoded, tags removed, white space collapsed, control and zero-width characters removed, a
/// literal backslash before a quote removed.
pub(super) fn line(raw: &str) -> String {
    let text = strip_tags(raw);
    let text = markup::decode_entities(&text);
    let text = strip_tags(&text);
    collapse(&unescape_quotes(&text))
}

/// A title: as [`line`], but several spaces in a row stay as the source wrote them, since a title is told unchanged.
/// Line ends and indentation, which come from markup, are one space here too.
pub(super) fn title(raw: &str) -> String {
    let text = markup::decode_entities(&strip_tags(raw));
    let text = unescape_quotes(&strip_tags(&text)).into_owned();
    let mut out = String::with_capacity(text.len());
    let mut gap = String::new();
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if c.is_whitespace() {
            gap.push(c);
            continue;
        }
        if !gap.is_empty() && !out.is_empty() {
            out.push_str(if gap.chars().all(|c| c == ' ') { &gap } else { " " });
        }
        gap.clear();
        out.push(c);
    }
    out
}

/// Several lines: as [`line`], but with blocks of HTML and line ends kept as single line ends.
pub(super) fn paragraphs(raw: &str) -> String {
    let mut text = raw.to_owned();
    // HTML that was escaped as a whole shows its tags only after the entities are decoded.
    for _ in 0..2 {
        text = if markup::has_tags(&text) {
            markup::to_plain_text(&text)
        } else {
            markup::decode_entities(&text)
        };
    }
    let text = unescape_quotes(&text);
    let mut out = String::with_capacity(text.len());
    for part in text.lines() {
        let part = collapse(part);
        if !part.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&part);
        }
    }
    out
}

fn strip_tags(text: &str) -> Cow<'_, str> {
    if markup::has_tags(text) {
        Cow::Owned(markup::to_plain_text(text))
    } else {
        Cow::Borrowed(text)
    }
}

fn unescape_quotes(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\\'", "'").replace("\\\"", "\"").replace("\\’", "’"))
}

/// White space as single spaces, outer white space and invisible characters removed.
pub(super) fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Characters that take no place: controls, soft hyphen, zero-width ones (except joiners inside emoji and scripts
/// that need them), direction marks, byte-order mark, noncharacters and the replacement's object mark.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

/// `text` cut to a readable length, for messages.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    let text = collapse(text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_readable() {
        let cases = [
            ("  TRAMHAUS ", "TRAMHAUS"),
            ("Mo\\' Jam Mondays", "Mo' Jam Mondays"),
            (
                "SIDEBOOB \\'90s Prom! (lead by Shook Twins &amp; Megan Letts)",
                "SIDEBOOB '90s Prom! (lead by Shook Twins & Megan Letts)",
            ),
            (
                "Sorry (2010 &#8211; 2015 Pop &amp; EDM)",
                "Sorry (2010 – 2015 Pop & EDM)",
            ),
            ("<span class=\"free\">Free</span> day", "Free day"),
            ("One<br>Two", "One Two"),
            ("&lt;b&gt;Bold&lt;/b&gt;", "Bold"),
            ("I <3 U", "I <3 U"),
            ("a\u{200b}b\u{feff}\u{a0}\t c\u{7}", "ab c"),
            ("A\n\n  B", "A B"),
            ("AC\\DC", "AC\\DC"),
            ("👨‍👩‍👧 day", "👨‍👩‍👧 day"),
            ("", ""),
        ];
        for (raw, expected) in cases {
            assert_eq!(line(raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_title_keeps_the_spaces_of_its_source_but_no_indentation() {
        assert_eq!(title("  Story  time / Hora  "), "Story  time / Hora");
        assert_eq!(title("A\n\t  B &amp;\u{a0}C"), "A B & C");
    }

    #[test]
    fn descriptions_keep_their_lines() {
        let cases = [
            ("<p>One &amp; two</p><p>three</p>", "One & two\nthree"),
            (
                "&lt;p&gt;Escaped &amp;amp; more&lt;/p&gt;&lt;p&gt;x&lt;/p&gt;",
                "Escaped & more\nx",
            ),
            ("plain\r\n\r\n  text ", "plain\ntext"),
        ];
        for (raw, expected) in cases {
            assert_eq!(paragraphs(raw), expected, "{raw}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character_for_messages() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"é".repeat(500)).chars().count(), 121);
    }
}
