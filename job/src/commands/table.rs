//! Tables for people. Pure.

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use sms_crds::report::RunReport;

use crate::{
    event::{Event, EventStatus, EventTime, Rejected},
    extract::session::FieldCount,
    store::StoredEvent,
};

/// Widest title or address in a table, in characters.
const WIDEST: usize = 60;

/// [`RunReport::store`] of a dry run.
const DRY_RUN: &str = "none";

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

/// One line a run.
pub fn runs<'a>(reports: impl Iterator<Item = &'a RunReport>) -> String {
    let mut table = table(&[
        "api",
        "outcome",
        "found",
        "processed",
        "new",
        "updated",
        "unchanged",
        "removed",
        "skipped",
        "errors",
        "pushed",
        "seconds",
        "message",
    ]);
    for report in reports {
        let pushed = match report.metrics_pushed {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        };
        // A dry run does not ask the store, so it cannot know what is new.
        let stored = |count: i64| match report.store.as_str() {
            DRY_RUN => "-".to_owned(),
            _ => count.to_string(),
        };
        let mut row = vec![report.api_name.clone(), report.outcome.as_str().to_owned()];
        row.extend([
            report.found.to_string(),
            report.processed.to_string(),
            stored(report.new),
            stored(report.updated),
            stored(report.unchanged),
            stored(report.removed),
            report.skipped.to_string(),
            report.errors.to_string(),
            pushed.to_owned(),
            format!("{:.2}", report.duration_seconds),
            shown(report.message.as_deref().unwrap_or_default(), 2 * WIDEST),
        ]);
        table.add_row(row);
    }
    table.to_string()
}

/// What a table shows of an event.
const EVENT: [&str; 7] = ["start", "end", "title", "venue", "price", "status", "url"];

fn event_row(event: &Event) -> [String; 7] {
    [
        when(&event.start, event.time_known),
        event.end.as_ref().map(|end| when(end, true)).unwrap_or_default(),
        shown(&event.title, WIDEST),
        shown(event.venue.as_deref().unwrap_or_default(), WIDEST / 2),
        price(event),
        status(event).to_owned(),
        shown(event.url.as_deref().unwrap_or_default(), WIDEST),
    ]
}

/// One line an event.
pub fn events<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    let mut table = table(&EVENT);
    table.add_rows(events.map(event_row));
    table.to_string()
}

/// One line an event, with the source that it is from.
pub fn stored_events(events: &[StoredEvent]) -> String {
    let header: Vec<_> = std::iter::once("api").chain(EVENT).collect();
    let mut table = table(&header);
    for stored in events {
        table.add_row(std::iter::once(stored.api_name.clone()).chain(event_row(&stored.event)));
    }
    table.to_string()
}

/// One line a rejected item.
pub fn rejected<'a>(items: impl Iterator<Item = &'a Rejected>) -> String {
    let mut table = table(&["item", "reason", "title", "detail"]);
    for item in items {
        table.add_row([
            item.index.to_string(),
            item.reason.as_str().to_owned(),
            shown(item.title.as_deref().unwrap_or_default(), WIDEST),
            shown(&item.detail, 2 * WIDEST),
        ]);
    }
    table.to_string()
}

/// One row a field: how many items have it, and what it looks like.
pub fn fields(rows: &[FieldCount]) -> String {
    let mut table = table(&["field", "items with it", "of", "examples"]);
    for row in rows {
        let examples: Vec<_> = row
            .examples
            .iter()
            .map(|example| shown(example, 2 * WIDEST))
            .collect();
        table.add_row([
            row.field.clone(),
            row.items.to_string(),
            row.of.to_string(),
            examples.join("\n"),
        ]);
    }
    table.to_string()
}

fn when(time: &EventTime, known: bool) -> String {
    match time {
        EventTime::Date(date) if known => date.to_string(),
        EventTime::Date(date) => format!("{date} (time unknown)"),
        EventTime::At(zoned) => zoned.strftime("%a %Y-%m-%d %H:%M").to_string(),
    }
}

fn price(event: &Event) -> String {
    let currency = event.currency.as_deref().unwrap_or_default();
    match (event.price_min, event.price_max) {
        (Some(min), Some(max)) if (min - max).abs() > f64::EPSILON => format!("{min}–{max} {currency}"),
        (Some(price), _) | (None, Some(price)) if price == 0.0 => "free".to_owned(),
        (Some(price), _) | (None, Some(price)) => format!("{price} {currency}"),
        (None, None) => String::new(),
    }
    .trim_end()
    .to_owned()
}

/// The state in one word; what keeps an event from taking place comes first.
pub fn status(event: &Event) -> &'static str {
    match event.status {
        EventStatus::Cancelled => "cancelled",
        EventStatus::Postponed => "postponed",
        _ if event.sold_out => "soldOut",
        EventStatus::Rescheduled => "rescheduled",
        EventStatus::MovedOnline => "movedOnline",
        EventStatus::Scheduled => "scheduled",
    }
}

/// Text on one line, cut to `most` characters, without control characters that would reach the terminal.
fn shown(text: &str, most: usize) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match line.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_a_page_never_reach_the_terminal() {
        assert_eq!(shown("a\u{1b}[31mb\nc", 60), "a [31mb c");
        assert_eq!(shown("äöü", 2), "äö…");
    }
}
