//! Times the store step alone. IO.
//!
//! `bench_store STORE_URL EVENTS LEG` commits one run of generated events: `first` into a store that must be empty,
//! `unchanged` once more, or `changed`, where every event has another description. It prints one JSON object with the
//! seconds of the commit (wall, and processor of this process) and its largest resident memory. `bench_store events
//! EVENTS` prints the events of `first` as NDJSON with their identities and hashes, for whoever is measured beside it.
//! The suite `bench/store` calls it.

use std::{
    error::Error,
    io::{BufWriter, Write},
    time::{Duration, Instant},
};

use jiff::{Timestamp, ToSpan, civil};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
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

const USAGE: &str =
    "usage: bench_store STORE_URL EVENTS first|unchanged|changed, or bench_store events EVENTS";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let source = SourceKey {
        namespace: "default".to_owned(),
        name: "bench".to_owned(),
    };
    match arguments[..] {
        ["events", count] => print(&events(&source, count.parse()?, "first")?),
        [url, count, leg @ ("first" | "unchanged" | "changed")] => {
            let url: StoreUrl = url.parse()?;
            let events = events(&source, count.parse()?, leg)?;
            let store = Store::open(&url).await?;
            store.migrate().await?;
            let spent = commit(&store, &source, leg, &events).await?;
            store.close().await;
            println!("{spent}");
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

fn print(events: &[Identified]) -> Result<(), Box<dyn Error>> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    for event in events {
        serde_json::to_writer(&mut output, event)?;
        output.write_all(b"\n")?;
    }
    Ok(output.flush()?)
}

/// Processor time of this process.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Largest resident memory of this process so far, in KiB.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Stores one run and gives what its commit took.
async fn commit(
    store: &Store,
    source: &SourceKey,
    run: &str,
    events: &[Identified],
) -> Result<Value, Box<dyn Error>> {
    let lease = store
        .acquire_lease(source, "bench", run, LEASE_TIME, LEASE_TIME)
        .await?;
    let now = Timestamp::now();
    let report: RunReport = serde_json::from_value(json!({
        "source": source.to_string(), "apiName": "bench", "run": run, "outcome": Outcome::Succeeded,
        "startedAt": now, "finishedAt": now, "durationSeconds": 0.0, "found": events.len(), "specHash": "spec"
    }))?;
    let before = resident();
    let (clock, spent) = (Instant::now(), processor());
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
    let (wall, spent) = (clock.elapsed(), processor().saturating_sub(spent));
    let counts = [summary.new, summary.unchanged, summary.updated];
    let expected = i64::try_from(events.len())?;
    let at = ["first", "unchanged", "changed"]
        .iter()
        .position(|leg| *leg == run);
    if at.is_none_or(|at| counts[at] != expected) {
        return Err(format!("run {run:?} stored {summary:?}; is the store empty?").into());
    }
    store.release_lease(lease).await?;
    Ok(json!({
        "wall": wall.as_secs_f64(), "processor": spent.as_secs_f64(),
        "residentBeforeKiB": before, "residentKiB": resident(),
    }))
}

/// Events of about 500 bytes, 20 a day.
fn events(source: &SourceKey, count: usize, leg: &str) -> Result<Vec<Identified>, Box<dyn Error>> {
    let description = match leg {
        "changed" => "A night of loud music.",
        _ => "A night of music.",
    };
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
