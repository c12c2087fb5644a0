//! Properties over many histories: nothing is written twice, nothing is counted twice.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn outcome() -> impl Strategy<Value = (Outcome, Option<Reason>)> {
    prop_oneof![
        Just((Outcome::Succeeded, None)),
        Just((Outcome::Unchanged, None)),
        Just((Outcome::SkippedByCadence, None)),
        Just((Outcome::Suspicious, Some(Reason::TooFewEvents))),
        Just((Outcome::Failed, None)),
        Just((Outcome::Failed, Some(Reason::ImagePullFailed))),
        Just((Outcome::Failed, Some(Reason::TimedOut))),
    ]
}

fn run() -> impl Strategy<Value = Run> {
    let uid = || (0..12u8).prop_map(|n| n.to_string());
    let problem = prop_oneof![
        Just(None),
        Just(Some(Reason::ImagePullFailed)),
        Just(Some(Reason::Unschedulable))
    ];
    prop_oneof![
        1 => (uid(), any::<bool>(), problem).prop_map(|(uid, has_started, problem)| active(&uid, has_started, problem)),
        4 => (uid(), outcome(), 0..86_400_000i64, proptest::option::of(any::<bool>()), 0.0..1000.0f64).prop_map(
            |(uid, (outcome, reason), milliseconds, metrics_pushed, duration_seconds)| {
                let end = at("2026-05-01T00:00:00Z") + jiff::SignedDuration::from_millis(milliseconds);
                finished_with(&uid, RunReport { metrics_pushed, duration_seconds, ..report(outcome, reason, end) })
            }
        ),
    ]
}

/// One visit of the operator; the status comes from the visits before.
fn visit() -> impl Strategy<Value = Situation> {
    let refused = proptest::option::weighted(0.2, Just((ConditionReason::InvalidSource, "wrong".to_owned())));
    let owner = proptest::option::weighted(
        0.2,
        Just(SourceKey {
            namespace: "older".into(),
            name: "one".into(),
        }),
    );
    let state = prop_oneof![Just(RunNowState::Waiting), Just(RunNowState::Started)];
    let request = proptest::option::of(state.prop_map(|state| RunNow {
        token: "now".into(),
        state,
        job: None,
        message: None,
    }));
    let runs = proptest::collection::vec(run(), 0..8);
    (
        runs,
        refused,
        owner,
        request,
        any::<bool>(),
        any::<bool>(),
        1..4i64,
        1..3i64,
    )
        .prop_map(
            |(
                runs,
                refused,
                api_name_owner,
                run_now,
                has_pushgateway,
                suspend,
                generation,
                cron_job_generation,
            )| Situation {
                spec: json!({"suspend": suspend}),
                generation,
                status: None,
                refused,
                cron_job_generation,
                runs,
                run_now,
                api_name_owner,
                has_pushgateway,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_status_that_was_written_is_not_written_again(
        visits in proptest::collection::vec(visit(), 1..5),
        pause in prop_oneof![Just(0i64), 1..100_000_000i64],
    ) {
        let mut now = at(NOW);
        let mut status = None;
        for visit in visits {
            let visit = Situation { status, ..visit };
            let first = visit.assess(now);
            let again = Situation { status: Some(first.status.clone()), ..visit.clone() };
            let read = visit.written(now);
            now += jiff::SignedDuration::from_millis(pause);

            let second = again.assess(now);
            prop_assert_eq!(&second.status, &first.status);
            prop_assert_eq!(second.events, vec![]);
            let third = read.assess(now);
            prop_assert_eq!(&third.status, read.status.as_ref().unwrap(), "as the API server gives it back");
            prop_assert_eq!(third.events, vec![]);
            status = read.status;
        }
    }

    #[test]
    fn each_run_is_counted_once_however_often_it_is_seen_and_while_others_go(
        runs in proptest::collection::vec((outcome(), 0..86_400i64), 0..15),
        seen in proptest::collection::vec(0..16usize, 0..6),
    ) {
        let runs: Vec<Run> = runs
            .into_iter()
            .enumerate()
            .map(|(n, ((outcome, reason), second))| {
                let end = at("2026-05-01T00:00:00Z") + jiff::SignedDuration::from_secs(second);
                finished_with(&n.to_string(), report(outcome, reason, end))
            })
            .collect();
        // New Jobs appear, old ones go once they were seen, and none comes back.
        let mut situation = Situation::default();
        let mut gone = 0;
        for count in seen.into_iter().collect::<BTreeSet<_>>() {
            let present = runs.iter().take(count).skip(gone).cloned();
            situation = situation.then(at(NOW), present).written(at(NOW));
            gone = count.min(runs.len()) / 2;
        }
        let status = situation.then(at(NOW), runs.iter().skip(gone).cloned()).assess(at(NOW)).status;
        let counted = |outcome| {
            let is = |run: &&Run| matches!(run, Run::Finished(run) if run.report.outcome == outcome);
            i64::try_from(runs.iter().filter(is).count()).unwrap()
        };
        let totals = status.totals.unwrap_or_default();
        for outcome in Outcome::ALL {
            let expected = if outcome == Outcome::SkippedByCadence { 0 } else { counted(outcome) };
            prop_assert_eq!(totals.runs.get(&outcome).copied().unwrap_or_default(), expected);
        }
        prop_assert_eq!(totals.duration_buckets.iter().sum::<i64>(), totals.runs.values().sum::<i64>());
        prop_assert!(status.recent_runs.len() <= 10);
        prop_assert!(status.recent_runs.is_sorted_by(|newer, older| newer.finished_at >= older.finished_at));
    }
}
