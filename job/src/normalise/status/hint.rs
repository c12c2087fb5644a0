//! Whether a title can hold a status word at all. Pure.
//!
//! Making the patterns takes as long as reading a page of a hundred events, and most pages have no such title.

/// The beginnings of all words of the patterns that begin with this letter, in lower case.
fn stems(first: u8) -> &'static [&'static str] {
    match first.to_ascii_lowercase() {
        b'a' => &[
            "abgesagt",
            "ausverkauft",
            "annul",
            "aplazado",
            "agotado",
            "afgelast",
        ],
        b'c' => &["cancel"],
        b'e' => &["esaurito"],
        b'p' => &["postponed"],
        b'r' => &["rescheduled", "rinviato"],
        b's' => &["sold"],
        b'u' => &["uitverkocht"],
        b'v' => &["verschoben"],
        _ => &[],
    }
}

/// `false` only where no pattern matches.
pub(super) fn is_possible(title: &str) -> bool {
    let bytes = title.as_bytes();
    let begins = |rest: &[u8], stem: &str| {
        rest.get(..stem.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(stem.as_bytes()))
    };
    // The long s and the sign for kelvin are cases of s and k (Unicode, CaseFolding.txt).
    title.contains(['\u{17f}', '\u{212a}'])
        || bytes
            .iter()
            .enumerate()
            .any(|(at, first)| stems(*first).iter().any(|stem| begins(&bytes[at..], stem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_without_a_status_word_are_told_from_those_with_one() {
        for title in [
            "CANCELLED - Foo",
            "Foo (Annulé)",
            "Foo – ausVerkauft",
            "ſold out: Foo",
            "SOLD",
        ] {
            assert!(is_possible(title), "{title}");
        }
        for title in [
            "",
            "Show number 0 with The Loud Neighbours",
            "Sol",
            "Canción",
            "Apéro",
            "Reschedule",
        ] {
            assert!(!is_possible(title), "{title}");
        }
    }
}
