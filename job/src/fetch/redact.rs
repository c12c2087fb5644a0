//! Texts without secrets, for messages and logs. Pure.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};
use sms_crds::secrecy::sounds_secret;
use url::{Url, form_urlencoded};

use super::address::{encode, percent_decoded};

/// What stands in place of a secret.
const MASK: &str = "***";
/// Most characters of an address in a message.
const URL_LENGTH: usize = 300;
/// A shorter secret is not looked for in texts, since it would be found everywhere.
const SHORTEST: usize = 4;
/// A shorter secret does not make an address suspicious by standing inside some word of it.
const SHORTEST_ANYWHERE: usize = 8;

/// Knows the secrets of one source.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Query parameter that carries a secret.
    parameter: Option<String>,
    secrets: Vec<SecretString>,
    /// The secrets that are looked for in texts, each in every way of writing it.
    forms: Vec<SecretString>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}

impl Redactor {
    /// Hides `secrets` wherever they stand, and the values of the query parameter `parameter`.
    pub fn new(parameter: Option<String>, secrets: Vec<SecretString>) -> Self {
        let forms = forms(&secrets);
        Self {
            parameter,
            secrets,
            forms,
        }
    }

    /// Hides the user and the password of a proxy too, which may repeat them in what it answers itself.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Option<&Url>) -> Self {
        if let Some((user, password)) = proxy.and_then(|url| Some((url.username(), url.password()?))) {
            let (user, password) = (percent_decoded(user), percent_decoded(password));
            self.secrets.push(format!("{user}:{password}").into());
            self.secrets.push(password.into());
            self.forms = forms(&self.secrets);
        }
        self
    }

    /// Scheme, host, port, path and query, without user info, fragment and the values of parameters that hold a
    /// secret or are named as if they did.
    pub fn url(&self, url: &Url) -> String {
        let mut shown = url.clone();
        shown.set_fragment(None);
        // Both fail only for addresses that have no user info.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        if let Some(query) = url.query() {
            let pairs: Vec<String> = query.split('&').map(|pair| self.pair(pair)).collect();
            shown.set_query(Some(&pairs.join("&")));
        }
        cut(&self.text(shown.as_str()), URL_LENGTH)
    }

    /// `text` with every secret masked, also where it is percent-encoded or escaped.
    pub fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for form in &self.forms {
            masked = masked.replace(form.expose_secret(), MASK);
        }
        masked
    }

    /// The bytes of a page with every secret masked, so that what a server echoes becomes no part of an event. A short
    /// secret is left: it could be a word of the page.
    pub fn page(&self, mut page: Vec<u8>) -> Vec<u8> {
        for form in &self.forms {
            let form = form.expose_secret().as_bytes();
            if form.len() < SHORTEST_ANYWHERE {
                continue;
            }
            let places: Vec<usize> = memmem::find_iter(&page, form).collect();
            if places.is_empty() {
                continue;
            }
            let mut masked = Vec::with_capacity(page.len());
            let mut from = 0;
            for at in places {
                masked.extend_from_slice(&page[from..at]);
                masked.extend_from_slice(MASK.as_bytes());
                from = at + form.len();
            }
            masked.extend_from_slice(&page[from..]);
            page = masked;
        }
        page
    }

    /// Whether a text holds a secret in any way of writing it.
    pub fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form.expose_secret()))
    }

    /// Whether `url` carries a secret, as it is or percent-encoded: a long one anywhere, a short one as a whole value,
    /// since a short one could also be a word of any address.
    pub fn is_carried_by(&self, url: &Url) -> bool {
        let query = url.query().unwrap_or_default().as_bytes();
        let values: Vec<String> = form_urlencoded::parse(query)
            .flat_map(|(name, value)| [name.into(), value.into()])
            .collect();
        self.secrets.iter().any(|secret| {
            let secret = secret.expose_secret();
            let is_in_text = || {
                [secret, &encode(secret)]
                    .iter()
                    .any(|form| url.as_str().contains(*form))
            };
            let is_in_value = || values.iter().any(|value| value.contains(secret));
            values.iter().any(|value| value == secret)
                || (secret.len() >= SHORTEST_ANYWHERE && (is_in_text() || is_in_value()))
        })
    }

    /// Whether the value of a query parameter is what a masked page has in place of a secret.
    pub fn is_masked(url: &Url, parameter: &str) -> bool {
        url.query_pairs()
            .any(|(name, value)| name == parameter && value == MASK)
    }

    fn pair(&self, pair: &str) -> String {
        match form_urlencoded::parse(pair.as_bytes()).next() {
            Some((name, value))
                if !value.is_empty()
                    && (self.parameter.as_deref() == Some(&*name) || sounds_secret(&name)) =>
            {
                let raw_name = pair.split('=').next().unwrap_or_default();
                format!("{raw_name}={MASK}")
            }
            _ => pair.to_owned(),
        }
    }
}

