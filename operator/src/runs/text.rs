//! Texts that come from elsewhere, made fit for a status, an event and a terminal. Pure.

/// Most bytes of a message in a condition, an event or a report (Kubernetes, `Event.note`: at most 1 KiB).
pub const MESSAGE_LIMIT: usize = 1024;

/// `text` on one line, without control characters, cut to `limit` bytes.
pub fn plain(text: &str, limit: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    clip(line, limit)
}

/// `text`, cut to `limit` bytes at a character; an ellipsis shows the cut.
pub fn clip(mut text: String, limit: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= limit {
        return text;
    }
    let keep = limit.saturating_sub(ELLIPSIS.len());
    let at = (0..=keep).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(at.unwrap_or(0));
    text.push_str(ELLIPSIS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_line_without_control_characters() {
        assert_eq!(
            plain(" a\u{1b}[31m b\n\tc\u{0} ", 100),
            "a [31m b c",
            "an escape sequence would colour a terminal"
        );
        assert_eq!(plain("\n", 100), "");
    }

    #[test]
    fn a_text_is_cut_at_a_character_and_says_so() {
        assert_eq!(clip("äöü".to_owned(), 6), "äöü");
        assert_eq!(clip("äöüß".to_owned(), 6), "ä…");
        assert_eq!(clip("x".repeat(2000), MESSAGE_LIMIT).len(), MESSAGE_LIMIT);
    }
}
