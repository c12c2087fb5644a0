//! The HTTP servers: `/metrics` on one port, `/healthz` and `/readyz` on another. IO.

pub mod connections;
pub mod health;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::Semaphore, task, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    exporter::{Exporter, Sources},
    metrics::OperatorMetrics,
};
use health::Health;

/// Hands over what is known of all sources; nothing while this process does not lead, or has not read them all.
pub type SourceView = Arc<dyn Fn(&mut dyn FnMut(&Sources<'_>)) + Send + Sync>;

const START_PAGE: &str =
    "<!doctype html><title>sms_operator</title><h1>sms_operator</h1><a href=\"/metrics\">Metrics</a>\n";

/// Why the servers do not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A port cannot be listened on.
    #[error(
        "failed to listen on {address} for {purpose}: {source}; choose another port with {flag} ({variable})"
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
}

/// What the servers tell.
#[derive(Clone)]
pub struct Views {
    /// The operator's own metrics.
    pub metrics: Arc<OperatorMetrics>,
    /// Writes those of sources.
    pub exporter: Arc<Exporter>,
    /// Sources.
    pub sources: SourceView,
    /// Health.
    pub health: Arc<Health>,
}

/// The two open ports.
#[derive(Debug)]
pub struct Listeners {
    metrics: TcpListener,
    health: TcpListener,
}

impl Listeners {
    /// Opens both ports, so that a port in use is known before any work starts. Port 0 takes a free one.
    ///
    /// # Errors
    /// The first port that cannot be listened on.
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

    /// Where `/metrics` and health are served.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.metrics.local_addr()?, self.health.local_addr()?))
    }

    /// Serves until `stop`; connections that are open then get a moment.
    pub async fn serve(self, views: Views, stop: CancellationToken) {
        let health = Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .with_state(views.health.clone());
        let scrape = Scrape {
            views,
            // A scrape takes memory: several at once would take several times as much.
            turn: Arc::new(Semaphore::new(1)),
        };
        let metrics = Router::new()
            .route("/", get(async || Html(START_PAGE)))
            .route("/metrics", get(metrics))
            .with_state(scrape);
        tokio::join!(
            connections::serve(self.metrics, metrics, stop.clone()),
            connections::serve(self.health, health, stop),
        );
    }
}

#[derive(Clone)]
struct Scrape {
    views: Views,
    turn: Arc<Semaphore>,
}

async fn metrics(State(Scrape { views, turn }): State<Scrape>) -> Response {
    let Ok(turn) = turn.acquire_owned().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // Ten thousand sources keep a thread busy for a while.
    let written = task::spawn_blocking(move || {
        let _turn = turn;
        let (own, now) = (views.metrics.gather(), Timestamp::now());
        let mut text = None;
        (views.sources)(&mut |sources| text = Some(views.exporter.to_text(&own, Some(sources), now)));
        text.unwrap_or_else(|| views.exporter.to_text(&own, None, now))
    });
    match written.await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> Response {
    tracing::error!("failed to write the metrics: {error}");
    (StatusCode::INTERNAL_SERVER_ERROR, "failed to write the metrics\n").into_response()
}

async fn healthz(State(health): State<Arc<Health>>) -> (StatusCode, String) {
    answer(health.liveness())
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, String) {
    answer(health.readiness(Instant::now()))
}

fn answer(verdict: Result<(), String>) -> (StatusCode, String) {
    match verdict {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

#[cfg(test)]
mod tests;
