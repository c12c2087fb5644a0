//! The addresses of the view, and what holds for all of them. IO.

use std::{sync::Arc, time::Duration};

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

use super::{
    admission::{self, Turns},
    context::View,
    documents, feeds,
    metrics::{ViewMetrics, observe},
    problem::Problem,
};

/// The routes, which are also labels of metrics.
pub const ROUTES: [&str; 6] = [
    "/",
    "/v1/events",
    "/v1/events/{id}",
    "/v1/sources",
    "/events.ics",
    "/sources/{source}/events.ics",
];

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
