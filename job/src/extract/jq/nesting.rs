//! How deep a jq program goes, before it is parsed. Pure.
//!
//! Parser, compiler and interpreter follow a program recursively: the length that a manifest allows is enough for brackets
//! or pipes that overflow the stack, which ends the process. A manifest is compiled where nothing shields the process too.

/// Most that [`measure`] may come to: 50 brackets in each other, or 200 pipes in a row, far more than anybody writes.
/// Compiled without optimisation that fits into a stack of 2 MiB.
const LIMIT: usize = 200;

const BRACKET: usize = 4;
const KEYWORD: usize = 4;
/// The parser reads one after another, but each runs inside the one before.
const ELIF: usize = 1;
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
    Bracket(Bracket),
    Text,
}

/// A bracket, or the whole program.
struct Bracket {
    opener: u8,
    /// What has been chained in it up to here.
    chained: usize,
    /// The conditions and definitions that are open in it, outermost first.
    parts: Vec<Part>,
}

/// A condition or a definition: what its parts chain does not lie in each other.
struct Part {
    is_condition: bool,
    /// What was chained before it.
    before: usize,
    /// What each of its parts begins with.
    inside: usize,
}

impl Bracket {
    fn new(opener: u8) -> Self {
        Self {
            opener,
            chained: 0,
            parts: Vec::new(),
        }
    }

    /// Whether a condition is open in it, in which a comma is an operator and a word no key.
    fn has_condition(&self) -> bool {
        self.parts.iter().any(|part| part.is_condition)
    }

    fn open_part(&mut self, is_condition: bool) {
        let before = self.chained;
        self.chained += KEYWORD;
        self.parts.push(Part {
            is_condition,
            before,
            inside: self.chained,
        });
    }

    /// Takes a keyword in.
    fn keyword(&mut self, word: &[u8]) {
        match word {
            b"if" => self.open_part(true),
            b"def" => self.open_part(false),
            b"then" | b"elif" | b"else" => {
                if let Some(part) = self.parts.last_mut().filter(|part| part.is_condition) {
                    part.inside += if word == b"elif" { ELIF } else { 0 };
                    self.chained = part.inside;
                }
            }
            b"end" => {
                if let Some(part) = self.parts.pop_if(|part| part.is_condition) {
                    self.chained = part.before;
                }
            }
            b"and" | b"or" => self.chained += OPERATOR,
            b"try" | b"reduce" | b"foreach" | b"label" | b"as" => self.chained += KEYWORD,
            _ => {}
        }
    }

    /// Takes a semicolon in, which ends a definition, or an argument.
    fn semicolon(&mut self) {
        let definition = self.parts.iter().rposition(|part| !part.is_condition);
        let Some(definition) = definition else {
            self.chained = 0;
            self.parts.clear();
            return;
        };
        let before = self.parts[definition].before;
        self.parts.truncate(definition);
        let begins = self.parts.last().map_or(0, |part| part.inside);
        // Definitions at the beginning of a part stand beside each other, those after an operator begin an operand.
        self.chained = match before <= begins {
            true => before,
            false => before + KEYWORD,
        };
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the word between these bytes can be a keyword: `.end`, `$end`, `@end` and `a::end` are none.
fn is_keyword(before: &[u8], after: &[u8]) -> bool {
    !matches!(before, [.., b'.' | b'$' | b'@'] | [.., b':', b':']) && !after.starts_with(b"::")
}

/// The largest weight of everything that is open at one place. An estimate from above: operators of one level count
/// together, although not all of them lie in each other.
fn measure(program: &str) -> usize {
    let bytes = program.as_bytes();
    let mut open = vec![Open::Bracket(Bracket::new(b'('))];
    let (mut around, mut most) = (0, 0);
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let before = &bytes[..at];
        at += 1;
        let is_outermost = open.len() == 1;
        let bracket = match open.last_mut() {
            Some(Open::Bracket(bracket)) => bracket,
            Some(Open::Text) => {
                match rest {
                    [b'\\', b'(', ..] => {
                        at += 1;
                        around += BRACKET;
                        most = most.max(around);
                        open.push(Open::Bracket(Bracket::new(b'(')));
                    }
                    [b'\\', _, ..] => at += 1,
                    [b'"', ..] => {
                        open.pop();
                        around -= chained(open.last());
                    }
                    _ => {}
                }
                continue;
            }
            None => return most,
        };
        match rest[0] {
            b'"' => {
                around += bracket.chained;
                open.push(Open::Text);
                continue;
            }
            b'#' => {
                at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()) - 1;
            }
            opener @ (b'(' | b'[' | b'{') => {
                around += bracket.chained + BRACKET;
                open.push(Open::Bracket(Bracket::new(opener)));
                most = most.max(around);
                continue;
            }
            // A bracket too many is the parser's business.
            b')' | b']' | b'}' if is_outermost => *bracket = Bracket::new(b'('),
            b')' | b']' | b'}' => {
                open.pop();
                around -= BRACKET + chained(open.last());
                continue;
            }
            b';' => bracket.semicolon(),
            // What follows does not lie in what came before.
            b',' if bracket.opener == b'{' && !bracket.has_condition() => {
                bracket.chained = 0;
                bracket.parts.clear();
            }
            b'|' | b',' | b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' => {
                // `==`, `//=` and their like are one.
                at += rest[1..]
                    .iter()
                    .take_while(|byte| matches!(byte, b'=' | b'/'))
                    .count();
                bracket.chained += OPERATOR;
            }
            byte if is_word(byte) => {
                let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
                at += length - 1;
                if is_keyword(before, &rest[length..]) {
                    bracket.keyword(&rest[..length]);
                }
            }
            _ => {}
        }
        most = most.max(around + bracket.chained);
    }
    most
}

/// What is chained in a bracket; a text lies in one, of which it is told there.
fn chained(open: Option<&Open>) -> usize {
    match open {
        Some(Open::Bracket(bracket)) => bracket.chained,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