/// Each secret in every way of writing it, the longest first, since one can hold another.
fn forms(secrets: &[SecretString]) -> Vec<SecretString> {
    let mut forms: Vec<String> = secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| secret.len() >= SHORTEST)
        .flat_map(|secret| {
            let encoded = encode(secret);
            let html = secret
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;");
            let json = serde_json::Value::from(secret).to_string();
            let json = json[1..json.len() - 1].to_owned();
            [
                secret.to_owned(),
                with_lower_escapes(&encoded),
                with_lower_escapes(&encoded.replace("%20", "+")),
                encoded.replace("%20", "+"),
                encoded,
                html,
                json.replace('/', "\\/"),
                json,
                BASE64_STANDARD.encode(secret),
            ]
        })
        .collect();
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms.into_iter().map(SecretString::from).collect()
}

/// `%2f` for `%2F`: both are right (RFC 3986, section 2.1).
fn with_lower_escapes(encoded: &str) -> String {
    let mut hex_left = 0_u8;
    encoded
        .chars()
        .map(|char| {
            let is_hex = hex_left > 0;
            hex_left = if char == '%' {
                2
            } else {
                hex_left.saturating_sub(1)
            };
            if is_hex { char.to_ascii_lowercase() } else { char }
        })
        .collect()
}

fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let secrets = vec![SecretString::from("s3cr3t/+ value"), SecretString::from("abc")];
        Redactor::new(Some("sc_id".to_owned()), secrets)
    }

    fn shown(text: &str) -> String {
        redactor().url(&Url::parse(text).unwrap())
    }

    #[test]
    fn an_address_is_shown_without_what_could_be_a_secret() {
        let cases = [
            (
                "https://a.example/e?page=2&q=a%20b",
                "https://a.example/e?page=2&q=a%20b",
            ),
            (
                "https://a.example/e?sc_id=xy&page=2",
                "https://a.example/e?sc_id=***&page=2",
            ),
            (
                "https://a.example/e?sc%5Fid=xy",
                "https://a.example/e?sc%5Fid=***",
            ),
            (
                "https://a.example/e?apikey=xy&X-Token=1&sig=2",
                "https://a.example/e?apikey=***&X-Token=***&sig=***",
            ),
            (
                "https://user:pw@a.example:8080/e#access",
                "https://a.example:8080/e",
            ),
            (
                "https://a.example/s3cr3t%2F%2B%20value/e?x=s3cr3t/%2B+value",
                "https://a.example/***/e?x=s3cr3t/%2B+value",
            ),
            (
                "https://a.example/e?x=s3cr3t%2F%2B+value",
                "https://a.example/e?x=***",
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(shown(text), wanted, "{text}");
        }
        assert_eq!(
            shown(&format!("https://a.example/{}", "x".repeat(5000)))
                .chars()
                .count(),
            301
        );
    }

    #[test]
    fn a_text_that_echoes_a_secret_is_masked() {
        assert_eq!(redactor().text("no such key: s3cr3t/+ value"), "no such key: ***");
        assert_eq!(
            redactor().text("abc is too short to be looked for"),
            "abc is too short to be looked for"
        );
    }

    #[test]
    fn a_page_that_echoes_a_secret_is_masked_however_it_is_written() {
        let page = r"s3cr3t/+ value|s3cr3t%2F%2B%20value|s3cr3t%2f%2b+value|s3cr3t\/+ value|czNjcjN0LysgdmFsdWU=|abc|";
        let masked = redactor().page(page.as_bytes().to_vec());
        assert_eq!(String::from_utf8(masked).unwrap(), "***|***|***|***|***|abc|");
        let redactor = Redactor::new(None, vec![SecretString::from("a&b<c>\"d\"")]);
        assert_eq!(
            redactor.text("a&amp;b&lt;c&gt;&quot;d&quot; a&b<c>\\\"d\\\""),
            "*** ***"
        );
    }

    #[test]
    fn an_address_that_carries_a_secret_is_known_in_any_encoding() {
        let carries = |text: &str| redactor().is_carried_by(&Url::parse(text).unwrap());
        assert!(carries("https://a.example/?x=s3cr3t/%2B+value"));
        assert!(carries("https://a.example/?x=%73%33cr3t/%2B%20value"));
        assert!(carries("https://a.example/s3cr3t%2F%2B%20value"));
        assert!(!carries("https://a.example/?x=s3cr3t"));
        assert!(carries("https://a.example/?x=%61bc"));
        assert!(
            !carries("https://a.example/abc?x=abcd"),
            "a short secret is no more than a word"
        );
    }

    #[test]
    fn debug_output_holds_no_secret() {
        assert!(!format!("{:?}", redactor()).contains("s3cr3t"));
    }
}
