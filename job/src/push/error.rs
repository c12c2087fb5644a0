//! Why a push failed. Pure.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;
use sms_crds::report::Reason;
use thiserror::Error;

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

    /// Whether another try can help.
    pub(super) fn is_transient(&self) -> bool {
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
