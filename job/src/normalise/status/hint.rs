//! Whether a title can hold a status word at all. Pure.
//!
//! Making the patterns takes as long as reading a page of a hundred events, and most pages have no such title.

/// The beginnings of all words of the patterns, in lower case.
const STEMS: &[&str] = &[
    "cancel",
    "postponed",
    "rescheduled",
    "sold",
    "abgesagt",
    "verschoben",
    "ausverkauft",
    "annul",
    "aplazado",
    "agotado",
    "rinviato",
    "esaurito",
    "uitverkocht",
    "afgelast",
];

/// `false` only where no pattern matches.
pub(super) fn is_possible(title: &str) -> bool {
    let bytes = title.as_bytes();
    let begins = |at: usize, stem: &str| {
        let part = bytes.get(at..at + stem.len());
        part.is_some_and(|part| part.eq_ignore_ascii_case(stem.as_bytes()))
    };
    // The long s and the sign for kelvin are cases of s and k (Unicode, CaseFolding.txt).
    title.contains(['\u{17f}', '\u{212a}'])
        || (0..bytes.len()).any(|at| STEMS.iter().any(|stem| begins(at, stem)))
}
