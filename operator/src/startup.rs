//! What must be there before anything can be reconciled: a client, an API server that answers, our CRD. IO.

pub mod client;

use std::{fmt, time::Duration};

use kube::{Api, Client, api::ListParams};
use sms_crds::ScrapeSource;
use tokio::time::sleep;

/// Time between two looks at an API server that answers, but not as it should.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Most time between two tries of an API server that does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why the process cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// Neither a kubeconfig nor a service account.
    #[error(
        "no cluster to work on: {0}; set KUBECONFIG, or run in a Pod with a service account token \
         (automountServiceAccountToken: true)"
    )]
    NoCluster(String),
    /// The configuration of the client cannot be used.
    #[error("failed to build the client for the API server: {0}")]
    Client(String),
}

/// What keeps the operator from its work. Its text is what `/readyz` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The CRD is not installed.
    NoCrd,
    /// The operator may not read sources.
    Forbidden {
        /// Where they would be read; `None` for the whole cluster.
        namespace: Option<String>,
        /// What the API server says.
        message: String,
    },
    /// The API server gives another error, or no answer.
    Unreachable {
        /// Why.
        message: String,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCrd => f.write_str(
                "CRD scrapesources.sms-scraper.dev is not installed: run `sms_operator crd | kubectl apply \
                 --server-side -f -`",
            ),
            Self::Forbidden { namespace, message } => {
                let place = namespace.as_ref().map_or_else(
                    || "in every namespace, or set --watch-namespace (SMS_WATCH_NAMESPACE)".to_owned(),
                    |namespace| format!("in namespace {namespace}"),
                );
                write!(
                    f,
                    "may not list scrapesources ({message}): allow list and watch on scrapesources.sms-scraper.dev {place}"
                )
            }
            Self::Unreachable { message } => {
                write!(f, "the API server does not answer as it should: {message}")
            }
        }
    }
}

impl Obstacle {
    fn of(error: kube::Error, namespace: Option<&str>) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 404 => Self::NoCrd,
            kube::Error::Api(status) if status.code == 403 => Self::Forbidden {
                namespace: namespace.map(str::to_owned),
                message: status.message,
            },
            other => Self::Unreachable {
                message: client::in_words(&other),
            },
        }
    }

    /// How long to wait before the next look.
    fn pause(&self, failures: u32) -> Duration {
        match self {
            Self::NoCrd | Self::Forbidden { .. } => LOOK_AGAIN,
            Self::Unreachable { .. } => {
                let pause = Duration::from_secs(1 << failures.min(5)).min(LONGEST_PAUSE);
                pause.mul_f64(0.75 + fastrand::f64() / 4.0)
            }
        }
    }
}

/// Waits until sources can be read. Each new obstacle is told once, to the log and to `on_obstacle`.
pub async fn wait_for_crd(client: &Client, namespace: Option<&str>, on_obstacle: impl Fn(&Obstacle)) {
    let sources: Api<ScrapeSource> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let mut told = None;
    let mut failures = 0;
    loop {
        // Metadata alone: an object that cannot be read must not look like an obstacle.
        let Err(error) = sources.list_metadata(&ListParams::default().limit(1)).await else {
            break;
        };
        let obstacle = Obstacle::of(error, namespace);
        let pause = obstacle.pause(failures);
        failures += 1;
        if told.as_ref() != Some(&obstacle) {
            tracing::warn!("{obstacle}");
            on_obstacle(&obstacle);
            told = Some(obstacle);
        }
        sleep(pause).await;
    }
    if told.is_some() {
        tracing::info!("The API server answers and the CRD is installed");
    }
}

#[cfg(test)]
mod tests;
