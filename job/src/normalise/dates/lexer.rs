//! Cuts a written date into numbers, words and marks. Pure.

/// Longest date text that is read, in characters; the rest is cut off.
pub(super) const LONGEST: usize = 512;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits: their value and how many they are.
    Number(u32, u8),
    /// Letters, without accents, in lower case; whether they were written in capitals.
    Word(String, bool),
    /// Anything else, dashes and quotes made plain.
    Mark(char),
}

/// A token, and whether it follows the one before without white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) glued: bool,
}

/// The tokens of `text`. `p.m.`, `P. M.` and `pm` are the same word after a number.
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut glued = false;
    let mut chars = text.chars().take(LONGEST).peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            glued = false;
            continue;
        }
        // "2026年5月10日"
        if c == '日' {
            glued = false;
            continue;
        }
        let kind = if let Some(digit) = c.to_digit(10) {
            let (mut value, mut digits) = (digit, 1_u8);
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                value = value.saturating_mul(10).saturating_add(digit);
                digits = digits.saturating_add(1);
                chars.next();
            }
            Kind::Number(value, digits)
        } else if c.is_alphabetic() && !matches!(c, '年' | '月') {
            let (mut word, mut capitals) = (String::new(), true);
            let mut next = Some(c);
            while let Some(c) = next {
                capitals &= c.is_uppercase();
                fold(c, &mut word);
                next = chars.next_if(|c| c.is_alphabetic() && !matches!(c, '年' | '月' | '日'));
            }
            Kind::Word(word, capitals)
        } else {
            Kind::Mark(plain_mark(c))
        };
        tokens.push(Token { kind, glued });
        glued = true;
    }
    join_meridiems(&tokens)
}

/// A letter in lower case without its accent.
fn fold(c: char, word: &mut String) {
    for c in c.to_lowercase() {
        match c {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ª' => word.push('a'),
            'é' | 'è' | 'ê' | 'ë' => word.push('e'),
            'í' | 'ì' | 'î' | 'ï' => word.push('i'),
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'º' => word.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => word.push('u'),
            'ç' => word.push('c'),
            'ñ' => word.push('n'),
            'ß' => word.push_str("ss"),
            _ => word.push(c),
        }
    }
}

fn plain_mark(c: char) -> char {
    match c {
        '年' | '月' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '~' | '→' => '-',
        '’' | '‘' | '`' | '´' => '\'',
        '：' | '∶' => ':',
        '·' | '•' | '∙' | '⋅' | '¦' | '‖' | '*' => '|',
        c => c,
    }
}

/// Makes one word of `p` `.` `m` `.` after a number.
fn join_meridiems(tokens: &[Token]) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let (Kind::Word(word, _), Some(Kind::Number(..))) = (&token.kind, joined.last().map(|t| &t.kind))
            && (word == "a" || word == "p")
        {
            let is_dot = |i: usize| tokens.get(i).is_some_and(|t| t.kind == Kind::Mark('.'));
            let m = at + 1 + usize::from(is_dot(at + 1));
            if matches!(tokens.get(m).map(|t| &t.kind), Some(Kind::Word(word, _)) if word == "m") {
                joined.push(Token {
                    kind: Kind::Word(format!("{word}m"), false),
                    glued: token.glued,
                });
                at = m + 1 + usize::from(is_dot(m + 1));
                continue;
            }
        }
        joined.push(token.clone());
        at += 1;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        lex(text)
            .into_iter()
            .map(|token| match token.kind {
                Kind::Number(value, digits) => format!("{value}#{digits}"),
                Kind::Word(word, _) => word,
                Kind::Mark(mark) => mark.to_string(),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn numbers_words_and_marks_are_told_apart() {
        let cases = [
            ("7:30 – 9:15 p.m.", "7#1 : 30#2 - 9#1 : 15#2 pm"),
            ("7 P. M. sharp", "7#1 pm sharp"),
            ("19h30", "19#2 h 30#2"),
            ("6. März", "6#1 . marz"),
            ("May 8th @ 7pm", "may 8#1 th @ 7#1 pm"),
            ("Août\u{a0}5", "aout 5#1"),
            ("A. M. Homes", "a . m . homes"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_cut() {
        assert_eq!(lex(&"1 ".repeat(100_000)).len(), LONGEST / 2);
        assert_eq!(lex(&"9".repeat(100_000)).len(), 1);
    }
}
