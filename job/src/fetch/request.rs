//! The requests of a source: what is sent to which origin. Pure.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, USER_AGENT,
};
use secrecy::{ExposeSecret as _, SecretString};
use sms_crds::{
    secrecy::sounds_secret,
    v1alpha1::{FetchSpec, HeaderSpec, HttpMethod, SecretKeyRef},
};
use url::Url;

use super::{
    Validators,
    address::{add_parameter, has_parameter, remove_parameter},
    error::FetchError,
    placeholder::fill,
    redact::Redactor,
};
use crate::secrets::Secrets;

/// Headers that belong to the connection, not to the manifest.
const OWN_HEADERS: [&str; 10] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "proxy-connection",
    "proxy-authorization",
];

/// Content codings that bodies are decompressed from.
const ENCODINGS: &str = "gzip, br, zstd, deflate";

/// How the source identifies itself.
#[derive(Clone)]
pub enum Credentials {
    /// Not at all, or by headers of `spec.fetch.headers`.
    None,
    /// User name and password.
    Basic(String, SecretString),
    /// A header with a secret value.
    Header(HeaderName, SecretString),
    /// A query parameter with a secret value.
    Query(String, SecretString),
}

#[derive(Clone)]
struct Header {
    name: HeaderName,
    value: HeaderValue,
    /// Goes to the first origin alone.
    is_confined: bool,
}

/// What every request of a source has in common. Secrets go to the origin of the first page alone.
#[derive(Clone)]
pub struct RequestPlan {
    /// Address of the first page, without the secret query parameter.
    pub home: Url,
    /// Method of listing pages.
    pub method: HttpMethod,
    /// Body of a POST.
    pub body: Option<String>,
    /// Hides this source's secrets in messages.
    pub redactor: Redactor,
    credentials: Credentials,
    headers: Vec<Header>,
}

impl fmt::Debug for RequestPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestPlan")
            .field("home", &self.redactor.url(&self.home))
            .finish_non_exhaustive()
    }
}

impl RequestPlan {
    /// The plan of `spec`, with placeholders filled in for `now` in `zone`. `home` is `spec.url` as an address.
    pub fn new(
        spec: &FetchSpec,
        mut home: Url,
        secrets: &Secrets,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Self, FetchError> {
        for parameter in &spec.query {
            add_parameter(&mut home, &parameter.name, &fill(&parameter.value, now, zone));
        }
        home.set_fragment(None);
        let mut known: Vec<SecretString> = Vec::new();
        let credentials = credentials(spec, secrets, &mut known)?;
        let mut headers = vec![
            Header::plain(ACCEPT, HeaderValue::from_static("*/*")),
            Header::plain(ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS)),
            Header::plain(USER_AGENT, user_agent(spec)?),
        ];
        if spec.body.is_some() {
            headers.push(Header::plain(
                CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            ));
        }
        let mut given = Vec::new();
        for (index, header) in spec.headers.iter().enumerate() {
            let (header, secret) = read_header(header, index, secrets)?;
            known.extend(secret);
            given.push(header);
        }
        // A header of the manifest replaces the default of that name; the manifest may give a name twice.
        headers.retain(|default| given.iter().all(|header| header.name != default.name));
        headers.extend(given);
        let parameter = match &credentials {
            Credentials::Query(name, _) => Some(name.clone()),
            _ => None,
        };
        Ok(Self {
            home,
            method: spec.method,
            body: spec.body.as_deref().map(|body| fill(body, now, zone)),
            redactor: Redactor::new(parameter, known),
            credentials,
            headers,
        })
    }

    /// Whether `url` is of the first page's scheme, host and port, and so may see secrets.
    pub fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.home.origin()
    }

    /// Whether the source has credentials that other origins do not get.
    pub fn has_secrets(&self) -> bool {
        !matches!(self.credentials, Credentials::None) || self.headers.iter().any(|header| header.is_confined)
    }

    /// `url` as it is sent: at home with the secret query parameter.
    pub fn address(&self, url: &Url) -> Url {
        let mut sent = url.clone();
        if let Credentials::Query(name, secret) = &self.credentials
            && self.is_home(url)
            && (!has_parameter(url, name) || Redactor::is_masked(url, name))
        {
            // An address from a page that echoed the secret has a mask in its place.
            remove_parameter(&mut sent, name);
            add_parameter(&mut sent, name, secret.expose_secret());
        }
        sent
    }

    /// `url` as it is told to others: without the secret query parameter.
    pub fn public_address(&self, url: &Url) -> Url {
        let mut shown = url.clone();
        if let Credentials::Query(name, _) = &self.credentials
            && self.is_home(url)
        {
            remove_parameter(&mut shown, name);
        }
        shown
    }

    /// User name and password for `url`.
    pub fn basic(&self, url: &Url) -> Option<(&str, &SecretString)> {
        match &self.credentials {
            Credentials::Basic(name, password) if self.is_home(url) => Some((name, password)),
            _ => None,
        }
    }

    /// The headers for a page at `url`, user name and password apart.
    pub fn headers(&self, url: &Url, method: HttpMethod, validators: Option<&Validators>) -> HeaderMap {
        let is_home = self.is_home(url);
        let mut map = HeaderMap::new();
        for header in &self.headers {
            let has_place = method == HttpMethod::Post || header.name != CONTENT_TYPE;
            if has_place && (is_home || !header.is_confined) {
                map.append(header.name.clone(), header.value.clone());
            }
        }
        if let Credentials::Header(name, secret) = &self.credentials
            && is_home
            && let Ok(mut value) = HeaderValue::from_str(secret.expose_secret())
        {
            value.set_sensitive(true);
            map.insert(name.clone(), value);
        }
        if let Some(validators) = validators.filter(|_| method == HttpMethod::Get) {
            for (name, text) in [
                (IF_NONE_MATCH, &validators.etag),
                (IF_MODIFIED_SINCE, &validators.last_modified),
            ] {
                if let Some(value) = text.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
                    map.insert(name, value);
                }
            }
        }
        map
    }

    /// The headers for `robots.txt`: who asks, and nothing else.
    pub fn robots_headers(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS));
        for header in self
            .headers
            .iter()
            .filter(|header| header.name == USER_AGENT && !header.is_confined)
        {
            map.insert(USER_AGENT, header.value.clone());
        }
        map
    }
}

