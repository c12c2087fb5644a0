//! Tests of runs made of Jobs and Pods.

use serde_json::json;
use sms_crds::{SourceKey, v1alpha1::status::Trigger};

use super::*;

mod ends;

const CREATED: &str = "2026-05-01T06:44:00Z";
const ENDED: &str = "2026-05-01T06:54:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn later(seconds: i64) -> Timestamp {
    at(ENDED) + SignedDuration::from_secs(seconds)
}

fn owner() -> Owner {
    Owner {
        key: SourceKey {
            namespace: "music".into(),
            name: "sea-monster".into(),
        },
        api_name: "sea_monster".into(),
    }
}

fn job() -> JobRecord {
    JobRecord {
        uid: "job-1".into(),
        name: "sea-monster-1".into(),
        owner_uid: "cron-1".into(),
        trigger: Trigger::Schedule,
        run_now_token: None,
        created: at(CREATED),
        active_deadline_seconds: Some(600),
        ended_pods: 0,
        ended: None,
    }
}

fn complete(ended_pods: i64) -> JobRecord {
    JobRecord {
        ended_pods,
        ended: Some(JobEnd {
            at: at(ENDED),
            is_complete: true,
            reason: "CompletionsReached".into(),
            message: String::new(),
        }),
        ..job()
    }
}

fn failed(reason: &str, ended_pods: i64) -> JobRecord {
    JobRecord {
        ended_pods,
        ended: Some(JobEnd {
            at: at(ENDED),
            is_complete: false,
            reason: reason.into(),
            message: String::new(),
        }),
        ..job()
    }
}

fn pod(uid: &str, created: &str, state: PodState) -> PodRecord {
    PodRecord {
        uid: uid.into(),
        name: format!("sea-monster-1-{uid}"),
        job_uid: "job-1".into(),
        created: at(created),
        is_deleted: false,
        state,
    }
}

fn first(state: PodState) -> PodRecord {
    pod("a", "2026-05-01T06:44:01Z", state)
}

fn second(state: PodState) -> PodRecord {
    pod("b", "2026-05-01T06:45:00Z", state)
}

fn stuck() -> PodState {
    PodState::Stuck {
        reason: Reason::ImagePullFailed,
        message: "the image x cannot be pulled".into(),
    }
}

fn ended(exit_code: Option<i32>, reason: Option<Reason>, report: Option<RunReport>) -> PodState {
    PodState::Ended {
        exit_code,
        reason,
        message: None,
        report: report.map(Box::new),
        at: Some(at("2026-05-01T06:53:58Z")),
    }
}

fn report(outcome: Outcome, reason: Option<Reason>, errors: i64) -> RunReport {
    serde_json::from_value(json!({
        "source": "elsewhere/other", "apiName": "other", "run": "r1", "outcome": outcome, "reason": reason,
        "message": reason.map(|_| "in the run's own words"),
        "startedAt": "2026-05-01T06:53:55.250Z", "finishedAt": "2026-05-01T06:53:57.750Z", "durationSeconds": 2.5,
        "processed": 10, "errors": errors, "errorsByStep": {"fetch": errors}, "store": "postgres"
    }))
    .unwrap()
}

fn active(has_started: bool, problem: Option<(Reason, String)>, look_again_after: Option<u64>) -> Run {
    Run::Active {
        job_uid: "job-1".into(),
        job: "sea-monster-1".into(),
        has_started,
        problem,
        look_again_after,
    }
}

fn run(job: &JobRecord, pods: &[PodRecord], now: Timestamp) -> Run {
    merge(&owner(), job, &pods.iter().collect::<Vec<_>>(), now)
}

fn finished(job: &JobRecord, pods: &[PodRecord]) -> FinishedRun {
    match run(job, pods, later(11)) {
        Run::Finished(run) => *run,
        Run::Active { .. } => panic!("not finished: {job:?} {pods:?}"),
    }
}

