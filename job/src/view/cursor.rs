//! Where the next page begins, as clients hand it back. Pure.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{Timestamp, tz::TimeZone};

use crate::store::listing::Position;

/// Longest cursor: a source's key and an identity, both short.
const LONGEST: usize = 1_000;

/// Writes a position as a word that can stand in an address.
pub fn write(position: &Position) -> String {
    let parts = [&position.start_at, &position.uid, &position.source];
    URL_SAFE_NO_PAD.encode(serde_json::Value::from(parts.map(String::as_str).to_vec()).to_string())
}

/// Reads what [`write`] wrote; anything else is nothing.
pub fn read(text: &str) -> Option<Position> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let [start_at, uid, source]: [String; 3] = serde_json::from_slice(&bytes).ok()?;
    // PostgreSQL reads it as a moment, and takes neither other writings, nor the year 0, nor a NUL.
    let moment: Timestamp = start_at.parse().ok()?;
    let is_plain = start_at.starts_with(|c: char| c.is_ascii_digit())
        && start_at.len() <= 30
        && start_at.as_bytes().get(10) == Some(&b'T')
        && start_at.ends_with('Z')
        && moment.to_zoned(TimeZone::UTC).year() > 0;
    let holds_nul = [&uid, &source].iter().any(|text| text.contains('\0'));
    (is_plain && !holds_nul).then_some(Position {
        start_at,
        uid,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position {
            start_at: "2026-05-10T02:30:00.000000Z".to_owned(),
            uid: "0a1b".to_owned(),
            source: "default/blue-moon".to_owned(),
        }
    }

    #[test]
    fn a_cursor_reads_back_as_the_position() {
        let cursor = write(&position());
        assert!(
            cursor
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
            "{cursor}"
        );
        assert_eq!(read(&cursor), Some(position()));
    }

    #[test]
    fn what_is_no_cursor_is_nothing() {
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let bad = [
            String::new(),
            "%".to_owned(),
            "x".repeat(100_000),
            encoded("[]"),
            encoded(r#"["now()","a","b"]"#),
            encoded(r#"["infinity","a","b"]"#),
            encoded(r#"["2026-05-10","a","b"]"#),
            encoded(r#"["0000-05-10T02:30:00Z","a","b"]"#),
            encoded(r#"["-000044-05-10T02:30:00Z","a","b"]"#),
            encoded(r#"["2026-05-10T02:30:00Z","a\u0000","b"]"#),
            encoded(r#"["2026-05-10T02:30:00Z",1,"b"]"#),
            encoded(r#"["2026-05-10T02:30:00Z","a","b","c"]"#),
            encoded(&"[".repeat(700)),
        ];
        for text in bad {
            assert_eq!(read(&text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = read(&text);
        }
    }
}
