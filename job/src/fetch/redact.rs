//! Texts without secrets, for messages and logs. Pure.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};

use super::address::encode;

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
        Self { parameter, secrets }
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

    /// `text` with every secret masked, also where it is percent-encoded.
    pub fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for secret in &self.secrets {
            let secret = secret.expose_secret();
            if secret.len() >= SHORTEST {
                masked = masked.replace(secret, MASK);
                masked = masked.replace(&encode(secret), MASK);
                masked = masked.replace(&encode(secret).replace("%20", "+"), MASK);
            }
        }
        masked
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

/// Whether a header or parameter of this name usually holds a credential.
pub fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("key")
        || [
            "token",
            "secret",
            "passw",
            "signature",
            "session",
            "credential",
            "cookie",
            "authorization",
        ]
        .iter()
        .any(|part| name.contains(part))
        || matches!(name.as_str(), "sig" | "pwd" | "auth" | "x-auth")
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
