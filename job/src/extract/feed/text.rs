//! A feed's bytes as text, and the references in it. Pure.

use std::{borrow::Cow, collections::HashMap};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use scraper::Html;

/// The text without byte order mark and control characters. A byte order mark decides the encoding, then whether the
/// bytes are UTF-8, whatever the declaration says, then the declaration.
pub fn decode(body: &[u8]) -> Cow<'_, str> {
    let text = match Encoding::for_bom(body) {
        Some((encoding, _)) => encoding.decode(body).0,
        None => match std::str::from_utf8(body) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                declared(body)
                    .unwrap_or(WINDOWS_1252)
                    .decode_without_bom_handling(body)
                    .0
            }
        },
    };
    if may_be_forbidden(text.as_bytes()) && text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, ""))
    } else {
        text
    }
}

/// Whether a byte of these is, or begins, a character that [`is_forbidden`]. Bytes are looked at in groups of one size, of
/// which the compiler makes few comparisons.
fn may_be_forbidden(bytes: &[u8]) -> bool {
    const GROUP: usize = 64;
    let suspect = |byte: u8| {
        let control =
            u8::from(byte < b' ') & u8::from(byte.wrapping_sub(b'\t') > 1) & u8::from(byte != b'\r');
        control | u8::from(byte == 0x7f) | u8::from(byte == 0xef)
    };
    let (groups, rest) = bytes.as_chunks::<GROUP>();
    let found = |bytes: &[u8]| bytes.iter().fold(0, |found, byte| found | suspect(*byte)) != 0;
    groups.iter().any(|group| found(group)) || found(rest)
}

/// Characters that XML 1.0 forbids and nobody means.
fn is_forbidden(c: char) -> bool {
    (c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// `encoding="…"` of an XML declaration, which is ASCII in every encoding that can be meant here.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&body[..body.len().min(512)]);
    let declaration = &head[head.find("<?xml")?..];
    let declaration = &declaration[..declaration.find("?>")?];
    let value = declaration[declaration.find("encoding")? + 8..]
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    let encoding = Encoding::for_label(label.trim().as_bytes())?;
    // The bytes are single ones, or the declaration would not be legible.
    Some(if encoding.is_ascii_compatible() {
        encoding
    } else {
        UTF_8
    })
}

/// Escapes each `<` that begins no markup, as in `doors < 8pm`.
pub fn escape_stray_brackets(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
        at += found;
        let rest = &text[at..];
        let skip_past = |end: &str| rest.find(end).map_or(rest.len(), |found| found + end.len());
        at += if rest.starts_with("<![CDATA[") {
            skip_past("]]>")
        } else if rest.starts_with("<!--") {
            skip_past("-->")
        } else {
            if !rest[1..].starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?' | '_' | ':'))
            {
                out.push_str(&text[copied..at]);
                out.push_str("&lt;");
                copied = at + 1;
            }
            1
        };
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Resolves references; HTML's named characters are known, entities of the document's own are not.
#[derive(Default)]
pub struct References {
    named: HashMap<String, Option<String>>,
}

impl References {
    /// Most different names that are looked up for one document.
    const MAX_NAMES: usize = 512;

    /// Appends what `&name;` stands for, or the reference itself.
    pub fn resolve(&mut self, name: &str, out: &mut String) {
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => numeric(name),
        };
        if let Some(character) = character {
            out.push(character);
        } else if let Some(known) = self.html(name) {
            out.push_str(known);
        } else if !name.starts_with('#') {
            out.push('&');
            out.push_str(name);
            out.push(';');
        }
    }

    fn html(&mut self, name: &str) -> Option<&str> {
        if name.len() > 32 || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        if !self.named.contains_key(name) {
            if self.named.len() >= Self::MAX_NAMES {
                return None;
            }
            let reference = format!("&{name};");
            let text: String = Html::parse_fragment(&reference).root_element().text().collect();
            self.named
                .insert(name.to_owned(), (text != reference).then_some(text));
        }
        self.named.get(name)?.as_deref()
    }

    /// `text` with its references resolved; a lone ampersand stays one.
    pub fn unescape(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let end = rest
                .bytes()
                .take(40)
                .position(|b| !(b.is_ascii_alphanumeric() || b == b'#'));
            match end {
                Some(end) if end > 0 && rest.as_bytes()[end] == b';' => {
                    self.resolve(&rest[..end], &mut out);
                    rest = &rest[end + 1..];
                }
                _ => out.push('&'),
            }
        }
        out.push_str(rest);
        out
    }
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(code).filter(|c| !is_forbidden(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_outrank_the_declaration() {
        let declared = |label: &str, text: &[u8]| {
            decode(
                &[
                    format!("<?xml version='1.0' encoding='{label}'?>").as_bytes(),
                    text,
                ]
                .concat(),
            )
            .split("?>")
            .nth(1)
            .unwrap()
            .to_owned()
        };
        assert_eq!(declared("ISO-8859-1", "Café".as_bytes()), "Café");
        assert_eq!(declared("ISO-8859-1", b"Caf\xe9"), "Café");
        assert_eq!(declared("utf-8", b"Caf\xe9 x"), "Caf\u{fffd} x");
        assert_eq!(declared("Shift_JIS", b"\x83W\x83\x83\x83Y"), "ジャズ");
        assert_eq!(declared("UTF-16", b"Caf\xe9 x"), "Caf\u{fffd} x");
        assert_eq!(decode(b"Caf\xe9"), "Café");
        assert_eq!(decode(b"\xff\xfe<\0a\0"), "<a");
        assert_eq!(decode("\u{feff}a\u{0}\u{b}b\n".as_bytes()), "ab\n");
    }

    #[test]
    fn references_are_resolved_or_left() {
        let mut references = References::default();
        assert_eq!(
            references.unescape("&lt;a&gt; &eacute;&nbsp;&#8217;&#x41; &lol9; AT&T & &#0;."),
            "<a> é\u{a0}’A &lol9; AT&T & ."
        );
        assert_eq!(references.unescape("?a=1&copy=2&"), "?a=1&copy=2&");
    }

    #[test]
    fn many_entity_names_are_not_looked_up_without_end() {
        let mut references = References::default();
        let text: String = (0..100_000).fold(String::new(), |text, n| text + "&x" + &n.to_string() + ";");
        assert_eq!(references.unescape(&text), text);
        assert_eq!(references.named.len(), References::MAX_NAMES);
    }

    #[test]
    fn only_brackets_that_begin_no_markup_are_escaped() {
        assert_eq!(
            escape_stray_brackets("<a>1 < 2 <b/> <3 <![CDATA[ < ]]><!-- < --></a> <"),
            "<a>1 &lt; 2 <b/> &lt;3 <![CDATA[ < ]]><!-- < --></a> &lt;"
        );
        assert!(matches!(escape_stray_brackets("<a>b</a>"), Cow::Borrowed(_)));
    }
}
