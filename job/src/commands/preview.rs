//! `preview`: what a source gives, for writing manifests. IO: fetches or reads a file, prints; writes nothing.

use std::{collections::BTreeMap, path::Path};

use jiff::{Timestamp, tz::TimeZone};
use url::Url;

use super::{CONFIGURATION, CommandError, output, setup, table};
use crate::{
    args::{PreviewArgs, PreviewFormat, PushArgs, StoreArgs, parse_now},
    document::Document,
    environment::LoadedSource,
    fetch::content_type,
    pipeline::{
        preview::{Fixture, Preview, preview},
        progress::Failure,
    },
    sources, stop,
};

/// Shows the events of one source.
pub async fn run(args: PreviewArgs) -> Result<u8, CommandError> {
    let loaded = choose(&args)?;
    let zone = sms_crds::zone::named(loaded.source.venue_time_zone()).unwrap_or(TimeZone::UTC);
    let now = match &args.now {
        Some(text) => parse_now(text, &zone).map_err(CommandError::configuration)?,
        None => Timestamp::now(),
    };
    let stop = stop::on_signal()
        .map_err(|error| CommandError::transient(format!("failed to listen to signals: {error}")))?;
    let nothing = StoreArgs {
        store: Some("stdout:".to_owned()),
        store_file: None,
        default_store: None,
    };
    let push = PushArgs {
        pushgateway: None,
        installation: String::new(),
    };
    let environment = setup::environment(&nothing, &args.reach, &push, stop, false)?;
    let fixture = fixture(&args, &loaded)?;
    let preview = preview(&loaded, &environment, now, fixture.as_ref())
        .await
        .map_err(|failure| failed(&failure))?;
    match args.format {
        PreviewFormat::Json => {
            let json = serde_json::to_string_pretty(&preview)
                .map_err(|error| CommandError::transient(format!("failed to write JSON: {error}")))?;
            output::product(json)?;
        }
        PreviewFormat::Table => {
            let limit = if args.limit == 0 { usize::MAX } else { args.limit };
            output::product(tables(&preview, limit))?;
        }
    }
    Ok(0)
}

fn failed(failure: &Failure) -> CommandError {
    CommandError {
        code: if failure.reason.is_transient() {
            1
        } else {
            CONFIGURATION
        },
        message: format!(
            "{} ({:?} in step {})",
            failure.message,
            failure.reason,
            failure.step.as_str()
        ),
    }
}

fn choose(args: &PreviewArgs) -> Result<LoadedSource, CommandError> {
    let mut loaded = sources::from_paths(std::slice::from_ref(&args.manifest));
    loaded.choose(&args.apis);
    match loaded.sources.len() {
        1 => Ok(loaded.sources.remove(0)),
        0 => Err(CommandError::configuration(loaded.problems.join("\nerror: "))),
        several => {
            let names: Vec<_> = loaded
                .sources
                .iter()
                .map(|loaded| loaded.source.api_name())
                .collect();
            let names = names.join(", ");
            Err(CommandError::configuration(format!(
                "{several} sources; name one with --apis: {names}"
            )))
        }
    }
}

fn fixture(args: &PreviewArgs, loaded: &LoadedSource) -> Result<Option<Fixture>, CommandError> {
    let Some(file) = &args.fixture else {
        return Ok(None);
    };
    let fetch = &loaded.source.spec.fetch;
    let mut details = BTreeMap::new();
    for pair in &args.detail {
        let (address, file) = pair.rsplit_once('=').ok_or_else(|| {
            CommandError::configuration(format!("--detail {pair:?}: write it as ADDRESS=FILE"))
        })?;
        details.insert(
            address.to_owned(),
            read(Path::new(file), address.to_owned(), fetch.charset.clone())?,
        );
    }
    Ok(Some(Fixture {
        document: read(file, fetch.url.clone(), fetch.charset.clone())?,
        details,
    }))
}

fn read(file: &Path, url: String, charset: Option<String>) -> Result<Document, CommandError> {
    let body = std::fs::read(file)
        .map_err(|error| CommandError::configuration(format!("{}: {error}", file.display())))?;
    let content_type = std::path::absolute(file)
        .ok()
        .and_then(|path| Url::from_file_path(path).ok())
        .and_then(|address| content_type(&address).map(str::to_owned));
    Ok(Document {
        url,
        content_type,
        charset,
        body,
    })
}

fn tables(preview: &Preview, limit: usize) -> String {
    let mut parts = vec![format!(
        "{}: {} found, {}, {} rejected{}",
        preview.api_name,
        output::counted(preview.found, "item"),
        output::counted(preview.events.len(), "event"),
        preview.rejected.len(),
        if preview.partial { ", partial" } else { "" }
    )];
    if !preview.fields.is_empty() {
        parts.push(format!("\nFields\n{}", table::fields(&preview.fields)));
    }
    if !preview.events.is_empty() {
        let rows = table::events(preview.events.iter().take(limit));
        parts.push(format!("\nEvents\n{rows}{}", rest(preview.events.len(), limit)));
    }
    if !preview.rejected.is_empty() {
        let rows = table::rejected(preview.rejected.iter().take(limit));
        parts.push(format!(
            "\nRejected\n{rows}{}",
            rest(preview.rejected.len(), limit)
        ));
    }
    parts.extend(
        preview
            .warnings
            .iter()
            .map(|warning| format!("\nwarning: {warning}")),
    );
    parts.join("\n")
}

fn rest(all: usize, limit: usize) -> String {
    if all > limit {
        format!("\n… and {} more; --limit 0 shows all", all - limit)
    } else {
        String::new()
    }
}
