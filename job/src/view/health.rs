//! `/healthz`, `/readyz` and `/metrics` of the view. IO: asks the store.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{sync::Mutex, time::timeout};
use tracing::{info, warn};

use super::metrics::ViewMetrics;
use crate::{
    stop::Stop,
    store::reader::{ReadError, Reader},
};

/// How long an answer of the store is good for, so that many probes are one question.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// Longest wait for the store; probes give up after a few seconds.
const LIMIT: Duration = Duration::from_secs(3);

/// What readiness goes by.
pub struct Health {
    reader: Arc<Reader>,
    stop: Stop,
    last: Mutex<Option<(Instant, Answer)>>,
}

/// `Ok` is ready; both in words.
type Answer = Result<&'static str, String>;

impl Health {
    /// Readiness of a view of this store.
    pub fn new(reader: Arc<Reader>, stop: Stop) -> Self {
        Self {
            reader,
            stop,
            last: Mutex::new(None),
        }
    }

    /// Whether the store answers. One without tables is ready: nothing has run yet, which no restart mends, and a rollout
    /// need not wait for the first run.
    async fn readiness(&self) -> Answer {
        if self.stop.is_requested() {
            return Err("stopping".to_owned());
        }
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < GOOD_FOR
        {
            return answer.clone();
        }
        let answer = match timeout(LIMIT, self.reader.check()).await {
            Ok(Ok(())) => Ok("ok"),
            Ok(Err(ReadError::Unprepared(_))) => Ok("ok, but nothing has been stored yet"),
            Ok(Err(error)) => {
                if !matches!(&*last, Some((_, Err(_)))) {
                    warn!("Not ready: {error}");
                }
                Err(error.public().to_owned())
            }
            Err(_) => Err(format!("the store has not answered for {} s", LIMIT.as_secs())),
        };
        if answer.is_ok() && !matches!(&*last, Some((_, Ok(_)))) {
            info!("Ready: the store answers");
        }
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// The router of the health port.
pub fn health_router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(health)
}

/// The router of the metrics port.
pub fn metrics_router(metrics: Arc<ViewMetrics>) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(metrics)
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, String) {
    match health.readiness().await {
        Ok(words) => (StatusCode::OK, format!("{words}\n")),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

async fn scrape(State(metrics): State<Arc<ViewMetrics>>) -> Response {
    match metrics.to_text() {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!("Failed to write the metrics: {error}");
            let words = "failed to write the metrics\n";
            (StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
        }
    }
}
