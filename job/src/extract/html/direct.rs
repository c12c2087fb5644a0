//! Tags and texts that mean what they look like, without the tokenizer. Pure.
//!
//! The tokenizer takes its input character by character, and most of a page are tags of plain names and quoted values. Of
//! whatever else there is (references, capital letters, attributes twice, elements of raw text) nothing is said here, and
//! the tokenizer reads it.

use html5ever::{
    Attribute, LocalName, QualName, ns,
    tendril::StrTendril,
    tokenizer::{Tag, TagKind, Token},
};
use memchr::{memchr, memchr3};

/// Elements whose start tag changes what the tokenizer makes of the text after it.
const RAW: [&str; 10] = [
    "title",
    "textarea",
    "style",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "script",
    "plaintext",
];

/// Longest text and longest value, in bytes; longer ones are read by the tokenizer, or in parts.
const LONGEST: usize = 4096;

/// Most attributes, as each is compared with those before it.
const MOST_ATTRIBUTES: usize = 32;

/// The token that begins at `at`, where the tokenizer is between two, and where it ends.
pub(super) fn token(page: &StrTendril, at: usize) -> Option<(Token, usize)> {
    if page.as_bytes().get(at) == Some(&b'<') {
        return tag(page, at);
    }
    let end = at + text_end(page, at);
    let is_plain = end > at && memchr3(b'&', b'\r', 0, &page.as_bytes()[at..end]).is_none();
    is_plain.then(|| (Token::CharacterTokens(part(page, at, end)), end))
}

/// The bytes from `at` to `end`, which lie on characters of a text of less than 4 GiB.
pub(super) fn part(whole: &StrTendril, at: usize, end: usize) -> StrTendril {
    match (u32::try_from(at), u32::try_from(end - at)) {
        (Ok(at), Ok(length)) => whole.subtendril(at, length),
        _ => StrTendril::from_slice(&whole[at..end]),
    }
}

fn text_end(page: &str, at: usize) -> usize {
    let rest = &page[at..];
    let rest = &rest[..rest.floor_char_boundary(LONGEST)];
    memchr(b'<', rest.as_bytes()).unwrap_or(rest.len())
}

fn tag(page: &StrTendril, at: usize) -> Option<(Token, usize)> {
    let bytes = page.as_bytes();
    let closes = bytes.get(at + 1) == Some(&b'/');
    let name_at = at + 1 + usize::from(closes);
    let mut at = name_at + run(bytes, name_at, |byte| is_lower(byte) || byte == b'-');
    let name = &page[name_at..at];
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || RAW.contains(&name) {
        return None;
    }
    let mut tag = Tag {
        kind: if closes {
            TagKind::EndTag
        } else {
            TagKind::StartTag
        },
        name: LocalName::from(name),
        self_closing: false,
        attrs: Vec::new(),
        had_duplicate_attributes: false,
    };
    loop {
        let gap = run(bytes, at, is_space);
        at += gap;
        match *bytes.get(at)? {
            b'>' => return Some((Token::TagToken(tag), at + 1)),
            _ if closes => return None,
            b'/' if bytes.get(at + 1) == Some(&b'>') => {
                tag.self_closing = true;
                return Some((Token::TagToken(tag), at + 2));
            }
            _ if gap == 0 || tag.attrs.len() == MOST_ATTRIBUTES => return None,
            _ => {}
        }
        let (attribute, end) = attribute(page, at)?;
        if tag
            .attrs
            .iter()
            .any(|known| known.name.local == attribute.name.local)
        {
            return None;
        }
        tag.attrs.push(attribute);
        at = end;
    }
}

fn attribute(page: &StrTendril, at: usize) -> Option<(Attribute, usize)> {
    let bytes = page.as_bytes();
    let name_end = at
        + run(bytes, at, |byte| {
            is_lower(byte) || matches!(byte, b'-' | b'_' | b':')
        });
    if name_end == at {
        return None;
    }
    let (value_at, value_end, end) = match bytes.get(name_end)? {
        b'=' => value(bytes, name_end + 1)?,
        _ => (name_end, name_end, name_end),
    };
    if memchr3(b'&', b'\r', 0, &bytes[value_at..value_end]).is_some() {
        return None;
    }
    let name = QualName::new(None, ns!(), LocalName::from(&page[at..name_end]));
    let value = part(page, value_at, value_end);
    Some((Attribute { name, value }, end))
}

/// Where a value begins and ends, and where its attribute does.
fn value(bytes: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let rest = &bytes[at..];
    match rest.first()? {
        quote @ (b'"' | b'\'') => {
            let inside = &rest[1..rest.len().min(LONGEST)];
            let length = memchr(*quote, inside)?;
            Some((at + 1, at + 1 + length, at + 2 + length))
        }
        _ => {
            let is_inside = |byte: u8| {
                byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'=' | b'>')
            };
            let length = run(bytes, at, is_inside);
            let is_whole = bytes
                .get(at + length)
                .is_some_and(|byte| is_space(*byte) || *byte == b'>');
            (length > 0 && is_whole).then_some((at, at + length, at + length))
        }
    }
}

fn run(bytes: &[u8], at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let rest = &bytes[at..];
    rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len())
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Without the carriage return, which the tokenizer makes a line feed.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c')
}
