//! Whether an event takes place and has tickets left: status texts, flags, and words around a title. Pure.

mod hint;

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::event::EventStatus;

/// Words of a status by what they mean, the strongest first; compared with letters alone, in lower case.
const STATUS_WORDS: &[(EventStatus, &[&str])] = &[
    (
        EventStatus::Cancelled,
        &[
            "cancelled",
            "canceled",
            "cancelad",
            "cancellat",
            "abgesagt",
            "annul",
            "afgelast",
            "geannuleerd",
        ],
    ),
    (
        EventStatus::Postponed,
        &[
            "postpone",
            "verschoben",
            "aplazad",
            "rinviat",
            "uitgesteld",
            "adiad",
            "reporte",
        ],
    ),
    (EventStatus::Rescheduled, &["reschedul"]),
    (EventStatus::MovedOnline, &["movedonline"]),
];

const SOLD_OUT_WORDS: &[&str] = &[
    "soldout",
    "outofstock",
    "ausverkauft",
    "agotado",
    "esaurit",
    "uitverkocht",
    "esgotad",
];

/// Words before one of [`SOLD_OUT_WORDS`] that take it back.
const NOT_YET_WORDS: &[&str] = &[
    "notsoldout",
    "almostsoldout",
    "nearlysoldout",
    "closetosoldout",
    "nearsoldout",
    "virtuallysoldout",
    "fastausverkauft",
    "nahezuausverkauft",
    "bijnauitverkocht",
    "casiagotad",
    "quasiesaurit",
];

/// A status word set apart from the title: before a mark, in brackets, or after a mark.
static AROUND_TITLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const WORDS: &str = concat!(
        r"(cancell?ed|postponed|rescheduled|sold[ -]?out|abgesagt|verschoben|ausverkauft|annul[ée]e?|cancelado|",
        r"aplazado|agotado|annullato|rinviato|esaurito|uitverkocht|afgelast)"
    );
    const DETAIL: &str = r"\s+(?:to|until|till|from|due|auf)\b";
    let before = format!(
        r"^[^\p{{L}}\p{{N}}]*(?:event |show |now )?{WORDS}(?:{DETAIL}[^:]{{1,30}})?\s*(?:[*!]*\s*[:|–—~/-]|[*!]{{2,}}|\p{{So}})"
    );
    let bracketed =
        format!(r"[\[(*{{]+\s*(?:[^\])}}*]*[-–—:,|!]\s*)?(?:show |event |now )?{WORDS}\b[^\])}}*]*[\])}}*]");
    let after = format!(
        r"(?:[:|–—~…•]|\s-|\.\.\.)\s*(?:show |event |now )?{WORDS}[\s!*.~]*(?:$|\s[-–—|]|{DETAIL}.*$)"
    );
    Regex::new(&format!("(?i){before}|{bracketed}|{after}")).ok()
});
/// The same word in capitals beside a title that is not.
static CAPITALS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const WORDS: &str = "(CANCELL?ED|POSTPONED|RESCHEDULED|SOLD[ -]?OUT)";
    Regex::new(&format!(r"^\s*{WORDS}\s.*\p{{Ll}}|\p{{Ll}}.*\s{WORDS}[\s!]*$")).ok()
});

/// What texts and flags say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: EventStatus,
    pub(super) sold_out: bool,
}

impl Standing {
    /// Takes over what `other` knows; cancelled wins over all, then what was there.
    pub(super) fn merge(&mut self, other: Self) {
        if self.status == EventStatus::Scheduled || other.status == EventStatus::Cancelled {
            self.status = other.status;
        }
        self.sold_out |= other.sold_out;
    }
}

/// Reads a status text: schema.org address, iCalendar STATUS, or plain words.
pub(super) fn of_text(text: &str) -> Standing {
    let letters: String = text
        .chars()
        .take(400)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let letters = letters.replace('é', "e");
    let denied = letters.contains("notcancel");
    let status = STATUS_WORDS
        .iter()
        .find(|(_, words)| !denied && words.iter().any(|word| letters.contains(word)))
        .map_or(EventStatus::Scheduled, |(status, _)| *status);
    let sold_out = letters == "complet"
        || SOLD_OUT_WORDS.iter().any(|word| letters.contains(word))
            && !NOT_YET_WORDS.iter().any(|word| letters.contains(word));
    Standing { status, sold_out }
}

/// Reads a status word that is set apart from the title (`CANCELLED - `, `(Sold out)`, `POSTPONED:`).
pub(super) fn of_title(title: &str) -> Standing {
    let mut standing = Standing::default();
    if !hint::is_possible(title) {
        return standing;
    }
    for pattern in [&AROUND_TITLE, &CAPITALS] {
        let Some(pattern) = pattern.as_ref() else { continue };
        for captures in pattern.captures_iter(title) {
            for word in captures.iter().skip(1).flatten() {
                standing.merge(of_text(word.as_str()));
            }
        }
    }
    standing
}

/// The title without such words, for comparing titles of two runs.
pub(crate) fn without_status(title: &str) -> String {
    if !hint::is_possible(title) {
        return title.to_owned();
    }
    match (AROUND_TITLE.as_ref(), CAPITALS.as_ref()) {
        (Some(around), Some(capitals)) => {
            let mut bare = around.replace_all(title, " ").into_owned();
            let word = capitals
                .captures(&bare)
                .and_then(|found| found.iter().skip(1).flatten().next().map(|word| word.range()));
            if let Some(word) = word {
                bare.replace_range(word, "");
            }
            bare
        }
        _ => title.to_owned(),
    }
}

