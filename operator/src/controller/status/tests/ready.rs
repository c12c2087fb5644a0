//! Tests of the condition `Ready`.

use super::*;

fn ready(situation: &Situation, time: &str) -> String {
    said(&situation.assess(day(time)).status).remove(0)
}

#[test]
fn ready_follows_the_steps_before_and_what_keeps_runs_from_starting() {
    let refused = |reason| Situation {
        refused: Some((reason, "x".into())),
        ..Situation::with_runs([active("1", false, Some(Reason::Unschedulable))])
    };
    for (situation, expected) in [
        (Situation::default(), "Ready True Scheduled"),
        (
            Situation {
                spec: json!({"suspend": true}),
                ..Situation::default()
            },
            "Ready True Suspended",
        ),
        (refused(ConditionReason::NameTaken), "Ready False NameTaken"),
        (
            refused(ConditionReason::CronJobRefused),
            "Ready False CronJobRefused",
        ),
        (
            Situation::with_runs([active("1", false, None)]),
            "Ready True Scheduled",
        ),
        (
            Situation::with_runs([active("1", true, None)]),
            "Ready True Scheduled",
        ),
        (
            Situation::with_runs([active("1", false, Some(Reason::Unschedulable))]),
            "Ready False Unschedulable",
        ),
        (
            Situation::with_runs([
                active("1", true, None),
                active("2", false, Some(Reason::ImagePullFailed)),
            ]),
            "Ready False ImagePullFailed",
        ),
        (
            Situation::with_runs([failed("1", "06:00:00", Reason::ImagePullFailed)]),
            "Ready True Scheduled",
        ),
    ] {
        assert_eq!(ready(&situation, "07:00:00"), expected, "{situation:?}");
    }
}

#[test]
fn a_source_whose_runs_cannot_start_is_not_ready_until_one_does() {
    let stuck = Situation::with_runs([active("1", false, Some(Reason::ImagePullFailed))]);
    let ended = stuck.then(at(NOW), [failed("1", "07:10:00", Reason::ImagePullFailed)]);
    assert_eq!(ready(&ended, "07:10:01"), "Ready False ImagePullFailed");
    let first = ended.written(day("07:10:01"));
    let next = |run| first.then(day("07:10:02"), [run]);
    assert_eq!(
        ready(&next(active("2", false, None)), "13:44:01"),
        "Ready False ImagePullFailed"
    );
    assert_eq!(
        ready(&next(active("2", true, None)), "13:44:01"),
        "Ready True Scheduled"
    );
    assert_eq!(
        ready(&next(succeeded("2", "13:44:09")), "13:44:10"),
        "Ready True Scheduled"
    );
    assert_eq!(
        ready(&next(failed("2", "13:44:09", Reason::OOMKilled)), "13:44:10"),
        "Ready True Scheduled"
    );

    let edited = Situation {
        generation: 2,
        ..first.clone()
    };
    assert_eq!(
        ready(&edited, "08:00:00"),
        "Ready True Scheduled",
        "the edit may have helped"
    );
    let new_image = Situation {
        cron_job_generation: 2,
        ..first
    };
    assert_eq!(
        ready(&new_image, "08:00:00"),
        "Ready True Scheduled",
        "so may the operator's settings"
    );
}
