//! What a source gives, without storing anything: the steps of a run as `preview` needs them. IO through the steps.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use jiff::Timestamp;
use serde::Serialize;
use sms_crds::report::{RunReport, Step};

use super::{
    collect::{CollectOptions, Collected, collect, collect_fixture},
    progress::{self, Failure},
};
use crate::{
    document::Document,
    environment::{Environment, LoadedSource},
    event::{Event, Rejected},
    extract::{
        session::{Extraction, FieldCount, TracedItem},
        silence,
    },
    identity,
};

/// Pages that are read instead of fetched.
#[derive(Debug, Default)]
pub struct Fixture {
    /// The source's page.
    pub document: Document,
    /// Detail pages by address.
    pub details: BTreeMap<String, Document>,
}

/// What a source gives; in JSON what `preview --format json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Name of the source in metrics.
    pub api_name: String,
    /// Items seen.
    pub found: usize,
    /// Events, in the order of the pages.
    pub events: Vec<Event>,
    /// Items that were not made events.
    pub rejected: Vec<Rejected>,
    /// What was odd but did not end the reading.
    pub warnings: Vec<String>,
    /// A limit or a failed page kept some of the items away.
    pub partial: bool,
    /// Every declared field, and those that the format or a transform gives besides.
    pub fields: Vec<FieldCount>,
    /// The items as they reached normalisation.
    pub items: Vec<TracedItem>,
}

/// Reads a source once, from `fixture` or from where it is. Ends early on the request to stop and at the run's time
/// limit.
///
/// # Errors
/// The step that failed, and why.
pub async fn preview(
    loaded: &LoadedSource,
    environment: &Environment,
    now: Timestamp,
    fixture: Option<&Fixture>,
) -> Result<Preview, Failure> {
    let mut report = progress::begin(&loaded.source, "preview", now);
    let limit = environment.run_timeout;
    let extraction = tokio::select! {
        extraction = read(loaded, environment, now, fixture, &mut report) => extraction?,
        () = tokio::time::sleep(limit) => return Err(Failure::timed_out(Step::Fetch, limit)),
        () = environment.stop.requested() => return Err(Failure::interrupted(Step::Fetch)),
    };
    let fields = fields(extraction.fields, &extraction.trace);
    let (events, duplicates) = identity::identify(&loaded.source.key(), extraction.events);
    let mut rejected = extraction.rejected;
    rejected.extend(duplicates);
    let mut warnings = extraction.warnings;
    warnings.extend(report.warnings);
    if extraction.found == 0 {
        warnings.insert(0, silence::why_nothing(&loaded.source.spec.extract));
    }
    Ok(Preview {
        api_name: loaded.source.api_name(),
        found: extraction.found,
        events: events.into_iter().map(|identified| identified.event).collect(),
        rejected,
        warnings,
        partial: extraction.truncated || report.partial,
        fields,
        items: extraction.trace,
    })
}

async fn read(
    loaded: &LoadedSource,
    environment: &Environment,
    now: Timestamp,
    fixture: Option<&Fixture>,
    report: &mut RunReport,
) -> Result<Extraction, Failure> {
    let options = CollectOptions {
        known: None,
        now,
        trace: true,
        deadline: Instant::now() + environment.run_timeout,
    };
    match fixture {
        Some(Fixture { document, details }) => {
            collect_fixture(loaded, environment, &options, document, details, report).await
        }
        None => match collect(loaded, environment, &options, report).await? {
            Collected::Read { extraction, .. } => Ok(extraction),
            // Nothing is known of the source, so that nothing can be as it was.
            Collected::Unchanged { .. } => Ok(Extraction::default()),
        },
    }
}

/// The declared fields first, then what the items have besides.
fn fields(mut declared: Vec<FieldCount>, items: &[TracedItem]) -> Vec<FieldCount> {
    let known: BTreeSet<&str> = declared
        .iter()
        .map(|row| row.field.strip_prefix("follow.").unwrap_or(&row.field))
        .collect();
    let others: BTreeSet<&str> = items
        .iter()
        .flat_map(|item| item.fields.keys())
        .filter(|name| !known.contains(name))
        .collect();
    let others: Vec<_> = others
        .into_iter()
        .map(|name| {
            let mut row = FieldCount::new(name);
            for item in items {
                row.see(item.fields.get(name));
            }
            row
        })
        .collect();
    declared.extend(others);
    declared
}
