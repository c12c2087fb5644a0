//! The client of the API server: time limits, few retries, and a note of when it last answered. IO.

use std::{error::Error, sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, header::RETRY_AFTER};
use http_body_util::BodyExt;
use kube::{
    Client, Config,
    client::{Body, retry::RetryPolicy},
};
use tokio::time::{Instant, sleep_until, timeout_at};
use tower::{BoxError, ServiceBuilder, ServiceExt, retry::RetryLayer, service_fn};

use super::StartupError;
use crate::permit::{NotLeading, Permit};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Time for a call and its retries, the body of its answer included. Of a watch only the head counts: kube-runtime limits
/// how long a watch may be silent.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// A call is tried again after 429, 503 and 504. Whoever needs more patience reconciles again.
const RETRIES: u32 = 2;
const RETRY_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_RETRY_PAUSE: Duration = Duration::from_secs(5);

/// A client of the cluster that `KUBECONFIG`, `~/.kube/config` or the service account names, and the namespace that
/// it is at home in. `on_answer` is called whenever the API server answers anything.
///
/// # Errors
/// There is no cluster to be found, or its configuration cannot be used.
pub async fn connect(on_answer: impl Fn() + Send + Sync + 'static) -> Result<(Client, String), StartupError> {
    let config = infer().await?;
    let namespace = config.default_namespace.clone();
    from_config(config, on_answer).map(|client| (client, namespace))
}

async fn infer() -> Result<Config, StartupError> {
    Config::infer()
        .await
        .map_err(|error| StartupError::NoCluster(causes(&error)))
}

/// The clients of one replica of several. They share their connections.
pub struct Clients {
    /// For everything that needs no leadership.
    pub any: Client,
    /// Sends writes as long as its permit holds.
    pub leader: Client,
    /// The namespace that they are at home in.
    pub namespace: String,
}

/// As [`connect`], for a replica that writes as long as `permit` holds.
///
/// # Errors
/// As [`connect`].
pub async fn connect_replica(
    permit: Permit,
    on_answer: impl Fn() + Clone + Send + Sync + 'static,
) -> Result<Clients, StartupError> {
    let config = infer().await?;
    let namespace = config.default_namespace.clone();
    let plain = plain(config)?;
    let client = |permit, on_answer| with_limits(plain.clone(), namespace.clone(), permit, on_answer);
    Ok(Clients {
        any: client(Permit::unlimited(), on_answer.clone())?,
        leader: client(permit, on_answer)?,
        namespace,
    })
}

/// A client of the cluster that `config` names.
///
/// # Errors
/// The configuration cannot be used.
pub fn from_config(
    config: Config,
    on_answer: impl Fn() + Send + Sync + 'static,
) -> Result<Client, StartupError> {
    let namespace = config.default_namespace.clone();
    with_limits(plain(config)?, namespace, Permit::unlimited(), on_answer)
}

fn plain(mut config: Config) -> Result<Client, StartupError> {
    config.connect_timeout = Some(CONNECT_LIMIT);
    config.default_retry = false;
    Client::try_from(config).map_err(|error| StartupError::Client(causes(&error)))
}

/// Requests of `plain`, limited in time and tried again a few times; each try of a write only while `permit` holds.
fn with_limits(
    plain: Client,
    namespace: String,
    permit: Permit,
    on_answer: impl Fn() + Send + Sync + 'static,
) -> Result<Client, StartupError> {
    let policy = RetryPolicy::new(RETRY_PAUSE, LONGEST_RETRY_PAUSE, RETRIES, true)
        .map_err(|error| StartupError::Client(causes(&error)))?;
    let retrying = ServiceBuilder::new()
        .layer(RetryLayer::new(policy))
        .service(service_fn(move |request: Request<Body>| {
            let (plain, permit) = (plain.clone(), permit.clone());
            async move {
                if request.method() != Method::GET && !permit.holds() {
                    return Err(NotLeading.into());
                }
                plain.send(request).await.map_err(BoxError::from)
            }
        }))
        .boxed_clone();
    let on_answer = Arc::new(on_answer);
    let limited = service_fn(move |request: Request<Body>| {
        let (service, on_answer) = (retrying.clone(), on_answer.clone());
        async move {
            let is_watch = is_watch(&request);
            let call = async {
                let response = service.oneshot(request).await?;
                on_answer();
                if is_watch {
                    return Ok(response);
                }
                let (head, body) = response.into_parts();
                let body = body.collect().await?.to_bytes();
                Ok::<_, BoxError>(Response::from_parts(head, Body::from(body)))
            };
            let deadline = Instant::now() + CALL_LIMIT;
            let answer = timeout_at(deadline, call).await.unwrap_or_else(|_| {
                Err(format!("the API server did not answer within {CALL_LIMIT:?}").into())
            })?;
            // The policy heeds it between its tries; whoever asks again after the last one has to as well.
            if let Some(pause) = pause_asked_for(&answer) {
                sleep_until(deadline.min(Instant::now() + pause)).await;
            }
            Ok::<_, BoxError>(answer)
        }
    });
    Ok(Client::new(limited, namespace))
}

/// How long an API server that is busy wants to be left alone (RFC 9110, 10.2.3; Kubernetes gives seconds).
fn pause_asked_for<B>(answer: &Response<B>) -> Option<Duration> {
    if !matches!(
        answer.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(CALL_LIMIT))
}

fn is_watch(request: &Request<Body>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query
        .split('&')
        .any(|pair| matches!(pair, "watch=true" | "watch=1"))
}

/// An error of the API server in words, for people.
pub fn in_words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} (status {})", status.message, status.code),
        kube::Error::Service(source) => causes(source.as_ref()),
        other => causes(other),
    }
}

/// The causes that say something new, from the outermost.
pub fn causes(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(source) = cause {
        let text = source.to_string();
        if texts.iter().all(|outer| !outer.contains(&text)) {
            texts.push(text);
        }
        cause = source.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests;
