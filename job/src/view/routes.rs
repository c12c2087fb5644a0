//! The addresses of the view, and what holds for all of them. IO.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use tower_http::{
    compression::CompressionLayer,
    cors::{Any, CorsLayer},
};
use tracing::warn;

use super::{
    admission::{self, Turns},
    documents, feeds,
    metrics::{ViewMetrics, observe},
    problem::Problem,
};
use crate::store::reader::{ReadError, Reader, Unreadable};

/// Least time between two lines of the log about a store that does not answer, or about events that cannot be read.
const LOG_PAUSE: Duration = Duration::from_secs(10);

/// The routes, which are also labels of metrics.
pub const ROUTES: [&str; 6] = [
    "/",
    "/v1/events",
    "/v1/events/{id}",
    "/v1/sources",
    "/events.ics",
    "/sources/{source}/events.ics",
];

/// What every request needs.
#[derive(Clone)]
pub struct View {
    pub(super) reader: Arc<Reader>,
    /// Where clients reach this view, with a slash at the end.
    pub(super) base_url: Option<Arc<str>>,
    logged: Arc<Mutex<Option<Instant>>>,
    told_unreadable: Arc<Mutex<Option<Instant>>>,
}

impl View {
    /// A view of this store. `base_url` is its public address, if known.
    pub fn new(reader: Arc<Reader>, base_url: Option<&str>) -> Self {
        let base_url = base_url.map(|url| format!("{}/", url.trim_end_matches('/')).into());
        Self {
            reader,
            base_url,
            logged: Arc::default(),
            told_unreadable: Arc::default(),
        }
    }

    /// The answer where the store has none; the log gets the reason, but not for every request.
    pub(super) fn failed(&self, error: &ReadError) -> Problem {
        if is_due(&self.logged) {
            warn!("Could not answer: {error}");
        }
        Problem::from(error)
    }

    /// Tells the log of an event that no list can have, but not at every request.
    pub(super) fn unreadable(&self, event: &Unreadable) {
        if is_due(&self.told_unreadable) {
            warn!(
                source = event.source_key,
                id = event.uid,
                "Left out an event: {event}"
            );
        }
    }
}

/// Whether the last line of the log about this is long enough ago; then the next one counts from now.
fn is_due(logged: &Mutex<Option<Instant>>) -> bool {
    let mut logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
    let is_due = logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE);
    if is_due {
        *logged = Some(Instant::now());
    }
    is_due
}

/// The router of the view.
pub fn router(view: View, metrics: Arc<ViewMetrics>) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::IF_NONE_MATCH, header::ACCEPT])
        .expose_headers([header::ETAG, header::LINK, header::RETRY_AFTER])
        .max_age(Duration::from_hours(24));
    let turns = |most| middleware::from_fn_with_state(Turns::new(most), admission::admit);
    let calendars = Router::new()
        .route("/events.ics", get(feeds::all_events))
        .route("/sources/{source}/events.ics", get(feeds::events_of_source))
        .route_layer(turns(admission::CALENDARS));
    Router::new()
        .route("/", get(documents::start_page))
        .route("/v1/events", get(documents::events))
        .route("/v1/events/{id}", get(documents::event))
        .route("/v1/sources", get(documents::sources))
        .route_layer(turns(admission::ANSWERS))
        .merge(calendars)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(view)
        .layer(CompressionLayer::new())
        .layer(cors)
        .layer(middleware::from_fn(harden))
        .layer(middleware::from_fn_with_state(metrics, observe))
}

/// Browsers take nothing here for what it is not.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn not_found(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(100).collect();
    Problem::not_found(format!("nothing is at {path}; there are: {}", ROUTES.join(", ")))
}

async fn method_not_allowed(method: Method) -> Problem {
    let method: String = method.as_str().chars().take(20).collect();
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not possible: this view can only be read, with GET and HEAD"),
    )
}
