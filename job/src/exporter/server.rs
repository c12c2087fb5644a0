//! The HTTP servers of a long-running process: `/metrics` on one port, `/healthz` and `/readyz` on another. IO.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::FutureExt;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Exporter;

/// How long open connections may go on after the shutdown has begun.
const GRACE: Duration = Duration::from_secs(3);

/// Whether the process does its work; what `/readyz` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Readiness {
    /// Not yet.
    #[default]
    Starting,
    /// Yes.
    Ready,
    /// Not any more.
    Stopping,
}

/// Why the servers do not run.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address} for {purpose}: {source}; choose another port with {flag} or {variable}"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What would be served there.
        purpose: &'static str,
        /// The flag that sets the port.
        flag: &'static str,
        /// The variable that sets the port.
        variable: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A server stopped by itself.
    #[error("the server for metrics or health stopped: {0}")]
    Stopped(#[from] io::Error),
}

/// The two open ports.
#[derive(Debug)]
pub struct Listeners {
    metrics: TcpListener,
    health: TcpListener,
}

impl Listeners {
    /// Opens both ports, so that a port in use is known before any work starts. Port 0 takes a free one.
    pub async fn bind(metrics: SocketAddr, health: SocketAddr) -> Result<Self, ServerError> {
        let listen = async |address, purpose, flag, variable| {
            TcpListener::bind(address)
                .await
                .map_err(|source| ServerError::Bind {
                    address,
                    purpose,
                    flag,
                    variable,
                    source,
                })
        };
        Ok(Self {
            metrics: listen(metrics, "/metrics", "--metrics-port", "SMS_METRICS_PORT").await?,
            health: listen(health, "/healthz and /readyz", "--health-port", "SMS_HEALTH_PORT").await?,
        })
    }

    /// Where `/metrics` is served.
    pub fn metrics_address(&self) -> io::Result<SocketAddr> {
        self.metrics.local_addr()
    }

    /// Where `/healthz` and `/readyz` are served.
    pub fn health_address(&self) -> io::Result<SocketAddr> {
        self.health.local_addr()
    }

    /// Serves until `shutdown` is done; connections that are still open then get three seconds.
    pub async fn serve(
        self,
        exporter: Exporter,
        readiness: watch::Receiver<Readiness>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let shutdown = shutdown.shared();
        let metrics = Router::new().route("/metrics", get(metrics)).with_state(exporter);
        let health = Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(readyz))
            .with_state(readiness);
        let metrics = axum::serve(self.metrics, metrics).with_graceful_shutdown(shutdown.clone());
        let health = axum::serve(self.health, health).with_graceful_shutdown(shutdown.clone());
        let expired = async {
            shutdown.await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = async { tokio::try_join!(metrics, health) } => { served?; }
            () = expired => {}
        }
        Ok(())
    }
}

async fn metrics(State(exporter): State<Exporter>) -> Response {
    match exporter.to_text() {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!("cannot write the metrics as text: {error}");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "cannot write the metrics as text\n",
            )
                .into_response()
        }
    }
}

async fn readyz(State(readiness): State<watch::Receiver<Readiness>>) -> (StatusCode, &'static str) {
    match *readiness.borrow() {
        Readiness::Ready => (StatusCode::OK, "ok\n"),
        Readiness::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Readiness::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}
