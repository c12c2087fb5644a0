//! What a request asks for: the parameters of its address. Pure.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp, ToSpan, civil, tz::TimeZone};
use url::form_urlencoded;

use super::{cursor, problem::Problem};
use crate::store::listing::{Filter, Position};

/// Events of a page where nothing is said, and at most.
pub const DEFAULT_LIMIT: u32 = 100;
/// See [`DEFAULT_LIMIT`].
pub const MAX_LIMIT: u32 = 1_000;
/// How far back a calendar goes where nothing is said.
pub const CALENDAR_DAYS: i32 = 30;
/// Most sources and statuses of one request.
const MAX_NAMES: usize = 50;
/// Longest word of a source, and of `q`, in characters.
const MAX_LENGTH: usize = 200;

/// The statuses, as in the view `events_v1`.
pub const STATUSES: [&str; 6] = [
    "scheduled",
    "cancelled",
    "postponed",
    "rescheduled",
    "movedOnline",
    "soldOut",
];

const FILTERS: &[&str] = &["source", "from", "to", "q", "status", "removed"];
const PAGING: &[&str] = &["limit", "cursor"];

/// A list of events that is asked for, in pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which events.
    pub filter: Filter,
    /// How many.
    pub limit: u32,
    /// After which.
    pub after: Option<Position>,
}

/// The earliest date that it is anywhere on Earth: what is on tonight in one place is not past because another place is
/// already a day ahead.
pub fn today(now: Timestamp) -> civil::Date {
    let behind = now.checked_sub(SignedDuration::from_hours(12)).unwrap_or(now);
    behind.to_zoned(TimeZone::UTC).date()
}

/// Reads the parameters of a list in JSON.
///
/// # Errors
/// The first parameter that is wrong, with the remedy.
pub fn listing(query: &str, now: Timestamp) -> Result<Listing, Problem> {
    let mut listing = Listing {
        filter: Filter::default(),
        limit: DEFAULT_LIMIT,
        after: None,
    };
    for (name, value) in pairs(query, &[FILTERS, PAGING])? {
        match name.as_str() {
            "limit" => listing.limit = limit(&value)?,
            "cursor" => listing.after = Some(position(&value)?),
            _ => narrow(&mut listing.filter, &name, &value, now)?,
        }
    }
    in_order(&listing.filter)?;
    Ok(listing)
}

/// Reads the parameters of a calendar. Without `from` it begins some days ago, so that it does not grow for ever.
///
/// # Errors
/// The first parameter that is wrong, with the remedy.
pub fn calendar(query: &str, now: Timestamp) -> Result<Filter, Problem> {
    let mut filter = Filter::default();
    for (name, value) in pairs(query, &[FILTERS])? {
        narrow(&mut filter, &name, &value, now)?;
    }
    if filter.from.is_none() {
        let first = today(now).checked_sub(CALENDAR_DAYS.days()).unwrap_or_default();
        filter.from = Some(filter.to.map_or(first, |to| to.min(first)));
    }
    in_order(&filter)?;
    Ok(filter)
}

/// Refuses every parameter.
///
/// # Errors
/// The first parameter.
pub fn none(query: &str) -> Result<(), Problem> {
    pairs(query, &[]).map(drop)
}

/// The parameters that give the same list again, without its position; dates as they were understood.
pub fn write(filter: &Filter) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in filter.sources.iter().chain(&filter.apis) {
        query.append_pair("source", name);
    }
    for (name, date) in [("from", filter.from), ("to", filter.to)] {
        if let Some(date) = date {
            query.append_pair(name, &date.to_string());
        }
    }
    for status in &filter.statuses {
        query.append_pair("status", status);
    }
    if let Some(text) = &filter.text {
        query.append_pair("q", text);
    }
    if filter.removed {
        query.append_pair("removed", "true");
    }
    query.finish()
}

/// The address of the page after `after`, relative to that of this page.
pub fn next(listing: &Listing, after: &Position) -> String {
    let mut query = format!("?{}", write(&listing.filter));
    if query.len() > 1 {
        query.push('&');
    }
    let _ = write!(query, "limit={}&cursor={}", listing.limit, cursor::write(after));
    query
}

