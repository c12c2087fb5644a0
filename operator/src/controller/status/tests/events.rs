//! Tests of the Kubernetes events.

use super::*;

/// Kind, reason and action of what is told at `time`.
fn told(situation: &Situation, time: &str) -> Vec<(EventType, &'static str, &'static str)> {
    let events = situation.assess(day(time)).events;
    events
        .iter()
        .map(|event| (event.kind, event.reason, event.action))
        .collect()
}

const NORMAL: EventType = EventType::Normal;
const WARNING: EventType = EventType::Warning;

#[test]
fn a_source_that_is_refused_and_mended_is_told_twice() {
    let visited = Situation::default().written(at(NOW));
    let refused = |reason| Situation {
        refused: Some((reason, "x".into())),
        generation: 2,
        ..visited.clone()
    };
    let bad = refused(ConditionReason::InvalidSource);
    assert_eq!(told(&bad, "08:00:00"), [(WARNING, "InvalidSource", "Reconcile")]);
    let known = bad.written(day("08:00:00"));
    assert_eq!(told(&known, "08:00:01"), []);
    let otherwise_bad = Situation {
        refused: refused(ConditionReason::SecretNotAllowed).refused,
        generation: 3,
        ..known.clone()
    };
    assert_eq!(
        told(&otherwise_bad, "08:00:01"),
        [(WARNING, "SecretNotAllowed", "Reconcile")]
    );
    let mended = Situation {
        refused: None,
        generation: 3,
        ..known
    };
    assert_eq!(told(&mended, "08:00:01"), [(NORMAL, "Scheduled", "Reconcile")]);
}

#[test]
fn a_run_that_cannot_start_is_told_once_over_many_runs() {
    let stuck = |uid| active(uid, false, Some(Reason::ImagePullFailed));
    let first = Situation::with_runs([stuck("1")]);
    assert_eq!(
        told(&first, "07:00:00"),
        [(WARNING, "ImagePullFailed", "Reconcile")]
    );
    let ended = first.then(at(NOW), [failed("1", "07:10:00", Reason::ImagePullFailed)]);
    assert_eq!(told(&ended, "07:10:00"), [(WARNING, "ImagePullFailed", "Run")]);
    let second = ended.then(day("07:10:00"), [stuck("2")]);
    assert_eq!(told(&second, "13:44:10"), []);
    let second_ended = second.then(
        day("13:44:10"),
        [failed("2", "13:54:00", Reason::ImagePullFailed)],
    );
    assert_eq!(told(&second_ended, "13:54:00"), []);
    let well = second_ended.then(day("13:54:00"), [succeeded("3", "19:44:00")]);
    assert_eq!(
        told(&well, "19:44:00"),
        [(NORMAL, "Scheduled", "Reconcile"), (NORMAL, "Succeeded", "Run")]
    );
}

#[test]
fn runs_are_told_when_they_turn() {
    let mut situation = Situation::default().written(day("00:30:00"));
    for (uid, run, expected) in [
        ("1", succeeded("1", "01:00:00"), vec![]),
        (
            "2",
            failed("2", "02:00:00", Reason::TimedOut),
            vec![(WARNING, "TimedOut", "Run")],
        ),
        ("3", failed("3", "03:00:00", Reason::TimedOut), vec![]),
        (
            "4",
            failed("4", "04:00:00", Reason::DnsFailed),
            vec![(WARNING, "DnsFailed", "Run")],
        ),
        (
            "5",
            finished("5", "05:00:00", Outcome::Suspicious, Some(Reason::DropDetected)),
            vec![(WARNING, "DropDetected", "Run")],
        ),
        (
            "6",
            finished("6", "06:00:00", Outcome::SkippedByCadence, None),
            vec![],
        ),
        (
            "7",
            finished("7", "07:00:00", Outcome::Unchanged, None),
            vec![(NORMAL, "Unchanged", "Run")],
        ),
        ("8", succeeded("8", "08:00:00"), vec![]),
    ] {
        situation.runs = vec![run];
        let time = format!("{uid:0>2}:00:01");
        assert_eq!(told(&situation, &time), expected, "run {uid}");
        situation = situation.written(day(&time));
    }
}

#[test]
fn an_api_name_that_is_taken_is_told_once() {
    let taken = Situation {
        api_name_owner: Some(SourceKey {
            namespace: "older".into(),
            name: "one".into(),
        }),
        ..Situation::default().written(at(NOW))
    };
    assert_eq!(told(&taken, "08:00:00"), [(WARNING, "ApiNameTaken", "Reconcile")]);
    assert_eq!(told(&taken.written(day("08:00:00")), "09:00:00"), []);

    let push_failed = RunReport {
        metrics_pushed: Some(false),
        ..report(Outcome::Succeeded, None, day("06:00:00"))
    };
    assert_eq!(
        told(
            &Situation::with_runs([finished_with("1", push_failed)]),
            "07:00:00"
        ),
        []
    );
}

#[test]
fn a_request_to_run_now_is_told_when_it_waits_and_when_it_starts() {
    let request = |token: &str, state, job: Option<&str>| {
        Some(RunNow {
            token: token.into(),
            state,
            job: job.map(str::to_owned),
            message: None,
        })
    };
    let waiting = Situation {
        run_now: request("one", RunNowState::Waiting, None),
        ..Situation::default().written(at(NOW))
    };
    assert_eq!(told(&waiting, "08:00:00"), [(NORMAL, "Waiting", "RunNow")]);
    let known = waiting.written(day("08:00:00"));
    assert_eq!(told(&known, "08:00:01"), []);
    let started = Situation {
        run_now: request("one", RunNowState::Started, Some("sea-monster-now-one")),
        ..known
    };
    let events = started.assess(day("08:01:00")).events;
    assert_eq!(
        events,
        [Transition {
            kind: NORMAL,
            reason: "Started",
            action: "RunNow",
            note: "Created Job sea-monster-now-one".into(),
        }]
    );
    let again = Situation {
        run_now: request("two", RunNowState::Started, Some("sea-monster-now-two")),
        ..started.written(day("08:01:00"))
    };
    assert_eq!(told(&again, "08:02:00"), [(NORMAL, "Started", "RunNow")]);
    assert_eq!(told(&again.written(day("08:02:00")), "08:03:00"), []);
}
