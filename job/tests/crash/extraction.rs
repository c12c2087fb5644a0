//! Death of one of the two processes of a run, and what a dead run's lease costs the next one.

use std::time::{Duration, Instant};

use sms_proof::{Group, record};

use crate::{bench::Bench, place::Place, processes, scraper::ended, venue::Venue};

/// What a lease lives, as the reference says; a busy machine has some seconds more.
const LEASE: Duration = Duration::from_mins(1);

/// A source whose program has no end that matters.
async fn endless() -> (Venue, Place) {
    let venue = Venue::start().await;
    let place = Place::new("gateway", Bench::sqlite(), &venue).await;
    let spec = venue.spec().replace("'.events'", "'last(range(1000000000000))'");
    place.scraper.source("blue-moon", &spec);
    (venue, place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_extraction_process_is_killed_fails_and_leaves_the_store_alone() {
    let (venue, place) = endless().await;
    place.scraper.source("blue-moon", &venue.spec());
    place.succeed().await;
    let before = place.found().await.state;
    venue.show(1);
    let spec = venue.spec().replace("'.events'", "'last(range(1000000000000))'");
    place.scraper.source("blue-moon", &spec);
    let mut told = Vec::new();
    for _ in 0..3 {
        let child = place.spawn(&[]);
        let worker = processes::worker_of(child.id().unwrap(), Duration::from_millis(50)).await;
        assert!(processes::kill(worker));
        let run = ended(child.wait_with_output().await.unwrap());
        let report = run.report();
        told.push((run.code, report["reason"].to_string(), report["step"].to_string()));
    }
    let found = place.found().await;
    let is_untouched = found.state.events == before.events && !found.is_leased && found.faults.is_empty();
    place.scraper.source("blue-moon", &venue.spec());
    place.succeed().await;
    let all = place.found().await.state.events.len();
    let wanted = (1, "\"LimitExceeded\"".to_owned(), "\"extract\"".to_owned());
    let met = record(
        Group::CrashSafety,
        "kill -9 of the extraction process alone",
        format!(
            "3 runs ended with {:?}, the store untouched: {is_untouched}",
            told[0]
        ),
        "exit 1, LimitExceeded at extract, no event touched, the next run succeeds",
        is_untouched && told.iter().all(|one| *one == wanted) && all == before.events.len() + 10,
    );
    assert!(met, "{told:?} {:?}", found.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extraction_process_in_the_middle_of_its_work_ends_with_its_parent() {
    let (_venue, place) = endless().await;
    let mut longest = Duration::ZERO;
    let mut left = 0;
    for _ in 0..3 {
        let mut child = place.spawn(&[]);
        let worker = processes::worker_of(child.id().unwrap(), Duration::from_millis(200)).await;
        child.kill().await.unwrap();
        match processes::end_of(&[worker]).await {
            Ok(time) => longest = longest.max(time),
            Err(ids) => {
                left += ids.len();
                for id in ids {
                    assert!(processes::kill(id));
                }
            }
        }
        place.expire_lease().await;
    }
    let met = record(
        Group::CrashSafety,
        "kill -9 of the parent while a page is read",
        format!(
            "{left} of 3 extraction processes left, {} ms at most",
            longest.as_millis()
        ),
        "0 left, within 5 s",
        left == 0 && longest < Duration::from_secs(5),
    );
    assert!(met, "{left} {longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_blocks_its_source_for_a_minute_and_no_longer() {
    let (venue, place) = endless().await;
    let mut child = place.spawn(&[]);
    processes::worker_of(child.id().unwrap(), Duration::ZERO).await;
    child.kill().await.unwrap();
    assert!(place.found().await.is_leased);
    let killed = Instant::now();
    place.scraper.source("blue-moon", &venue.spec());
    let impatient = place.run(&["--run-timeout", "10"]).await;
    assert_eq!(
        (impatient.code, impatient.report()["reason"].as_str()),
        (1, Some("LeaseHeld")),
        "{}",
        impatient.stderr
    );
    place.succeed().await;
    let blocked = killed.elapsed();
    let found = place.found().await;
    let met = record(
        Group::CrashSafety,
        "lease of a killed run",
        format!("the source was free again after {} s", blocked.as_secs()),
        "LeaseHeld and exit 1 before, free after 60 s (and no more than 15 s of a busy machine)",
        blocked < LEASE + Duration::from_secs(15) && !found.is_leased && found.state.runs.len() == 1,
    );
    assert!(met, "{blocked:?} {:?}", found.faults);
}