/// The parameters, of which each has to be known; those without a value are passed over, as forms send them.
fn pairs(query: &str, known: &[&[&str]]) -> Result<Vec<(String, String)>, Problem> {
    let known = known.concat();
    let mut pairs = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !known.contains(&&*name) {
            let shown: String = name.chars().take(MAX_LENGTH).collect();
            let remedy = match known.is_empty() {
                true => "this address takes no parameters".to_owned(),
                false => format!("there are: {}", known.join(", ")),
            };
            return Err(Problem::of_parameter(
                shown.clone(),
                format!("no parameter is called {shown:?}; {remedy}"),
            ));
        }
        if value.contains(['\0', '\u{fffd}']) {
            return Err(Problem::of_parameter(
                name.clone(),
                format!("{name}: not a text; percent-encode its UTF-8"),
            ));
        }
        if !value.is_empty() {
            pairs.push((name.into_owned(), value.into_owned()));
        }
    }
    Ok(pairs)
}

fn narrow(filter: &mut Filter, name: &str, value: &str, now: Timestamp) -> Result<(), Problem> {
    match name {
        "source" => {
            for source in names(name, value)? {
                let list = match source.contains('/') {
                    true => &mut filter.sources,
                    false => &mut filter.apis,
                };
                push(list, name, source)?;
            }
        }
        "status" => {
            for status in names(name, value)? {
                if !STATUSES.contains(&status) {
                    let known = STATUSES.join(", ");
                    return Err(wrong(name, status, &format!("there are: {known}")));
                }
                push(&mut filter.statuses, name, status)?;
            }
        }
        "from" => filter.from = Some(date(name, value, now)?),
        "to" => filter.to = Some(date(name, value, now)?),
        "removed" => {
            filter.removed = match value {
                "true" => true,
                "false" => false,
                _ => return Err(wrong(name, value, "write true or false")),
            }
        }
        _ => {
            let text = value.trim();
            if text.chars().count() > MAX_LENGTH {
                return Err(Problem::of_parameter(
                    name,
                    format!("{name}: too long; write at most {MAX_LENGTH} characters"),
                ));
            }
            filter.text = (!text.is_empty()).then(|| text.to_owned());
        }
    }
    Ok(())
}

fn names<'a>(name: &str, value: &'a str) -> Result<Vec<&'a str>, Problem> {
    let names: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .take(MAX_NAMES + 1)
        .collect();
    match names.iter().find(|one| one.chars().count() > MAX_LENGTH) {
        Some(long) => Err(wrong(name, long, "no name is that long")),
        None => Ok(names),
    }
}

fn push(list: &mut Vec<String>, name: &str, value: &str) -> Result<(), Problem> {
    if list.iter().any(|known| known == value) {
        return Ok(());
    }
    if list.len() >= MAX_NAMES {
        return Err(Problem::of_parameter(
            name,
            format!("{name}: too many; write at most {MAX_NAMES}"),
        ));
    }
    list.push(value.to_owned());
    Ok(())
}

fn date(name: &str, value: &str, now: Timestamp) -> Result<civil::Date, Problem> {
    if value == "today" {
        return Ok(today(now));
    }
    value
        .parse()
        .ok()
        .filter(|date: &civil::Date| value.len() == 10 && date.year() > 0)
        .ok_or_else(|| wrong(name, value, "write a date like 2026-05-09, or today"))
}

fn limit(value: &str) -> Result<u32, Problem> {
    let number = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    number.ok_or_else(|| wrong("limit", value, &format!("write a number from 1 to {MAX_LIMIT}")))
}

fn position(value: &str) -> Result<Position, Problem> {
    cursor::read(value).ok_or_else(|| {
        Problem::of_parameter(
            "cursor",
            "cursor: not one of this view; take it from `next` of a page, or leave it out to begin anew",
        )
    })
}

fn in_order(filter: &Filter) -> Result<(), Problem> {
    match (filter.from, filter.to) {
        (Some(from), Some(to)) if from > to => Err(Problem::of_parameter(
            "from",
            format!("from: {from} is after to, {to}: no event can match; swap them"),
        )),
        _ => Ok(()),
    }
}

fn wrong(name: &str, value: &str, remedy: &str) -> Problem {
    let shown: String = value.chars().take(60).collect();
    Problem::of_parameter(name, format!("{name}: {shown:?} is not understood; {remedy}"))
}

#[cfg(test)]
mod tests;
