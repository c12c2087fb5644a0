//! Whole statuses, as `kubectl get -o json` shows them.

use super::*;

fn shown(status: &ScrapeSourceStatus) -> Value {
    serde_json::to_value(status).unwrap()
}

fn condition(type_: &str, status: &str, reason: &str, since: &str, message: &str) -> Value {
    json!({"lastTransitionTime": since, "message": message, "observedGeneration": 1, "reason": reason, "status": status, "type": type_})
}

fn cron_job() -> Value {
    json!({"name": "sea-monster", "uid": "cron-1", "generation": 1})
}

fn scheduled() -> Value {
    condition(
        "Ready",
        "True",
        "Scheduled",
        NOW,
        "Runs at 44 */6 * * * (America/Los_Angeles)",
    )
}

fn no_run() -> Value {
    condition(
        "LastRunSucceeded",
        "Unknown",
        "NoRunYet",
        NOW,
        "No run has finished yet",
    )
}

fn no_data() -> Value {
    condition(
        "DataHealthy",
        "Unknown",
        "NoRunYet",
        NOW,
        "No run has read events yet",
    )
}

fn no_metrics() -> Value {
    condition(
        "MetricsPublished",
        "Unknown",
        "NoRunYet",
        NOW,
        "No run has pushed metrics yet",
    )
}

fn pushed() -> Value {
    condition(
        "MetricsPublished",
        "True",
        "Pushed",
        NOW,
        "Job sea-monster-1 pushed the metrics of sea_monster",
    )
}

fn last_run(outcome: &str, changes: &Value) -> Value {
    let mut run = json!({
        "job": "sea-monster-1", "trigger": "Schedule", "attempts": 1,
        "source": "music/sea-monster", "apiName": "sea_monster", "run": "r1", "outcome": outcome,
        "startedAt": "2026-05-01T06:44:02Z", "finishedAt": "2026-05-01T06:44:04Z", "durationSeconds": 2.0,
        "pages": 0, "found": 12, "processed": 10, "skipped": 2, "errors": 0, "new": 3, "updated": 0, "unchanged": 7,
        "removed": 0, "skippedByReason": {"Duplicate": 2}, "partial": false, "store": "postgres", "metricsPushed": true,
        "specHash": "00ff"
    });
    for (key, value) in changes.as_object().unwrap() {
        run[key] = value.clone();
    }
    run
}

fn totals(outcome: &str) -> Value {
    json!({
        "runs": {outcome: 1}, "processed": 10, "skipped": {"Duplicate": 2}, "durationSeconds": 2.0,
        "durationBuckets": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    })
}

#[test]
fn the_first_visit() {
    let assessment = Situation::default().assess(at(NOW));
    assert_eq!(
        shown(&assessment.status),
        json!({
            "observedGeneration": 1,
            "conditions": [scheduled(), no_run(), no_data(), no_metrics()],
            "consecutiveFailures": 0,
            "nextRunTime": "2026-05-01T07:44:00Z",
            "cronJob": cron_job()
        })
    );
    assert_eq!(assessment.events, []);
    assert_eq!(assessment.look_again_after, None);
}

#[test]
fn after_a_success() {
    let assessment = Situation::with_runs([succeeded("1", "06:44:04")]).assess(at(NOW));
    assert_eq!(
        shown(&assessment.status),
        json!({
            "observedGeneration": 1,
            "conditions": [
                scheduled(),
                condition("LastRunSucceeded", "True", "Succeeded", NOW,
                    "Job sea-monster-1: 10 events (3 new, 0 updated, 7 unchanged), 0 removed, 2 skipped, 0 errors"),
                condition("DataHealthy", "True", "AsExpected", NOW, "10 events read, as expected"),
                pushed(),
            ],
            "lastRun": last_run("Succeeded", &json!({})),
            "lastSuccessTime": "2026-05-01T06:44:04Z",
            "consecutiveFailures": 0,
            "nextRunTime": "2026-05-01T07:44:00Z",
            "recentRuns": [
                {"job": "sea-monster-1", "finishedAt": "2026-05-01T06:44:04Z", "outcome": "Succeeded", "processed": 10}
            ],
            "totals": totals("Succeeded"),
            "countedJobs": ["1"],
            "cronJob": cron_job()
        })
    );
    assert_eq!(assessment.events, [], "a success is routine");
}

#[test]
fn after_an_end_out_of_memory() {
    let made = RunReport {
        message: Some(
            "the container used more memory than its limit: raise spec.job.resources.limits.memory".into(),
        ),
        found: 0,
        processed: 0,
        skipped: 0,
        skipped_by_reason: std::collections::BTreeMap::new(),
        new: 0,
        unchanged: 0,
        errors: 1,
        store: String::new(),
        metrics_pushed: None,
        ..report(Outcome::Failed, Some(Reason::OOMKilled), day("06:44:04"))
    };
    let assessment = Situation::with_runs([finished_with("1", made)]).assess(at(NOW));
    let words = "the container used more memory than its limit: raise spec.job.resources.limits.memory";
    let mut run = last_run(
        "Failed",
        &json!({"reason": "OOMKilled", "message": words, "found": 0, "processed": 0, "skipped": 0, "errors": 1, "new": 0,
            "unchanged": 0, "store": ""}),
    );
    run.as_object_mut()
        .unwrap()
        .retain(|key, _| key != "skippedByReason" && key != "metricsPushed");
    assert_eq!(
        shown(&assessment.status),
        json!({
            "observedGeneration": 1,
            "conditions": [
                scheduled(),
                condition("LastRunSucceeded", "False", "OOMKilled", NOW, &format!("Job sea-monster-1: {words}")),
                no_data(),
                condition(
                    "MetricsPublished",
                    "False",
                    "OOMKilled",
                    NOW,
                    "Job sea-monster-1 ended before it could push its metrics",
                ),
            ],
            "lastRun": run,
            "lastFailureTime": "2026-05-01T06:44:04Z",
            "consecutiveFailures": 1,
            "nextRunTime": "2026-05-01T07:44:00Z",
            "recentRuns": [{"job": "sea-monster-1", "finishedAt": "2026-05-01T06:44:04Z", "outcome": "Failed",
                "reason": "OOMKilled", "processed": 0}],
            "totals": {
                "runs": {"Failed": 1}, "processed": 0, "durationSeconds": 2.0,
                "durationBuckets": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
            },
            "countedJobs": ["1"],
            "cronJob": cron_job()
        })
    );
    assert_eq!(
        assessment.events,
        [Transition {
            kind: EventType::Warning,
            reason: "OOMKilled",
            action: "Run",
            note: format!("Job sea-monster-1: {words}"),
        }]
    );
}

