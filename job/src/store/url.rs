//! The address of a store. Pure.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// How long a connection to PostgreSQL may take where the address has no `connect_timeout`.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Parameters of a PostgreSQL address that are passed on; others are named in [`StoreUrl::ignored_parameters`].
const POSTGRES_PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Where events are stored: `sqlite://path`, `postgres://…` or `stdout:`. The path is taken as it is written.
///
/// `Display` and `Debug` leave out the password and every parameter.
#[derive(Clone)]
pub struct StoreUrl(pub(super) Target);

#[derive(Clone)]
pub(super) enum Target {
    SqliteFile(PathBuf),
    SqliteMemory,
    Postgres(PostgresUrl),
    Stdout,
    /// Nothing says where: opening it says what to do.
    Missing,
}

#[derive(Clone)]
pub(super) struct PostgresUrl {
    /// The address with the parameters that the driver knows.
    pub(super) address: SecretString,
    /// What may be shown.
    pub(super) shown: String,
    pub(super) connect_timeout: Duration,
    pub(super) ignored: Vec<String>,
    pub(super) names_application: bool,
}

/// Why a text is no address of a store. Never holds the text, since it could hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// Unknown or missing scheme.
    #[error(
        "the store's address has no scheme that is known: write sqlite://path/to/events.db, postgres://user:password@host/database or stdout:"
    )]
    Scheme,
    /// A SQLite address without a file.
    #[error(
        "the store's address names no file: write for example sqlite://events.db or sqlite:///var/lib/sms/events.db"
    )]
    NoFile,
    /// A SQLite address with parameters.
    #[error("a sqlite address takes no parameters: leave out everything from the question mark on")]
    SqliteParameters,
    /// No PostgreSQL address.
    #[error(
        "the store's address is no PostgreSQL address ({0}): write postgres://user:password@host:5432/database and percent-encode special characters of user and password"
    )]
    Postgres(String),
    /// Events are to be read from a store that keeps none.
    #[error(
        "this store keeps no events that could be read: name a SQLite file or a PostgreSQL database with --store or SMS_STORE_URL"
    )]
    Forgets,
    /// A SQLite address of a folder.
    #[error("the store's address names a folder, {}: add the name of a file, for example {}", .0.display(), .0.join("events.sqlite").display())]
    Folder(PathBuf),
    /// No address is given, and there is no folder for the default one.
    #[error(
        "there is no folder for the default store, since neither HOME nor XDG_DATA_HOME is an absolute path: name a store with --store or SMS_STORE_URL, for example sqlite:///var/lib/sms/events.sqlite"
    )]
    Missing,
}

impl StoreUrl {
    /// The address of a SQLite file.
    pub fn sqlite_file(path: impl Into<PathBuf>) -> Self {
        Self(Target::SqliteFile(path.into()))
    }

    /// No store at all, for whoever has none to fall back to: opening it fails with [`StoreUrlError::Missing`].
    pub fn missing() -> Self {
        Self(Target::Missing)
    }

    /// Standard output as NDJSON.
    pub fn stdout() -> Self {
        Self(Target::Stdout)
    }

    /// The SQLite file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Target::SqliteFile(path) => Some(path),
            Target::SqliteMemory | Target::Postgres(_) | Target::Stdout | Target::Missing => None,
        }
    }

    /// `sqlite`, `postgres` or `stdout`.
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Target::SqliteFile(_) | Target::SqliteMemory => "sqlite",
            Target::Postgres(_) => "postgres",
            Target::Stdout => "stdout",
            Target::Missing => "none",
        }
    }

    /// Names of parameters in a PostgreSQL address that have no effect.
    pub fn ignored_parameters(&self) -> &[String] {
        match &self.0 {
            Target::Postgres(url) => &url.ignored,
            Target::SqliteFile(_) | Target::SqliteMemory | Target::Stdout | Target::Missing => &[],
        }
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let scheme = text.split(':').next().unwrap_or_default();
        match scheme {
            "stdout" => Ok(Self(Target::Stdout)),
            "sqlite" => sqlite(text.trim_start_matches("sqlite:")),
            "postgres" | "postgresql" => postgres(text).map(|url| Self(Target::Postgres(url))),
            _ => Err(StoreUrlError::Scheme),
        }
    }
}

fn sqlite(rest: &str) -> Result<StoreUrl, StoreUrlError> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    if rest == ":memory:" {
        return Ok(StoreUrl(Target::SqliteMemory));
    }
    if rest.contains('?') {
        return Err(StoreUrlError::SqliteParameters);
    }
    if rest.is_empty() || rest.ends_with('/') {
        return Err(StoreUrlError::NoFile);
    }
    Ok(StoreUrl(Target::SqliteFile(PathBuf::from(rest))))
}

