//! Prices in the forms that most pages have, read without a pattern: `$20`, `€ 12.50`, `$10–$15`, `free`. Pure.
//!
//! Making the patterns of the other forms takes longer than all else that is done with a page of a hundred events. What
//! is read here is read as they read it; a test compares the two.

use super::{Price, code_of_mark, number, plausible};

/// The price of a text that is nothing but such a form.
pub(super) fn read(text: &str) -> Option<Price> {
    let mut price = Price::default();
    if text.eq_ignore_ascii_case("free") {
        price.add(0.0);
        return Some(price);
    }
    let (mark, rest) = mark(text)?;
    let code = code_of_mark(mark)?;
    let (first, rest) = amount(rest, code)?;
    price.add(first);
    price.currency = Some(code.to_owned());
    if rest.is_empty() {
        return Some(price);
    }
    let rest = without_space(rest).strip_prefix(['-', '–', '—'])?;
    let rest = without_space(rest);
    let rest = self::mark(rest).map_or(rest, |(_, rest)| rest);
    let (second, rest) = amount(rest, code)?;
    price.add(second);
    rest.is_empty().then_some(price)
}

fn without_space(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

/// A mark, and what follows it.
fn mark(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(['$', '€', '£'])?;
    Some((&text[..text.len() - rest.len()], without_space(rest)))
}

/// Digits with two decimals or none, and what follows them.
fn amount<'t>(text: &'t str, currency: &str) -> Option<(f64, &'t str)> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let is_decimal = |part: &[u8]| matches!(part, [b'.', a, b] if a.is_ascii_digit() && b.is_ascii_digit());
    let end = match text.as_bytes().get(end..end + 3) {
        Some(part) if end > 0 && is_decimal(part) => end + 3,
        _ => end,
    };
    let (written, rest) = text.split_at(end);
    // What goes on like a number is none of these forms.
    if written.is_empty()
        || rest.starts_with(['.', ',', '\'', '’'])
        || rest.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    Some((plausible(number(written, currency)?)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalise::price::by_patterns;

    #[test]
    fn plain_prices_are_read() {
        let found = |text| read(text).map(|price| (price.min, price.max, price.currency));
        let usd = Some("USD".to_owned());
        assert_eq!(found("$20"), Some((Some(20.0), Some(20.0), usd.clone())));
        assert_eq!(found("$10–$15"), Some((Some(10.0), Some(15.0), usd.clone())));
        assert_eq!(found("$ 10.50 - 15"), Some((Some(10.5), Some(15.0), usd)));
        assert_eq!(found("Free"), Some((Some(0.0), Some(0.0), None)));
        for other in [
            "", "20", "$", "$x", "$10+", "$10 21+", "$1,250", "$10/15", "$10-", "$10-.50", "$.50",
            "$9999999", "free!",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_patterns_read(
            text in "[$€£]?[ ]?[0-9]{1,7}([.,][0-9]{1,3})?([ ]?[-–—/][ ]?[$€£]?[ ]?[0-9]{1,7}([.,][0-9]{1,3})?)?[+. a]?"
        ) {
            if let Some(price) = read(&text) {
                prop_assert_eq!(price, by_patterns(&text));
            }
        }

        #[test]
        fn so_it_is_with_any_letters_of_a_price(text in "[$€£0-9 .,'’–+/a-]{0,12}|(?i)free") {
            if let Some(price) = read(&text) {
                prop_assert_eq!(price, by_patterns(&text));
            }
        }
    }
}
