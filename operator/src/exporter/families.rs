//! Each family of the exporter from the rows of all sources, in the order of the contract. Pure.

use std::iter;

use sms_crds::{
    conditions,
    metrics::{DURATION_BUCKETS, Family, exported, operator},
    report::{SkipReason, Step},
};

use super::{
    rows::{Numbers, OUTCOMES, Row},
    text::{self, Series},
};

/// Writes the families of all rows; `installation` is a label of one of them.
pub(super) fn write(text: &mut String, rows: &[Row], installation: &str) {
    let outcomes = OUTCOMES.map(|outcome| vec![outcome.as_str()]);
    several(text, exported::INGEST_RUNS, rows, &outcomes, |row, at| {
        row.runs[at]
    });
    number(text, exported::EVENTS_PROCESSED, rows, |row| Some(row.processed));
    let reasons = SkipReason::ALL.map(|reason| vec![reason.as_str()]);
    several(text, exported::EVENTS_SKIPPED, rows, &reasons, |row, at| {
        row.skipped[at]
    });
    let steps = Step::ALL.map(|step| vec![step.as_str()]);
    several(text, exported::PIPELINE_ERRORS, rows, &steps, |row, at| {
        row.errors[at]
    });
    durations(text, rows);
    infos(text, rows, installation);
    number(text, exported::SOURCE_EXPECTED_INTERVAL, rows, |row| {
        row.timing.map(|timing| timing.interval_seconds)
    });
    number(text, exported::SOURCE_LAST_SUCCESS, rows, |row| {
        Some(row.last_success)
    });
    number(text, exported::SOURCE_NEXT_RUN, rows, |row| {
        row.timing.map(|timing| timing.next_run)
    });
    number(text, exported::SOURCE_RUN_DEADLINE, rows, |row| {
        Some(row.run_deadline)
    });
    number(text, exported::SOURCE_CREATED, rows, |row| row.created);
    number(text, exported::SOURCE_CONSECUTIVE_FAILURES, rows, |row| {
        Some(row.consecutive_failures)
    });
    number(text, exported::SOURCE_SUSPENDED, rows, |row| {
        Some(flag(row.is_suspended))
    });
    let statuses = conditions::STATUSES;
    let states: Vec<Vec<&str>> = conditions::TYPES
        .iter()
        .flat_map(|kind| statuses.map(|status| vec![*kind, status]))
        .collect();
    several(text, operator::SOURCE_CONDITION, rows, &states, |row, at| {
        flag(row.conditions[at / statuses.len()] == at % statuses.len())
    });
    number(text, operator::SOURCE_PENDING, rows, |row| {
        Some(flag(row.is_pending))
    });
}

/// A family with one series a source, of the sources that have their API name and a value.
fn number(text: &mut String, family: Family, rows: &[Row], value: impl Fn(&Numbers) -> Option<f64>) {
    let series = Series::new(family.name, family.labels[0], &[]);
    text::family(text, family, |text| {
        for (api, numbers) in owners(rows) {
            if let Some(value) = value(numbers) {
                series.write(text, api, value);
            }
        }
    });
}

/// A family with one series a source for each of `others`, the values of the labels after the first.
fn several(
    text: &mut String,
    family: Family,
    rows: &[Row],
    others: &[Vec<&str>],
    value: impl Fn(&Numbers, usize) -> f64,
) {
    let names = &family.labels[1..];
    let all: Vec<Series> = others
        .iter()
        .map(|values| {
            let others: Vec<_> = names.iter().copied().zip(values.iter().copied()).collect();
            Series::new(family.name, family.labels[0], &others)
        })
        .collect();
    text::family(text, family, |text| {
        for (api, numbers) in owners(rows) {
            for (at, series) in all.iter().enumerate() {
                series.write(text, api, value(numbers, at));
            }
        }
    });
}

fn durations(text: &mut String, rows: &[Row]) {
    let family = exported::PIPELINE_DURATION;
    let (name, label) = (family.name, family.labels[0]);
    let bounds = DURATION_BUCKETS.iter().map(ToString::to_string);
    let buckets: Vec<Series> = bounds
        .chain(iter::once("+Inf".to_owned()))
        .map(|bound| Series::new(&format!("{name}_bucket"), label, &[("le", &bound)]))
        .collect();
    let sum = Series::new(&format!("{name}_sum"), label, &[]);
    let count = Series::new(&format!("{name}_count"), label, &[]);
    text::family(text, family, |text| {
        for (api, numbers) in owners(rows) {
            let mut cumulative = 0;
            for (bucket, runs) in buckets.iter().zip(numbers.durations) {
                cumulative += runs;
                bucket.write(text, api, whole(cumulative));
            }
            sum.write(text, api, numbers.duration_seconds);
            count.write(text, api, whole(cumulative));
        }
    });
}

fn infos(text: &mut String, rows: &[Row], installation: &str) {
    let family = exported::SOURCE_INFO;
    text::family(text, family, |text| {
        for row in rows {
            let values = [row.key.namespace.as_str(), &row.key.name, installation];
            let others: Vec<_> = family.labels[1..].iter().copied().zip(values).collect();
            Series::new(family.name, family.labels[0], &others).write(text, &row.api, 1.0);
        }
    });
}

fn owners(rows: &[Row]) -> impl Iterator<Item = (&str, &Numbers)> {
    rows.iter()
        .filter_map(|row| Some((row.api.as_str(), row.numbers.as_ref()?)))
}

fn flag(is_set: bool) -> f64 {
    f64::from(u8::from(is_set))
}

#[allow(clippy::cast_precision_loss, reason = "numbers in Prometheus are f64")]
fn whole(number: u64) -> f64 {
    number as f64
}
