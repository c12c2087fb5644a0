//! Tests of ends that the run itself does not explain.

use super::*;

fn told(job: &JobRecord, pods: &[PodRecord]) -> (Outcome, Option<Reason>, String) {
    let report = finished(job, pods).report;
    (report.outcome, report.reason, report.message.unwrap_or_default())
}

#[test]
fn a_run_that_left_no_report_gets_one() {
    let run = finished(
        &failed("BackoffLimitExceeded", 1),
        &[first(ended(Some(137), Some(Reason::OOMKilled), None))],
    );
    assert_eq!(
        serde_json::to_value(&run.report).unwrap(),
        json!({
            "source": "music/sea-monster", "apiName": "sea_monster", "run": "sea-monster-1",
            "outcome": "Failed", "reason": "OOMKilled",
            "message": "the container used more memory than its limit: raise spec.job.resources.limits.memory",
            "startedAt": "2026-05-01T06:44:00.000Z", "finishedAt": "2026-05-01T06:53:58.000Z", "durationSeconds": 598.0,
            "pages": 0, "found": 0, "processed": 0, "skipped": 0, "errors": 1, "new": 0, "updated": 0, "unchanged": 0,
            "removed": 0, "partial": false, "store": "", "specHash": ""
        })
    );
    assert_eq!(run.finished_at, at("2026-05-01T06:53:58Z"));
}

#[test]
fn the_nearest_cause_is_told_with_its_remedy() {
    let late = || failed("DeadlineExceeded", 1);
    let unknown = || ended(None, None, None);
    let with_message = |reason, message: &str, exit_code| PodState::Ended {
        exit_code,
        reason: Some(reason),
        message: Some(message.into()),
        report: None,
        at: None,
    };
    for (name, job, state, reason, message) in [
        (
            "image pull until the deadline",
            late(),
            stuck(),
            Reason::ImagePullFailed,
            "the image x cannot be pulled",
        ),
        (
            "the same, after the Pod was deleted",
            late(),
            with_message(Reason::ImagePullFailed, "the image x cannot be pulled", None),
            Reason::ImagePullFailed,
            "the image x cannot be pulled",
        ),
        (
            "deadline in the middle",
            late(),
            ended(Some(137), None, None),
            Reason::DeadlineExceeded,
            "the Job took longer than 600 seconds: raise spec.job.activeDeadlineSeconds, or let the run do less",
        ),
        (
            "deadline before the start",
            late(),
            unknown(),
            Reason::DeadlineExceeded,
            "the container did not start within 600 seconds: look whether every Secret, ConfigMap and volume that the Pod \
             mounts exists (kubectl describe job sea-monster-1 and its Pod's events), or raise \
             spec.job.activeDeadlineSeconds",
        ),
        (
            "evicted",
            failed("BackoffLimitExceeded", 1),
            with_message(
                Reason::Evicted,
                "The node was low on resource: memory.",
                Some(137),
            ),
            Reason::Evicted,
            "the Pod was pushed out of its node (The node was low on resource: memory): the next run starts on schedule; if \
             this goes on, raise requests in spec.job.resources",
        ),
        (
            "a bug",
            failed("BackoffLimitExceeded", 1),
            ended(Some(134), None, None),
            Reason::PodFailed,
            "the scraper ended with exit code 134 and without a report: kubectl logs -n music job/sea-monster-1",
        ),
        (
            "nothing known",
            failed("BackoffLimitExceeded", 1),
            unknown(),
            Reason::PodFailed,
            "the Job failed (BackoffLimitExceeded) and left no report: kubectl describe job -n music sea-monster-1",
        ),
        (
            "success without a report",
            complete(1),
            ended(Some(0), None, None),
            Reason::PodFailed,
            "the scraper ended with exit code 0 and without a report: kubectl logs -n music job/sea-monster-1",
        ),
    ] {
        assert_eq!(
            told(&job, &[first(state)]),
            (Outcome::Failed, Some(reason), message.to_owned()),
            "{name}"
        );
    }
}