impl Header {
    fn plain(name: HeaderName, value: HeaderValue) -> Self {
        Self {
            name,
            value,
            is_confined: false,
        }
    }
}

fn user_agent(spec: &FetchSpec) -> Result<HeaderValue, FetchError> {
    let text = spec
        .user_agent
        .as_deref()
        .unwrap_or(concat!("sms_scraper/", env!("CARGO_PKG_VERSION")));
    HeaderValue::from_str(text)
        .map_err(|_| FetchError::spec("spec.fetch.userAgent", "must be printable ASCII on one line"))
}

fn header_name(path: &str, name: &str) -> Result<HeaderName, FetchError> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| FetchError::spec(path, format!("{name:?} is no header name")))?;
    if OWN_HEADERS.contains(&parsed.as_str()) {
        return Err(FetchError::spec(
            path,
            format!("{name:?} belongs to the connection and cannot be set; remove it"),
        ));
    }
    Ok(parsed)
}

/// A value read from a Secret, as a header value. The text itself never appears in an error.
fn secret_value(path: &str, text: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        FetchError::spec(
            path,
            "the Secret's value holds characters that no header may have; store it on one line",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn read_header(
    header: &HeaderSpec,
    index: usize,
    secrets: &Secrets,
) -> Result<(Header, Option<SecretString>), FetchError> {
    let path = format!("spec.fetch.headers[{index}]");
    let name = header_name(&path, &header.name)?;
    match (&header.value, &header.secret_key_ref) {
        (Some(text), None) => {
            let value = HeaderValue::from_str(text)
                .map_err(|_| FetchError::spec(&path, "a header value is printable ASCII on one line"))?;
            let is_confined = sounds_secret(name.as_str());
            // It should not stand in a manifest; where it does, it is not told further.
            let secret = is_confined.then(|| SecretString::from(text.as_str()));
            Ok((
                Header {
                    name,
                    value,
                    is_confined,
                },
                secret,
            ))
        }
        (None, Some(reference)) => {
            let secret = secrets.get(reference)?;
            let value = secret_value(&path, secret.expose_secret())?;
            Ok((
                Header {
                    name,
                    value,
                    is_confined: true,
                },
                Some(secret),
            ))
        }
        _ => Err(FetchError::spec(
            path,
            "a header needs exactly one of value and secretKeyRef",
        )),
    }
}

/// The credentials of `spec`; the secrets in them are added to `known`.
fn credentials(
    spec: &FetchSpec,
    secrets: &Secrets,
    known: &mut Vec<SecretString>,
) -> Result<Credentials, FetchError> {
    let Some(auth) = &spec.auth else {
        return Ok(Credentials::None);
    };
    let mut get = |reference: &SecretKeyRef| -> Result<SecretString, FetchError> {
        let secret = secrets.get(reference)?;
        known.push(secret.clone());
        Ok(secret)
    };
    match (&auth.basic, &auth.bearer, &auth.header, &auth.query) {
        (Some(basic), None, None, None) => {
            let password = get(&basic.secret_key_ref)?;
            let pair = format!("{}:{}", basic.username, password.expose_secret());
            known.push(pair.into());
            Ok(Credentials::Basic(basic.username.clone(), password))
        }
        (None, Some(bearer), None, None) => {
            let token = get(&bearer.secret_key_ref)?;
            let value = SecretString::from(format!("Bearer {}", token.expose_secret()));
            secret_value("spec.fetch.auth.bearer", value.expose_secret())?;
            Ok(Credentials::Header(AUTHORIZATION, value))
        }
        (None, None, Some(named), None) => {
            let secret = get(&named.secret_key_ref)?;
            secret_value("spec.fetch.auth.header", secret.expose_secret())?;
            Ok(Credentials::Header(
                header_name("spec.fetch.auth.header.name", &named.name)?,
                secret,
            ))
        }
        (None, None, None, Some(named)) => Ok(Credentials::Query(
            named.name.clone(),
            get(&named.secret_key_ref)?,
        )),
        _ => Err(FetchError::spec(
            "spec.fetch.auth",
            "needs exactly one of basic, bearer, header, query",
        )),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
