//! The addresses of the view and what each answers. IO: reads the store and the clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tower_http::{
    compression::CompressionLayer,
    cors::{Any, CorsLayer},
};
use tracing::warn;

use super::{
    admission, lists,
    metrics::{ViewMetrics, observe},
    page,
    problem::Problem,
    query,
    validators::Validators,
};
use crate::{
    calendar,
    store::reader::{Extent, Filter, ReadError, Reader},
};

/// Seconds for which an answer may be used again: pages, and calendars, which clients fetch rarely anyway.
const PAGE_AGE: &str = "public, max-age=60";
const CALENDAR_AGE: &str = "public, max-age=300";

/// Least time between two lines of the log about a store that does not answer.
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
    reader: Arc<Reader>,
    /// Where clients reach this view, with a slash at the end.
    base_url: Option<Arc<str>>,
    logged: Arc<Mutex<Option<Instant>>>,
}

impl View {
    /// A view of this store. `base_url` is its public address, if known.
    pub fn new(reader: Arc<Reader>, base_url: Option<&str>) -> Self {
        let base_url = base_url.map(|url| format!("{}/", url.trim_end_matches('/')).into());
        Self {
            reader,
            base_url,
            logged: Arc::default(),
        }
    }

    /// The answer where the store has none; the log gets the reason, but not for every request.
    fn failed(&self, error: &ReadError) -> Problem {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE) {
            *logged = Some(Instant::now());
            warn!("Could not answer: {error}");
        }
        Problem::from(error)
    }
}

/// The router of the view.
pub fn router(view: View, metrics: Arc<ViewMetrics>) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::IF_NONE_MATCH, header::ACCEPT])
        .expose_headers([header::ETAG, header::LINK, header::RETRY_AFTER])
        .max_age(Duration::from_hours(24));
    Router::new()
        .route("/", get(start_page))
        .route("/v1/events", get(events))
        .route("/v1/events/{id}", get(event))
        .route("/v1/sources", get(sources))
        .route("/events.ics", get(all_events))
        .route("/sources/{source}/events.ics", get(events_of_source))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(view)
        .layer(CompressionLayer::new())
        .layer(cors)
        .layer(middleware::from_fn_with_state(
            Arc::new(Semaphore::new(admission::ANSWERS)),
            admission::admit,
        ))
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

async fn start_page(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query::none(query.as_deref().unwrap_or_default())?;
    let found = view.reader.sources(query::today(Timestamp::now())).await;
    let found = found.map_err(|error| view.failed(&error))?;
    let text = page::html(&found, view.base_url.as_deref());
    let mut response = text_answer(&headers, text, "text/html; charset=utf-8", None);
    if let Ok(policy) = HeaderValue::from_str(&page::content_security_policy()) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

async fn sources(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query::none(query.as_deref().unwrap_or_default())?;
    let found = view.reader.sources(query::today(Timestamp::now())).await;
    let found = found.map_err(|error| view.failed(&error))?;
    let text = serde_json::json!({ "sources": found }).to_string() + "\n";
    Ok(text_answer(&headers, text, "application/json", None))
}

async fn event(
    State(view): State<View>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query::none(query.as_deref().unwrap_or_default())?;
    let id = path_word("id", id)?;
    let found = view
        .reader
        .event(&id)
        .await
        .map_err(|error| view.failed(&error))?;
    let stored = found.ok_or_else(|| {
        Problem::not_found(format!(
            "no stored event has the id {id:?}; ids are in the lists of /v1/events"
        ))
    })?;
    let text = serde_json::to_string(&stored).map_err(|error| {
        warn!(id, "Could not write an event: {error}");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the event cannot be written as JSON",
        )
    })?;
    let modified = Some(stored.last_modified);
    Ok(text_answer(&headers, text + "\n", "application/json", modified))
}