fn postgres(text: &str) -> Result<PostgresUrl, StoreUrlError> {
    let wrong = |problem: &str| StoreUrlError::Postgres(problem.to_owned());
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    // An unescaped '#', '/' or '?' in a password ends the authority early: what follows would be shown as a database.
    if url.fragment().is_some() || url.path().contains('@') {
        return Err(wrong("a special character is not percent-encoded"));
    }
    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut connect_timeout = DEFAULT_CONNECT_TIMEOUT;
    let mut ignored = Vec::new();
    let mut known = Vec::new();
    for (name, value) in parameters {
        if name == "connect_timeout" {
            let seconds = value
                .parse()
                .map_err(|_| wrong("connect_timeout is no number of seconds"))?;
            connect_timeout = Duration::from_secs(if seconds == 0 { 60 } else { seconds });
        } else if POSTGRES_PARAMETERS.contains(&name.as_str()) || name.starts_with("options[") {
            known.push((name, value));
        } else {
            ignored.push(name);
        }
    }
    url.set_query(None);
    if !known.is_empty() {
        url.query_pairs_mut().extend_pairs(&known);
    }
    Ok(PostgresUrl {
        shown: shown(&url, &known),
        names_application: known.iter().any(|(name, _)| name == "application_name"),
        address: url.to_string().into(),
        connect_timeout,
        ignored,
    })
}

fn shown(url: &Url, parameters: &[(String, String)]) -> String {
    let parameter = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let user = Some(url.username())
        .filter(|user| !user.is_empty())
        .or(parameter("user"));
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.or(parameter("host")).unwrap_or("localhost").to_owned();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let database = match url.path().trim_start_matches('/') {
        "" => parameter("dbname").unwrap_or_default(),
        path => path,
    };
    format!("postgres://{user}{host}{port}/{database}")
}

impl PostgresUrl {
    pub(super) fn expose(&self) -> &str {
        self.address.expose_secret()
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::SqliteFile(path) => write!(f, "sqlite://{}", path.display()),
            Target::SqliteMemory => f.write_str("sqlite::memory:"),
            Target::Postgres(url) => f.write_str(&url.shown),
            Target::Stdout => f.write_str("stdout:"),
            Target::Missing => f.write_str("none"),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<StoreUrl>()
            .map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn sqlite_addresses_are_relative_or_absolute_files() {
        let cases = [
            ("sqlite://events.db", "events.db"),
            ("sqlite:events.db", "events.db"),
            ("sqlite://data/my events.db", "data/my events.db"),
            ("sqlite:///var/lib/sms/events.db", "/var/lib/sms/events.db"),
            ("sqlite:/var/lib/sms/events.db", "/var/lib/sms/events.db"),
            ("sqlite://100%25.db", "100%25.db"),
            ("  sqlite://events.db\n", "events.db"),
        ];
        for (text, path) in cases {
            assert_eq!(
                text.parse::<StoreUrl>().unwrap().path(),
                Some(Path::new(path)),
                "{text}"
            );
        }
        assert_eq!(shown("sqlite::memory:"), "sqlite::memory:");
    }

    #[test]
    fn the_password_is_never_shown() {
        let cases = [
            (
                "postgres://sms:geheim@db.example.org:6432/events",
                "postgres://sms@db.example.org:6432/events",
            ),
            (
                "postgresql://sms:geheim@db/events?sslmode=require",
                "postgres://sms@db/events",
            ),
            (
                "postgres://db/events?user=sms&password=geheim",
                "postgres://sms@db/events",
            ),
            (
                "postgres:///events?host=/var/run/postgresql&password=geheim",
                "postgres:///var/run/postgresql/events",
            ),
            (
                "postgres://%2Frun%2Fpg:5433/events?password=geheim",
                "postgres://%2Frun%2Fpg:5433/events",
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(shown(text), wanted, "{text}");
            assert!(!format!("{:?}", text.parse::<StoreUrl>().unwrap()).contains("geheim"));
        }
    }

    #[test]
    fn addresses_that_cannot_be_right_are_refused_with_the_remedy_and_without_the_text() {
        let cases = [
            ("", "sqlite://path/to/events.db"),
            ("geheim", "sqlite://path/to/events.db"),
            ("mysql://a:geheim@b/c", "postgres://user:password@host"),
            ("sqlite://", "names no file"),
            ("sqlite://folder/", "names no file"),
            ("sqlite://a.db?mode=geheim", "takes no parameters"),
            ("postgres://sms:geheim#1@db/events", "percent-encode"),
            ("postgres://sms:1/geheim@db/events", "percent-encode"),
            ("postgres://sms:1#geheim@db/events", "percent-encode"),
            ("postgres://sms:geheim@db:port/events", "percent-encode"),
            (
                "postgres://db/events?connect_timeout=soon",
                "no number of seconds",
            ),
        ];
        for (text, part) in cases {
            let error = text.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("geheim"), "{text}: {error}");
        }
    }

    #[test]
    fn parameters_that_the_driver_does_not_know_are_set_aside() {
        let url: StoreUrl = "postgres://db/e?sslmode=require&pgbouncer=true&connect_timeout=3"
            .parse()
            .unwrap();
        assert_eq!(url.ignored_parameters(), ["pgbouncer"]);
        let Target::Postgres(url) = url.0 else {
            panic!("not postgres")
        };
        assert_eq!(url.connect_timeout, Duration::from_secs(3));
        assert_eq!(url.expose(), "postgres://db/e?sslmode=require");
    }
}
