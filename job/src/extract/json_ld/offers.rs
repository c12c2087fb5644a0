//! Prices and tickets of an event. Pure.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    graph::Graph,
    node::{each, members, property, text},
    value::{Json, Object},
};

/// Most offers of one event that are looked at.
const MAX_OFFERS: usize = 1_000;

/// An amount, or a range of two, at the beginning of a text.
static AMOUNTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[^\d-]{0,16}(\d[\d.,]*)(?:\s*(?:-|–|—|to)\s*[^\d\s]{0,4}\s*(\d[\d.,]*))?").ok()
});

/// What the offers of an event come to.
#[derive(Debug, Default, PartialEq)]
pub struct Offers {
    /// Lowest price.
    pub price_min: Option<f64>,
    /// Highest price.
    pub price_max: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Where the first offer is made.
    pub url: Option<String>,
    /// There are offers, and all of them are sold out.
    pub sold_out: bool,
}

/// Reads `offers` of an event: an offer, an `AggregateOffer` or a list of such.
pub fn read<'a>(event: &'a Object<'a>, graph: &Graph<'a>) -> Offers {
    let mut result = Offers::default();
    let (mut offers, mut sold_out) = (0, 0);
    let mut pending: Vec<&'a Json<'a>> = each(property(event, "offers")).collect();
    pending.reverse();
    for _ in 0..MAX_OFFERS {
        let Some(offer) = pending.pop() else { break };
        let Some(offer) = graph.resolve(offer).as_object() else {
            continue;
        };
        result.add(offer);
        for specification in each(property(offer, "priceSpecification")).filter_map(Json::as_object) {
            result.add(specification);
        }
        let url = text(property(offer, "url"));
        result.url = result.url.take().or(url);
        let before = pending.len();
        pending.extend(each(property(offer, "offers")).take(MAX_OFFERS));
        pending[before..].reverse();
        if pending.len() == before {
            offers += 1;
            sold_out += usize::from(is_sold_out(offer));
        }
    }
    result.sold_out = offers > 0 && offers == sold_out;
    result
}

impl Offers {
    fn add(&mut self, priced: &Object<'_>) {
        for name in ["price", "lowPrice", "highPrice", "minPrice", "maxPrice"] {
            for price in each(property(priced, name)).flat_map(amounts) {
                self.price_min = Some(self.price_min.map_or(price, |least| least.min(price)));
                self.price_max = Some(self.price_max.map_or(price, |most| most.max(price)));
            }
        }
        if self.currency.is_none() {
            self.currency = text(property(priced, "priceCurrency"));
        }
    }
}

fn is_sold_out(offer: &Object<'_>) -> bool {
    members(property(offer, "availability")).any(|member| matches!(member.as_str(), "soldout" | "outofstock"))
}

/// The prices that a value tells: a number, or a text such as `$10`, `10.00 - 15.00`, `1.200,50 €` or `Free`.
fn amounts(value: &Json<'_>) -> Vec<f64> {
    if let Json::Number(number) = value
        && let Some(number) = number.as_f64()
    {
        return vec![number].into_iter().filter(|number| *number >= 0.0).collect();
    }
    let Some(text) = text(Some(value)) else {
        return Vec::new();
    };
    // Most prices are a mere number, and the pattern takes a millisecond to compile.
    let is_amount = text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    if is_amount {
        return amount(&text).into_iter().collect();
    }
    let Some(found) = AMOUNTS.as_ref().and_then(|amounts| amounts.captures(&text)) else {
        let is_free = text.trim().eq_ignore_ascii_case("free");
        return if is_free { vec![0.0] } else { Vec::new() };
    };
    found
        .iter()
        .skip(1)
        .flatten()
        .filter_map(|part| amount(part.as_str()))
        .collect()
}

/// A comma or point is decimal if it is the last of both kinds, comes once and no three digits follow a comma.
fn amount(text: &str) -> Option<f64> {
    let text = text.trim_end_matches(['.', ',']);
    let decimal = match (text.rfind('.'), text.rfind(',')) {
        (Some(point), Some(comma)) => Some(point.max(comma)),
        (Some(point), None) => Some(point).filter(|_| text.matches('.').count() == 1),
        (None, Some(comma)) => {
            Some(comma).filter(|comma| text.matches(',').count() == 1 && text.len() - comma != 4)
        }
        (None, None) => None,
    };
    let plain: String = text
        .char_indices()
        .filter_map(|(at, c)| match c {
            '.' | ',' => (Some(at) == decimal).then_some('.'),
            digit => Some(digit),
        })
        .collect();
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn offers(value: impl Into<Value>) -> Offers {
        let event = Json::from(json!({ "offers": value.into() }));
        read(event.as_object().unwrap(), &Graph::new(&[]))
    }

    #[test]
    fn prices_are_read_as_people_write_them() {
        for (price, expected) in [
            (json!(12.5), vec![12.5]),
            (json!("10"), vec![10.0]),
            (json!("$10.00"), vec![10.0]),
            (json!("USD 10-15"), vec![10.0, 15.0]),
            (json!("$10 – $15.50"), vec![10.0, 15.5]),
            (json!("10,50"), vec![10.5]),
            (json!("1,200"), vec![1200.0]),
            (json!("1.200,50 €"), vec![1200.5]),
            (json!("1,200.50"), vec![1200.5]),
            (json!("$12 (21+)"), vec![12.0]),
            (json!("Free"), vec![0.0]),
            (json!("FREE"), vec![0.0]),
            (json!("donation"), vec![]),
            (json!(-3), vec![]),
            (json!(""), vec![]),
        ] {
            assert_eq!(amounts(&Json::from(price.clone())), expected, "{price}");
        }
    }

    #[test]
    fn an_aggregate_tells_its_range_and_its_parts_the_rest() {
        let found = offers(json!({
            "@type": "AggregateOffer", "lowPrice": "15", "highPrice": 40, "priceCurrency": "USD",
            "offers": [
                { "availability": "http://schema.org/SoldOut", "url": "https://a/1" },
                { "availability": "OutOfStock", "price": 50, "url": "https://a/2" },
            ],
        }));
        let expected = Offers {
            price_min: Some(15.0),
            price_max: Some(50.0),
            currency: Some("USD".to_owned()),
            url: Some("https://a/1".to_owned()),
            sold_out: true,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn sold_out_means_all_offers() {
        assert!(!offers(json!([{ "availability": "SoldOut" }, { "availability": "InStock" }])).sold_out);
        assert!(!offers(json!([{ "availability": "SoldOut" }, { "price": 3 }])).sold_out);
        assert!(!offers(json!([])).sold_out);
        assert!(offers(json!({ "availability": { "@id": "https://schema.org/SoldOut" } })).sold_out);
    }

    #[test]
    fn price_specifications_count() {
        let found = offers(
            json!({ "priceSpecification": { "minPrice": 5, "maxPrice": "9", "priceCurrency": "EUR" } }),
        );
        assert_eq!((found.price_min, found.price_max), (Some(5.0), Some(9.0)));
        assert_eq!(found.currency.as_deref(), Some("EUR"));
    }
}
