//! What the view tells Prometheus: requests by route and status. The registry is bookkeeping; [`observe`] reads the clock.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec, Registry, TextEncoder};

use crate::metrics::{
    families::{self, REQUEST_BUCKETS, exported, view},
    register,
};

/// The label of what no route matches.
const OTHER: &str = "other";

/// The registry of the view.
#[derive(Debug)]
pub struct ViewMetrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
}

impl ViewMetrics {
    /// A registry in which the success of every route is there at 0, so that rates work from the first request.
    ///
    /// # Errors
    /// The declarations contradict each other.
    pub fn new(routes: &[&str]) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(families::opts(&view::REQUESTS), view::REQUESTS.labels)?;
        register(&registry, &requests)?;
        let duration = view::REQUEST_DURATION;
        let duration = HistogramVec::new(
            families::histogram_opts(&duration, &REQUEST_BUCKETS),
            duration.labels,
        )?;
        register(&registry, &duration)?;
        let info = exported::BUILD_INFO;
        let build = IntGaugeVec::new(families::opts(&info), info.labels)?;
        register(&registry, &build)?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        for route in routes {
            requests.with_label_values(&[route, &"200"]);
            duration.with_label_values(&[route, &"200"]);
        }
        Ok(Self {
            registry,
            requests,
            duration,
        })
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    ///
    /// # Errors
    /// A family that cannot be written.
    pub fn to_text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    fn count(&self, route: &str, status: &str, seconds: f64) {
        self.requests.with_label_values(&[route, status]).inc();
        self.duration.with_label_values(&[route, status]).observe(seconds);
    }
}

/// Counts a request. The route is that of the router, never the address.
pub async fn observe(State(metrics): State<Arc<ViewMetrics>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    metrics.count(
        route.as_ref().map_or(OTHER, MatchedPath::as_str),
        response.status().as_str(),
        begun.elapsed().as_secs_f64(),
    );
    response
}
