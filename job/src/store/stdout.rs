//! The store that remembers nothing: events as NDJSON on standard output. IO.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use sms_crds::SourceKey;

use super::{
    error::StoreError,
    model::{RunCommit, StoreSummary, with_external_id},
};
use crate::{event::Event, identity::Identified};

/// Writes one JSON object a line for each event of a run, in one piece, and flushes.
#[derive(Clone)]
pub struct Stdout(Arc<Mutex<dyn Write + Send>>);

/// A line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    source: String,
    api_name: &'a str,
    id: &'a str,
    #[serde(flatten, serialize_with = "with_external_id")]
    event: &'a Event,
}

impl Stdout {
    pub(super) fn new(output: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(output)))
    }

    pub(super) async fn commit(
        &self,
        source: &SourceKey,
        run: &RunCommit<'_>,
    ) -> Result<StoreSummary, StoreError> {
        let events = if run.reads_events() { run.events } else { &[] };
        let text = lines(source, &run.report.api_name, events).map_err(|error| failed(&error.into()))?;
        let output = Arc::clone(&self.0);
        // A reader may take its time: that must not hold up the other sources.
        let written = tokio::task::spawn_blocking(move || {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.write_all(&text).and_then(|()| output.flush())
        });
        written
            .await
            .map_err(|error| failed(&io::Error::other(error)))?
            .map_err(|error| failed(&error))?;
        Ok(StoreSummary {
            new: i64::try_from(events.len()).unwrap_or(i64::MAX),
            runs_total: 1,
            ..Default::default()
        })
    }
}

fn lines(source: &SourceKey, api_name: &str, events: &[Identified]) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = Vec::new();
    for Identified { uid, event, .. } in events {
        serde_json::to_writer(
            &mut text,
            &Line {
                source: source.to_string(),
                api_name,
                id: uid,
                event,
            },
        )?;
        text.push(b'\n');
    }
    Ok(text)
}

fn failed(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => StoreError::OutputClosed,
        io::ErrorKind::StorageFull => StoreError::Full {
            store: "stdout:".to_owned(),
        },
        _ => StoreError::Failed {
            store: "stdout:".to_owned(),
            action: "write the events".to_owned(),
            problem: error.to_string(),
        },
    }
}
