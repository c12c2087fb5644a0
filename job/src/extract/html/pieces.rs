//! The pieces of a page that the tokenizer gets, and what it is in the middle of after each. Pure.

/// Most bytes that the tokenizer gets at once.
const PIECE: usize = 4096;

/// What the tokenizer is in the middle of. It says nothing before the end of a tag, so a tag of a million attributes is
/// only noticed if they are counted here.
pub(super) enum Construct {
    /// Text, or whatever gives tokens as it goes.
    Text,
    /// A `<` came last.
    Opened,
    /// A tag.
    Tag(TagScan),
    /// A comment or the like.
    Other,
}

impl Construct {
    /// Attributes of the tag so far.
    pub(super) fn attributes(&self) -> usize {
        match self {
            Self::Tag(scan) => scan.attributes,
            _ => 0,
        }
    }

    /// Where the piece that begins at `at` ends. In the middle of something pieces end before and after each `<`, so that
    /// what counts begins at the beginning of one. A text and a whole tag leave the tokenizer in nothing, so that they make
    /// one piece.
    pub(super) fn piece_end(&self, text: &str, at: usize) -> usize {
        let rest = &text.as_bytes()[at..];
        let rest = &rest[..rest.len().min(PIECE)];
        if let Self::Text = self {
            let whole = text_and_tag(rest);
            if whole == rest.len() {
                return text.floor_char_boundary(at + whole);
            }
            if whole > 0 {
                return at + whole;
            }
        }
        match memchr::memchr(b'<', rest) {
            Some(0) => at + 1,
            Some(tag) => at + tag,
            None => text.floor_char_boundary(at + rest.len()),
        }
    }

    /// After the next piece; `gave_tokens` says whether the tokenizer gave any for it.
    pub(super) fn after(self, piece: &str, gave_tokens: bool) -> Self {
        if gave_tokens {
            return if piece == "<" { Self::Opened } else { Self::Text };
        }
        match self {
            Self::Text if piece == "<" => Self::Opened,
            Self::Text => Self::Text,
            Self::Opened => {
                let name = piece.strip_prefix('/').unwrap_or(piece);
                if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    Self::Tag(TagScan::default().over(name))
                } else {
                    Self::Other
                }
            }
            Self::Tag(scan) => Self::Tag(scan.over(piece)),
            Self::Other => Self::Other,
        }
    }
}

/// Counts the attributes of a tag by the tokenizer's own states.
#[derive(Default)]
pub(super) struct TagScan {
    state: TagState,
    attributes: usize,
}

#[derive(Default, Clone, Copy)]
enum TagState {
    #[default]
    TagName,
    Between,
    Name,
    AfterName,
    BeforeValue,
    Unquoted,
    Quoted(u8),
}

impl TagScan {
    fn over(mut self, piece: &str) -> Self {
        for byte in piece.bytes() {
            self.state = self.step(byte);
        }
        self
    }

    fn step(&mut self, byte: u8) -> TagState {
        let space = byte.is_ascii_whitespace();
        match self.state {
            TagState::TagName | TagState::Unquoted if space => TagState::Between,
            TagState::TagName | TagState::Name | TagState::AfterName if byte == b'/' => TagState::Between,
            TagState::Between if space || byte == b'/' => TagState::Between,
            TagState::Name | TagState::AfterName if byte == b'=' => TagState::BeforeValue,
            TagState::Name | TagState::AfterName if space => TagState::AfterName,
            TagState::Between | TagState::AfterName => {
                self.attributes += 1;
                TagState::Name
            }
            TagState::BeforeValue if space => TagState::BeforeValue,
            TagState::BeforeValue if matches!(byte, b'"' | b'\'') => TagState::Quoted(byte),
            TagState::BeforeValue => TagState::Unquoted,
            TagState::Quoted(quote) if byte == quote => TagState::Between,
            state => state,
        }
    }
}

/// How many bytes of `rest` are a text and the whole tag after it.
fn text_and_tag(rest: &[u8]) -> usize {
    let text = memchr::memchr(b'<', rest).unwrap_or(rest.len());
    text + whole_tag(&rest[text..]).unwrap_or_default()
}

/// The length of the tag that begins here, where it is whole and holds no `<`: whether the tokenizer takes it for a tag
/// or for text, as in a script, it ends in neither.
fn whole_tag(rest: &[u8]) -> Option<usize> {
    let name_at = if rest.get(1) == Some(&b'/') { 2 } else { 1 };
    if !rest.get(name_at)?.is_ascii_alphabetic() {
        return None;
    }
    let mut scan = TagScan::default();
    for (at, byte) in rest.iter().enumerate().skip(name_at) {
        match (byte, scan.state) {
            (b'<', _) => return None,
            (b'>', TagState::Quoted(_)) => {}
            (b'>', _) => return Some(at + 1),
            _ => {}
        }
        scan.state = scan.step(*byte);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_tag_makes_one_piece_with_the_text_before_it_and_what_is_cut_begins_one() {
        for (text, piece) in [
            ("a<b c='>'>d</b>e<f", "a<b c='>'>"),
            ("<a b=\"<\">", "<"),
            ("<!-- <a> -->", "<"),
            ("a < b<c>", "a "),
            ("</a ><b/>&amp;", "</a >"),
            ("&amp; b", "&amp; b"),
            ("<a b=\"c'>\"'>", "<a b=\"c'>\"'>"),
            ("<a b='c>", "<"),
            ("<a =\"b>c", "<a =\"b>"),
        ] {
            assert_eq!(&text[..Construct::Text.piece_end(text, 0)], piece, "{text}");
        }
        assert_eq!(&"p c>d<e>"[..Construct::Opened.piece_end("p c>d<e>", 0)], "p c>d");
    }

    #[test]
    fn pieces_are_cut_at_characters() {
        let text = format!("<p>{}</p><i>{}</i>", "é".repeat(5000), "x".repeat(9000));
        let mut at = 0;
        let mut pieces = Vec::new();
        while at < text.len() {
            let end = Construct::Text.piece_end(&text, at);
            pieces.push(&text[at..end]);
            at = end;
        }
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE) && pieces.len() < 10);
    }
}
