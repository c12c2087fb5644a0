//! Prices out of texts, numbers and objects. Pure.

mod plain;

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use super::text;

/// Longest piece of a price text that is looked at, in characters.
const LONGEST: usize = 2000;
/// An amount above this is no price of an event.
const HIGHEST: f64 = 1_000_000.0;

/// The lowest and highest price found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Price {
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    /// ISO 4217 code.
    pub(super) currency: Option<String>,
}

impl Price {
    fn add(&mut self, amount: f64) {
        self.min = Some(self.min.map_or(amount, |min| min.min(amount)));
        self.max = Some(self.max.map_or(amount, |max| max.max(amount)));
    }

    fn merge(&mut self, other: Self) {
        self.min = self.min.into_iter().chain(other.min).reduce(f64::min);
        self.max = self.max.into_iter().chain(other.max).reduce(f64::max);
        if self.currency.is_none() {
            self.currency = other.currency;
        }
    }
}

// A text is one line, in which all white space is single spaces: the patterns need no class for it, which would be most
// of their size.

const NUMBER: &str = r"[0-9](?:[0-9.,'’]*[0-9])?";
const MARK: &str = r"US\$|CA\$|AU\$|NZ\$|MX\$|HK\$|R\$|S\$|C\$|A\$|\$|€|£|¥|₹|\b(?:USD|EUR|GBP|CAD|AUD|NZD|CHF|JPY|SEK|NOK|DKK|PLN|MXN|BRL)";

/// `$20`, `USD 22.50`, `€ 12,50`, then possibly `-25`, `to 25`, `/25` as the other end of a range.
static MARK_FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)(?P<before>\b(?:save|minus) +|- ?)?(?P<mark>{MARK}) ?(?P<a>{NUMBER})(?: ?(?:-|–|—|~|/|\bto\b|\bbis\b|\bor\b) ?(?:{MARK})? ?(?P<b>{NUMBER})(?P<btail> ?(?:\+|%|:[0-9]|am\b|pm\b|p\.m|a\.m|yrs?\b|years?\b|(?:and|&) (?:over|up|older)|days?\b|min\b|hours?\b|people|tickets|drinks?\b)|[a-z])?)?"
    ))
    .ok()
});
/// `12,50 €`, `20 EUR`, `15 dollars`, `20,- €`.
static MARK_LAST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)(?:(?P<b>{NUMBER}) ?(?:-|–|—|\bto\b|\bbis\b|/) ?)?(?P<a>{NUMBER})(?:,[-–—]+)? ?(?P<mark>€|£|\$|(?:USD|EUR|GBP|CAD|AUD|CHF|SEK|NOK|DKK|PLN)\b|dollars?\b|bucks?\b|euros?\b|pounds?\b)"
    ))
    .ok()
});
/// A text that is nothing but a number or a range of two.
static BARE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"^\+?(?P<a>{NUMBER})(?: ?[-–—] ?(?P<b>{NUMBER}))?\+?$")).ok());
/// What follows an amount that is no price of admission.
static NOT_A_PRICE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^ ?(?:off\b|discount|(?:service |ticket |booking )?fees?\b|(?:in )?fees?\b|drinks?\b|beers?\b|wells?\b|parking\b|gift|prize|value\b|million|k\b|bn\b)").ok()
});
static FREE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^-\w])(?P<word>free|gratis|gratuit[oae]?|kostenlos|eintritt frei|entrée libre|entrada libre|ingresso libero|no (?:cover|charge)|by donation|complimentary)(?:$|[^-\w])").ok()
});
static NOT_FREE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:(?:smoke|alcohol|gluten|sugar|dairy|drug|fee|hands|feel|not|nut)[ -]free|free[ -](?:parking|shipping|wi-?fi|drinks?|beer|food|gift|snacks|coat|will|jazz|standing|form|to re))\b").ok()
});
static OPEN_END: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:tickets?:? *)?(?:from|starting (?:at|from)|starts at|ab|desde|à partir de|minimum)\b|[$€£] ?[0-9][0-9.,]* ?(?:\+|& up|and up) *$").ok()
});

