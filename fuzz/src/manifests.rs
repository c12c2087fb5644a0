//! Targets for what people write: manifests and schedules. Pure.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use sms_crds::{
    SourceKey,
    manifest::{FileAccess, parse_source, read_admitted, read_manifests},
    schedule::Schedule,
};
use sms_job::extract::plan::Plan;

fn now() -> Timestamp {
    "2026-03-28T12:00:00Z".parse().expect("a time")
}

/// A file of manifests: what is accepted travels to a run and means the same there, and compiles or says why not.
pub fn manifest(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found = read_manifests(&text, "fuzz.yaml", FileAccess::Refused);
    for problem in &found.problems {
        assert!(!problem.to_string().is_empty());
    }
    for source in &found.sources {
        let travel = serde_json::to_string(&source.to_travel()).expect("a source as JSON");
        let arrived = parse_source(&travel, "SMS_SOURCE").expect("an accepted source is accepted again");
        assert_eq!(arrived.spec_hash(), source.spec_hash(), "{travel}");
        read_admitted(&travel, "SMS_SOURCE").expect("an accepted source is admitted");
        for error in Plan::compile(source, now()).err().unwrap_or_default() {
            assert!(!error.to_string().is_empty());
        }
    }
    // The bytes as each kind of small language that a manifest holds.
    let _ = sms_job::extract::html::compile_selector(&text, "spec.fuzz");
    let _ = sms_job::extract::jq::Program::compile(&text, "spec.fuzz");
}

/// A schedule: what is accepted means the same as cron, and runs.
pub fn schedule(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let key = SourceKey {
        namespace: "default".to_owned(),
        name: "x".to_owned(),
    };
    let Ok(schedule) = Schedule::parse(&text, &key) else {
        return;
    };
    let again = Schedule::parse(&schedule.to_cron(), &key).expect("its cron form is a schedule");
    assert_eq!(again.to_cron(), schedule.to_cron(), "{text:?}");
    for zone in ["UTC", "Australia/Lord_Howe"] {
        let zone = TimeZone::get(zone).expect("a zone");
        let next = schedule.next_after(now(), &zone);
        assert_eq!(next, again.next_after(now(), &zone), "{text:?}");
        assert!(next.is_none_or(|next| next > now()), "{text:?}: {next:?}");
    }
    // A year of days is looked at: once in a while is enough.
    if data.len() % 16 == 9 {
        assert!(
            schedule.expected_interval(now(), &TimeZone::UTC) >= Duration::from_mins(1),
            "{text:?}"
        );
    }
}
