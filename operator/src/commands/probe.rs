//! `probe`: whether an operator is ready, and whether sources can be created. IO: asks the operator and the API server.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::{Api, api::PostParams};
use reqwest::redirect;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use sms_crds::ScrapeSource;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::{CommandError, output};
use crate::{args::ProbeArgs, startup::client};

/// Time for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Most characters of an answer that a message quotes.
const QUOTED: usize = 300;

/// Waits until everything that was asked for is so.
pub fn run(args: &ProbeArgs) -> Result<u8, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::transient(format!("failed to start the runtime: {error}")))?;
    let result = runtime.block_on(probe(args));
    runtime.shutdown_background();
    result.map(|()| 0)
}

async fn probe(args: &ProbeArgs) -> Result<(), CommandError> {
    let deadline = Instant::now() + args.timeout;
    let http = http_client()?;
    let waited = |problem: &str| {
        CommandError::transient(format!(
            "not ready within {:?}: {problem}: read the log of the operator, or allow more time with --timeout",
            args.timeout
        ))
    };
    until(deadline, || ready(&http, &args.ready_url))
        .await
        .map_err(|obstacle| obstacle.into_error(waited))?;
    output::note(format_args!("{} is ready", args.ready_url));
    let Some(namespace) = &args.create_source_dry_run else {
        return Ok(());
    };
    let (cluster, _) = client::connect(|| ())
        .await
        .map_err(CommandError::configuration)?;
    let sources = Api::namespaced(cluster, namespace);
    until(deadline, || create(&sources, namespace))
        .await
        .map_err(|obstacle| obstacle.into_error(waited))?;
    output::note(format_args!(
        "The API server would take a ScrapeSource in namespace {namespace}"
    ));
    Ok(())
}

/// Why it is not so.
#[derive(Debug, PartialEq, Eq)]
enum Obstacle {
    /// It may pass.
    ForNow(String),
    /// It does not pass by waiting.
    ForGood(String),
}

impl Obstacle {
    fn into_error(self, waited: impl Fn(&str) -> CommandError) -> CommandError {
        match self {
            Self::ForNow(problem) => waited(&problem),
            Self::ForGood(problem) => CommandError::configuration(problem),
        }
    }
}

/// Looks again and again; gives the last obstacle. Each new one is told.
async fn until<F>(deadline: Instant, look: impl Fn() -> F) -> Result<(), Obstacle>
where
    F: Future<Output = Result<(), Obstacle>>,
{
    let mut last = "no answer".to_owned();
    loop {
        match timeout_at(deadline, look()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Obstacle::ForNow(problem))) => {
                if last != problem {
                    output::note(format_args!("waits: {problem}"));
                    last = problem;
                }
            }
            Ok(Err(for_good)) => return Err(for_good),
            Err(_) => return Err(Obstacle::ForNow(last)),
        }
        if timeout_at(deadline, sleep(PAUSE)).await.is_err() {
            return Err(Obstacle::ForNow(last));
        }
    }
}

/// The operator is asked directly: it is in the same cluster, where no proxy is needed.
fn http_client() -> Result<reqwest::Client, CommandError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(CommandError::transient)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .user_agent(concat!("sms_operator/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .timeout(ANSWER_LIMIT)
        .no_proxy()
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(CommandError::transient)
}

async fn ready(http: &reqwest::Client, url: &Url) -> Result<(), Obstacle> {
    let unreachable = |error: reqwest::Error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Obstacle::ForNow(format!("{url} cannot be reached: {cause}"))
    };
    let response = http.get(url.clone()).send().await.map_err(unreachable)?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let body: String = response.text().await.map_err(unreachable)?;
    let body: String = body.trim().chars().take(QUOTED).collect();
    Err(Obstacle::ForNow(format!("{url} answers {status}: {body}")))
}

/// The smallest source there is; its name is new each time, so that it is never taken.
fn smallest_source(now: Timestamp) -> Result<ScrapeSource, serde_json::Error> {
    serde_json::from_value(json!({
        "apiVersion": "sms-scraper.dev/v1alpha1",
        "kind": "ScrapeSource",
        "metadata": { "name": format!("probe-{}", now.as_millisecond()) },
        "spec": { "fetch": { "url": "https://example.org/" }, "extract": { "jsonLd": {} } },
    }))
}

async fn create(sources: &Api<ScrapeSource>, namespace: &str) -> Result<(), Obstacle> {
    let parameters = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let source = smallest_source(Timestamp::now()).map_err(|error| Obstacle::ForGood(error.to_string()))?;
    match sources.create(&parameters, &source).await {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(&error, namespace)),
    }
}

fn refused(error: &kube::Error, namespace: &str) -> Obstacle {
    let words = client::in_words(error);
    match error {
        kube::Error::Api(status) => match status.code {
            403 => Obstacle::ForGood(format!(
                "may not create a ScrapeSource in namespace {namespace} ({words}): allow create on \
                 scrapesources.sms-scraper.dev there"
            )),
            // The CRD may have been applied a moment ago.
            404 => Obstacle::ForNow(format!(
                "the API server knows no ScrapeSource, or no namespace {namespace} ({words}): install the CRD with \
                 `sms_operator crd | kubectl apply --server-side -f -`"
            )),
            400..=499 if status.code != 429 => Obstacle::ForGood(format!(
                "the API server refuses a ScrapeSource in namespace {namespace}: {words}: apply the CRD of this version \
                 with `sms_operator crd | kubectl apply --server-side -f -`"
            )),
            _ => Obstacle::ForNow(words),
        },
        _ => Obstacle::ForNow(format!("the API server does not answer as it should: {words}")),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn api_error(code: u16) -> kube::Error {
        let status = Status {
            code,
            message: "no".to_owned(),
            ..Status::default()
        };
        kube::Error::Api(Box::new(status))
    }

    #[test]
    fn the_smallest_source_is_one_that_the_rules_allow() {
        let source = smallest_source(Timestamp::UNIX_EPOCH).unwrap();
        let yaml = serde_saphyr::to_string(&source).unwrap();
        let read = sms_crds::manifest::read_manifests(&yaml, "x", sms_crds::manifest::FileAccess::Refused);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        assert_eq!(read.sources.len(), 1);
    }

    #[test]
    fn only_what_may_pass_is_waited_for() {
        for (code, passes) in [(403, false), (404, true), (422, false), (429, true), (500, true)] {
            let obstacle = refused(&api_error(code), "music");
            assert_eq!(
                matches!(obstacle, Obstacle::ForNow(_)),
                passes,
                "{code} {obstacle:?}"
            );
        }
    }
}
