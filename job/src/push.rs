//! Sends the metrics of a run to a Pushgateway, and deletes a group. IO.
//!
//! A push belongs to the end of a run and must never fail or hang it: one try takes at most 5 s, all tries together at
//! most 15 s, and every error is a [`PushError`] that the caller reports as a warning.

mod error;
mod settings;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Method, RequestBuilder, Response, header, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use url::Url;

use crate::fetch::redact::Redactor;
pub use crate::metrics::PushMethod;
use crate::metrics::RunMetrics;
pub use error::PushError;
use settings::Auth;
pub use settings::{PushSettings, TIMEOUT, TRIES};

/// The grouping label `job` of every group that the scraper pushes.
pub const JOB: &str = "sms_scraper";

/// Bytes of the gateway's answer that are read for a message.
const ANSWER_LIMIT: usize = 2048;
/// Characters of the gateway's answer that a message repeats.
const ANSWER_SHOWN: usize = 300;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

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
            let answer = answer_of(response, &self.redactor()).await;
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
async fn answer_of(mut response: Response, redactor: &Redactor) -> String {
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
    // A proxy in front of the gateway may repeat what it was sent.
    let line = redactor.text(&line.collect::<Vec<_>>().join(" "));
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
mod tests;
