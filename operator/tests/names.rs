//! A million generated names: none twice, and each one that Kubernetes takes. Pure.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use sms_operator::names::{CRON_JOB_NAME_LIMIT, cron_job, run_now_job};
use sms_proof::{Group, record};

/// Names of each kind.
const EACH: usize = 250_000;
/// The longest name that an object can have.
const LONGEST: usize = 253;

/// A DNS label (RFC 1123) that leaves room for what Kubernetes adds.
fn fits(name: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= CRON_JOB_NAME_LIMIT
        && name.bytes().all(is_inside)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.is_empty()
}

/// Names that are alike where it matters: those that differ only after the cut, those as long as can be, those that differ
/// in a dot; and the Jobs that requests make, of one source and of sources that share what is left of their names.
fn generated() -> impl Iterator<Item = String> {
    let prefix = "the-venue-with-the-longest-name-of-all-the-ven";
    let cut = (0..EACH).map(move |number| cron_job(&format!("{prefix}-{number}")));
    let longest = (0..EACH).map(|number| {
        let end = format!(".{number}");
        cron_job(&format!("{}{end}", "x".repeat(LONGEST - end.len())))
    });
    let dotted = (0..EACH).map(|number| {
        let digits = format!("{number:06}");
        let (left, right) = digits.split_at(number % 5 + 1);
        cron_job(&format!("v{left}.{right}"))
    });
    let runs = (0..EACH).map(move |number| match number % 2 {
        0 => run_now_job("blue-moon", &format!("2026-11-22T10:00:00.{number:06}Z")),
        _ => run_now_job(&format!("{prefix}-{number}"), "🎵 \u{0} now"),
    });
    cut.chain(longest).chain(dotted).chain(runs)
}

#[test]
fn a_million_names_differ_and_are_names() {
    let mut seen = HashSet::with_capacity(4 * EACH);
    let (mut collisions, mut unfit) = (0, 0);
    for name in generated() {
        unfit += usize::from(!fits(&name));
        collisions += usize::from(!seen.insert(name));
    }
    let met = record(
        Group::OperatorFaults,
        "10⁶ generated names",
        format!(
            "{} names, {collisions} collisions, {unfit} that Kubernetes refuses",
            seen.len()
        ),
        "0 collisions, each a DNS label of 52 characters at the most",
        collisions == 0 && unfit == 0 && seen.len() == 4 * EACH,
    );
    assert!(met, "{collisions} collisions, {unfit} unfit");
}
