//! Targets for what stands in an item: dates, times, prices, links. Pure.

use std::{cell::RefCell, collections::HashMap};

use jiff::Timestamp;
use sms_crds::v1alpha1::DateRules;
use sms_job::normalise::{Normaliser, dates::parse_when};

use crate::pages::keeps_its_form;

const ZONES: [&str; 4] = [
    "America/Los_Angeles",
    "Europe/London",
    "Australia/Lord_Howe",
    "UTC",
];

thread_local! {
    static NORMALISERS: RefCell<HashMap<u8, Normaliser>> = RefCell::default();
}

fn with_normaliser(choice: u8, read: impl FnOnce(&Normaliser)) {
    let choice = choice % 24;
    NORMALISERS.with_borrow_mut(|known| read(known.entry(choice).or_insert_with(|| normaliser(choice))));
}

fn normaliser(choice: u8) -> Normaliser {
    let rules = DateRules {
        formats: match choice / 4 % 3 {
            0 => Vec::new(),
            1 => vec!["%m.%d".to_owned()],
            _ => vec!["%A %d %B %Y, %H:%M".to_owned(), "%d/%m/%y %I%p".to_owned()],
        },
        default_time: (choice / 12 % 2 == 1).then(|| "20:00".to_owned()),
        ..DateRules::default()
    };
    // The night in which clocks change.
    let now: Timestamp = "2026-03-08T09:59:00Z".parse().expect("a time");
    let zone = ZONES[usize::from(choice) % ZONES.len()];
    Normaliser::new(zone, Some(&rules), &[].into(), now).expect("the target's own rules")
}

/// The first byte chooses zone and rules, the rest is text with a date.
pub fn dates(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    with_normaliser(*choice, |normaliser| dates_of(normaliser, &text));
}

fn dates_of(normaliser: &Normaliser, text: &str) {
    for occurrence in parse_when(text, normaliser.dates()).unwrap_or_default() {
        let years = 1970..=2200;
        assert!(
            years.contains(&occurrence.start.date().year()),
            "{text:?}: {occurrence:?}"
        );
    }
    // The same text where items have it: as a date, as a time, as both.
    let item = serde_json::json!({ "title": "x", "date": "2026-11-01", "time": text, "endTime": text });
    events(normaliser, item);
    events(
        normaliser,
        serde_json::json!({ "title": "x", "when": text, "doors": text, "duration": text }),
    );
}

/// The first byte chooses zone and rules, the rest is an item as JSON.
pub fn items(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(item) = serde_json::from_slice(text) else {
        return;
    };
    with_normaliser(*choice, |normaliser| events(normaliser, item));
}

fn events(normaliser: &Normaliser, item: serde_json::Value) {
    let serde_json::Value::Object(item) = item else {
        return;
    };
    for event in normaliser
        .events(0, &item.into(), "https://example.org/a/")
        .unwrap_or_default()
    {
        keeps_its_form(&event);
    }
}
