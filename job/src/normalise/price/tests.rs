//! Tables of prices. Pure.

use serde_json::json;

use super::*;

fn check(value: &Value, min: Option<f64>, max: Option<f64>, currency: Option<&str>) {
    let expected = Price {
        min,
        max,
        currency: currency.map(str::to_owned),
    };
    assert_eq!(read(value), expected, "{value}");
}

#[test]
fn prices_with_a_currency_are_found_in_texts() {
    let cases = [
        ("$20 advance, $25 doors", 20.0, 25.0, "USD"),
        ("Tickets: $20 advance, $25 doors", 20.0, 25.0, "USD"),
        ("$20 ADV | $25 DOS", 20.0, 25.0, "USD"),
        ("$15-$20", 15.0, 20.0, "USD"),
        ("$15 – 20", 15.0, 20.0, "USD"),
        ("$5-20 sliding scale", 5.0, 20.0, "USD"),
        ("$5 to 20 at the door", 5.0, 20.0, "USD"),
        ("$10 and 2 drinks", 10.0, 10.0, "USD"),
        ("$10/$12", 10.0, 12.0, "USD"),
        ("$10 / 12", 10.0, 12.0, "USD"),
        ("$10 to $30", 10.0, 30.0, "USD"),
        ("€12,50", 12.5, 12.5, "EUR"),
        ("12,50 €", 12.5, 12.5, "EUR"),
        ("VVK 12 € / AK 15 €", 12.0, 15.0, "EUR"),
        ("20,- €", 20.0, 20.0, "EUR"),
        ("10 - 15 EUR", 10.0, 15.0, "EUR"),
        ("£10", 10.0, 10.0, "GBP"),
        ("USD 22.50", 22.5, 22.5, "USD"),
        ("CHF 35.-", 35.0, 35.0, "CHF"),
        ("CA$15", 15.0, 15.0, "CAD"),
        ("$10 (21+)", 10.0, 10.0, "USD"),
        ("$10 - 21+", 10.0, 10.0, "USD"),
        ("$10, 21 and over", 10.0, 10.0, "USD"),
        ("$15 / 21+ / 8pm", 15.0, 15.0, "USD"),
        ("$15 8pm", 15.0, 15.0, "USD"),
        ("$12 - 8pm", 12.0, 12.0, "USD"),
        ("Tickets: $1,250.00", 1250.0, 1250.0, "USD"),
        ("$1,250", 1250.0, 1250.0, "USD"),
        ("1.250,00 €", 1250.0, 1250.0, "EUR"),
        ("1.250 €", 1250.0, 1250.0, "EUR"),
        ("$20.", 20.0, 20.0, "USD"),
        ("$20 + $3 fee", 20.0, 20.0, "USD"),
        ("$20, $5 off for members", 20.0, 20.0, "USD"),
        ("$10, kids free", 0.0, 10.0, "USD"),
        ("Free for members, $10 general", 0.0, 10.0, "USD"),
        ("free before 10pm, $10 after", 0.0, 10.0, "USD"),
        ("$10, free parking", 10.0, 10.0, "USD"),
        ("Suggested donation $10-20", 10.0, 20.0, "USD"),
        ("15 dollars", 15.0, 15.0, "USD"),
        ("$19.999", 20.0, 20.0, "USD"),
        ("<b>$8</b> at the door", 8.0, 8.0, "USD"),
    ];
    for (text, min, max, currency) in cases {
        check(&json!(text), Some(min), Some(max), Some(currency));
    }
}

#[test]
fn free_is_zero_and_needs_no_currency() {
    for text in [
        "Free",
        "free (donation)",
        "FREE!",
        "No cover",
        "Gratis",
        "Eintritt frei",
        "Free with RSVP",
        "0",
        "0.00",
    ] {
        check(&json!(text), Some(0.0), Some(0.0), None);
    }
}

#[test]
fn bare_numbers_count_only_alone() {
    check(&json!("20"), Some(20.0), Some(20.0), None);
    check(&json!("20.00"), Some(20.0), Some(20.0), None);
    check(&json!("15 - 20"), Some(15.0), Some(20.0), None);
    check(&json!("20+"), Some(20.0), None, None);
    check(&json!(22.5), Some(22.5), Some(22.5), None);
    for text in [
        "Ages 21+",
        "18 and over",
        "2025-2026 season",
        "2025-2026",
        "2026",
        "$99999999",
        "8pm",
        "doors 7:00",
        "Paid",
        "call 555-1234",
        "-5",
        "-$5",
        "",
        "smoke-free",
        "Free parking",
    ] {
        check(&json!(text), None, None, None);
    }
    check(&json!(-5), None, None, None);
    check(&json!(1e12), None, None, None);
}

#[test]
fn an_open_end_has_no_highest_price() {
    for text in [
        "From $20",
        "$20+",
        "starting at $20",
        "Tickets from $20",
        "$20 and up",
    ] {
        check(&json!(text), Some(20.0), None, Some("USD"));
    }
}

#[test]
fn a_limit_has_no_lowest_price() {
    for text in ["Up to $50", "under $50"] {
        check(&json!(text), None, Some(50.0), Some("USD"));
    }
}

#[test]
fn objects_and_lists_are_read() {
    check(
        &json!({"min": 10, "max": "25.5", "currency": "eur"}),
        Some(10.0),
        Some(25.5),
        Some("EUR"),
    );
    check(
        &json!({"price": "22.5", "priceCurrency": "USD"}),
        Some(22.5),
        Some(22.5),
        Some("USD"),
    );
    check(
        &json!({"lowPrice": 5, "highPrice": 9}),
        Some(5.0),
        Some(9.0),
        None,
    );
    check(
        &json!({"amount": {"value": "15.00", "currency": "GBP"}}),
        Some(15.0),
        Some(15.0),
        Some("GBP"),
    );
    check(
        &json!([{"price": 30}, {"price": 10}, "$20"]),
        Some(10.0),
        Some(30.0),
        Some("USD"),
    );
    check(&json!(null), None, None, None);
}

#[test]
fn a_deep_or_long_value_ends_quickly() {
    let mut deep = json!(5);
    for _ in 0..100 {
        deep = json!([deep, deep.clone()]);
        if deep.to_string().len() > 100_000 {
            break;
        }
    }
    let _ = read(&deep);
    let _ = read(&json!("$1-".repeat(60_000)));
}

#[test]
fn currency_fields_are_codes_or_symbols() {
    assert_eq!(currency_of(&json!("usd")).as_deref(), Some("USD"));
    assert_eq!(currency_of(&json!("€")).as_deref(), Some("EUR"));
    assert_eq!(currency_of(&json!("credits")), None);
}
