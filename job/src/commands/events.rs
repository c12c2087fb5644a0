//! `events`: what is stored. IO: reads the store, prints.

use super::{CommandError, output, setup, table};
use crate::{
    args::{EventsArgs, EventsFormat},
    calendar,
    store::{EventQuery, Store, StoredEvent},
};

/// Columns of the CSV form; those of the view `events_v1`.
const COLUMNS: [&str; 18] = [
    "source",
    "id",
    "title",
    "start",
    "end",
    "all_day",
    "time_known",
    "venue",
    "performers",
    "url",
    "image",
    "price_min",
    "price_max",
    "currency",
    "status",
    "first_seen",
    "last_seen",
    "removed_at",
];

/// Prints the stored events.
pub async fn run(args: EventsArgs) -> Result<u8, CommandError> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(CommandError::configuration(format!(
            "--from {from} is after --to {to}: no event can match; swap them"
        )));
    }
    let url = setup::store_url(&args.store)?.map_or_else(|| setup::fallback_store(&args.store), Ok)?;
    if let Some(path) = url.path().filter(|path| !path.exists()) {
        let path = path.display();
        return Err(CommandError::configuration(format!(
            "{path}: no such store; run `sms_scraper ingester` first"
        )));
    }
    let store = Store::open(&url)
        .await
        .map_err(|error| setup::store_error(&error))?;
    if !store.remembers() {
        return Err(CommandError::configuration(
            "the stdout store remembers nothing: name another with --store",
        ));
    }
    check_apis(&store, &args.apis).await?;
    let query = EventQuery {
        sources: Vec::new(),
        apis: args.apis,
        from: args.from,
        to: args.to,
        include_removed: args.include_removed,
        limit: args.limit.filter(|limit| *limit > 0),
    };
    let events = store
        .events(&query)
        .await
        .map_err(|error| setup::store_error(&error))?;
    if events.is_empty() {
        output::note("no stored event matches; `sms_scraper ingester` stores some");
    }
    let text = match args.format {
        EventsFormat::Table => table::stored_events(&events),
        EventsFormat::Json => serde_json::to_string_pretty(&events).map_err(unwritable)?,
        EventsFormat::Csv => csv(&events)?,
        EventsFormat::Ical => calendar::write(&events),
    };
    output::product(text.trim_end_matches(['\r', '\n']))?;
    Ok(0)
}

/// Refuses names that no source of the store has.
async fn check_apis(store: &Store, apis: &[String]) -> Result<(), CommandError> {
    if apis.is_empty() {
        return Ok(());
    }
    let known = store.apis().await.map_err(|error| setup::store_error(&error))?;
    let Some(unknown) = apis.iter().find(|name| !known.contains(name)) else {
        return Ok(());
    };
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Err(CommandError::configuration(format!(
        "--apis: the store has no source with the API name {unknown:?}; there are: {known}"
    )))
}

fn unwritable(error: impl std::fmt::Display) -> CommandError {
    CommandError::transient(format!("failed to write the events: {error}"))
}

fn csv(events: &[StoredEvent]) -> Result<String, CommandError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(unwritable)?;
    for stored in events {
        writer.write_record(row(stored)).map_err(unwritable)?;
    }
    String::from_utf8(writer.into_inner().map_err(unwritable)?).map_err(unwritable)
}

fn row(stored: &StoredEvent) -> [String; 18] {
    let event = &stored.event;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    [
        stored.source.clone(),
        stored.uid.clone(),
        event.title.clone(),
        event.start.to_string(),
        event.end.as_ref().map(ToString::to_string).unwrap_or_default(),
        event.all_day.to_string(),
        event.time_known.to_string(),
        text(&event.venue),
        event.performers.join("; "),
        text(&event.url),
        text(&event.image),
        number(event.price_min),
        number(event.price_max),
        text(&event.currency),
        table::status(event).to_owned(),
        stored.first_seen.to_string(),
        stored.last_seen.to_string(),
        stored.removed_at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}