#[test]
fn a_job_without_an_end_is_active_whatever_its_pods_did() {
    let now = at("2026-05-01T06:46:00Z");
    assert_eq!(run(&job(), &[], now), active(false, None, None));
    assert_eq!(
        run(&job(), &[first(PodState::Starting)], now),
        active(false, None, None)
    );
    assert_eq!(
        run(&job(), &[first(PodState::Running)], now),
        active(true, None, None)
    );
    let success = ended(Some(0), None, Some(report(Outcome::Succeeded, None, 0)));
    assert_eq!(run(&job(), &[first(success)], now), active(true, None, None));
    let retried = [second(PodState::Starting), first(ended(Some(1), None, None))];
    assert_eq!(run(&job(), &retried, now), active(true, None, None));
}

#[test]
fn a_pod_that_does_not_start_is_a_problem_after_ten_seconds() {
    let problem = Some((Reason::ImagePullFailed, "the image x cannot be pulled".to_owned()));
    for (now, expected) in [
        ("2026-05-01T06:43:00Z", active(false, None, Some(10))),
        ("2026-05-01T06:44:01Z", active(false, None, Some(10))),
        ("2026-05-01T06:44:03.500Z", active(false, None, Some(8))),
        ("2026-05-01T06:44:10.999Z", active(false, None, Some(1))),
        ("2026-05-01T06:44:11Z", active(false, problem.clone(), None)),
        ("2026-05-01T08:00:00Z", active(false, problem, None)),
    ] {
        assert_eq!(run(&job(), &[first(stuck())], at(now)), expected, "{now}");
    }
}

#[test]
fn what_kept_a_pod_from_starting_stays_a_problem_while_it_is_taken_away() {
    let gone = |reason| PodState::Ended {
        exit_code: None,
        reason: Some(reason),
        message: Some("the image x cannot be pulled".into()),
        report: None,
        at: None,
    };
    let problem = Some((Reason::ImagePullFailed, "the image x cannot be pulled".to_owned()));
    let pods = [first(gone(Reason::ImagePullFailed))];
    assert_eq!(
        run(&job(), &pods, later(0)),
        active(false, problem.clone(), None),
        "the Job has not ended yet"
    );
    assert_eq!(
        run(&failed("DeadlineExceeded", 2), &pods, later(0)),
        active(false, problem, Some(10)),
        "the Job has ended, and another Pod may be told of"
    );
    let evicted = [first(gone(Reason::Evicted))];
    assert_eq!(run(&job(), &evicted, later(0)), active(false, None, None));
}

#[test]
fn only_the_newest_attempt_can_be_stuck() {
    let now = at("2026-05-01T07:00:00Z");
    let pods = [second(PodState::Running), first(stuck())];
    assert_eq!(run(&job(), &pods, now), active(true, None, None));
}

#[test]
fn an_ended_job_waits_ten_seconds_for_pods_that_come_over_another_watch() {
    let success = || ended(Some(0), None, Some(report(Outcome::Succeeded, None, 0)));
    for (name, job, pods) in [
        ("no Pod yet", complete(1), vec![]),
        (
            "a Pod without its end",
            complete(1),
            vec![first(PodState::Running)],
        ),
        (
            "a Pod of two",
            complete(2),
            vec![first(ended(Some(1), None, None))],
        ),
    ] {
        assert!(
            matches!(
                run(&job, &pods, later(0)),
                Run::Active {
                    look_again_after: Some(10),
                    ..
                }
            ),
            "{name}"
        );
        assert!(
            matches!(
                run(&job, &pods, later(9)),
                Run::Active {
                    look_again_after: Some(1),
                    ..
                }
            ),
            "{name}"
        );
        assert!(matches!(run(&job, &pods, later(10)), Run::Finished(_)), "{name}");
    }
    assert!(matches!(
        run(&complete(1), &[first(success())], later(0)),
        Run::Finished(_)
    ));
    let both = [first(ended(Some(1), None, None)), second(success())];
    assert!(matches!(run(&complete(2), &both, later(0)), Run::Finished(_)));
}

