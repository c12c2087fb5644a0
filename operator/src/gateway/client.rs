//! Requests to the Pushgateway. IO.

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, Method, Response, redirect};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use secrecy::ExposeSecret;
use url::{Host, Url};

use super::{
    GatewayError, GatewaySettings,
    groups::{self, Group, JOB},
    settings::{CA_FILE, Login},
};

/// Time for one try.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Time for the list of all groups, of which there may be thousands.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);
const TRIES: usize = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Most bytes of the list of all groups.
const LIST_LIMIT: usize = 64 * 1024 * 1024;

/// A Pushgateway in which groups of this installation are.
#[derive(Debug)]
pub struct Gateway {
    client: Client,
    settings: GatewaySettings,
    installation: String,
}

impl Gateway {
    /// A client of the gateway; sends nothing yet.
    ///
    /// # Errors
    /// The file of authorities cannot be used.
    pub fn new(settings: GatewaySettings, installation: impl Into<String>) -> Result<Self, GatewayError> {
        let client_error = |problem: String| GatewayError::Client { problem };
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| client_error(error.to_string()))?
            .with_root_certificates(authorities(&settings)?)
            .with_no_client_auth();
        let mut builder = Client::builder()
            .user_agent(concat!("sms_operator/", env!("CARGO_PKG_VERSION")))
            // Credentials are for the address that was configured and for no other.
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls);
        if is_on_this_machine(&settings.url) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build().map_err(|error| client_error(innermost(&error)))?,
            settings,
            installation: installation.into(),
        })
    }

    /// Host and port, for messages.
    pub fn authority(&self) -> &str {
        self.settings.url.authority()
    }

    /// Deletes the group of `api_name`, if there is one. At most three tries of five seconds.
    ///
    /// # Errors
    /// The gateway is away or refuses.
    pub async fn delete(&self, api_name: &str) -> Result<(), GatewayError> {
        let url = group_url(&self.settings.url, api_name);
        let act = format!("delete the group of api={api_name}");
        let delete = || async {
            self.send(Method::DELETE, &url, &act, TIMEOUT, async |_| Ok(()))
                .await
        };
        self.retried(delete).await
    }

    /// The groups of this installation.
    ///
    /// # Errors
    /// The gateway is away, refuses, or its answer is no list of groups or longer than 64 MiB.
    pub async fn groups(&self) -> Result<Vec<Group>, GatewayError> {
        let url = below(&self.settings.url, &["api", "v1", "metrics"]);
        let list = || async {
            self.send(
                Method::GET,
                &url,
                "list its groups",
                LIST_TIMEOUT,
                async |response| self.body(response).await,
            )
            .await
        };
        let body = self.retried(list).await?;
        groups::parse(&body, &self.installation).map_err(|error| self.no_list(error.to_string()))
    }

    async fn retried<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, GatewayError>
    where
        F: Future<Output = Result<T, GatewayError>>,
    {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_times(TRIES - 1)
            .with_jitter();
        attempt.retry(pauses).when(GatewayError::is_transient).await
    }

    async fn send<T>(
        &self,
        method: Method,
        url: &Url,
        act: &str,
        limit: Duration,
        read: impl AsyncFnOnce(Response) -> Result<T, GatewayError>,
    ) -> Result<T, GatewayError> {
        let request = self.client.request(method, url.clone());
        let request = match &self.settings.login {
            Login::None => request,
            Login::Basic { username, password } => {
                request.basic_auth(username, Some(password.expose_secret()))
            }
            Login::Bearer(token) => request.bearer_auth(token.expose_secret()),
        };
        let exchange = async {
            let response = request.send().await.map_err(|error| self.unreachable(error))?;
            let status = response.status();
            if !status.is_success() {
                return Err(GatewayError::Refused {
                    gateway: self.authority().to_owned(),
                    act: act.to_owned(),
                    status,
                });
            }
            read(response).await
        };
        tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| {
            Err(GatewayError::TimedOut {
                gateway: self.authority().to_owned(),
                limit,
            })
        })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, GatewayError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if body.len() + chunk.len() > LIST_LIMIT {
                return Err(self.no_list("it is longer than 64 MiB".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: reqwest::Error) -> GatewayError {
        GatewayError::Unreachable {
            gateway: self.authority().to_owned(),
            problem: innermost(&error.without_url()),
        }
    }

    fn no_list(&self, problem: String) -> GatewayError {
        GatewayError::Groups {
            gateway: self.authority().to_owned(),
            problem,
        }
    }
}

fn authorities(settings: &GatewaySettings) -> Result<RootCertStore, GatewayError> {
    let mut roots = RootCertStore::empty();
    if settings.url.scheme() != "https" {
        return Ok(roots);
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let Some(path) = &settings.ca_file else {
        return Ok(roots);
    };
    let unusable = |problem: String| GatewayError::File {
        variable: CA_FILE,
        path: path.clone(),
        problem,
    };
    let public = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.len() == public {
        return Err(unusable("it holds no certificate in PEM".to_owned()));
    }
    Ok(roots)
}

/// No proxy can reach what is on this machine.
fn is_on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The address of a group (Pushgateway README, "URL"). What does not survive in a path goes as base64.
fn group_url(base: &Url, api_name: &str) -> Url {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !api_name.is_empty() && api_name.chars().all(is_plain) {
        return below(base, &["metrics", "job", JOB, "instance", api_name]);
    }
    let encoded = URL_SAFE_NO_PAD.encode(api_name);
    let encoded = if encoded.is_empty() { "=" } else { &encoded };
    below(base, &["metrics", "job", JOB, "instance@base64", encoded])
}

/// The outer layers only repeat that sending failed.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_its_address_below_the_gateways_own() {
        let url = |base: &str, api_name: &str| group_url(&base.parse().unwrap(), api_name).to_string();
        assert_eq!(
            url("http://gateway:9091", "sea_monster"),
            "http://gateway:9091/metrics/job/sms_scraper/instance/sea_monster"
        );
        assert_eq!(
            url("http://gateway/below/?x=1", "a/b"),
            "http://gateway/below/metrics/job/sms_scraper/instance@base64/YS9i"
        );
        assert_eq!(
            url("http://gateway", ""),
            "http://gateway/metrics/job/sms_scraper/instance@base64/="
        );
    }
}
