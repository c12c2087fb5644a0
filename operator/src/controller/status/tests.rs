//! Tests of the status step: what all of them share.

use serde_json::{Value, json};
use sms_crds::{
    report::{Outcome, Reason, RunReport},
    v1alpha1::status::{RunNowState, Trigger},
    zone::time_zone,
};

use super::*;
use crate::runs::FinishedRun;

mod conditions;
mod events;
mod ledger;
mod ready;
mod steady;
mod whole;

const NOW: &str = "2026-05-01T07:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A moment of the day of all tests.
fn day(time: &str) -> Timestamp {
    at(&format!("2026-05-01T{time}Z"))
}

/// What a test varies; the defaults are a source that was never visited.
#[derive(Clone, Debug)]
struct Situation {
    spec: Value,
    generation: i64,
    status: Option<ScrapeSourceStatus>,
    refused: Option<(ConditionReason, String)>,
    cron_job_generation: i64,
    runs: Vec<Run>,
    run_now: Option<RunNow>,
    api_name_owner: Option<SourceKey>,
    has_pushgateway: bool,
}

impl Default for Situation {
    fn default() -> Self {
        Self {
            spec: json!({}),
            generation: 1,
            status: None,
            refused: None,
            cron_job_generation: 1,
            runs: Vec::new(),
            run_now: None,
            api_name_owner: None,
            has_pushgateway: true,
        }
    }
}

impl Situation {
    fn with_runs(runs: impl IntoIterator<Item = Run>) -> Self {
        Self {
            runs: runs.into_iter().collect(),
            ..Self::default()
        }
    }

    fn assess(&self, now: Timestamp) -> Assessment {
        let mut spec = json!({
            "schedule": "44 */6 * * *", "timeZone": "America/Los_Angeles",
            "fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}}
        });
        for (key, value) in self.spec.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let mut source: ScrapeSource = serde_json::from_value(json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
            "metadata": {"name": "sea-monster", "namespace": "music", "uid": "source-1", "generation": self.generation},
            "spec": spec
        }))
        .unwrap();
        source.status.clone_from(&self.status);
        let schedule = Schedule::parse(&source.spec.schedule, &source.key()).unwrap();
        let zone = time_zone(&source.spec.time_zone, "spec.timeZone").unwrap();
        let verdict = match self.refused.clone() {
            Some((reason, message)) => Verdict::Refused { reason, message },
            None => Verdict::Applied {
                cron_job: AppliedCronJob {
                    name: "sea-monster".into(),
                    uid: "cron-1".into(),
                    generation: self.cron_job_generation,
                },
                schedule: &schedule,
                zone: &zone,
            },
        };
        let facts = Facts {
            source: &source,
            verdict,
            runs: &self.runs,
            run_now: self.run_now.clone(),
            api_name_owner: self.api_name_owner.clone(),
            has_pushgateway: self.has_pushgateway,
        };
        assess(&facts, now)
    }

    /// The situation after what `assess` gave was written, and read again.
    fn written(&self, now: Timestamp) -> Self {
        Self {
            status: Some(read_again(&self.assess(now).status)),
            ..self.clone()
        }
    }

    /// The next visit finds `runs`.
    fn then(&self, now: Timestamp, runs: impl IntoIterator<Item = Run>) -> Self {
        Self {
            runs: runs.into_iter().collect(),
            ..self.written(now)
        }
    }
}

/// `status` as the API server gives it back.
fn read_again(status: &ScrapeSourceStatus) -> ScrapeSourceStatus {
    serde_json::from_str(&serde_json::to_string(status).unwrap()).unwrap()
}

fn report(outcome: Outcome, reason: Option<Reason>, finished_at: Timestamp) -> RunReport {
    serde_json::from_value(json!({
        "source": "music/sea-monster", "apiName": "sea_monster", "run": "r1", "outcome": outcome, "reason": reason,
        "message": reason.map(|_| "in the run's own words"),
        "startedAt": (finished_at - jiff::SignedDuration::from_secs(2)).to_string(), "finishedAt": finished_at.to_string(),
        "durationSeconds": 2.0, "found": 12, "processed": 10, "skipped": 2, "new": 3, "unchanged": 7,
        "skippedByReason": {"Duplicate": 2}, "store": "postgres", "metricsPushed": true, "specHash": "00ff"
    }))
    .unwrap()
}

fn finished_with(uid: &str, report: RunReport) -> Run {
    Run::Finished(Box::new(FinishedRun {
        job_uid: uid.to_owned(),
        job: format!("sea-monster-{uid}"),
        trigger: Trigger::Schedule,
        attempts: 1,
        finished_at: at(&report.finished_at),
        report,
    }))
}

/// A run that finished at a time of the day.
fn finished(uid: &str, time: &str, outcome: Outcome, reason: Option<Reason>) -> Run {
    finished_with(uid, report(outcome, reason, day(time)))
}

fn succeeded(uid: &str, time: &str) -> Run {
    finished(uid, time, Outcome::Succeeded, None)
}

fn failed(uid: &str, time: &str, reason: Reason) -> Run {
    finished(uid, time, Outcome::Failed, Some(reason))
}

fn active(uid: &str, has_started: bool, problem: Option<Reason>) -> Run {
    Run::Active {
        job_uid: uid.to_owned(),
        job: format!("sea-monster-{uid}"),
        has_started,
        problem: problem.map(|reason| (reason, "what to do about it".to_owned())),
        look_again_after: None,
    }
}

/// `status reason` of each condition, in order.
fn said(status: &ScrapeSourceStatus) -> Vec<String> {
    status
        .conditions
        .iter()
        .map(|condition| format!("{} {} {}", condition.type_, condition.status, condition.reason))
        .collect()
}

fn message<'s>(status: &'s ScrapeSourceStatus, type_: &str) -> &'s str {
    let condition = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == type_);
    &condition.unwrap().message
}
