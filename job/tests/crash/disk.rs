//! Disks that are full or read-only, and SQLite files that are locked, damaged, foreign or newer.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    time::{Duration, Instant},
};

use sms_proof::{Group, record};
use sqlx::{Connection, Executor, SqliteConnection};

use crate::{bench::Bench, place::Place, scraper::ended, tmpfs::Tmpfs, venue::Venue};

/// Room that is left, in KiB: from none at all to enough for everything.
const ROOM: [u64; 14] = [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512];

async fn place_on(disk: &Tmpfs, venue: &Venue) -> Place {
    let address = format!("sqlite://{}", disk.path("events.db").display());
    Place::new("gateway", Bench::of(&address), venue).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_a_run_and_no_event() {
    let Some(disk) = Tmpfs::mount() else { return };
    let venue = Venue::start().await;
    let (place, reference) = (
        place_on(&disk, &venue).await,
        Place::new("reference", Bench::sqlite(), &venue).await,
    );
    let mut faults = Vec::new();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    // A file that is there already, and one that has to be made.
    for is_new in [false, true] {
        for (version, room) in (0_u32..).zip(ROOM) {
            venue.show(version);
            if is_new {
                place.begin_anew().await;
                reference.begin_anew().await;
            }
            let before = place.found().await.state;
            disk.fill_but(room);
            let run = place.run(&[]).await;
            let report = run.report();
            let end = report["reason"].as_str().or(report["outcome"].as_str()).unwrap();
            *ends.entry(format!("{end} with exit {}", run.code)).or_default() += 1;
            disk.clear();
            let found = place.found().await;
            faults.extend(found.faults.iter().cloned());
            let committed = found.state.runs.len() == before.runs.len() + 1;
            if found.state != before && !committed {
                faults.push(format!("{room} KiB: neither as before nor stored"));
            }
            if report["reason"] == "LeaseHeld" {
                faults.push(format!(
                    "{room} KiB: a lease that was not stored counted as taken"
                ));
            }
            if (run.code == 0) != committed || ![0, 1].contains(&run.code) {
                faults.push(format!(
                    "{room} KiB: exit {}, stored: {committed}: {end}",
                    run.code
                ));
            }
            if found.is_leased {
                place.expire_lease().await;
            }
            let mut runs = usize::from(committed);
            while runs < 2 {
                place.succeed().await;
                runs += 1;
            }
            reference.succeed().await;
            reference.succeed().await;
            if place.found().await.state != reference.found().await.state {
                faults.push(format!("{room} KiB: ended otherwise than with room"));
            }
        }
    }
    let failed: u32 = ends
        .iter()
        .filter(|(end, _)| end.ends_with("exit 1"))
        .map(|(_, count)| count)
        .sum();
    let met = record(
        Group::CrashSafety,
        "full disk under a SQLite file",
        format!("{} disks: {ends:?}, {} faults", 2 * ROOM.len(), faults.len()),
        "exit 1 with nothing stored, or exit 0 with everything; sound, and all stored once there is room",
        faults.is_empty() && failed >= 6,
    );
    assert!(met, "{ends:?} {faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_logs_and_messages_changes_no_result() {
    let venue = Venue::start().await;
    let place = Place::new("gateway", Bench::sqlite(), &venue).await;
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut codes = Vec::new();
    for (version, where_full) in (0_u32..).zip(["message", "errors", "output", "all"]) {
        venue.show(version);
        let is = |name| where_full == name || where_full == "all";
        let mut command = place.command(&["--print-metrics"]);
        if is("message") {
            command.env("SMS_TERMINATION_MESSAGE_PATH", "/dev/full");
        }
        if is("errors") {
            command.stderr(full());
        }
        if is("output") {
            command.stdout(full());
        }
        let run = ended(command.spawn().unwrap().wait_with_output().await.unwrap());
        codes.push(run.code);
    }
    let found = place.found().await;
    let met = record(
        Group::CrashSafety,
        "full disk under logs, output and termination message",
        format!("exit codes {codes:?}, {} runs stored", found.state.runs.len()),
        "4 runs stored; exit 1 where the asked-for output is lost, else 0",
        codes == [0, 0, 1, 1] && found.state.runs.len() == 4 && !found.is_leased,
    );
    assert!(met, "{codes:?} {:?}", found.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_is_told_with_the_remedy_and_left_as_it_is() {
    let Some(disk) = Tmpfs::mount() else { return };
    let venue = Venue::start().await;
    let place = place_on(&disk, &venue).await;
    let mut told = Vec::new();
    for is_there in [false, true] {
        if is_there {
            place.succeed().await;
        }
        let bytes = fs::read(place.file()).ok();
        disk.set_read_only(true);
        let run = place.run(&[]).await;
        let report = run.report();
        let message = report["message"].as_str().unwrap_or_default().to_owned();
        told.push((
            run.code,
            report["reason"].as_str().unwrap_or_default().to_owned(),
            message.contains("cannot be written") && message.contains("--store"),
            fs::read(place.file()).ok() == bytes,
        ));
        disk.set_read_only(false);
    }
    place.succeed().await;
    let found = place.found().await;
    let met = record(
        Group::CrashSafety,
        "read-only disk under a SQLite file",
        format!(
            "exit {} and {} without and with a file, then stored",
            told[0].0, told[1].0
        ),
        "exit 1, StoreUnavailable with the remedy, no byte changed, all stored once it is writable",
        told.iter()
            .all(|one| *one == (1, "StoreUnavailable".to_owned(), true, true))
            && found.faults.is_empty(),
    );
    assert!(met, "{told:?} {:?}", found.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_stays_locked_costs_a_run_and_one_that_is_locked_for_a_while_costs_time() {
    let venue = Venue::start().await;
    let place = Place::new("gateway", Bench::sqlite(), &venue).await;
    place.succeed().await;
    venue.show(1);
    let before = place.found().await.state;
    let mut other = SqliteConnection::connect(&place.bench.raw).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let begun = Instant::now();
    let refused = place.run(&["--run-timeout", "25"]).await;
    let took = begun.elapsed();
    let report = refused.report();
    let is_refused = (refused.code, report["reason"].as_str()) == (1, Some("StoreUnavailable"));
    let patient = place.spawn(&[]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    other.execute("ROLLBACK").await.unwrap();
    let patient = ended(patient.wait_with_output().await.unwrap());
    other.close().await.unwrap();
    let found = place.found().await;
    let met = record(
        Group::CrashSafety,
        "SQLite file locked by another process",
        format!(
            "given up with exit {} after {} s; stored where the lock went",
            refused.code,
            took.as_secs()
        ),
        "exit 1, StoreUnavailable within its time limit; stored where the lock goes in time",
        is_refused
            && took < Duration::from_mins(1)
            && patient.code == 0
            && found.state.runs.len() == before.runs.len() + 1
            && found.faults.is_empty(),
    );
    assert!(met, "{took:?} {report} {} {:?}", patient.stderr, found.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_sound_database_is_refused_and_left_as_it_is() {
    let venue = Venue::start().await;
    let place = Place::new("gateway", Bench::sqlite(), &venue).await;
    place.succeed().await;
    let sound = fs::read(place.file()).unwrap();
    let mut damaged = sound.clone();
    damaged[100..].fill(0x5a);
    let foreign = "this is no database ".repeat(500).into_bytes();
    let cut = sound[..5_000].to_vec();
    let mut told = Vec::new();
    for bytes in [damaged, foreign, cut] {
        place.begin_anew().await;
        fs::write(place.file(), &bytes).unwrap();
        let run = place.run(&[]).await;
        let is_named = run.report()["message"]
            .as_str()
            .is_some_and(|message| message.contains("damaged or no SQLite database"));
        told.push((run.code, is_named, fs::read(place.file()).unwrap() == bytes));
    }
    place.begin_anew().await;
    fs::write(place.file(), &sound).unwrap();
    place
        .bench
        .execute("INSERT INTO sms_migrations (version, name) VALUES (99, '0099_later')")
        .await;
    place
        .bench
        .execute("ALTER TABLE sms_events ADD COLUMN later TEXT")
        .await;
    place.succeed().await;
    let found = place.found().await;
    let met = record(
        Group::CrashSafety,
        "damaged, foreign and newer SQLite files",
        format!(
            "3 files refused with exit {:?}; the newer one used",
            told.iter().map(|one| one.0).collect::<Vec<_>>()
        ),
        "exit 2, named, no byte changed; a newer schema is used as it is",
        told.iter().all(|one| *one == (2, true, true)) && found.state.runs.len() == 2,
    );
    assert!(met, "{told:?} {:?}", found.faults);
}
