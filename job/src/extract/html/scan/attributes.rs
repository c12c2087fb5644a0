//! The attributes of a tag, by the states of the tokenizer of WHATWG HTML. Pure.

/// What comes next in a tag.
pub(super) enum Next<'t> {
    /// A name and its value.
    Attribute(&'t str, &'t str),
    /// The end of the tag.
    End,
    /// The end of the page: what began is no tag, and nothing follows it.
    Cut,
}

/// The attributes of a tag, and after the last one what follows the tag.
pub(super) struct Attributes<'t> {
    /// What follows what was read.
    pub(super) rest: &'t str,
    /// Whether the tag ended with `/>`.
    pub(super) closes_itself: bool,
}

impl<'t> Attributes<'t> {
    pub(super) fn new(rest: &'t str) -> Self {
        Self {
            rest,
            closes_itself: false,
        }
    }

    pub(super) fn next(&mut self) -> Next<'t> {
        self.read().unwrap_or(Next::Cut)
    }

    /// The next part; `None` where the page ends in it.
    fn read(&mut self) -> Option<Next<'t>> {
        let is_gap = |c: char| c.is_ascii_whitespace() || c == '/';
        let start = self.rest.find(|c| !is_gap(c))?;
        let gap = &self.rest[..start];
        self.rest = &self.rest[start..];
        if let Some(after) = self.rest.strip_prefix('>') {
            self.closes_itself = gap.ends_with('/');
            self.rest = after;
            return Some(Next::End);
        }
        // An equals sign at the beginning belongs to the name.
        let is_end = |(at, c): (usize, char)| is_gap(c) || c == '>' || (c == '=' && at > 0);
        let end = self.rest.char_indices().find(|place| is_end(*place))?.0;
        let name = &self.rest[..end];
        let value_at = self.rest[end..].trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(value) = value_at.strip_prefix('=') else {
            self.rest = &self.rest[end..];
            return Some(Next::Attribute(name, ""));
        };
        let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let (value, rest) = match value.as_bytes().first()? {
            quote @ (b'"' | b'\'') => {
                let inside = &value[1..];
                let end = inside.find(char::from(*quote))?;
                (&inside[..end], &inside[end + 1..])
            }
            _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>')?),
        };
        self.rest = rest;
        Some(Next::Attribute(name, value))
    }
}
