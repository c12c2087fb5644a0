//! Tests of what a Job tells.

use serde_json::{Value, json};

use super::*;

fn job(changes: &Value) -> Job {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "sea-monster-29384040", "namespace": "default", "uid": "job-1",
            "creationTimestamp": "2026-05-01T06:44:00Z",
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "other"},
                {"apiVersion": "batch/v1", "kind": "CronJob", "name": "sea-monster", "uid": "cron-1", "controller": true}
            ]
        },
        "spec": {"activeDeadlineSeconds": 600, "template": {}},
        "status": {"active": 1, "failed": 1}
    });
    merge(&mut job, changes);
    serde_json::from_value(job).unwrap()
}

/// JSON merge patch (RFC 7386), without removal of whole lists.
fn merge(target: &mut Value, changes: &Value) {
    match (target, changes) {
        (Value::Object(target), Value::Object(changes)) => {
            for (key, change) in changes {
                match change {
                    Value::Null => drop(target.remove(key)),
                    change => merge(target.entry(key.clone()).or_insert(Value::Null), change),
                }
            }
        }
        (target, changes) => *target = changes.clone(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record() -> JobRecord {
    JobRecord {
        uid: "job-1".into(),
        name: "sea-monster-29384040".into(),
        owner_uid: "cron-1".into(),
        trigger: Trigger::Schedule,
        run_now_token: None,
        created: at("2026-05-01T06:44:00Z"),
        active_deadline_seconds: Some(600),
        ended_pods: 1,
        ended: None,
    }
}

#[test]
fn an_active_job_of_a_cron_job_is_a_scheduled_run() {
    assert_eq!(job_record(&job(&json!({}))), Some(record()));
}

#[test]
fn a_job_with_a_token_that_no_cron_job_made_is_a_run_now() {
    let token = json!({"sms-scraper.dev/run-now-token": "now-1"});
    let source = json!([{"apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "name": "sea-monster",
        "uid": "source-1", "controller": true}]);
    let expected = JobRecord {
        owner_uid: "source-1".into(),
        trigger: Trigger::RunNow,
        run_now_token: Some("now-1".into()),
        ..record()
    };
    let made = job(&json!({"metadata": {"annotations": token, "ownerReferences": source}}));
    assert_eq!(job_record(&made), Some(expected));

    let pretended = job(&json!({"metadata": {"annotations": token}}));
    assert_eq!(
        job_record(&pretended),
        Some(record()),
        "spec.job.annotations may hold anything"
    );
}

#[test]
fn a_job_without_identity_or_controlling_owner_is_none_of_ours() {
    for (name, changes) in [
        ("no UID", json!({"metadata": {"uid": null}})),
        ("no owner", json!({"metadata": {"ownerReferences": null}})),
        (
            "no controlling owner",
            json!({"metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "x", "uid": "x"}]}}),
        ),
        (
            "owner without UID",
            json!({"metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "x", "uid": "", "controller": true}]}}),
        ),
        ("never created", json!({"metadata": {"creationTimestamp": null}})),
    ] {
        assert_eq!(job_record(&job(&changes)), None, "{name}");
    }
}

#[test]
fn only_the_final_conditions_end_a_job() {
    let condition = |type_: &str, status: &str| {
        json!({"type": type_, "status": status, "reason": "DeadlineExceeded",
            "message": "Job was active longer than\nspecified deadline", "lastTransitionTime": "2026-05-01T06:54:00Z"})
    };
    let end = |conditions: Value| {
        job_record(&job(&json!({"status": {"conditions": conditions}})))
            .unwrap()
            .ended
    };

    for type_ in ["SuccessCriteriaMet", "FailureTarget", "Suspended"] {
        assert_eq!(end(json!([condition(type_, "True")])), None, "{type_}");
    }
    assert_eq!(end(json!([condition("Failed", "False")])), None);
    assert_eq!(end(json!([condition("Complete", "Unknown")])), None);

    let failed = JobEnd {
        at: at("2026-05-01T06:54:00Z"),
        is_complete: false,
        reason: "DeadlineExceeded".into(),
        message: "Job was active longer than specified deadline".into(),
    };
    let both = json!([condition("FailureTarget", "True"), condition("Failed", "True")]);
    assert_eq!(end(both), Some(failed.clone()));
    let complete = json!([
        condition("SuccessCriteriaMet", "True"),
        condition("Complete", "True")
    ]);
    assert_eq!(
        end(complete),
        Some(JobEnd {
            is_complete: true,
            ..failed
        })
    );
}

#[test]
fn an_end_without_a_time_or_before_the_creation_is_at_the_creation() {
    for time in [Value::Null, json!("2020-01-01T00:00:00Z")] {
        let mut condition = json!({"type": "Complete", "status": "True"});
        merge(&mut condition, &json!({"lastTransitionTime": time}));
        let ended = job_record(&job(&json!({"status": {"conditions": [condition]}})))
            .unwrap()
            .ended;
        assert_eq!(ended.unwrap().at, at("2026-05-01T06:44:00Z"));
    }
}
