//! Recorded responses of real sites, read by the real binary: every fact that `expected.json` names must come out.
//!
//! `SMS_CORPUS` is the folder with the recordings (one sub-folder a source, with `source.json`, `expected.json` and
//! the files); the manifests are in `corpus/`. Without the variable the test says so and does nothing.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "corpus/facts.rs"]
mod facts;
#[path = "support/preview.rs"]
mod preview;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use facts::Fact;
use preview::{Detail, Preview, preview};
use serde_json::Value;

/// Detail pages: source, file, and the address under which the listing's item asks for it.
const DETAILS: &[(&str, &str, &str)] = &[
    (
        "frye_art_museum",
        "sample-event.html",
        "https://fryemuseum.org/node/3806",
    ),
    (
        "royal_room",
        "sample-event.html",
        "https://theroyalroomseattle.com/event/sh-ma/",
    ),
    (
        "fremont_chamber_of_commerce",
        "sample-event.ics",
        "https://business.fremont.com/calendar/ICal/fremont-health-and-wellness-meet-up-1870771.ics",
    ),
    (
        "fremont_chamber_of_commerce",
        "sample-event-no-location.ics",
        "https://business.fremont.com/calendar/ICal/apda-nw-optimism-walk-1867802.ics",
    ),
];

/// Whether an event belongs to a subset.
type Belongs = fn(&Value) -> bool;

/// Subset counts of `expected.json` that can be told from the events: source, subset, and who belongs to it.
const SUBSETS: &[(&str, &str, Belongs)] = &[
    ("el_corazon", "location = El Corazón", |event| {
        event["venue"] == "El Corazón"
    }),
    ("el_corazon", "location = The Funhouse", |event| {
        event["venue"] == "The Funhouse"
    }),
    ("nectar_lounge", "location.name = Nectar Lounge", |event| {
        event["venue"] == "Nectar Lounge"
    }),
    ("nectar_lounge", "location.name = Hidden Hall", |event| {
        event["venue"] == "Hidden Hall"
    }),
    ("spl", "canceled = true", |event| event["status"] == "cancelled"),
    ("spl", "canceled = false", |event| event["status"] == "scheduled"),
    ("vera_project", "sold_out", |event| event["soldOut"] == true),
    ("vera_project", "flag rescheduled", |event| {
        event["status"] == "rescheduled"
    }),
];

/// What is checked of one source.
struct Coverage {
    name: String,
    covered: usize,
    missed: Vec<String>,
}

impl Coverage {
    fn count(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => self.covered += 1,
            Err(problem) => self.missed.push(problem),
        }
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        let same = if found == expected {
            Ok(())
        } else {
            Err(format!("{what}: {found:?} instead of {expected:?}"))
        };
        self.count(same);
    }
}

fn manifest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(format!("{name}.yaml"))
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// One source: its listing, its detail pages, and what must not be an event.
fn source(folder: &Path) -> Coverage {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let about = json(&folder.join("source.json"));
    let expected = json(&folder.join("expected.json"));
    let now = text(&about, "recorded_at")
        .or(text(&about, "added_upstream_at"))
        .unwrap()
        .to_owned();
    let listing = main_file(&about);
    let read = |details: &[Detail]| preview(&manifest(&name), Some(&folder.join(listing)), &now, details);
    let mut coverage = Coverage {
        name: name.clone(),
        covered: 0,
        missed: Vec::new(),
    };

    let found = match read(&[]) {
        Ok(found) => found,
        Err(problem) => {
            coverage.missed.push(problem);
            return coverage;
        }
    };
    coverage.equal("items found", &found.found, &usize_of(&expected["item_count"]));
    coverage.equal(
        "events",
        &event_count(&found, &name),
        &usize_of(&expected["event_count"]),
    );
    coverage.equal("partial", &found.partial, &false);
    coverage.equal("warnings", &found.warnings, &Vec::new());
    for (_, subset, belongs) in SUBSETS.iter().filter(|(source, ..)| *source == name) {
        let members = found.events.iter().filter(|event| belongs(event)).count();
        coverage.equal(subset, &members, &usize_of(&expected["subset_counts"][*subset]));
    }
    for event in list(&expected, "events") {
        compare(&mut coverage, &found, event);
    }
    for entry in list(&expected, "non_events") {
        let title = text(entry, "title").unwrap();
        let accepted = found.events.iter().any(|event| event["title"] == title);
        let rejected = found.rejected.iter().any(|rejected| rejected["title"] == title);
        let fact = if rejected && !accepted {
            Ok(())
        } else {
            Err(format!("{title:?} is no event"))
        };
        coverage.count(fact);
    }
    for (file, event) in expected["detail_events"].as_object().into_iter().flatten() {
        detail_page(&mut coverage, folder, &now, file, event);
    }
    for (_, file, address) in DETAILS.iter().filter(|(source, ..)| *source == name) {
        let detail = Detail {
            address: (*address).to_owned(),
            file: folder.join(file),
        };
        followed(
            &mut coverage,
            &found,
            read(&[detail]),
            &expected["detail_events"][*file],
        );
    }
    if name == "events12" {
        season_tables(&mut coverage, folder, listing, &now, &expected);
    }
    coverage
}