static UP_TO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:tickets?:? *)?(?:up to|under|at most|max\.?|bis zu|jusqu.à|hasta)\b").ok()
});

/// Keys of objects: the lowest, the highest, one price; currency.
const MIN_KEYS: &[&str] = &[
    "min", "priceMin", "minPrice", "lowPrice", "low", "from", "minimum", "lowest",
];
const MAX_KEYS: &[&str] = &[
    "max",
    "priceMax",
    "maxPrice",
    "highPrice",
    "high",
    "to",
    "maximum",
    "highest",
];
const ONE_KEYS: &[&str] = &[
    "price",
    "amount",
    "value",
    "cost",
    "@value",
    "display",
    "formatted",
    "text",
    "name",
];
const CURRENCY_KEYS: &[&str] = &["currency", "priceCurrency", "currencyCode", "currency_code"];

/// Reads a price: a number, a text, an object (`{min, max, currency}`, schema.org Offer) or a list of them.
pub(super) fn read(value: &Value) -> Price {
    let mut price = Price::default();
    // Breadth first with a budget instead of recursion: a value can be as deep as its page wants.
    let mut queue = std::collections::VecDeque::from([value]);
    let mut budget = 128;
    while let Some(value) = queue.pop_front() {
        budget -= 1;
        if budget == 0 {
            break;
        }
        match value {
            Value::Number(number) => {
                if let Some(amount) = number.as_f64().and_then(plausible) {
                    price.add(amount);
                }
            }
            Value::String(text) => price.merge(of_text(text)),
            Value::Array(list) => queue.extend(list.iter().take(100)),
            Value::Object(object) => {
                let found = |keys: &[&str]| {
                    keys.iter()
                        .find_map(|key| object.get(*key).filter(|v| !v.is_null()))
                };
                if let Some(code) = found(CURRENCY_KEYS).and_then(currency_of)
                    && price.currency.is_none()
                {
                    price.currency = Some(code);
                }
                let ends: Vec<&Value> = [found(MIN_KEYS), found(MAX_KEYS)].into_iter().flatten().collect();
                if ends.is_empty() {
                    queue.extend(found(ONE_KEYS).or_else(|| object.get("offers")));
                } else {
                    queue.extend(ends);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
    price
}

/// ISO 4217 code of a currency field: a code, or a symbol.
pub(super) fn currency_of(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| {
        CURRENCY_KEYS
            .iter()
            .chain(&["code", "@value"])
            .find_map(|k| value.get(k)?.as_str())
    })?;
    let text = text.trim();
    if text.len() == 3 && text.chars().all(|c| c.is_ascii_alphabetic()) {
        return Some(text.to_ascii_uppercase());
    }
    code_of_mark(text).map(str::to_owned)
}

fn code_of_mark(mark: &str) -> Option<&'static str> {
    let lower = mark.to_lowercase();
    Some(match lower.as_str() {
        "$" | "us$" | "usd" | "dollar" | "dollars" | "buck" | "bucks" => "USD",
        "€" | "eur" | "euro" | "euros" => "EUR",
        "£" | "gbp" | "pound" | "pounds" => "GBP",
        "ca$" | "c$" | "cad" => "CAD",
        "au$" | "a$" | "aud" => "AUD",
        "nz$" | "nzd" => "NZD",
        "s$" | "sgd" => "SGD",
        "hk$" | "hkd" => "HKD",
        "¥" | "jpy" => "JPY",
        "₹" | "inr" => "INR",
        "chf" => "CHF",
        "sek" => "SEK",
        "nok" => "NOK",
        "dkk" => "DKK",
        "pln" => "PLN",
        "mx$" | "mxn" => "MXN",
        "r$" | "brl" => "BRL",
        _ => return None,
    })
}

fn of_text(raw: &str) -> Price {
    let cut: String = raw.chars().take(LONGEST).collect();
    let text = text::line(&cut);
    plain::read(&text).unwrap_or_else(|| by_patterns(&text))
}

fn by_patterns(text: &str) -> Price {
    let mut price = Price::default();
    if let Some(captures) = BARE.as_ref().and_then(|bare| bare.captures(text)) {
        let amounts: Vec<f64> = ["a", "b"]
            .iter()
            .filter_map(|n| amount_of(&captures, n, ""))
            .collect();
        // `2026` is a year and `2025-2026` a season.
        let is_years = text.bytes().all(|byte| !matches!(byte, b'.' | b','));
        if is_years && amounts.iter().all(|n| (2015.0..2045.0).contains(n)) {
            return price;
        }
        for amount in amounts {
            price.add(amount);
        }
        if text.ends_with('+') {
            price.max = None;
        }
        return price;
    }
    collect(text, MARK_FIRST.as_ref(), &mut price);
    if price.min.is_none() {
        collect(text, MARK_LAST.as_ref(), &mut price);
    }
    let open = OPEN_END.as_ref().is_some_and(|open| open.is_match(text));
    if open && price.min == price.max {
        price.max = None;
    }
    if price.min == price.max && UP_TO.as_ref().is_some_and(|up_to| up_to.is_match(text)) {
        price.min = None;
    }
    if is_free(text) {
        price.min = Some(0.0);
        price.max = price.max.or(Some(0.0));
    }
    price
}

fn collect(text: &str, pattern: Option<&Regex>, price: &mut Price) {
    let Some(pattern) = pattern else { return };
    for captures in pattern.captures_iter(text) {
        let (Some(a), Some(mark)) = (captures.name("a"), captures.name("mark")) else {
            continue;
        };
        let refused = captures.name("before").is_some_and(|before| {
            // `$15-$20` leaves no dash behind; a dash before the first amount is a minus or a bullet.
            let before = before.as_str().trim();
            before != "-"
                || captures.get(0).is_some_and(|whole| {
                    text[..whole.start()].trim().is_empty() && !text[whole.start()..].starts_with("- ")
                })
        });
        let end = captures
            .name("b")
            .filter(|b| b.end() > a.end())
            .map_or(a.end(), |b| b.end());
        if refused || NOT_A_PRICE.as_ref().is_some_and(|not| not.is_match(&text[end..])) {
            continue;
        }
        let code = code_of_mark(mark.as_str());
        let first = amount_of(&captures, "a", code.unwrap_or(""));
        // `$10 - 21+` names an age, `$15-20+` a price.
        let tail = captures.name("btail").map_or("", |tail| tail.as_str().trim());
        let second = amount_of(&captures, "b", code.unwrap_or(""))
            .filter(|b| tail.is_empty() || tail == "+" && ![16.0, 18.0, 19.0, 21.0].contains(b));
        for amount in [first, second].into_iter().flatten() {
            price.add(amount);
            price.currency = price.currency.take().or_else(|| code.map(str::to_owned));
        }
    }
}

fn is_free(text: &str) -> bool {
    let Some(free) = FREE.as_ref() else { return false };
    let text = NOT_FREE
        .as_ref()
        .map_or_else(|| text.into(), |not| not.replace_all(text, " "));
    free.is_match(&text)
}

fn amount_of(captures: &Captures<'_>, name: &str, currency: &str) -> Option<f64> {
    number(captures.name(name)?.as_str(), currency).and_then(plausible)
}

/// Reads digits with thousands and decimal marks of either convention.
fn number(text: &str, currency: &str) -> Option<f64> {
    let text = text.replace(['\'', '’'], "");
    let last_mark = text.rfind(['.', ',']);
    let Some(at) = last_mark else {
        return text.parse().ok();
    };
    let mark = &text[at..=at];
    let decimals = text.len() - at - 1;
    let other = if mark == "," { "." } else { "," };
    let is_thousands = decimals == 3
        && !text.contains(other)
        && (mark == "," || text.matches(mark).count() > 1 || !matches!(currency, "USD" | "GBP" | ""));
    let digits: String = if is_thousands || text.matches(mark).count() > 1 {
        text.chars().filter(char::is_ascii_digit).collect()
    } else {
        format!("{}.{}", text[..at].replace(['.', ','], ""), &text[at + 1..])
    };
    digits.parse().ok()
}

/// Rounded to cents; negative, endless and enormous amounts are none.
fn plausible(amount: f64) -> Option<f64> {
    (amount.is_finite() && (0.0..=HIGHEST).contains(&amount)).then(|| (amount * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests;
