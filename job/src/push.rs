//! Sends the metrics of a run to a Pushgateway, and deletes a group. IO.
//!
//! A push belongs to the end of a run and must never fail or hang it: one try takes at most 5 s, all tries together at
//! most 15 s, and every error is a [`PushError`] that the caller reports as a warning.

mod settings;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use sms_crds::report::Reason;
use thiserror::Error;
use url::Url;

pub use crate::metrics::PushMethod;
use crate::metrics::RunMetrics;
use settings::Auth;
pub use settings::{PushSettings, TIMEOUT, TRIES};

/// The grouping label `job` of every group that the scraper pushes.
pub const JOB: &str = "sms_scraper";

/// Bytes of the gateway's answer that are read for a message.
const ANSWER_LIMIT: usize = 2048;
/// Characters of the gateway's answer that a message repeats.
const ANSWER_SHOWN: usize = 300;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Why metrics did not reach the gateway. No message holds a credential.
#[derive(Debug, Error)]
pub enum PushError {
    /// The address cannot be used.
    #[error(
        "the Pushgateway address is not usable: {0}; write it like http://pushgateway:9091 in --pushgateway or SMS_PUSHGATEWAY_URL"
    )]
    Address(String),
    /// Variables contradict each other.
    #[error("Pushgateway credentials: {0}; set either a user name with a password, or a token, each once")]
    Conflict(String),
    /// A file with a credential cannot be read.
    #[error("cannot read {}, which {variable} names: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The variable that names it.
        variable: String,
        /// Why.
        source: std::io::Error,
    },
    /// The CA file holds no usable certificate.
    #[error("cannot use {} as SMS_PUSHGATEWAY_CA_FILE: {why}; it has to hold PEM certificates", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The HTTP client could not be built.
    #[error("cannot build the client for the Pushgateway: {0}")]
    Client(String),
    /// The metrics could not be written as text.
    #[error("cannot write the metrics as text: {0}")]
    Encode(#[from] prometheus::Error),
    /// The gateway answered with an error.
    #[error("the Pushgateway at {gateway} refused api={instance} with status {status}: {answer}")]
    Refused {
        /// Host and port.
        gateway: String,
        /// The group.
        instance: String,
        /// What it answered.
        status: StatusCode,
        /// Beginning of the answer, on one line.
        answer: String,
    },
    /// No answer: no such host, nothing listens, the connection broke.
    #[error("cannot reach the Pushgateway at {gateway}: {why}")]
    Unreachable {
        /// Host and port.
        gateway: String,
        /// Why.
        why: String,
    },
    /// No answer in time.
    #[error("the Pushgateway at {gateway} did not answer within {} s", limit.as_secs_f64())]
    TimedOut {
        /// Host and port.
        gateway: String,
        /// The limit that passed.
        limit: Duration,
    },
}

impl PushError {
    /// The reason as reports and conditions know it.
    pub fn reason(&self) -> Reason {
        Reason::PushFailed
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
                    )
            }
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            _ => false,
        }
    }
}

/// Pushes the metrics of a run the way its outcome asks for ([`RunMetrics::method`]).
pub async fn push_run(settings: &PushSettings, run: &RunMetrics) -> Result<(), PushError> {
    push(settings, run.method(), &run.api_name, &run.to_text()?).await
}

