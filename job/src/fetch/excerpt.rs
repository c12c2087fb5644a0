//! The start of an error page, as one safe line. Pure.

/// Most characters of an excerpt.
const LENGTH: usize = 200;

/// The first 200 characters of `body` as one line without control characters; of an HTML page its title.
pub fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = if looks_like_html(&text) {
        title(&text).unwrap_or_default()
    } else {
        &text
    };
    let mut line = String::new();
    let mut count = 0;
    for word in text
        .split(|c: char| c.is_whitespace() || is_unsafe(c))
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= LENGTH {
                line.push('…');
                return line;
            }
            line.push(c);
            count += 1;
        }
    }
    line
}

/// Control characters, and those that reorder or hide text on a terminal.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

fn looks_like_html(text: &str) -> bool {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    start.starts_with('<')
}

fn title(html: &str) -> Option<&str> {
    // ASCII lower case keeps byte positions.
    let lower = html.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    html.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_without_control_characters() {
        let cases: [(&[u8], &str); 6] = [
            (b"Not Found\r\n", "Not Found"),
            (b"{\n  \"error\": \"no key\"\n}", r#"{ "error": "no key" }"#),
            (b"\x1b[31mred\x07\x00 text\xff", "[31mred text"),
            ("a\u{202e}b\u{2028}c".as_bytes(), "a b c"),
            (b"", ""),
            (b" \n ", ""),
        ];
        for (body, wanted) in cases {
            assert_eq!(excerpt(body), wanted);
        }
    }

    #[test]
    fn of_an_html_page_the_title_is_told() {
        let page =
            "\u{feff}\n<!DOCTYPE html><html><head><TITLE lang=en>Access\n denied</TITLE></head><body>x";
        assert_eq!(excerpt(page.as_bytes()), "Access denied");
        assert_eq!(excerpt(b"<html><body>no title</body>"), "");
        assert_eq!(excerpt(b"<html><title>cut"), "");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let cut = excerpt("é".repeat(500).as_bytes());
        assert_eq!(cut.chars().count(), 201);
        assert!(cut.ends_with('…'));
    }
}