#[test]
fn after_a_suspicious_run() {
    let run = finished("1", "06:44:04", Outcome::Suspicious, Some(Reason::TooFewEvents));
    let assessment = Situation::with_runs([run]).assess(at(NOW));
    let remedy = "in the run's own words. If the source really is so now: kubectl annotate --overwrite scrapesource -n music \
                  sea-monster sms-scraper.dev/accept=r1";
    let changes = json!({"reason": "TooFewEvents", "message": "in the run's own words"});
    assert_eq!(
        shown(&assessment.status),
        json!({
            "observedGeneration": 1,
            "conditions": [
                scheduled(),
                condition("LastRunSucceeded", "False", "TooFewEvents", NOW, "Job sea-monster-1: in the run's own words"),
                condition("DataHealthy", "False", "TooFewEvents", NOW, remedy),
                pushed(),
            ],
            "lastRun": last_run("Suspicious", &changes),
            "lastFailureTime": "2026-05-01T06:44:04Z",
            "consecutiveFailures": 1,
            "nextRunTime": "2026-05-01T07:44:00Z",
            "recentRuns": [{"job": "sea-monster-1", "finishedAt": "2026-05-01T06:44:04Z", "outcome": "Suspicious",
                "reason": "TooFewEvents", "processed": 10}],
            "totals": totals("Suspicious"),
            "countedJobs": ["1"],
            "cronJob": cron_job()
        })
    );
    let told = Transition {
        kind: EventType::Warning,
        reason: "TooFewEvents",
        action: "Run",
        note: remedy.to_owned(),
    };
    assert_eq!(assessment.events, [told], "one run, one event");
}

#[test]
fn a_refused_source() {
    let words = "spec.schedule: has 4 fields, write five";
    let situation = Situation {
        refused: Some((ConditionReason::InvalidSource, words.into())),
        ..Situation::default()
    };
    let assessment = situation.assess(at(NOW));
    assert_eq!(
        shown(&assessment.status),
        json!({
            "observedGeneration": 1,
            "conditions": [condition("Ready", "False", "InvalidSource", NOW, words), no_run(), no_data(), no_metrics()],
            "consecutiveFailures": 0
        })
    );
    assert_eq!(
        assessment.events,
        [Transition {
            kind: EventType::Warning,
            reason: "InvalidSource",
            action: "Reconcile",
            note: words.to_owned(),
        }]
    );
}

#[test]
fn an_api_name_that_belongs_to_another() {
    let situation = Situation {
        api_name_owner: Some(SourceKey {
            namespace: "older".into(),
            name: "monster".into(),
        }),
        ..Situation::default()
    };
    let assessment = situation.assess(at(NOW));
    let words = "the API name sea_monster belongs to the older ScrapeSource older/monster, so runs of this one publish no \
                 metrics: create this source anew with another spec.apiName";
    assert_eq!(
        shown(&assessment.status),
        json!({
            "observedGeneration": 1,
            "conditions": [
                scheduled(), no_run(), no_data(),
                condition("MetricsPublished", "False", "ApiNameTaken", NOW, words),
            ],
            "consecutiveFailures": 0,
            "nextRunTime": "2026-05-01T07:44:00Z",
            "cronJob": cron_job()
        })
    );
    assert_eq!(
        assessment.events,
        [Transition {
            kind: EventType::Warning,
            reason: "ApiNameTaken",
            action: "Reconcile",
            note: words.to_owned(),
        }]
    );
}

#[test]
fn a_run_now_that_waits() {
    let situation = Situation {
        run_now: Some(RunNow {
            token: "now-1".into(),
            state: RunNowState::Waiting,
            job: None,
            message: Some("Job sea-monster-1 is active: this run starts when it has ended".into()),
        }),
        ..Situation::with_runs([active("1", true, None)])
    };
    let assessment = situation.assess(at(NOW));
    let words = "Job sea-monster-1 is active: this run starts when it has ended";
    assert_eq!(
        shown(&assessment.status),
        json!({
            "observedGeneration": 1,
            "conditions": [scheduled(), no_run(), no_data(), no_metrics()],
            "consecutiveFailures": 0,
            "nextRunTime": "2026-05-01T07:44:00Z",
            "cronJob": cron_job(),
            "runNow": {"token": "now-1", "state": "Waiting", "message": words}
        })
    );
    assert_eq!(
        assessment.events,
        [Transition {
            kind: EventType::Normal,
            reason: "Waiting",
            action: "RunNow",
            note: words.to_owned(),
        }]
    );
}
