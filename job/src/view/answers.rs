//! Answers with what caches need to know of them. Pure.

use axum::{
    body::Body,
    extract::{Path, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;

use super::{problem::Problem, validators::Validators};

/// Seconds for which an answer may be used again: pages, and calendars, which clients fetch rarely anyway.
pub(super) const PAGE_AGE: &str = "public, max-age=60";
/// See [`PAGE_AGE`].
pub(super) const CALENDAR_AGE: &str = "public, max-age=300";

/// A word of the address; one that is no text, or that no database takes, is nothing that is stored.
pub(super) fn path_word(name: &str, word: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    match word {
        Ok(Path(word)) if !word.contains('\0') && word.len() <= 1_000 => Ok(word),
        _ => Err(Problem::of_parameter(
            name,
            format!("{name}: not a text; percent-encode its UTF-8, at most 1000 bytes"),
        )),
    }
}

pub(super) fn is_known(headers: &HeaderMap, validators: &Validators) -> bool {
    let mut tags = headers.get_all(header::IF_NONE_MATCH).iter();
    tags.any(|tags| tags.to_str().is_ok_and(|tags| validators.are_known(tags)))
}

pub(super) fn text_answer(
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

pub(super) fn answer(body: Body, kind: &'static str, validators: &Validators, age: &'static str) -> Response {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    validate(&mut response, validators, age);
    response
}

pub(super) fn not_modified(validators: &Validators, age: &'static str) -> Response {
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
