//! Where the Pushgateway is and how to log in, from a flag, variables and files. IO: reads files.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::GatewayError;

const USERNAME: [&str; 2] = ["SMS_PUSHGATEWAY_USERNAME", "SMS_PUSHGATEWAY_USERNAME_FILE"];
const PASSWORD: [&str; 2] = ["SMS_PUSHGATEWAY_PASSWORD", "SMS_PUSHGATEWAY_PASSWORD_FILE"];
const TOKEN: [&str; 2] = ["SMS_PUSHGATEWAY_TOKEN", "SMS_PUSHGATEWAY_TOKEN_FILE"];

/// Names a PEM file of authorities to trust beside the public ones.
pub(super) const CA_FILE: &str = "SMS_PUSHGATEWAY_CA_FILE";

/// A Pushgateway and how to log in.
#[derive(Debug)]
pub struct GatewaySettings {
    pub(super) url: Url,
    pub(super) login: Login,
    pub(super) ca_file: Option<PathBuf>,
}

/// What is sent as `Authorization`.
#[derive(Debug)]
pub(super) enum Login {
    None,
    Basic {
        username: String,
        password: SecretString,
    },
    Bearer(SecretString),
}

impl GatewaySettings {
    /// The gateway at `url`, with the credentials that `variable` gives. A path in the address is kept. An empty
    /// variable counts as unset.
    ///
    /// # Errors
    /// A bad address, a file that cannot be read, or variables that contradict each other.
    pub fn new(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, GatewayError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let secret = |names: [&'static str; 2]| secret(names, &variable);
        let conflict = |problem: &str| GatewayError::Credentials {
            problem: problem.to_owned(),
        };
        let login = match (secret(USERNAME)?, secret(PASSWORD)?, secret(TOKEN)?) {
            (None, None, None) => Login::None,
            (Some(username), password, None) => Login::Basic {
                username,
                password: password.unwrap_or_default().into(),
            },
            (None, None, Some(token)) => Login::Bearer(token.into()),
            (None, Some(_), None) => {
                return Err(conflict(
                    "SMS_PUSHGATEWAY_PASSWORD is set without SMS_PUSHGATEWAY_USERNAME",
                ));
            }
            (_, _, Some(_)) => {
                return Err(conflict(
                    "SMS_PUSHGATEWAY_TOKEN is set together with SMS_PUSHGATEWAY_USERNAME or SMS_PUSHGATEWAY_PASSWORD",
                ));
            }
        };
        Ok(Self {
            url: address(url)?,
            login,
            ca_file: variable(CA_FILE).map(PathBuf::from),
        })
    }
}

/// The address is never repeated in an error: it may hold a password.
fn address(url: &str) -> Result<Url, GatewayError> {
    let error = |problem: &str| GatewayError::Address {
        problem: problem.to_owned(),
    };
    let url: Url = url
        .trim()
        .parse()
        .map_err(|_| error("is no address: write for example http://pushgateway:9091"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(error(
            "is no http or https address: write for example http://pushgateway:9091",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(error(
            "holds credentials: put them into SMS_PUSHGATEWAY_USERNAME and SMS_PUSHGATEWAY_PASSWORD, or files that \
             SMS_PUSHGATEWAY_USERNAME_FILE and SMS_PUSHGATEWAY_PASSWORD_FILE name",
        ));
    }
    Ok(url)
}

fn secret(
    [name, file]: [&'static str; 2],
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, GatewayError> {
    match (variable(name), variable(file)) {
        (Some(_), Some(_)) => Err(GatewayError::Credentials {
            problem: format!("{name} and {file} are both set"),
        }),
        (None, Some(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err(GatewayError::File {
                variable: file,
                path: path.into(),
                problem: error.to_string(),
            }),
        },
        (value, None) => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn settings(url: &str, variables: &[(&str, &str)]) -> Result<GatewaySettings, GatewayError> {
        GatewaySettings::new(url, |name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_with_a_remedy_and_never_repeated() {
        for (url, remedy) in [
            ("pushgateway", "http://pushgateway:9091"),
            ("pushgateway:9091", "http://pushgateway:9091"),
            ("ftp://hunter2@gateway", "http://pushgateway:9091"),
            ("http://user:hunter2@gateway", "SMS_PUSHGATEWAY_PASSWORD"),
        ] {
            let error = settings(url, &[]).unwrap_err().to_string();
            assert!(
                error.starts_with("--pushgateway (SMS_PUSHGATEWAY_URL): "),
                "{error}"
            );
            assert!(error.contains(remedy) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn credentials_come_from_variables_or_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n").unwrap();
        let path = file.path().to_str().unwrap();
        let found = settings(
            "http://gateway/below",
            &[(USERNAME[0], "sms"), (PASSWORD[1], path), (TOKEN[0], "")],
        );
        let Login::Basic { username, password } = found.unwrap().login else {
            panic!("no password")
        };
        assert_eq!((username.as_str(), password.expose_secret()), ("sms", "s3cret"));
        let found = settings("http://gateway", &[(TOKEN[0], "t0ken")]).unwrap();
        assert!(matches!(&found.login, Login::Bearer(token) if token.expose_secret() == "t0ken"));
        assert!(!format!("{found:?}").contains("t0ken"));
    }

    #[test]
    fn contradicting_variables_are_named() {
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[(PASSWORD[0], "hunter2")], USERNAME[0]),
            (&[(USERNAME[0], "a"), (TOKEN[0], "hunter2")], TOKEN[0]),
            (&[(TOKEN[0], "hunter2"), (TOKEN[1], "/x")], TOKEN[1]),
            (&[(TOKEN[1], "/no/such/file")], "/no/such/file"),
        ];
        for (variables, named) in cases {
            let error = settings("http://gateway", variables).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains("hunter2"), "{error}");
        }
    }
}