/// Listings of several days are several events, so where ids are the listings' own, they are what is counted.
fn event_count(found: &Preview, name: &str) -> usize {
    if name != "events12" {
        return found.events.len();
    }
    found
        .events
        .iter()
        .filter_map(|event| event["id"].as_str())
        .collect::<BTreeSet<_>>()
        .len()
}

fn main_file(about: &Value) -> &str {
    let files = about["files"].as_object().unwrap();
    let is_main = |file: &&String| file.starts_with("sample-data") || file.starts_with("sample-feed");
    files.keys().find(is_main).unwrap()
}

fn usize_of(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The event with the same id and start, or title and start, has every other fact of `expected`.
fn compare(coverage: &mut Coverage, found: &Preview, expected: &Value) {
    let start = text(expected, "start").unwrap();
    let title = text(expected, "title").unwrap();
    let same = |event: &&Value| match expected.get("id") {
        Some(id) => event["id"] == *id,
        None => event["title"] == title,
    };
    let of_id: Vec<&Value> = found.events.iter().filter(same).collect();
    let by_start = of_id
        .iter()
        .find(|event| facts::same_time(text(event, "start"), Some(start)));
    let Some(event) = by_start.or(of_id.first()) else {
        coverage.missed.push(format!("{title:?}, {start}: no such event"));
        return;
    };
    for fact in facts::of(event, expected, &of_id) {
        let Fact { key, holds } = fact;
        coverage.count(holds.map_err(|problem| format!("{title:?}, {start}: {key}: {problem}")));
    }
}

/// A detail page read by itself, where there is a manifest for that.
fn detail_page(coverage: &mut Coverage, folder: &Path, now: &str, file: &str, expected: &Value) {
    let manifest = manifest(&format!("{}.detail", coverage.name));
    if manifest.exists() {
        match preview(&manifest, Some(&folder.join(file)), now, &[]) {
            Ok(found) => {
                coverage.equal(&format!("{file}: events"), &found.events.len(), &1);
                compare(coverage, &found, expected);
            }
            Err(problem) => coverage.missed.push(format!("{file}: {problem}")),
        }
    }
}

/// A detail page merged into the listing's item: it changes no other event, and the merged one has title and start.
fn followed(coverage: &mut Coverage, before: &Preview, after: Result<Preview, String>, expected: &Value) {
    let after = match after {
        Ok(after) => after,
        Err(problem) => {
            coverage.missed.push(format!("follow: {problem}"));
            return;
        }
    };
    let changed: Vec<&Value> = after
        .events
        .iter()
        .filter(|event| !before.events.contains(event))
        .collect();
    coverage.equal("events with details", &after.events.len(), &before.events.len());
    coverage.equal("events changed by details", &changed.len(), &1);
    let Some(event) = changed.first() else { return };
    let separate = manifest(&format!("{}.detail", coverage.name)).exists();
    for Fact { key, holds } in facts::of(event, expected, &changed) {
        // Read by itself, the page may name another id and address than the listing does.
        let is_listing_s = separate && matches!(key.as_str(), "id" | "url" | "end");
        if !is_listing_s {
            coverage.count(holds.map_err(|problem| format!("follow: {key}: {problem}")));
        }
    }
}

/// The rows of season tables, as a source of their own.
fn season_tables(coverage: &mut Coverage, folder: &Path, listing: &str, now: &str, expected: &Value) {
    let games = match preview(&manifest("events12.games"), Some(&folder.join(listing)), now, &[]) {
        Ok(games) => games,
        Err(problem) => {
            coverage.missed.push(format!("games: {problem}"));
            return;
        }
    };
    for event in list(expected, "events")
        .iter()
        .filter(|event| event.get("first_home_games").is_some())
    {
        let home: Vec<&Value> = games
            .events
            .iter()
            .filter(|game| game["title"] == event["title"])
            .collect();
        coverage.equal(
            "home games",
            &home.len(),
            &usize_of(&event["home_games_in_table"]),
        );
        for (game, start) in home.iter().zip(list(event, "first_home_games")) {
            let same = facts::same_time(text(game, "start"), start.as_str());
            coverage.equal(&format!("home game on {start}"), &same, &true);
        }
    }
}

#[test]
fn every_recorded_source_is_read_as_expected() {
    let Some(corpus) = std::env::var_os("SMS_CORPUS").map(PathBuf::from) else {
        println!("skipped: SMS_CORPUS names no folder with recorded responses");
        return;
    };
    let folders = std::fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display()));
    let mut folders: Vec<PathBuf> = folders
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected.json").exists())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "{}: no sources in it", corpus.display());

    let mut table = format!("{:<30} {:>8} {:>8}\n", "source", "covered", "expected");
    let mut missed = String::new();
    for coverage in folders.iter().map(|folder| source(folder)) {
        let expected = coverage.covered + coverage.missed.len();
        let _ = writeln!(
            table,
            "{:<30} {:>8} {expected:>8}",
            coverage.name, coverage.covered
        );
        for problem in &coverage.missed {
            let _ = writeln!(missed, "{}: {problem}", coverage.name);
        }
    }
    println!("{table}");
    assert!(missed.is_empty(), "not covered:\n{missed}");
}
