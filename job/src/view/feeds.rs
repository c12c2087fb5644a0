//! Calendars: of everything, and of one source. IO: reads the store and the clock.

use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

use super::{
    answers::{CALENDAR_AGE, answer, is_known, not_modified, path_word},
    context::View,
    lists, names,
    problem::Problem,
    query,
    validators::Validators,
};
use crate::{
    calendar,
    store::{listing::Filter, reader::ReadError},
};

pub(super) async fn all_events(
    State(view): State<View>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = query::calendar(query.as_deref().unwrap_or_default(), Timestamp::now())?;
    feed(&view, filter, "events.ics", query.as_deref(), &headers).await
}

pub(super) async fn events_of_source(
    State(view): State<View>,
    source: Result<Path<String>, PathRejection>,
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
    names::check(view, &filter, &extent).await?;
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
    let body = lists::calendar(view.clone(), filter, &about).await;
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
