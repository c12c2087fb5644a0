//! What becomes of a call. Pure.

use http::{Response, header};
use hyper::body::Bytes;
use serde_json::json;

use super::{Error, Sent, answer::whole};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The server answers it.
    Forward,
    /// The server never hears of it; this is answered.
    Instead(Answer),
    /// The server does what it asks for; this is answered.
    After(Answer),
    /// The server hears of it when [`super::Proxy::let_late_calls_go`] says so, whether or not somebody still waits for the
    /// answer, which never comes.
    Late,
}

/// What a call is answered with, if not with the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// An error of the API server.
    Status {
        /// HTTP status.
        code: u16,
        /// Seconds of the header `Retry-After`.
        retry_after: Option<u32>,
    },
    /// An error of the API server in these words.
    Told {
        /// HTTP status.
        code: u16,
        /// What it says.
        message: &'static str,
    },
    /// The connection ends.
    Reset,
    /// Nothing, for ever.
    Silence,
    /// A watch that shows nothing, until [`super::Proxy::cut_watches`].
    Quiet,
    /// A watch whose first event says that its version is too old (410 inside an answer of 200).
    Expired,
    /// The answer to the last list of this kind that was forwarded.
    Recorded,
}

impl Answer {
    /// An error of the API server.
    pub fn status(code: u16) -> Self {
        Self::Status {
            code,
            retry_after: None,
        }
    }
}

fn reason(code: u16) -> &'static str {
    match code {
        403 => "Forbidden",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}

fn object(code: u16, message: &str) -> serde_json::Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason(code), "code": code,
    })
}

/// What an error says of which only the code matters.
pub(super) fn words(code: u16) -> String {
    format!("an error of {code} that the test asked for")
}

/// An error as the API server tells it (`Status` of Kubernetes' API conventions).
pub(super) fn status(code: u16, message: &str, retry_after: Option<u32>) -> Result<Response<Sent>, Error> {
    let mut answer = Response::builder()
        .status(code)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(seconds) = retry_after {
        answer = answer.header(header::RETRY_AFTER, seconds);
    }
    Ok(answer.body(whole(object(code, message).to_string().into()))?)
}

/// The event of a watch whose version is too old.
pub(super) fn expired() -> Bytes {
    format!(
        "{}\n",
        json!({ "type": "ERROR", "object": object(410, &words(410)) })
    )
    .into()
}
