//! The start page, sources and events: answers that are whole texts. IO: reads the store and the clock.

use axum::{
    body::Body,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use tracing::warn;

use super::{
    answers::{PAGE_AGE, answer, is_known, not_modified, path_word, text_answer},
    context::View,
    cursor, lists, names, page,
    problem::Problem,
    query,
    validators::Validators,
};
use crate::store::{listing::StoredSource, reader::ReadError};

pub(super) async fn start_page(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = read_sources(&view, query.as_deref()).await?;
    let text = page::html(&found, view.base_url.as_deref());
    let mut response = text_answer(&headers, text, "text/html; charset=utf-8", None);
    if let Ok(policy) = HeaderValue::from_str(&page::content_security_policy()) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

pub(super) async fn sources(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = read_sources(&view, query.as_deref()).await?;
    let text = serde_json::json!({ "sources": found }).to_string() + "\n";
    Ok(text_answer(&headers, text, "application/json", None))
}

/// The sources of a request without parameters.
async fn read_sources(view: &View, query: Option<&str>) -> Result<Vec<StoredSource>, Problem> {
    query::none(query.unwrap_or_default())?;
    let found = view.reader.sources(query::today(Timestamp::now())).await;
    found.map_err(|error| view.failed(&error))
}

pub(super) async fn event(
    State(view): State<View>,
    id: Result<Path<String>, PathRejection>,
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
    let stored = stored.map_err(|unreadable| {
        view.unreadable(&unreadable);
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the event {id:?} is stored in a form that this version of the view cannot read"),
        )
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

pub(super) async fn events(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let listing = query::listing(query.as_deref().unwrap_or_default(), Timestamp::now())?;
    let failed = |error: ReadError| view.failed(&error);
    // Before the events: a tag that is older than they are only makes the next request read them again.
    let extent = view.reader.extent(&listing.filter).await.map_err(failed)?;
    names::check(&view, &listing.filter, &extent).await?;
    let cursor = listing.after.as_ref().map(cursor::write).unwrap_or_default();
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
    let written = lists::page(&view, &listing, lists::total(&extent)).await;
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
