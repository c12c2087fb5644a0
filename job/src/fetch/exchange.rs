//! One request and its answer, within the limits; no redirects, no retries. IO.

use std::{path::PathBuf, time::Duration};

use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName},
};
use secrecy::{ExposeSecret as _, SecretString};
use sms_crds::v1alpha1::HttpMethod;
use tokio::{sync::OnceCell, time::timeout};
use url::Url;

use super::{
    body::{self, BodyFault, Overflow},
    client::{self, Connecting},
    error::FetchError,
    failure,
    guard::Refusal,
    limits::Limits,
    redirect::is_redirect,
    resolver::CheckedResolver,
};

/// Most bytes of an error page that are read, for its excerpt.
const EXCERPT_BYTES: u64 = 4096;
/// Longest wait for them.
const EXCERPT_TIME: Duration = Duration::from_secs(2);

/// One request, ready to be sent.
pub struct Outgoing<'a> {
    /// Method.
    pub method: HttpMethod,
    /// Address with everything that the server is to see.
    pub url: Url,
    /// The same for messages.
    pub shown: String,
    /// Headers, apart from `Authorization` for `basic`.
    pub headers: HeaderMap,
    /// User name and password.
    pub basic: Option<(&'a str, &'a SecretString)>,
    /// Body of a POST.
    pub body: Option<&'a str>,
    /// Most bytes of the answer's body, and what to do with more.
    pub limit: (u64, Overflow),
}

/// An answer with any status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body; of an error page the start, of a redirect nothing.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header as text.
    pub fn header(&self, name: &HeaderName) -> Option<String> {
        self.headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

/// Sends requests. The client is built at the first of them.
pub struct Transport {
    client: OnceCell<Client>,
    connecting: Connecting,
    resolver: CheckedResolver,
    limits: Limits,
    ca_file: Option<PathBuf>,
    proxy: Option<Url>,
}

impl Transport {
    /// A transport that reaches what `resolver` finds, trusting the authorities in `ca_file` as well; all through `proxy`, if
    /// there is one.
    pub fn new(
        resolver: CheckedResolver,
        limits: Limits,
        ca_file: Option<PathBuf>,
        proxy: Option<Url>,
    ) -> Self {
        Self {
            client: OnceCell::new(),
            connecting: Connecting::default(),
            resolver: resolver.through(proxy.as_ref()),
            limits,
            ca_file,
            proxy,
        }
    }

    /// What the guard of the resolver would say, where a proxy looks names up instead of it.
    ///
    /// # Errors
    /// The address that may not be reached.
    pub async fn check(&self, url: &Url) -> Result<(), Refusal> {
        match (&self.proxy, url.domain()) {
            (Some(_), Some(name)) => self.resolver.check_behind_proxy(name).await,
            _ => Ok(()),
        }
    }

    /// Sends `outgoing` and reads the answer, all of it in `time`.
    pub async fn exchange(&self, outgoing: &Outgoing<'_>, time: Duration) -> Result<Answer, FetchError> {
        match timeout(time, self.send(outgoing)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::TimedOut {
                url: outgoing.shown.clone(),
                phase: "the whole request (spec.fetch.timeout)",
                limit: self.limits.timeout,
                sent: !self.connecting.is_active(),
            }),
        }
    }

    async fn send(&self, outgoing: &Outgoing<'_>) -> Result<Answer, FetchError> {
        let client = self
            .client
            .get_or_try_init(|| async {
                let (resolver, connecting) = (self.resolver.clone(), self.connecting.clone());
                client::build(
                    &self.limits,
                    resolver,
                    connecting,
                    self.ca_file.as_deref(),
                    self.proxy.as_ref(),
                )
            })
            .await?;
        let method = match outgoing.method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Post => Method::POST,
        };
        let mut request = client
            .request(method, outgoing.url.clone())
            .headers(outgoing.headers.clone());
        if let Some((name, password)) = outgoing.basic {
            request = request.basic_auth(name, Some(password.expose_secret()));
        }
        if outgoing.method == HttpMethod::Post {
            request = request.body(outgoing.body.unwrap_or_default().to_owned());
        }
        let idle = self.limits.idle_timeout;
        let response = tokio::select! {
            response = request.send() => response.map_err(|error| {
                let host = outgoing.url.host_str().unwrap_or_default();
                failure::of_request(error, &outgoing.shown, host, &self.limits)
            })?,
            () = self.connecting.silence(idle) => return Err(self.silent(&outgoing.shown)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if is_redirect(status.as_u16()) {
            Vec::new()
        } else if status.is_success() {
            let (limit, overflow) = outgoing.limit;
            body::read(response, limit, idle, overflow)
                .await
                .map_err(|fault| self.body_error(fault, &outgoing.shown))?
        } else {
            let excerpt = body::read(response, EXCERPT_BYTES, idle, Overflow::Truncate);
            timeout(EXCERPT_TIME, excerpt)
                .await
                .ok()
                .and_then(Result::ok)
                .unwrap_or_default()
        };
        Ok(Answer {
            status: status.as_u16(),
            headers,
            body,
        })
    }

    fn body_error(&self, fault: BodyFault, shown: &str) -> FetchError {
        let url = shown.to_owned();
        match fault {
            BodyFault::TooLarge => FetchError::BodyTooLarge {
                url,
                limit: self.limits.max_body_bytes,
            },
            BodyFault::Broken(problem) => FetchError::BodyBroken { url, problem },
            BodyFault::Silent => self.silent(shown),
        }
    }

    fn silent(&self, shown: &str) -> FetchError {
        FetchError::TimedOut {
            url: shown.to_owned(),
            phase: "waiting for a byte from the server (spec.fetch.idleTimeout)",
            limit: self.limits.idle_timeout,
            sent: true,
        }
    }
}