/// Whether a flag is set: booleans, numbers, `"true"`, `"yes"`, `"1"`, …; other texts are not.
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|n| n != 0.0),
        Value::String(text) => {
            matches!(
                text.trim().to_ascii_lowercase().as_str(),
                "true" | "yes" | "y" | "1" | "on" | "t" | "x" | "checked"
            )
        }
        _ => false,
    }
}

/// Reads the field `cancelled`: a flag, or words that say so.
pub(super) fn of_cancelled(value: &Value) -> Standing {
    if truthy(value) {
        return Standing {
            status: EventStatus::Cancelled,
            sold_out: false,
        };
    }
    value.as_str().map(of_text).unwrap_or_default()
}

/// Reads the field `soldOut`: a flag, or words that say so.
pub(super) fn is_sold_out(value: &Value) -> bool {
    truthy(value) || value.as_str().is_some_and(|text| of_text(text).sold_out)
}

#[cfg(test)]
mod tests {
    use EventStatus::{Cancelled, MovedOnline, Postponed, Rescheduled, Scheduled};
    use serde_json::json;

    use super::*;

    #[test]
    fn status_texts_are_understood() {
        let cases = [
            ("cancelled", Cancelled),
            ("Canceled", Cancelled),
            ("This event has been cancelled.", Cancelled),
            ("https://schema.org/EventCancelled", Cancelled),
            ("http://schema.org/EventPostponed", Postponed),
            ("EventRescheduled", Rescheduled),
            ("https://schema.org/EventMovedOnline", MovedOnline),
            ("CANCELLED", Cancelled),
            ("CONFIRMED", Scheduled),
            ("TENTATIVE", Scheduled),
            ("https://schema.org/EventScheduled", Scheduled),
            ("on-sale", Scheduled),
            ("not cancelled", Scheduled),
            ("Abgesagt", Cancelled),
            ("Annulé", Cancelled),
            ("Reporté", Postponed),
            ("", Scheduled),
        ];
        for (text, expected) in cases {
            assert_eq!(of_text(text).status, expected, "{text}");
        }
        for text in [
            "Sold Out!",
            "sold-out",
            "https://schema.org/SoldOut",
            "Ausverkauft",
        ] {
            assert!(of_text(text).sold_out, "{text}");
        }
        for text in [
            "https://schema.org/InStock",
            "Almost sold out!",
            "Not sold out",
            "complete line-up",
        ] {
            assert!(!of_text(text).sold_out, "{text}");
        }
        assert!(of_text("COMPLET").sold_out);
    }

    #[test]
    fn words_set_apart_from_a_title_count_and_words_inside_do_not() {
        let cases = [
            ("CANCELLED - Free Tax Help", Cancelled, false),
            ("Free Tax Help (Canceled)", Cancelled, false),
            ("POSTPONED: Foo", Postponed, false),
            ("[RESCHEDULED] Foo", Rescheduled, false),
            ("Foo (rescheduled from May 5)", Rescheduled, false),
            ("Foo – SOLD OUT", Scheduled, true),
            ("SOLD OUT! – Foo", Scheduled, true),
            ("***SOLD OUT*** Foo", Scheduled, true),
            ("CANCELLED Foo Fighters", Cancelled, false),
            ("Cancelled Culture Comedy", Scheduled, false),
            ("The Sold Out Tour", Scheduled, false),
            ("Foo | Canceled", Cancelled, false),
            ("Foo - Sold Out - Early Show", Scheduled, true),
            ("Foo (NEW DATE - Rescheduled from May 5)", Rescheduled, false),
            ("Foo | POSTPONED TO MAY 6", Postponed, false),
            ("POSTPONED TO 5/6: Foo", Postponed, false),
            ("🚫 CANCELED 🚫 Foo", Cancelled, false),
            ("SHOW CANCELLED: Foo", Cancelled, false),
            ("Foo… CANCELLED", Cancelled, false),
            ("Foo Bar SOLD OUT", Scheduled, true),
            ("FOO SOLD OUT TOUR", Scheduled, false),
            ("\"Sold Out\" a play", Scheduled, false),
            ("Foo (feat. The Cancelled)", Scheduled, false),
            ("CANCELLED - Foo (Sold Out)", Cancelled, true),
            ("Postponed Dreams", Scheduled, false),
        ];
        for (title, status, sold_out) in cases {
            assert_eq!(of_title(title), Standing { status, sold_out }, "{title}");
        }
    }

    #[test]
    fn a_title_without_its_status_is_the_same_title() {
        for title in [
            "CANCELLED - Foo Bar",
            "Foo Bar (Canceled)",
            "CANCELLED Foo Bar",
            "Foo Bar – SOLD OUT",
            "Foo Bar SOLD OUT",
            "Foo Bar | POSTPONED TO MAY 6",
            "Foo Bar",
        ] {
            assert_eq!(without_status(title).trim(), "Foo Bar", "{title}");
        }
    }

    #[test]
    fn flags_are_true_only_for_what_says_so() {
        for value in [json!(true), json!(1), json!("true"), json!("Yes"), json!("1")] {
            assert!(truthy(&value), "{value}");
            assert_eq!(of_cancelled(&value).status, Cancelled, "{value}");
        }
        for value in [
            json!(false),
            json!(0),
            json!("false"),
            json!("0"),
            json!("no"),
            json!(""),
            json!(null),
            json!([]),
        ] {
            assert!(!truthy(&value), "{value}");
            assert_eq!(of_cancelled(&value).status, Scheduled, "{value}");
        }
        assert_eq!(of_cancelled(&json!("Postponed")).status, Postponed);
        assert!(is_sold_out(&json!("Sold out")) && !is_sold_out(&json!("Buy Tickets")));
    }
}
