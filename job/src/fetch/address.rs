//! Query parameters of addresses, written so that the rest of the query stays byte for byte. Pure.

use std::borrow::Cow;

use url::{Url, form_urlencoded};

/// `text` percent-encoded for a query; a space is `%20`, which every server reads, unlike `+`.
pub fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// User name or password of an address, as they are meant.
pub fn percent_decoded(text: &str) -> String {
    // Decoded as the form `a=<text>`, which is the decoder that the url crate offers; in userinfo `+` and `&` are literal.
    let form = format!("a={}", text.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn is_named(pair: &str, name: &str) -> bool {
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .is_some_and(|(found, _)| found == name)
}

fn pairs(url: &Url) -> impl Iterator<Item = &str> {
    url.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
}

/// Adds `name=value` at the end of the query.
pub fn add_parameter(url: &mut Url, name: &str, value: &str) {
    let added = format!("{}={}", encode(name), encode(value));
    let query = match url.query() {
        None | Some("") => added,
        Some(query) => format!("{query}&{added}"),
    };
    url.set_query(Some(&query));
}

/// Puts `value` where the query has `name`, once, or at its end.
pub fn set_parameter(url: &mut Url, name: &str, value: &str) {
    let replacement = format!("{}={}", encode(name), encode(value));
    let mut written = false;
    let mut kept: Vec<Cow<'_, str>> = Vec::new();
    for pair in pairs(url) {
        if !is_named(pair, name) {
            kept.push(pair.into());
        } else if !written {
            kept.push(replacement.as_str().into());
            written = true;
        }
    }
    if !written {
        kept.push(replacement.as_str().into());
    }
    let query = kept.join("&");
    url.set_query(Some(&query));
}

/// Removes every `name` from the query.
pub fn remove_parameter(url: &mut Url, name: &str) {
    if url.query().is_none() || !pairs(url).any(|pair| is_named(pair, name)) {
        return;
    }
    let kept = pairs(url)
        .filter(|pair| !is_named(pair, name))
        .collect::<Vec<_>>()
        .join("&");
    url.set_query(Some(&kept).filter(|kept| !kept.is_empty()).map(String::as_str));
}

/// Whether the query has `name`.
pub fn has_parameter(url: &Url, name: &str) -> bool {
    pairs(url).any(|pair| is_named(pair, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_query_stays_as_it_is() {
        let mut url = Url::parse("https://a.example/?q=a%20b&&c=[1]").unwrap();
        add_parameter(&mut url, "page[size]", "a b+c&d");
        assert_eq!(
            url.as_str(),
            "https://a.example/?q=a%20b&&c=[1]&page%5Bsize%5D=a%20b%2Bc%26d"
        );
        set_parameter(&mut url, "q", "é");
        assert_eq!(url.query(), Some("q=%C3%A9&c=[1]&page%5Bsize%5D=a%20b%2Bc%26d"));
        remove_parameter(&mut url, "page[size]");
        assert!(!has_parameter(&url, "page[size]") && has_parameter(&url, "c"));
        assert_eq!(url.query(), Some("q=%C3%A9&c=[1]"));
    }

    #[test]
    fn a_query_that_becomes_empty_vanishes() {
        let mut url = Url::parse("https://a.example/?key=1&k%65y=2").unwrap();
        remove_parameter(&mut url, "key");
        assert_eq!(url.as_str(), "https://a.example/");
        add_parameter(&mut url, "a", "");
        assert_eq!(url.as_str(), "https://a.example/?a=");
    }
}
