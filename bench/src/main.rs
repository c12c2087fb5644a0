//! Times the store step alone: generated events into a store that must be empty. IO.
//!
//! `bench_store STORE_URL EVENTS` prints one JSON object with seconds: opening the store, taking the lease, and the
//! commit of a first, an unchanged and a changed run (every event has another description). `bench/run` calls it.

use std::{error::Error, time::Duration, time::Instant};

use jiff::{Timestamp, ToSpan, civil};
use serde_json::json;
use sms_crds::{
    SourceKey,
    report::{Outcome, RunReport},
};
use sms_job::{
    event::Event,
    identity::{self, Identified},
    store::{Removal, RunCommit, Store, StoreUrl},
};

const FIRST_DAY: civil::Date = civil::date(2026, 5, 1);
const LEASE_TIME: Duration = Duration::from_mins(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bench_store STORE_URL EVENTS".into());
    };
    let url: StoreUrl = url.parse()?;
    let count: usize = count.parse()?;
    let source = SourceKey {
        namespace: "default".to_owned(),
        name: "bench".to_owned(),
    };
    let events = events(&source, count, "A night of music.")?;
    let changed = events_changed(&source, count)?;

    let clock = Instant::now();
    let store = Store::open(&url).await?;
    store.migrate().await?;
    let open = clock.elapsed();
    let mut seconds = json!({ "events": count, "open": open.as_secs_f64() });
    for (leg, events) in [("first", &events), ("unchanged", &events), ("changed", &changed)] {
        seconds[leg] = commit(&store, &source, leg, events).await?.as_secs_f64().into();
    }
    store.close().await;
    println!("{seconds}");
    Ok(())
}

/// Stores one run and gives the time of its commit.
async fn commit(
    store: &Store,
    source: &SourceKey,
    run: &str,
    events: &[Identified],
) -> Result<Duration, Box<dyn Error>> {
    let lease = store
        .acquire_lease(source, "bench", run, LEASE_TIME, LEASE_TIME)
        .await?;
    let now = Timestamp::now();
    let report: RunReport = serde_json::from_value(json!({
        "source": source.to_string(), "apiName": "bench", "run": run, "outcome": Outcome::Succeeded,
        "startedAt": now, "finishedAt": now, "durationSeconds": 0.0, "found": events.len(), "specHash": "spec"
    }))?;
    let clock = Instant::now();
    let summary = store
        .commit_run(
            &lease,
            RunCommit {
                report: &report,
                started_at: now,
                finished_at: now,
                accepted: true,
                events,
                removal: Removal::Complete { today: FIRST_DAY },
                validators: None,
                retention_events: None,
                retention_runs: None,
            },
        )
        .await?;
    let elapsed = clock.elapsed();
    let counts = [summary.new, summary.unchanged, summary.updated];
    let expected = i64::try_from(events.len())?;
    let at = ["first", "unchanged", "changed"]
        .iter()
        .position(|leg| *leg == run);
    if at.is_none_or(|at| counts[at] != expected) {
        return Err(format!("run {run:?} stored {summary:?}; is the store empty?").into());
    }
    store.release_lease(lease).await?;
    Ok(elapsed)
}

fn events_changed(source: &SourceKey, count: usize) -> Result<Vec<Identified>, Box<dyn Error>> {
    events(source, count, "A night of loud music.")
}

/// Events of about 500 bytes, 20 a day.
fn events(source: &SourceKey, count: usize, description: &str) -> Result<Vec<Identified>, Box<dyn Error>> {
    let events = (0..count)
        .map(|number| {
            let day = FIRST_DAY.checked_add(i64::try_from(number / 20)?.days())?;
            let event: Event = serde_json::from_value(json!({
                "id": format!("event-{number}"),
                "title": format!("Show number {number} with The Loud Neighbours"),
                "start": format!("{day}T20:00:00-07:00"),
                "end": format!("{day}T23:00:00-07:00"),
                "timeKnown": true,
                "timeZone": "America/Los_Angeles",
                "venue": "The Blue Room",
                "address": "1413 NW 56th St, Seattle, WA",
                "description": description,
                "performers": ["The Loud Neighbours", "Quiet Please"],
                "url": format!("https://venue.example/shows/{number}"),
                "image": format!("https://venue.example/images/{number}.jpg"),
                "priceMin": 10.0, "priceMax": 15.0, "currency": "USD"
            }))?;
            Ok(event)
        })
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    Ok(identity::identify(source, events).0)
}