#[test]
fn a_finished_run_is_the_report_of_its_pod_under_the_owners_name() {
    let pods = [first(ended(
        Some(0),
        None,
        Some(report(Outcome::Succeeded, None, 0)),
    ))];
    assert_eq!(
        finished(&complete(1), &pods),
        FinishedRun {
            job_uid: "job-1".into(),
            job: "sea-monster-1".into(),
            trigger: Trigger::Schedule,
            attempts: 1,
            finished_at: at("2026-05-01T06:53:57.750Z"),
            report: RunReport {
                source: "music/sea-monster".into(),
                api_name: "sea_monster".into(),
                ..report(Outcome::Succeeded, None, 0)
            },
        }
    );
}

#[test]
fn the_last_attempt_decides_and_all_errors_count() {
    let pods = [
        second(ended(Some(0), None, Some(report(Outcome::Unchanged, None, 1)))),
        first(ended(
            Some(1),
            None,
            Some(report(Outcome::Failed, Some(Reason::TimedOut), 2)),
        )),
    ];
    let run = finished(&complete(2), &pods);
    assert_eq!(
        (run.attempts, run.report.outcome, run.report.reason),
        (2, Outcome::Unchanged, None)
    );
    assert_eq!(
        (run.report.errors, run.report.errors_by_step.values().sum::<i64>()),
        (3, 3)
    );
}

#[test]
fn attempts_that_were_created_in_one_second_are_in_the_order_of_their_ends() {
    let end = |uid: &str, time: &str, outcome| {
        let state = PodState::Ended {
            exit_code: Some(0),
            reason: None,
            message: None,
            report: Some(Box::new(report(outcome, None, 0))),
            at: Some(at(time)),
        };
        pod(uid, "2026-05-01T06:44:01Z", state)
    };
    let early = end("z", "2026-05-01T06:44:05Z", Outcome::Suspicious);
    let late = end("a", "2026-05-01T06:44:50Z", Outcome::Succeeded);
    for pods in [[early.clone(), late.clone()], [late, early]] {
        assert_eq!(finished(&complete(2), &pods).report.outcome, Outcome::Succeeded);
    }
}

#[test]
fn pods_that_are_gone_are_still_attempts() {
    let pods = [second(ended(
        Some(0),
        None,
        Some(report(Outcome::Succeeded, None, 0)),
    ))];
    assert_eq!(finished(&complete(2), &pods).attempts, 2);
    let ignored = [first(ended(Some(1), None, None)), pods[0].clone()];
    assert_eq!(
        finished(&complete(1), &ignored).attempts,
        2,
        "podFailurePolicy may not count one"
    );
}

#[test]
fn times_that_cannot_be_are_those_of_kubernetes() {
    let times = |started: &str, finished_at: &str| {
        let told = RunReport {
            started_at: started.into(),
            finished_at: finished_at.into(),
            ..report(Outcome::Succeeded, None, 0)
        };
        let run = finished(&complete(1), &[first(ended(Some(0), None, Some(told)))]);
        assert_eq!(run.report.finished_at, written(run.finished_at));
        (run.report.started_at, run.report.finished_at)
    };
    let pods_end = "2026-05-01T06:53:58.000Z".to_owned();
    let created = "2026-05-01T06:44:00.000Z".to_owned();
    assert_eq!(
        times("yesterday", "2099-01-01T00:00:00Z"),
        (created.clone(), pods_end.clone())
    );
    assert_eq!(times("1999-01-01T00:00:00Z", ""), (created, pods_end));
    assert_eq!(
        times("2026-05-01T06:53:57Z", "2026-05-01T06:50:00+00:00"),
        (
            "2026-05-01T06:50:00.000Z".into(),
            "2026-05-01T06:50:00.000Z".into()
        ),
        "no run ends before it starts"
    );
}