async fn events(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let listing = query::listing(query.as_deref().unwrap_or_default(), Timestamp::now())?;
    let failed = |error: ReadError| view.failed(&error);
    // Before the events: a tag that is older than they are only makes the next request read them again.
    let extent = view.reader.extent(&listing.filter).await.map_err(failed)?;
    known_sources(&view, &listing.filter, &extent).await?;
    let cursor = listing
        .after
        .as_ref()
        .map(super::cursor::write)
        .unwrap_or_default();
    let request = [
        "events",
        &query::write(&listing.filter),
        &listing.limit.to_string(),
        &cursor,
    ];
    let validators = Validators::of_list(&request, &extent, true);
    if is_known(&headers, &validators) {
        return Ok(not_modified(&validators, PAGE_AGE));
    }
    let written = lists::page(&view.reader, &listing, lists::total(&extent)).await;
    let written = written.map_err(failed)?;
    let mut response = answer(
        Body::from(written.text),
        "application/json",
        &validators,
        PAGE_AGE,
    );
    let link = written.next.map(|next| format!("<{next}>; rel=\"next\""));
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

async fn all_events(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = query::calendar(query.as_deref().unwrap_or_default(), Timestamp::now())?;
    feed(&view, filter, "events.ics", query.as_deref(), &headers).await
}

async fn events_of_source(
    State(view): State<View>,
    source: Result<Path<String>, axum::extract::rejection::PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let source = path_word("source", source)?;
    let mut filter = query::calendar(query.as_deref().unwrap_or_default(), Timestamp::now())?;
    if !filter.sources.is_empty() || !filter.apis.is_empty() {
        return Err(Problem::of_parameter(
            "source",
            "source: the address names the source already; leave the parameter out, or ask /events.ics",
        ));
    }
    let escaped: String = url::form_urlencoded::byte_serialize(source.as_bytes()).collect();
    match source.contains('/') {
        true => filter.sources.push(source),
        false => filter.apis.push(source),
    }
    let path = format!("sources/{escaped}/events.ics");
    match feed(&view, filter, &path, query.as_deref(), &headers).await {
        // The source is part of the address here.
        Err(problem) if problem.parameter.as_deref() == Some("source") => Err(Problem {
            status: StatusCode::NOT_FOUND,
            ..problem
        }),
        response => response,
    }
}

/// A calendar of a filter, which is served at `path`.
async fn feed(
    view: &View,
    filter: Filter,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let failed = |error: ReadError| view.failed(&error);
    let extent = view.reader.extent(&filter).await.map_err(failed)?;
    known_sources(view, &filter, &extent).await?;
    let query = query.filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let url = view
        .base_url
        .as_deref()
        .map(|base| format!("{base}{path}{query}"));
    let about = about(&filter, lists::total(&extent), url);
    let request = [
        "calendar",
        &query::write(&filter),
        about.url.as_deref().unwrap_or_default(),
    ];
    let validators = Validators::of_list(&request, &extent, false);
    if is_known(headers, &validators) {
        return Ok(not_modified(&validators, CALENDAR_AGE));
    }
    let body = lists::calendar(view.reader.clone(), filter, &about).await;
    let kind = "text/calendar; charset=utf-8";
    let mut response = answer(body.map_err(failed)?, kind, &validators, CALENDAR_AGE);
    response.headers_mut().insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("inline; filename=\"events.ics\""),
    );
    Ok(response)
}

fn about(filter: &Filter, total: i64, url: Option<String>) -> calendar::About {
    let names: Vec<&str> = filter
        .apis
        .iter()
        .chain(&filter.sources)
        .map(String::as_str)
        .collect();
    let limit = i64::from(lists::CALENDAR_LIMIT);
    let description = match total > limit {
        true => format!("The first {limit} of {total} events: ask for less with source, from and to"),
        false => "Events as sms_scraper found them".to_owned(),
    };
    calendar::About {
        name: if names.is_empty() {
            "Events".to_owned()
        } else {
            names.join(", ")
        },
        description,
        url,
    }
}

/// Tells a source that has no event in the list from one that does not exist: a name that was mistyped would stay empty
/// for ever.
async fn known_sources(view: &View, filter: &Filter, extent: &[Extent]) -> Result<(), Problem> {
    let found: Vec<(&str, &str)> = extent
        .iter()
        .map(|part| (part.source.as_str(), part.api_name.as_str()))
        .collect();
    if unknown(filter, &found).is_none() {
        return Ok(());
    }
    let known = view.reader.sources(query::today(Timestamp::now())).await;
    let known = known.map_err(|error| view.failed(&error))?;
    let known: Vec<(&str, &str)> = known
        .iter()
        .map(|source| (source.source.as_str(), source.api_name.as_str()))
        .collect();
    match unknown(filter, &known) {
        None => Ok(()),
        Some(name) => Err(Problem::of_parameter(
            "source",
            format!("source: no source that ever ran is called {name:?}; /v1/sources lists them"),
        )),
    }
}

/// The first name of the filter that is none of these sources' key or API name.
fn unknown<'a>(filter: &'a Filter, known: &[(&str, &str)]) -> Option<&'a String> {
    let is_unknown_key = |name: &&String| known.iter().all(|(key, _)| key != name);
    let is_unknown_api = |name: &&String| known.iter().all(|(_, api)| api != name);
    let mut keys = filter.sources.iter();
    keys.find(is_unknown_key)
        .or_else(|| filter.apis.iter().find(is_unknown_api))
}

/// A word of the address; one that is no text, or that no database takes, is nothing that is stored.
fn path_word(
    name: &str,
    word: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<String, Problem> {
    match word {
        Ok(Path(word)) if !word.contains('\0') && word.len() <= 1_000 => Ok(word),
        _ => Err(Problem::of_parameter(
            name,
            format!("{name}: not a text; percent-encode its UTF-8, at most 1000 bytes"),
        )),
    }
}

fn is_known(headers: &HeaderMap, validators: &Validators) -> bool {
    let mut tags = headers.get_all(header::IF_NONE_MATCH).iter();
    tags.any(|tags| tags.to_str().is_ok_and(|tags| validators.are_known(tags)))
}

fn text_answer(
    headers: &HeaderMap,
    text: String,
    kind: &'static str,
    modified: Option<Timestamp>,
) -> Response {
    let validators = Validators::of_text(&text, modified);
    match is_known(headers, &validators) {
        true => not_modified(&validators, PAGE_AGE),
        false => answer(Body::from(text), kind, &validators, PAGE_AGE),
    }
}

fn answer(body: Body, kind: &'static str, validators: &Validators, age: &'static str) -> Response {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    validate(&mut response, validators, age);
    response
}

fn not_modified(validators: &Validators, age: &'static str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    validate(&mut response, validators, age);
    response
}

fn validate(response: &mut Response, validators: &Validators, age: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&validators.etag) {
        headers.insert(header::ETAG, etag);
    }
    let modified = validators.http_date();
    if let Some(modified) = modified.and_then(|date| HeaderValue::from_str(&date).ok()) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
}
