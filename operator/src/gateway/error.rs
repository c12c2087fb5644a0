//! Why a request to the Pushgateway failed. Pure.

use std::{path::PathBuf, time::Duration};

use reqwest::StatusCode;

/// Why a request to the Pushgateway failed. No message holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address cannot be used.
    #[error("--pushgateway (SMS_PUSHGATEWAY_URL): {problem}")]
    Address {
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// Variables contradict each other.
    #[error("{problem}: set either a user name with a password, or a token, each once")]
    Credentials {
        /// Which.
        problem: String,
    },
    /// A file that a variable names cannot be used.
    #[error("{variable} names {}, which cannot be used: {problem}", path.display())]
    File {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The HTTP client cannot be built.
    #[error("failed to build the client for the Pushgateway: {problem}")]
    Client {
        /// Why.
        problem: String,
    },
    /// No answer: no such host, nothing listens, the connection broke.
    #[error("failed to reach the Pushgateway at {gateway}: {problem}")]
    Unreachable {
        /// Host and port.
        gateway: String,
        /// Why.
        problem: String,
    },
    /// No answer in time.
    #[error("the Pushgateway at {gateway} did not answer within {} s", limit.as_secs())]
    TimedOut {
        /// Host and port.
        gateway: String,
        /// The limit.
        limit: Duration,
    },
    /// The gateway answered with an error.
    #[error("the Pushgateway at {gateway} refused to {act}: status {status}")]
    Refused {
        /// Host and port.
        gateway: String,
        /// What was asked.
        act: String,
        /// Its answer.
        status: StatusCode,
    },
    /// The list of groups is none.
    #[error(
        "the Pushgateway at {gateway} gave no list of groups: {problem}; is it a Pushgateway of version 1.0 or newer?"
    )]
    Groups {
        /// Host and port.
        gateway: String,
        /// Why.
        problem: String,
    },
}

impl GatewayError {
    /// Whether another try can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
                    )
            }
            Self::Address { .. }
            | Self::Credentials { .. }
            | Self::File { .. }
            | Self::Client { .. }
            | Self::Groups { .. } => false,
        }
    }
}