/// Sends `body` (Prometheus text format) as the group of `instance`, and logs the success.
pub async fn push(
    settings: &PushSettings,
    method: PushMethod,
    instance: &str,
    body: &str,
) -> Result<(), PushError> {
    let method = match method {
        PushMethod::Put => Method::PUT,
        PushMethod::Post => Method::POST,
    };
    let request = settings
        .request(method, instance)?
        .header(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        .body(body.to_owned());
    settings.send(request, instance).await?;
    tracing::info!("Pushed metrics to Pushgateway for api={instance}");
    Ok(())
}

/// Deletes the group of `instance`; a group that is not there counts as deleted.
pub async fn delete(settings: &PushSettings, instance: &str) -> Result<(), PushError> {
    let request = settings.request(Method::DELETE, instance)?;
    settings.send(request, instance).await?;
    tracing::debug!("deleted the Pushgateway group of api={instance}");
    Ok(())
}

impl PushSettings {
    fn request(&self, method: Method, instance: &str) -> Result<RequestBuilder, PushError> {
        let request = self.client()?.request(method, group_url(&self.url, instance));
        Ok(match &self.auth {
            None => request,
            Some(Auth::Basic { username, password }) => {
                request.basic_auth(username, Some(password.expose_secret()))
            }
            Some(Auth::Bearer(token)) => request.bearer_auth(token.expose_secret()),
        })
    }

    async fn send(&self, request: RequestBuilder, instance: &str) -> Result<(), PushError> {
        let tries = self.tries.max(1);
        let limit = self
            .timeout
            .saturating_mul(u32::try_from(tries).unwrap_or(u32::MAX));
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_times(tries - 1)
            .with_jitter();
        let sent = (|| self.attempt(&request, instance))
            .retry(pauses)
            .when(PushError::is_transient);
        tokio::time::timeout(limit, sent).await.unwrap_or_else(|_| {
            Err(PushError::TimedOut {
                gateway: self.authority(),
                limit,
            })
        })
    }

    async fn attempt(&self, request: &RequestBuilder, instance: &str) -> Result<(), PushError> {
        let Some(request) = request.try_clone() else {
            return Err(PushError::Client("the request cannot be sent twice".to_owned()));
        };
        let exchange = async {
            let response = request.send().await.map_err(|error| self.no_answer(error))?;
            let status = response.status();
            if status.is_success() {
                return Ok(());
            }
            let answer = answer_of(response).await;
            Err(PushError::Refused {
                gateway: self.authority(),
                instance: instance.to_owned(),
                status,
                answer,
            })
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(PushError::TimedOut {
                    gateway: self.authority(),
                    limit: self.timeout,
                })
            })
    }

    fn no_answer(&self, error: reqwest::Error) -> PushError {
        PushError::Unreachable {
            gateway: self.authority(),
            why: causes(&error.without_url()),
        }
    }

    fn client(&self) -> Result<Client, PushError> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let mut builder = Client::builder()
            .user_agent(concat!("sms_scraper/", env!("CARGO_PKG_VERSION")))
            // Credentials are for the address that was configured and for no other.
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(self.tls()?);
        if self.is_local() {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| PushError::Client(causes(&error)))?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    /// TLS with the compiled-in public authorities and those of the CA file; for plain HTTP none are loaded.
    fn tls(&self) -> Result<ClientConfig, PushError> {
        let mut roots = RootCertStore::empty();
        if self.url.scheme() == "https" {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            if let Some(path) = &self.ca_file {
                add_authorities(&mut roots, path)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| PushError::Client(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth())
    }
}

fn add_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), PushError> {
    let unusable = |why: String| PushError::Authority {
        path: path.to_owned(),
        why,
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let before = roots.len();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.len() == before {
        Err(unusable("no certificate in it".to_owned()))
    } else {
        Ok(())
    }
}

/// `<base>/metrics/job/sms_scraper/instance/<instance>` (Pushgateway README, "URL").
fn group_url(base: &Url, instance: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["metrics", "job", JOB]);
        let is_plain = !instance.is_empty()
            && instance
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
        if is_plain {
            path.extend(["instance", instance]);
        } else {
            // A value with `/`, an empty one and dot segments do not survive in a path; `=` stands for the empty one.
            let encoded = URL_SAFE_NO_PAD.encode(instance);
            path.extend(["instance@base64", if encoded.is_empty() { "=" } else { &encoded }]);
        }
    }
    url
}

/// The beginning of an error answer, on one line.
async fn answer_of(mut response: Response) -> String {
    if response.status().is_redirection() {
        return "redirects are not followed, write the final address".to_owned();
    }
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_LIMIT {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(ANSWER_LIMIT);
    let text = String::from_utf8_lossy(&bytes);
    let line = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        "no explanation".to_owned()
    } else {
        line.chars().take(ANSWER_SHOWN).collect()
    }
}

/// The innermost cause in words: reqwest's outer layers only repeat that sending failed.
fn causes(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(base: &str, instance: &str) -> String {
        group_url(PushSettings::new(base).unwrap().url(), instance).to_string()
    }

    #[test]
    fn the_group_is_named_by_job_and_instance() {
        let wanted = "http://gw:9091/metrics/job/sms_scraper/instance/blue_moon";
        assert_eq!(group("http://gw:9091", "blue_moon"), wanted);
        assert_eq!(group("http://gw:9091/", "blue_moon"), wanted);
    }

    #[test]
    fn a_path_in_the_address_is_kept() {
        let wanted = "https://gw/push/gateway/metrics/job/sms_scraper/instance/a";
        assert_eq!(group("https://gw/push/gateway", "a"), wanted);
        assert_eq!(group("https://gw/push/gateway/?x=1#y", "a"), wanted);
    }

    #[test]
    fn a_name_that_a_path_cannot_hold_travels_as_base64() {
        let base = "http://gw/metrics/job/sms_scraper/instance@base64/";
        for (instance, encoded) in [("a/b", "YS9i"), ("..", "Li4"), ("", "="), ("ü?", "w7w_")] {
            assert_eq!(group("http://gw", instance), format!("{base}{encoded}"));
        }
    }

    #[test]
    fn a_ca_file_without_certificates_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "nothing here\n").unwrap();
        let settings = PushSettings::new("https://gw").unwrap().with_ca_file(&file);
        let error = settings.client().unwrap_err();
        assert!(error.to_string().contains("ca.pem"), "{error}");
        assert_eq!(error.reason(), Reason::PushFailed);
    }

    #[test]
    fn plain_http_builds_without_authorities() {
        let settings = PushSettings::new("http://gw")
            .unwrap()
            .with_ca_file("/no/such/file");
        assert!(settings.client().is_ok());
    }
}
