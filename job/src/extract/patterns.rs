//! Regular expressions for jq programs: jaq's own know no Unicode classes. Pure.
//!
//! What `test`, `match`, `capture`, `scan`, `split`, `splits`, `sub` and `gsub` are made of, over the same `regex` crate
//! as the manifest's other patterns: linear in the text, and one syntax everywhere.

use std::{cell::RefCell, collections::HashMap};

use jaq_core::native::{Fun, bome, run, v};
use jaq_json::Val;
use jaq_std::ValT as _;
use regex::{Captures, Regex, RegexBuilder};

use super::jq::Data;

/// Most bytes of a compiled pattern.
const SIZE_LIMIT: usize = 1 << 20;

/// Compiled patterns that are kept: a program that makes patterns of its input must not keep them all.
const MOST_KEPT: usize = 64;

type Error = jaq_core::Error<Val>;

/// `matches`, `split_matches` and `split_`, on which the jq-defined filters stand; see the jq manual, "Regular
/// expressions".
pub(super) fn natives() -> impl Iterator<Item = Fun<Data>> {
    [
        run(("matches", v(2), |mut cv| {
            let flags = cv.0.pop_var();
            let pattern = cv.0.pop_var();
            bome(parts(&cv.1, &pattern, &flags, false, true))
        })),
        run(("split_matches", v(2), |mut cv| {
            let flags = cv.0.pop_var();
            let pattern = cv.0.pop_var();
            bome(parts(&cv.1, &pattern, &flags, true, true))
        })),
        run(("split_", v(2), |mut cv| {
            let flags = cv.0.pop_var();
            let pattern = cv.0.pop_var();
            bome(parts(&cv.1, &pattern, &flags, true, false))
        })),
    ]
    .into_iter()
}

/// The names of [`natives`], whose namesakes in jaq's library are left out.
pub(super) const NAMES: [&str; 3] = ["matches", "split_matches", "split_"];

/// The texts between the matches, the matches, or both in turn.
fn parts(input: &Val, pattern: &Val, flags: &Val, between: bool, matches: bool) -> Result<Val, Error> {
    let text = text_of(input)?;
    let flags = Flags::parse(&text_of(flags)?)?;
    let regex = compiled(&text_of(pattern)?, &flags)?;
    let mut out = Vec::new();
    let mut end = 0;
    let mut counter = CharCounter {
        text: &text,
        byte: 0,
        chars: 0,
    };
    for captures in regex.captures_iter(&text) {
        let Some(whole) = captures.get(0) else { continue };
        if flags.skip_empty && whole.is_empty() {
            continue;
        }
        if between {
            out.push(Val::utf8_str(text.as_bytes()[end..whole.start()].to_vec()));
        }
        if matches {
            out.push(groups(&regex, &captures, &mut counter));
        }
        end = whole.end();
        if !flags.global {
            break;
        }
    }
    if between {
        out.push(Val::utf8_str(text.as_bytes()[end..].to_vec()));
    }
    Ok(out.into_iter().collect())
}

/// `[{offset, length, string, name?}, …]`: the whole match and then its groups. Offsets count characters.
fn groups(regex: &Regex, captures: &Captures<'_>, counter: &mut CharCounter<'_>) -> Val {
    let start = captures.get(0).map_or(0, |whole| whole.start());
    let start_chars = counter.up_to(start);
    regex
        .capture_names()
        .zip(captures.iter())
        .filter_map(|(name, group)| group.map(|group| (name, group)))
        .map(|(name, group)| {
            let inside = counter
                .text
                .get(start..group.start())
                .map_or(0, |before| before.chars().count());
            let mut fields = vec![
                ("offset", Val::from(start_chars + inside)),
                ("length", Val::from(group.as_str().chars().count())),
                ("string", Val::utf8_str(group.as_str().as_bytes().to_vec())),
            ];
            fields.extend(name.map(|name| ("name", Val::utf8_str(name.as_bytes().to_vec()))));
            Val::obj(
                fields
                    .into_iter()
                    .map(|(key, value)| (Val::utf8_str(key.as_bytes().to_vec()), value))
                    .collect(),
            )
        })
        .collect()
}

/// Counts characters up to growing offsets, each byte once.
struct CharCounter<'t> {
    text: &'t str,
    byte: usize,
    chars: usize,
}

