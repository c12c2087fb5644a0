//! How deep a jq program goes, before it is parsed. Pure.
//!
//! Parser, compiler and interpreter follow a program recursively: the length that a manifest allows is enough for brackets
//! or pipes that overflow the stack, which ends the process. A manifest is compiled where nothing shields the process too.

/// Most that [`measure`] may come to: 50 brackets in each other, or 200 pipes in a row, far more than anybody writes.
/// Compiled without optimisation that fits into a stack of 2 MiB.
const LIMIT: usize = 200;

const BRACKET: usize = 4;
const KEYWORD: usize = 4;
const OPERATOR: usize = 1;

/// Refuses a program that goes too deep.
///
/// # Errors
/// In words.
pub(super) fn check(program: &str) -> Result<(), String> {
    if measure(program) <= LIMIT {
        return Ok(());
    }
    Err("goes too deep: at most 50 brackets or 200 operators may lie in each other; split it, for example into items, fields and transform".to_owned())
}

/// What is open at a place of the program: a bracket with what has been chained in it, or a text.
enum Open {
    Bracket { opener: u8, chained: usize },
    Text,
}

/// What the program's next bytes are.
#[derive(Clone, Copy)]
enum Token {
    Opener(u8),
    Closer,
    Quote,
    Comma,
    Semicolon,
    /// An operator or a keyword that has its right side inside of itself.
    Chained(usize),
    Other,
}

/// The largest weight of everything that is open at one place. An estimate from above: operators of one level count
/// together, although not all of them lie in each other.
fn measure(program: &str) -> usize {
    const OUTERMOST: Open = Open::Bracket {
        opener: b'(',
        chained: 0,
    };
    let bytes = program.as_bytes();
    let mut open = vec![OUTERMOST];
    let (mut at, mut weight, mut most) = (0, 0, 0);
    while at < bytes.len() {
        let is_outermost = open.len() == 1;
        let (token, length) = match open.last() {
            Some(Open::Text) => token_of_text(&bytes[at..]),
            _ => token_of_code(&bytes[at..]),
        };
        at += length;
        match (token, open.last_mut()) {
            (Token::Opener(opener), _) => {
                weight += BRACKET;
                open.push(Open::Bracket { opener, chained: 0 });
            }
            (Token::Quote, Some(Open::Text)) => {
                open.pop();
            }
            (Token::Quote, _) => open.push(Open::Text),
            // A bracket too many is the parser's business.
            (Token::Closer, Some(Open::Bracket { chained, .. })) if !is_outermost => {
                weight -= *chained + BRACKET;
                open.pop();
            }
            (Token::Closer | Token::Semicolon, Some(Open::Bracket { chained, .. }))
            | (
                Token::Comma,
                Some(Open::Bracket {
                    opener: b'{',
                    chained,
                }),
            ) => {
                weight -= *chained;
                *chained = 0;
            }
            (Token::Chained(added), Some(Open::Bracket { chained, .. })) => {
                *chained += added;
                weight += added;
            }
            (Token::Comma, Some(Open::Bracket { chained, .. })) => {
                *chained += OPERATOR;
                weight += OPERATOR;
            }
            _ => {}
        }
        most = most.max(weight);
    }
    most
}

/// The token at the start of `rest`, which is not empty, and its length.
fn token_of_code(rest: &[u8]) -> (Token, usize) {
    let until = |is_end: fn(&u8) -> bool| rest.iter().position(is_end).unwrap_or(rest.len());
    match rest[0] {
        b'"' => (Token::Quote, 1),
        b'#' => (Token::Other, until(|byte| *byte == b'\n')),
        opener @ (b'(' | b'[' | b'{') => (Token::Opener(opener), 1),
        b')' | b']' | b'}' => (Token::Closer, 1),
        b';' => (Token::Semicolon, 1),
        b',' => (Token::Comma, 1),
        b'|' | b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' => (Token::Chained(OPERATOR), 1),
        byte if byte.is_ascii_alphabetic() || byte == b'_' => {
            let length = until(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
            let token = match &rest[..length] {
                b"and" | b"or" => Token::Chained(OPERATOR),
                b"if" | b"elif" | b"try" | b"def" | b"reduce" | b"foreach" | b"label" | b"as" => {
                    Token::Chained(KEYWORD)
                }
                _ => Token::Other,
            };
            (token, length)
        }
        _ => (Token::Other, 1),
    }
}

/// The same inside a text, where only its end and an interpolation count.
fn token_of_text(rest: &[u8]) -> (Token, usize) {
    match rest {
        [b'\\', b'(', ..] => (Token::Opener(b'('), 2),
        [b'\\', _, ..] => (Token::Other, 2),
        [b'"', ..] => (Token::Quote, 1),
        _ => (Token::Other, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::jq::Program;

    /// Each way to go deep, by the part before the middle and the part after it.
    const WAYS: [(&str, &str, &str); 12] = [
        ("(", ".", ")"),
        ("[", "1", "]"),
        ("{a:", "1", "}"),
        ("-", "1", ""),
        (".|", ".", ""),
        (".,", ".", ""),
        (".+", ".", ""),
        ("if . then ", "1", " else 0 end"),
        ("\"\\(", "1", ")\""),
        ("def f: ", "1", "; f"),
        ("try ", "1", ""),
        ("[.[] | ", ".", "]"),
    ];

    fn nested((open, inner, close): (&str, &str, &str), count: usize) -> String {
        open.repeat(count) + inner + &close.repeat(count)
    }

    /// The stack of a test's thread is 2 MiB, as is that of the runtime's threads.
    #[test]
    fn what_the_limit_allows_is_compiled_and_run_on_a_small_stack() {
        for way in WAYS {
            let deepest = (1..1000)
                .take_while(|count| measure(&nested(way, *count)) <= LIMIT)
                .last();
            let program = nested(way, deepest.unwrap());
            let program = Program::compile(&program, "spec.test").unwrap();
            let _ = program.run(
                &serde_json::json!([1]),
                &crate::extract::jq::Variables::default(),
                10,
            );
        }
    }

    #[test]
    fn what_goes_deeper_is_refused_in_words_and_not_by_the_stack() {
        for way in WAYS {
            let program = nested(way, 4_000 / (way.0.len() + way.2.len()));
            if measure(&program) > LIMIT {
                let error = Program::compile(&program, "spec.test").err().unwrap();
                assert!(error.problem.contains("too deep"), "{error}");
            }
        }
        assert!(measure(&nested(("(", ".", ")"), 2_000)) > LIMIT);
    }

    #[test]
    fn width_is_no_depth() {
        let fields: Vec<String> = (0..200)
            .map(|n| format!("f{n}: (.a | .b), \"g{n}\": [.c - 1]"))
            .collect();
        assert!(measure(&format!("{{{}}}", fields.join(", "))) < 20);
        let definitions = "def f(x): x | -1; ".repeat(90);
        assert!(measure(&definitions) < 20);
        assert!(measure("\"((((((((((((((\\\"((((\" # ((((((((((((((\n| .") < 10);
        assert_eq!(measure(")))]]}"), 0);
    }
}
