//! Why a page could not be fetched. Pure.

use std::time::Duration;

use jiff::Timestamp;
use sms_crds::report::Reason;

use super::{guard::Refusal, redirect::RedirectProblem};
use crate::secrets::SecretError;

/// Why a page could not be fetched. Addresses in it are redacted: no message holds a secret.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FetchError {
    /// The manifest is wrong.
    #[error("{path}: {problem}")]
    Spec {
        /// Where, e.g. `spec.fetch.timeout`.
        path: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// A secret that the manifest names cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The process is not set up as it should be.
    #[error("the CA file {path} cannot be used: {problem}")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A page or a jq program gave an address that is none.
    #[error("{address:?} is no address: {problem}")]
    NoAddress {
        /// What was given, cut to a readable length.
        address: String,
        /// Why it is none.
        problem: String,
    },
    /// An address that may not be reached.
    #[error("{url} is not fetched: {refusal}")]
    AddressForbidden {
        /// The address.
        url: String,
        /// Why not.
        refusal: Refusal,
    },
    /// A file that may not be read.
    #[error("{url} is not read: {problem}")]
    FileForbidden {
        /// The address.
        url: String,
        /// Why not, and what to do.
        problem: &'static str,
    },
    /// `robots.txt` disallows the page.
    #[error(
        "{robots_url} disallows {url}; ask its owner, and with their consent set spec.fetch.robots to ignore"
    )]
    RobotsDisallowed {
        /// The page.
        url: String,
        /// The robots.txt.
        robots_url: String,
    },
    /// `robots.txt` is there but the server fails on it: then nothing is allowed (RFC 9309, 2.3.1.4).
    #[error(
        "{robots_url} was answered with {status}, so nothing may be fetched now; try again later, or with the owner's consent set spec.fetch.robots to ignore"
    )]
    RobotsUnreachable {
        /// The robots.txt.
        robots_url: String,
        /// Its status.
        status: u16,
    },
    /// `robots.txt` could not be fetched at all.
    #[error("robots.txt could not be read: {0}")]
    Robots(Box<FetchError>),
    /// The host name has no address.
    #[error("failed to look up {host}: {problem}; check the host name, and the DNS of this machine")]
    Dns {
        /// The host.
        host: String,
        /// What the resolver says.
        problem: String,
    },
    /// No connection, or it broke before there was an answer.
    #[error("failed to get an answer from {url}: {problem}")]
    Connect {
        /// The address.
        url: String,
        /// What happened.
        problem: String,
        /// Whether the request may have reached the server.
        sent: bool,
    },
    /// The TLS handshake failed.
    #[error("no secure connection to {url}: {problem}")]
    Tls {
        /// The address.
        url: String,
        /// What is wrong with the certificate or the handshake, and what to do.
        problem: String,
    },
    /// A time limit passed.
    #[error("{url} timed out: {phase} took longer than {}", seconds(*limit))]
    TimedOut {
        /// The address.
        url: String,
        /// What took too long, and the setting that says so.
        phase: &'static str,
        /// The limit.
        limit: Duration,
        /// Whether the request may have reached the server.
        sent: bool,
    },
    /// The server wants to be asked less often.
    #[error(
        "{url} was answered with {status}: the server limits requests{}; fetch less often or set a longer spec.fetch.delay",
        until(*retry_at)
    )]
    RateLimited {
        /// The address.
        url: String,
        /// 429 or 503.
        status: u16,
        /// When the server may be asked again, if it says so.
        retry_at: Option<Timestamp>,
    },
    /// The server answered with an error status.
    #[error("{url} was answered with {status}{remedy}{}", quoted(excerpt))]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// What it means here and what to do.
        remedy: &'static str,
        /// Start of the body, made safe.
        excerpt: String,
    },
    /// A redirect that is not followed.
    #[error("the redirect from {url} to {target} is not followed: {problem}")]
    RedirectRefused {
        /// The address.
        url: String,
        /// Where it leads.
        target: String,
        /// Why not.
        problem: RedirectProblem,
    },
    /// The body is larger than allowed.
    #[error(
        "the body of {url} is larger than {limit} bytes; if that is right for this source, raise spec.fetch.maxBodyBytes"
    )]
    BodyTooLarge {
        /// The address.
        url: String,
        /// `spec.fetch.maxBodyBytes`.
        limit: u64,
    },
    /// The body could not be decompressed or ended early.
    #[error("the body of {url} is broken: {problem}")]
    BodyBroken {
        /// The address.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// A file could not be read.
    #[error("{path} cannot be read: {problem}")]
    File {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A bug in this program.
    #[error("internal error while fetching: {0}")]
    Internal(String),
}

impl FetchError {
    /// The word for it in reports and metrics.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Spec { .. } => Reason::InvalidSource,
            Self::Secret(_) => Reason::SecretMissing,
            Self::NoAddress { .. } => Reason::ParseFailed,
            Self::AddressForbidden { .. } | Self::FileForbidden { .. } => Reason::AddressForbidden,
            Self::RobotsDisallowed { .. } | Self::RobotsUnreachable { .. } => Reason::RobotsDisallowed,
            Self::Robots(error) => error.reason(),
            Self::Dns { .. } => Reason::DnsFailed,
            Self::Connect { .. } => Reason::ConnectFailed,
            Self::Tls { .. } => Reason::TlsFailed,
            Self::TimedOut { .. } => Reason::TimedOut,
            Self::RateLimited { .. } => Reason::RateLimited,
            Self::Status { .. } => Reason::HttpStatus,
            Self::RedirectRefused { .. } => Reason::RedirectRefused,
            Self::BodyTooLarge { .. } => Reason::BodyTooLarge,
            Self::BodyBroken { .. } => Reason::BodyBroken,
            Self::CaFile { .. } | Self::File { .. } => Reason::FileUnreadable,
            Self::Internal(_) => Reason::Internal,
        }
    }

    /// The status that the server answered with, if that is the problem.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::RateLimited { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// An error of the manifest at `path`.
    pub(super) fn spec(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Spec {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

/// What an error status means for a source, as the middle of a message.
pub fn remedy(status: u16) -> &'static str {
    match status {
        206 => {
            " (a part of the page, though all of it was asked for); remove a Range header from spec.fetch.headers"
        }
        300..=399 => " without a usable Location",
        401 => " (not authorised); check spec.fetch.auth and its Secret",
        403 => " (forbidden); check spec.fetch.auth, or ask the owner whether programs may read the page",
        404 | 410 => " (not there); check spec.fetch.url",
        405 => " (method not allowed); check spec.fetch.method",
        406 | 415 => {
            " (wrong kind of content); check the Accept and Content-Type headers in spec.fetch.headers"
        }
        500..=599 => " (the server failed); try again later",
        _ => "",
    }
}

/// What is left of a run when it begins to fetch is no round number.
fn seconds(limit: Duration) -> String {
    format!("{} s", (limit.as_secs_f64() * 100.0).round() / 100.0)
}

fn until(retry_at: Option<Timestamp>) -> String {
    retry_at.map_or_else(String::new, |at| {
        format!(" until {}", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    })
}

fn quoted(excerpt: &str) -> String {
    if excerpt.is_empty() {
        String::new()
    } else {
        format!("; it says: {excerpt}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_address_the_problem_and_the_remedy() {
        let url = || "https://a.example/e".to_owned();
        let cases = [
            (
                FetchError::Status {
                    url: url(),
                    status: 404,
                    remedy: remedy(404),
                    excerpt: "Not Found".to_owned(),
                },
                "https://a.example/e was answered with 404 (not there); check spec.fetch.url; it says: Not Found",
            ),
            (
                FetchError::Status {
                    url: url(),
                    status: 418,
                    remedy: remedy(418),
                    excerpt: String::new(),
                },
                "https://a.example/e was answered with 418",
            ),
            (
                FetchError::RateLimited {
                    url: url(),
                    status: 429,
                    retry_at: "2026-05-01T10:00:00Z".parse().ok(),
                },
                "https://a.example/e was answered with 429: the server limits requests until 2026-05-01T10:00:00Z; fetch less often or set a longer spec.fetch.delay",
            ),
            (
                FetchError::TimedOut {
                    url: url(),
                    phase: "the whole request (spec.fetch.timeout)",
                    limit: Duration::from_millis(1500),
                    sent: true,
                },
                "https://a.example/e timed out: the whole request (spec.fetch.timeout) took longer than 1.5 s",
            ),
            (
                FetchError::TimedOut {
                    url: url(),
                    phase: "the run",
                    limit: Duration::from_micros(4_999_944),
                    sent: true,
                },
                "https://a.example/e timed out: the run took longer than 5 s",
            ),
        ];
        for (error, wanted) in cases {
            assert_eq!(error.to_string(), wanted);
        }
    }

    #[test]
    fn an_unreadable_robots_file_has_the_reason_that_made_it_so() {
        let error = FetchError::Robots(Box::new(FetchError::Dns {
            host: "a".into(),
            problem: "b".into(),
        }));
        assert_eq!(error.reason(), Reason::DnsFailed);
        assert_eq!(error.status(), None);
    }
}