impl CharCounter<'_> {
    fn up_to(&mut self, byte: usize) -> usize {
        self.chars += self
            .text
            .get(self.byte..byte)
            .map_or(0, |passed| passed.chars().count());
        self.byte = self.byte.max(byte);
        self.chars
    }
}

#[derive(Default)]
struct Flags {
    global: bool,
    skip_empty: bool,
    letters: String,
}

impl Flags {
    fn parse(text: &str) -> Result<Self, Error> {
        let mut flags = Self::default();
        for flag in text.chars() {
            match flag {
                'g' => flags.global = true,
                'n' => flags.skip_empty = true,
                'i' | 'x' | 's' | 'l' | 'p' => flags.letters.push(flag),
                other => {
                    return Err(Error::str(format_args!(
                        "{other:?} is no flag of a regular expression"
                    )));
                }
            }
        }
        Ok(flags)
    }
}

thread_local! {
    static COMPILED: RefCell<HashMap<(String, String), Regex>> = RefCell::default();
}

fn compiled(pattern: &str, flags: &Flags) -> Result<Regex, Error> {
    let key = (pattern.to_owned(), flags.letters.clone());
    if let Some(regex) = COMPILED.with_borrow(|kept| kept.get(&key).cloned()) {
        return Ok(regex);
    }
    let has = |letter: char| flags.letters.contains(letter);
    let regex = RegexBuilder::new(pattern)
        .size_limit(SIZE_LIMIT)
        .case_insensitive(has('i'))
        .ignore_whitespace(has('x'))
        .dot_matches_new_line(has('s') || has('p'))
        .multi_line(has('p'))
        .swap_greed(has('l'))
        .build()
        .map_err(|error| Error::str(format_args!("{pattern:?} is no regular expression: {error}")))?;
    COMPILED.with_borrow_mut(|kept| {
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, regex.clone());
    });
    Ok(regex)
}

fn text_of(value: &Val) -> Result<String, Error> {
    value
        .as_utf8_bytes()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .ok_or_else(|| Error::typ(value.clone(), "string"))
}

#[cfg(test)]
mod tests {
    use super::super::jq::{Program, Variables};
    use serde_json::{Value, json};

    fn run(source: &str, input: &Value) -> Result<Vec<Value>, String> {
        Program::compile(source, "x")
            .unwrap()
            .run(input, &Variables::default(), 50)
    }

    #[test]
    fn the_filters_give_what_the_jq_manual_says() {
        let cases = [
            ("\"foo\"", "test(\"FOO\"; \"i\")", json!([true])),
            (
                "\"xyz, uvw\"",
                "[match(\"[a-z]+\"; \"g\").string]",
                json!([["xyz", "uvw"]]),
            ),
            (
                "\"test 123\"",
                "match(\"(?<word>[a-z]+) (?<n>\\\\d+)\") | [.offset, .length, .captures[1].name, .captures[1].string]",
                json!([[0, 8, "n", "123"]]),
            ),
            (
                "\"xyzzy-14\"",
                "capture(\"(?<a>[a-z]+)-(?<n>[0-9]+)\")",
                json!([{"a": "xyzzy", "n": "14"}]),
            ),
            ("\"c, d; e\"", "[splits(\"[,;] *\")]", json!([["c", "d", "e"]])),
            ("\"abc\"", "sub(\"(?<x>b)\"; \"[\\(.x)]\")", json!(["a[b]c"])),
            ("\"aXbxc\"", "gsub(\"x\"; \"-\"; \"i\")", json!(["a-b-c"])),
            ("\"a1b22\"", "[scan(\"\\\\d+\")]", json!([["1", "22"]])),
            ("\"éa b\"", "match(\"b\").offset", json!([3])),
            ("\"ÄNGSTROM live\"", "test(\"^[^\\\\p{Ll}]+$\")", json!([false])),
        ];
        for (input, source, expected) in cases {
            let input: Value = serde_json::from_str(input).unwrap();
            assert_eq!(run(source, &input).map(Value::Array), Ok(expected), "{source}");
        }
    }

    #[test]
    fn a_wrong_pattern_or_flag_is_an_error_in_words() {
        assert!(
            run("test(\"(\")", &json!("a"))
                .unwrap_err()
                .contains("is no regular expression")
        );
        assert!(
            run("test(\"a\"; \"q\")", &json!("a"))
                .unwrap_err()
                .contains("is no flag")
        );
        assert!(run("test(\"a\")", &json!(1)).is_err());
    }
}
