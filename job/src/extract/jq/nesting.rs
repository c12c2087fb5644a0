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

impl Open {
    fn bracket(opener: u8) -> Self {
        Self::Bracket { opener, chained: 0 }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What a word adds to the depth of what follows it.
fn of_word(word: &[u8]) -> usize {
    match word {
        b"and" | b"or" => OPERATOR,
        b"if" | b"elif" | b"try" | b"def" | b"reduce" | b"foreach" | b"label" | b"as" => KEYWORD,
        _ => 0,
    }
}

/// The largest weight of everything that is open at one place. An estimate from above: operators of one level count
/// together, although not all of them lie in each other.
fn measure(program: &str) -> usize {
    let bytes = program.as_bytes();
    let mut open = vec![Open::bracket(b'(')];
    let (mut weight, mut most) = (0, 0);
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        at += 1;
        if let Some(Open::Text) = open.last() {
            match rest {
                [b'\\', b'(', ..] => {
                    at += 1;
                    weight += BRACKET;
                    open.push(Open::bracket(b'('));
                }
                [b'\\', _, ..] => at += 1,
                [b'"', ..] => {
                    open.pop();
                }
                _ => {}
            }
            most = most.max(weight);
            continue;
        }
        let is_outermost = open.len() == 1;
        let Some(Open::Bracket { opener, chained }) = open.last_mut() else {
            return most;
        };
        let is_object = *opener == b'{';
        let added = match rest[0] {
            b'"' => {
                open.push(Open::Text);
                continue;
            }
            b'#' => {
                at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()) - 1;
                continue;
            }
            b'(' | b'[' | b'{' => {
                weight += BRACKET;
                most = most.max(weight);
                open.push(Open::bracket(rest[0]));
                continue;
            }
            b')' | b']' | b'}' => {
                weight -= *chained;
                // A bracket too many is the parser's business.
                if is_outermost {
                    *chained = 0;
                } else {
                    weight -= BRACKET;
                    open.pop();
                }
                continue;
            }
            // What follows does not lie in what came before.
            byte if byte == b';' || byte == b',' && is_object => {
                weight -= std::mem::take(chained);
                continue;
            }
            b'|' | b',' | b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' => {
                // `==`, `//=` and their like are one.
                at += rest[1..]
                    .iter()
                    .take_while(|byte| matches!(byte, b'=' | b'/'))
                    .count();
                OPERATOR
            }
            byte if is_word(byte) => {
                let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
                at += length - 1;
                of_word(&rest[..length])
            }
            _ => 0,
        };
        *chained += added;
        weight += added;
        most = most.max(weight);
    }
    most
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
        let definitions: Vec<String> = (0..90).map(|n| format!("def f{n}(x): x | -1; ")).collect();
        assert!(measure(&definitions.concat()) < 20);
        assert!(measure("\"((((((((((((((\\\"((((\" # ((((((((((((((\n| .") < 10);
        assert_eq!(measure(")))]]}"), 0);
    }
}
