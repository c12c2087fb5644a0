//! Sources as a table. Pure: time and colours are arguments.

use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Color, Table, presets::NOTHING};
use jiff::{Timestamp, tz::TimeZone};
use sms_crds::{
    ScrapeSource,
    conditions::{READY, TYPES},
    schedule::Schedule,
};
use url::Url;

use super::found::Found;
use crate::runs::text::plain;

/// Longest message in a wide table, in bytes.
const MESSAGE_LIMIT: usize = 160;

/// Longest text of a cell, in bytes: more than a schedule and its zone.
const CELL_LIMIT: usize = 400;

/// Beside two intervals, how long a source may be without a success before it is stale: as in the alert.
const GRACE: Duration = Duration::from_mins(15);

/// How a table looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// With the namespace, since there are several.
    pub namespaces: bool,
    /// With everything.
    pub wide: bool,
    /// Escape sequences for a terminal.
    pub colours: bool,
}

/// What a value means for whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Plain,
    Good,
    Bad,
    Faint,
}

/// A value of the table.
type Value = (String, Mood);

/// A line a source, in their order.
pub fn sources(found: &[Found], now: Timestamp, look: Look) -> String {
    let mut header = Vec::new();
    if look.namespaces {
        header.push("NAMESPACE");
    }
    header.extend([
        "NAME",
        "API NAME",
        "READY",
        "REASON",
        "SCHEDULE",
        "SUSPENDED",
        "LAST RUN",
        "LAST SUCCESS",
        "PROCESSED",
        "SKIPPED",
        "NEXT RUN",
        "STALE",
    ]);
    if look.wide {
        header.extend(["FAILURES", "HOST", "MESSAGE"]);
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    if look.colours {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for found in found {
        table.add_row(row(found, now, look).into_iter().map(|(text, mood)| {
            // Whoever writes a source must not write to this terminal.
            let cell = Cell::new(plain(&text, CELL_LIMIT)).set_alignment(CellAlignment::Left);
            match mood {
                Mood::Plain => cell,
                Mood::Good => cell.fg(Color::Green),
                Mood::Bad => cell.fg(Color::Red),
                Mood::Faint => cell.fg(Color::DarkGrey),
            }
        }));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // An empty cell is no gap for `awk`, and a line has no tail.
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn row(found: &Found, now: Timestamp, look: Look) -> Vec<Value> {
    let key = found.key();
    let mut row = Vec::new();
    if look.namespaces {
        row.push((key.namespace, Mood::Plain));
    }
    row.push((key.name, Mood::Plain));
    match &found.source {
        Ok(source) => row.extend(values(source, now, look.wide)),
        Err(problem) => {
            let columns = if look.wide { 14 } else { 11 };
            let mut values = vec![none(); columns];
            values[1] = ("Unknown".to_owned(), Mood::Bad);
            values[2] = ("Unreadable".to_owned(), Mood::Bad);
            if look.wide {
                values[columns - 1] = (plain(problem, MESSAGE_LIMIT), Mood::Plain);
            }
            row.extend(values);
        }
    }
    row
}

fn none() -> Value {
    ("-".to_owned(), Mood::Faint)
}

fn values(source: &ScrapeSource, now: Timestamp, wide: bool) -> Vec<Value> {
    let spec = &source.spec;
    let status = source.status.as_ref();
    let run = status.and_then(|status| status.last_run.as_ref());
    let count = |number: i64| (number.to_string(), Mood::Plain);
    let (ready, reason, message) = readiness(source);
    let mut values = vec![
        (source.api_name(), Mood::Plain),
        ready,
        (reason, Mood::Plain),
        (format!("{} {}", spec.schedule, spec.time_zone), Mood::Plain),
        match spec.suspend {
            true => ("yes".to_owned(), Mood::Bad),
            false => ("no".to_owned(), Mood::Faint),
        },
        last_run(source, now),
        match last_success(source) {
            Some(at) => (age(at, now), Mood::Plain),
            None => none(),
        },
        run.map_or_else(none, |run| count(run.report.processed)),
        run.map_or_else(none, |run| count(run.report.skipped)),
        match next_run(source, now) {
            Some(at) => (
                format!("in {}", span(at.duration_since(now).unsigned_abs())),
                Mood::Plain,
            ),
            None => none(),
        },
        match is_stale(source, now) {
            Some(true) => ("yes".to_owned(), Mood::Bad),
            Some(false) => ("no".to_owned(), Mood::Good),
            None => none(),
        },
    ];
    if wide {
        let failures = status.map_or(0, |status| status.consecutive_failures);
        values.extend([
            (
                failures.to_string(),
                if failures > 0 { Mood::Bad } else { Mood::Plain },
            ),
            spec.fetch
                .url
                .parse::<Url>()
                .ok()
                .and_then(|url| Some(url.host_str()?.to_owned()))
                .map_or_else(none, |host| (host, Mood::Plain)),
            match message {
                Some(message) => (plain(&message, MESSAGE_LIMIT), Mood::Plain),
                None => none(),
            },
        ]);
    }
    values
}

/// Whether the operator can run the source, the most important reason, and the message of what is wrong.
fn readiness(source: &ScrapeSource) -> (Value, String, Option<String>) {
    let status = source.status.as_ref();
    let conditions = || status.iter().flat_map(|status| &status.conditions);
    let ready = conditions().find(|condition| condition.type_ == READY);
    let is_current = status.and_then(|status| status.observed_generation) == source.metadata.generation;
    let Some(ready) = ready.filter(|_| is_current) else {
        let message = "the operator has not looked at this version of the source yet".to_owned();
        return (
            ("Unknown".to_owned(), Mood::Faint),
            "Pending".to_owned(),
            Some(message),
        );
    };
    let mood = if ready.status == "True" {
        Mood::Good
    } else {
        Mood::Bad
    };
    let wrong = TYPES.iter().find_map(|kind| {
        conditions().find(|condition| condition.type_ == *kind && condition.status == "False")
    });
    let told = wrong.unwrap_or(ready);
    (
        (ready.status.clone(), mood),
        told.reason.clone(),
        wrong.map(|wrong| wrong.message.clone()),
    )
}

fn last_run(source: &ScrapeSource, now: Timestamp) -> Value {
    let Some(run) = source.status.as_ref().and_then(|status| status.last_run.as_ref()) else {
        return none();
    };
    let outcome = run.report.outcome;
    let ended = run.report.finished_at.parse::<Timestamp>();
    let text = match ended {
        Ok(at) => format!("{} {} ago", outcome.as_str(), age(at, now)),
        Err(_) => outcome.as_str().to_owned(),
    };
    (
        text,
        if outcome.is_success() {
            Mood::Good
        } else {
            Mood::Bad
        },
    )
}

fn last_success(source: &ScrapeSource) -> Option<Timestamp> {
    Some(source.status.as_ref()?.last_success_time.as_ref()?.0)
}

fn schedule(source: &ScrapeSource) -> Option<(Schedule, TimeZone)> {
    let schedule = Schedule::parse(&source.spec.schedule, &source.key()).ok()?;
    let zone = TimeZone::get(&source.spec.time_zone).ok()?;
    Some((schedule, zone))
}

/// When the schedule fires next; `None` while it is suspended.
pub fn next_run(source: &ScrapeSource, now: Timestamp) -> Option<Timestamp> {
    let (schedule, zone) = schedule(source).filter(|_| !source.spec.suspend)?;
    schedule.next_after(now, &zone)
}

/// Whether the last success, or the creation where there was none, is further back than two intervals of the schedule and
/// a quarter of an hour. `None` for a source that is suspended or whose schedule cannot be read.
pub fn is_stale(source: &ScrapeSource, now: Timestamp) -> Option<bool> {
    let (schedule, zone) = schedule(source).filter(|_| !source.spec.suspend)?;
    let created = source.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let since = last_success(source).or(created)?;
    let allowed = 2 * schedule.expected_interval(now, &zone) + GRACE;
    Some(now.duration_since(since).as_secs() > i64::try_from(allowed.as_secs()).unwrap_or(i64::MAX))
}

/// Time from `at` to `now`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    span(Duration::try_from(now.duration_since(at)).unwrap_or_default())
}

/// A length of time in its two largest units at most, as kubectl writes ages.
fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..10_800 => format!("{minutes}m"),
        10_800..172_800 => match minutes % 60 {
            rest if rest > 0 && hours < 8 => format!("{hours}h{rest}m"),
            _ => format!("{hours}h"),
        },
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests;
