//! Where and how to push: the gateway's address, credentials and CA, from flags, variables and files. IO.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::PushError;
use crate::fetch::{address::percent_decoded, redact::Redactor};

/// Time for one try of a push.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// Tries of one push.
pub const TRIES: usize = 3;

const USERNAME: &str = "SMS_PUSHGATEWAY_USERNAME";
const PASSWORD: &str = "SMS_PUSHGATEWAY_PASSWORD";
const TOKEN: &str = "SMS_PUSHGATEWAY_TOKEN";
const CA_FILE: &str = "SMS_PUSHGATEWAY_CA_FILE";

/// A Pushgateway and how to reach it. The HTTP client is built at the first push and kept.
#[derive(Debug)]
pub struct PushSettings {
    pub(super) url: Url,
    pub(super) auth: Option<Auth>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) tries: usize,
    pub(super) client: OnceLock<reqwest::Client>,
}

/// What is sent as `Authorization`.
#[derive(Debug)]
pub(super) enum Auth {
    Basic {
        username: String,
        password: SecretString,
    },
    Bearer(SecretString),
}

impl PushSettings {
    /// Settings for the gateway at `url`; a path in it is kept, a user and password in it become basic auth.
    ///
    /// # Errors
    /// [`PushError::Address`] if it is no `http` or `https` address with a host.
    pub fn new(url: &str) -> Result<Self, PushError> {
        // The address itself is never repeated: it may hold a password.
        let mut url: Url = url
            .trim()
            .parse()
            .map_err(|error: url::ParseError| PushError::Address(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(PushError::Address(
                "it has to begin with http:// or https://".to_owned(),
            ));
        }
        let auth = match (url.username(), url.password()) {
            ("", None) => None,
            (username, password) => Some(Auth::Basic {
                username: percent_decoded(username),
                password: percent_decoded(password.unwrap_or_default()).into(),
            }),
        };
        // Neither can fail: the scheme is http(s), which has a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self {
            url,
            auth,
            ca_file: None,
            timeout: TIMEOUT,
            tries: TRIES,
            client: OnceLock::new(),
        })
    }

    /// Settings for the gateway at `url` with what these variables say: `SMS_PUSHGATEWAY_USERNAME`,
    /// `SMS_PUSHGATEWAY_PASSWORD`, `SMS_PUSHGATEWAY_TOKEN` (each also as `…_FILE`, the name of a file that holds it) and
    /// `SMS_PUSHGATEWAY_CA_FILE` (PEM certificates to trust beside the public ones). An empty variable counts as unset.
    ///
    /// # Errors
    /// A bad address, an unreadable file, or variables that contradict each other.
    pub fn from_variables(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, PushError> {
        let mut settings = Self::new(url)?;
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let username = value_or_file(USERNAME, &variable)?;
        let password = value_or_file(PASSWORD, &variable)?;
        let token = value_or_file(TOKEN, &variable)?;
        match (username, password, token) {
            (None, None, None) => {}
            (Some(username), password, None) => {
                settings = settings.with_basic(username, password.unwrap_or_default());
            }
            (None, None, Some(token)) => settings = settings.with_bearer(token),
            (None, Some(_), None) => {
                return Err(PushError::Conflict(format!(
                    "{PASSWORD} is set without {USERNAME}"
                )));
            }
            (_, _, Some(_)) => {
                return Err(PushError::Conflict(format!(
                    "{TOKEN} is set together with {USERNAME} or {PASSWORD}"
                )));
            }
        }
        if let Some(path) = variable(CA_FILE) {
            settings = settings.with_ca_file(path);
        }
        Ok(settings)
    }

    /// Sends `Authorization: Basic`.
    #[must_use]
    pub fn with_basic(mut self, username: impl Into<String>, password: impl Into<SecretString>) -> Self {
        self.auth = Some(Auth::Basic {
            username: username.into(),
            password: password.into(),
        });
        self
    }

    /// Sends `Authorization: Bearer`.
    #[must_use]
    pub fn with_bearer(mut self, token: impl Into<SecretString>) -> Self {
        self.auth = Some(Auth::Bearer(token.into()));
        self
    }

    /// Trusts the PEM certificates in this file beside the public authorities.
    #[must_use]
    pub fn with_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Time for one try instead of [`TIMEOUT`]; all tries together take at most [`TRIES`] times that.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The address without credentials.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Hides the credentials in messages.
    pub(super) fn redactor(&self) -> Redactor {
        let secrets = match &self.auth {
            None => Vec::new(),
            Some(Auth::Bearer(token)) => vec![token.clone()],
            Some(Auth::Basic { username, password }) => {
                let pair = format!("{username}:{}", password.expose_secret());
                vec![password.clone(), pair.into()]
            }
        };
        Redactor::new(None, secrets)
    }

    /// Host and port, for messages.
    pub(super) fn authority(&self) -> String {
        self.url.authority().to_owned()
    }

    /// Whether the gateway is on this machine, where no proxy can reach it.
    pub(super) fn is_local(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

fn value_or_file(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, PushError> {
    let file_variable = format!("{name}_FILE");
    match (variable(name), variable(&file_variable)) {
        (Some(_), Some(_)) => Err(PushError::Conflict(format!(
            "{name} and {file_variable} are both set"
        ))),
        (Some(value), None) => Ok(Some(value)),
        (None, Some(path)) => match std::fs::read_to_string(Path::new(&path)) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(source) => Err(PushError::File {
                path: path.into(),
                variable: file_variable,
                source,
            }),
        },
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    fn basic(settings: &PushSettings) -> Option<(&str, &str)> {
        match &settings.auth {
            Some(Auth::Basic { username, password }) => Some((username, password.expose_secret())),
            _ => None,
        }
    }

    #[test]
    fn an_address_without_scheme_is_refused_with_a_remedy() {
        for address in ["pushgateway:9091", "pushgateway", "", "ftp://x", "http://"] {
            let error = PushSettings::new(address).unwrap_err().to_string();
            assert!(
                error.contains("http://pushgateway:9091") && error.contains("SMS_PUSHGATEWAY_URL"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_password_in_the_address_is_sent_but_never_shown() {
        let settings = PushSettings::new("https://us%40er:pa+s&s%2Fw0rd@gw.example/base").unwrap();
        assert_eq!(basic(&settings), Some(("us@er", "pa+s&s/w0rd")));
        assert_eq!(settings.url().as_str(), "https://gw.example/base");
        assert!(!format!("{settings:?}").contains("w0rd"), "{settings:?}");
        let error = PushSettings::new("ftp://user:hunter2@gw").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn credentials_come_from_variables_or_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret\n").unwrap();
        let pairs = [
            (USERNAME, "sms"),
            ("SMS_PUSHGATEWAY_PASSWORD_FILE", file.to_str().unwrap()),
            (TOKEN, ""),
        ];
        let settings = PushSettings::from_variables("http://gw", variables(&pairs)).unwrap();
        assert_eq!(basic(&settings), Some(("sms", "s3cret")));

        let pairs = [(TOKEN, "t0ken")];
        let settings = PushSettings::from_variables("http://gw", variables(&pairs)).unwrap();
        assert!(matches!(&settings.auth, Some(Auth::Bearer(token)) if token.expose_secret() == "t0ken"));
    }

    #[test]
    fn contradicting_variables_are_named() {
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[(PASSWORD, "hunter2")], USERNAME),
            (
                &[(PASSWORD, "hunter2"), (USERNAME, "a"), (TOKEN, "hunter2")],
                TOKEN,
            ),
            (
                &[(TOKEN, "hunter2"), ("SMS_PUSHGATEWAY_TOKEN_FILE", "/x")],
                "SMS_PUSHGATEWAY_TOKEN_FILE",
            ),
            (
                &[("SMS_PUSHGATEWAY_TOKEN_FILE", "/no/such/file")],
                "/no/such/file",
            ),
        ];
        for (pairs, named) in cases {
            let error = PushSettings::from_variables("http://gw", variables(pairs)).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_gateway_on_this_machine_is_reached_without_a_proxy() {
        for (address, local) in [
            ("http://127.0.0.1:9091", true),
            ("http://localhost:9091", true),
            ("http://[::1]:9091", true),
            ("http://pushgateway:9091", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(PushSettings::new(address).unwrap().is_local(), local, "{address}");
        }
    }
}
