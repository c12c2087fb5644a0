//! From bytes to text. Pure.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::document::Document;

/// How far into a page its own declaration is looked for (WHATWG HTML, "prescan a byte stream": 1024 bytes; pages in
/// the wild put more before it).
const PRESCAN_BYTES: usize = 4096;

/// The page as text: forced encoding, else byte-order mark, else `Content-Type`, else the page's own declaration, else
/// UTF-8. Bytes that are no text of the encoding become U+FFFD.
pub fn decode(document: &Document) -> Cow<'_, str> {
    let label = document
        .charset
        .clone()
        .or_else(|| header_charset(document.content_type.as_deref()?));
    let encoding = label
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .or_else(|| declared(&document.body))
        .unwrap_or(UTF_8);
    // `decode` lets a byte-order mark win over `encoding`, as browsers do; a forced encoding is for wrong servers,
    // not for wrong marks.
    encoding.decode(&document.body).0
}

fn header_charset(content_type: &str) -> Option<String> {
    let lower = content_type.to_ascii_lowercase();
    let value = lower
        .split(';')
        .skip(1)
        .find_map(|parameter| parameter.trim().strip_prefix("charset="))?;
    Some(value.trim_matches(['"', '\'', ' ']).to_owned())
}

/// `<meta charset=…>`, `<meta … content="…; charset=…">` or `<?xml encoding="…"?>` near the start.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&body[..body.len().min(PRESCAN_BYTES)]).to_ascii_lowercase();
    let marks = [("<?xml", "encoding="), ("<meta", "charset=")];
    marks.into_iter().find_map(|(tag, attribute)| {
        start.split(tag).skip(1).find_map(|rest| {
            let inside = &rest[..rest.find('>').unwrap_or(rest.len())];
            let value = &inside[inside.find(attribute)? + attribute.len()..];
            let value = value.trim_start_matches(['"', '\'', ' ']);
            let end = value.find(['"', '\'', ' ', ';', '/', '?']).unwrap_or(value.len());
            // A page that says UTF-16 in its own ASCII text is not (WHATWG HTML, "prescan").
            Encoding::for_label(&value.as_bytes()[..end])
                .map(|found| if found.is_ascii_compatible() { found } else { UTF_8 })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content_type: Option<&str>, charset: Option<&str>, body: &[u8]) -> String {
        let document = Document {
            content_type: content_type.map(str::to_owned),
            charset: charset.map(str::to_owned),
            body: body.to_vec(),
            ..Document::default()
        };
        decode(&document).into_owned()
    }

    #[test]
    fn the_encoding_comes_from_manifest_then_mark_then_header_then_page() {
        assert_eq!(text(None, None, "é".as_bytes()), "é");
        assert_eq!(text(Some("text/html; charset=ISO-8859-1"), None, b"\xe9"), "é");
        assert_eq!(
            text(Some("text/html; Charset=\"utf-8\""), None, "é".as_bytes()),
            "é"
        );
        assert_eq!(
            text(None, None, b"<html><meta charset='windows-1251'>\xcf"),
            "<html><meta charset='windows-1251'>П"
        );
        assert_eq!(
            text(
                None,
                None,
                b"<meta http-equiv=Content-Type content=\"text/html; charset=shift_jis\">\x82\xa0"
            ),
            "<meta http-equiv=Content-Type content=\"text/html; charset=shift_jis\">あ"
        );
        assert_eq!(
            text(None, None, b"<?xml version='1.0' encoding='iso-8859-15'?>\xa4"),
            "<?xml version='1.0' encoding='iso-8859-15'?>€"
        );
        assert_eq!(
            text(Some("text/html; charset=latin1"), None, b"\xef\xbb\xbf\xc3\xa9"),
            "é"
        );
        assert_eq!(
            text(Some("text/html; charset=utf-8"), Some("windows-1252"), b"\x93"),
            "\u{201c}"
        );
        assert_eq!(text(None, None, b"\xff\xfea\x00"), "a");
        assert_eq!(
            text(Some("text/html; charset=nonsense"), None, b"a\xff"),
            "a\u{fffd}"
        );
    }
}
