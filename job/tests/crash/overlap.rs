//! Many runs of one source, started at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sms_proof::{Group, record};
use tokio::time::sleep;

use crate::{
    bench::Bench,
    place::Place,
    scraper::{Ended, ended},
    times,
    venue::Venue,
};

/// How many runs ended with this exit code and this outcome or reason.
fn count(runs: &[Ended], code: i32, word: &str) -> usize {
    let is_so = |run: &&Ended| {
        let report = run.report();
        run.code == code && (report["outcome"] == word || report["reason"] == word)
    };
    runs.iter().filter(is_so).count()
}

/// Runs that a machine with a hundred processes on it had no time for: they say so, and exit with 1.
fn excused(runs: &[Ended]) -> usize {
    count(runs, 1, "LimitExceeded") + count(runs, 1, "TimedOut")
}

fn sum(runs: &[Ended], field: &str) -> i64 {
    runs.iter().map(|run| run.report()[field].as_i64().unwrap()).sum()
}

/// Processes of one source, all started before the first of them can have ended.
async fn at_once(place: &Place, number: u32, arguments: &[&str]) -> Vec<Ended> {
    let children: Vec<_> = (0..number).map(|_| place.spawn(arguments)).collect();
    let outputs = children.into_iter().map(tokio::process::Child::wait_with_output);
    join_all(outputs)
        .await
        .into_iter()
        .map(|output| ended(output.unwrap()))
        .collect()
}

async fn crowd(bench: Bench, store: &str) {
    let number = times(30, 100);
    let venue = Venue::start().await;
    let place = Place::new("gateway", bench, &venue).await;

    // Each run sees another page, so that a run that works on old knowledge would show.
    venue.turn_pages();
    let begun = Instant::now();
    let patient = at_once(&place, number, &[]).await;
    let took = begun.elapsed();
    let served = venue.served();
    let found = place.found().await;
    let wanted = usize::try_from(number).unwrap();
    let stored = count(&patient, 0, "Succeeded");
    let all_ran = stored + excused(&patient) == wanted
        && stored >= wanted * 9 / 10
        && served == number
        && found.faults.is_empty()
        && found.doubled() == 0
        // A run that says it has stored is found in the store.
        && found.state.runs.len() >= stored
        && sum(&patient, "new") == i64::try_from(found.state.events.len()).unwrap()
        && !found.is_leased;

    // The cadence is looked at when the lease is there.
    place
        .scraper
        .source("blue-moon", &format!("{}\n  cadence: 1h", venue.spec()));
    place
        .bench
        .execute("UPDATE sms_sources SET last_success_started_at = '2001-01-01T00:00:00.000Z'")
        .await;
    let by_cadence = at_once(&place, number, &["--bypass-cadence", "false"]).await;
    let skipped = count(&by_cadence, 0, "SkippedByCadence");
    let ran = count(&by_cadence, 0, "Succeeded");
    let one_ran =
        ran == 1 && by_cadence.iter().all(|run| [0, 1].contains(&run.code)) && skipped + 1 >= wanted * 8 / 10;

    // Those who cannot wait leave the store and the page alone.
    place.scraper.source("blue-moon", &venue.spec());
    let before = place.found().await.state;
    venue.delay(Duration::from_mins(5));
    let mut holder = place.spawn(&[]);
    while !place.found_now().await.is_leased {
        sleep(Duration::from_millis(20)).await;
    }
    let impatient = at_once(&place, number - 1, &["--run-timeout", "20"]).await;
    holder.kill().await.unwrap();
    // The killed holder is no matter here: what counts is that none of them wrote an event.
    let none_ran =
        impatient.iter().all(|run| run.code == 1) && place.found().await.state.events == before.events;

    let figure = format!(
        "{number} at once: {stored} stored one after the other in {} s, {} doubled; under a cadence {ran} ran and {skipped} skipped; \
         {} gave up beside a slow one",
        took.as_secs(),
        found.doubled(),
        count(&impatient, 1, "LeaseHeld"),
    );
    let met = record(
        Group::CrashSafety,
        &format!("overlapping runs of one source, {store}"),
        figure.clone(),
        "all stored in turn, 0 doubled and 0 lost; under a cadence one runs; beside a slow one all give up with exit 1",
        all_ran && one_ran && none_ran,
    );
    let ends: Vec<_> = impatient
        .iter()
        .map(|run| (run.code, run.report()["reason"].to_string()))
        .filter(|end| *end != (1, "\"LeaseHeld\"".to_owned()))
        .collect();
    let odd: Vec<_> = by_cadence
        .iter()
        .filter(|run| run.report()["outcome"] != "SkippedByCadence")
        .map(Ended::report)
        .collect();
    let first_failure = patient.iter().chain(&by_cadence).find(|run| run.code != 0);
    assert!(
        met,
        "{figure}: {all_ran} {one_ran} {none_ran}: {served} pages, {} runs, {} events, {:?}; {:?} {ends:?} {odd:?}",
        found.state.runs.len(),
        found.state.events.len(),
        found.faults,
        first_failure.map(|run| &run.stderr)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_runs_takes_its_turns_at_a_sqlite_file() {
    crowd(Bench::sqlite(), "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_runs_takes_its_turns_at_a_postgresql_database() {
    if let Some(bench) = Bench::postgres().await {
        crowd(bench, "PostgreSQL").await;
    }
}
