//! Answers to requests that cannot be met: problem details (RFC 9457). Pure.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::store::reader::ReadError;

/// Seconds after which to try again what may have mended itself.
const RETRY_AFTER: &str = "5";

/// What is wrong with a request, or with the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// The words: what is wrong, and what to do about it.
    pub detail: String,
    /// The parameter that is wrong.
    pub parameter: Option<String>,
}

/// As it travels. `about:blank`, which is the type where none is given, makes the title that of the status.
#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
}

impl Problem {
    /// A problem without a parameter.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            parameter: None,
        }
    }

    /// A parameter that is wrong (400).
    pub fn of_parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            detail: detail.into(),
            parameter: Some(name.into()),
        }
    }

    /// Nothing is there (404).
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

impl From<&ReadError> for Problem {
    fn from(error: &ReadError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.public())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            parameter: self.parameter.as_deref(),
        };
        let text = serde_json::to_string_pretty(&body).unwrap_or_default() + "\n";
        let mut response = (
            self.status,
            [
                (header::CONTENT_TYPE, "application/problem+json"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            text,
        )
            .into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}