#[test]
fn a_job_without_any_pod_says_what_may_have_kept_it() {
    let (_, reason, message) = told(&failed("DeadlineExceeded", 0), &[]);
    assert_eq!(reason, Some(Reason::DeadlineExceeded));
    assert!(
        message.contains("no Pod within 600 seconds") && message.contains("quota"),
        "{message}"
    );

    let (_, reason, message) = told(&complete(1), &[]);
    assert_eq!(reason, Some(Reason::PodFailed));
    assert!(message.contains("its Pod is gone"), "{message}");
}

#[test]
fn a_run_that_was_interrupted_is_told_why() {
    let interrupted = || Some(report(Outcome::Failed, Some(Reason::Interrupted), 1));
    let by_deadline = finished(
        &failed("DeadlineExceeded", 1),
        &[first(ended(Some(1), None, interrupted()))],
    );
    assert_eq!(by_deadline.report.reason, Some(Reason::DeadlineExceeded));
    assert_eq!(by_deadline.report.run, "r1", "the rest of the report stays");

    let evicted = first(ended(Some(1), Some(Reason::Evicted), interrupted()));
    assert_eq!(
        told(&failed("BackoffLimitExceeded", 1), &[evicted]).1,
        Some(Reason::Evicted)
    );

    let unexplained = first(ended(Some(1), None, interrupted()));
    assert_eq!(
        told(&failed("BackoffLimitExceeded", 1), &[unexplained]),
        (
            Outcome::Failed,
            Some(Reason::Interrupted),
            "in the run's own words".into()
        )
    );
}

#[test]
fn a_run_whose_worker_was_killed_for_want_of_memory_is_told_which_limit_that_was() {
    let exceeded = || Some(report(Outcome::Failed, Some(Reason::LimitExceeded), 1));
    let killed = first(ended(Some(1), Some(Reason::OOMKilled), exceeded()));
    let run = finished(&failed("BackoffLimitExceeded", 1), &[killed]).report;
    assert_eq!(run.reason, Some(Reason::OOMKilled));
    let message = run.message.unwrap();
    assert!(message.contains("spec.job.resources.limits.memory"), "{message}");
    assert_eq!(run.run, "r1", "the rest of the report stays");

    let too_deep = first(ended(Some(1), None, exceeded()));
    assert_eq!(
        told(&failed("BackoffLimitExceeded", 1), &[too_deep]).1,
        Some(Reason::LimitExceeded)
    );
}

#[test]
fn the_runs_own_reason_is_better_than_what_happened_to_its_pod() {
    let timed_out = Some(report(Outcome::Failed, Some(Reason::TimedOut), 1));
    let pods = [first(ended(Some(1), Some(Reason::OOMKilled), timed_out))];
    assert_eq!(
        told(&failed("BackoffLimitExceeded", 1), &pods).1,
        Some(Reason::TimedOut)
    );
}

#[test]
fn a_failed_job_is_a_failed_run_whatever_the_report_says() {
    for outcome in [
        Outcome::Succeeded,
        Outcome::Unchanged,
        Outcome::Suspicious,
        Outcome::SkippedByCadence,
    ] {
        let pods = [first(ended(Some(137), None, Some(report(outcome, None, 0))))];
        let (found, reason, message) = told(&failed("BackoffLimitExceeded", 1), &pods);
        assert_eq!((found, reason), (Outcome::Failed, Some(Reason::PodFailed)));
        assert!(
            message.starts_with(&format!(
                "the run reports {}, but its Job failed (BackoffLimitExceeded)",
                outcome.as_str()
            )),
            "{message}"
        );
    }
}

#[test]
fn an_attempt_without_a_report_after_one_with_a_report_keeps_the_errors_of_both() {
    let pods = [
        first(ended(
            Some(1),
            None,
            Some(report(Outcome::Failed, Some(Reason::TimedOut), 2)),
        )),
        second(ended(Some(137), Some(Reason::OOMKilled), None)),
    ];
    let run = finished(&failed("BackoffLimitExceeded", 2), &pods);
    assert_eq!(run.report.reason, Some(Reason::OOMKilled));
    assert_eq!((run.attempts, run.report.errors), (2, 3));
}
