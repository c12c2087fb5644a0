//! Tests of what is counted, and how often.

use super::*;

#[test]
fn a_run_is_counted_once_however_often_it_is_seen() {
    let situation = Situation::with_runs([succeeded("1", "06:44:04")]);
    let once = situation.written(at(NOW));
    let again = once.then(
        day("08:00:00"),
        [succeeded("1", "06:44:04"), succeeded("2", "07:44:04")],
    );
    let status = again.assess(day("08:00:01")).status;
    assert_eq!(status.totals.unwrap().runs[&Outcome::Succeeded], 2);
    assert_eq!(status.counted_jobs, ["1", "2"]);

    let twins = Situation::with_runs([succeeded("1", "06:44:04"), succeeded("1", "06:44:04")]);
    assert_eq!(twins.assess(at(NOW)).status.totals.unwrap().processed, 10);
}

#[test]
fn totals_add_up_by_outcome_reason_and_step() {
    let with_errors = RunReport {
        duration_seconds: 700.25,
        errors_by_step: [(sms_crds::report::Step::Fetch, 3)].into(),
        metrics_pushed: Some(false),
        ..report(Outcome::Failed, Some(Reason::TimedOut), day("05:00:00"))
    };
    let at_a_bound = RunReport {
        duration_seconds: 0.1,
        ..report(Outcome::Unchanged, None, day("06:00:00"))
    };
    let runs = [
        finished_with("1", with_errors),
        finished_with("2", at_a_bound),
        finished("3", "06:44:00", Outcome::Suspicious, Some(Reason::DropDetected)),
    ];
    assert_eq!(
        serde_json::to_value(Situation::with_runs(runs).assess(at(NOW)).status.totals).unwrap(),
        json!({
            "runs": {"Unchanged": 1, "Suspicious": 1, "Failed": 1}, "processed": 30, "skipped": {"Duplicate": 6},
            "errors": {"fetch": 3, "push": 1}, "durationSeconds": 702.35,
            "durationBuckets": [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
        })
    );
}

#[test]
fn a_run_that_its_cadence_skipped_is_history_and_nothing_else() {
    let before = Situation::with_runs([failed("1", "06:00:00", Reason::TimedOut)]).written(at(NOW));
    let skipped = || finished("2", "06:44:04", Outcome::SkippedByCadence, None);
    let after = before
        .then(at(NOW), [failed("1", "06:00:00", Reason::TimedOut), skipped()])
        .assess(day("07:00:01"));

    let old = before.status.unwrap();
    let new = after.status;
    assert_eq!(
        new.recent_runs.first().unwrap().outcome,
        Outcome::SkippedByCadence
    );
    assert_eq!(new.recent_runs.len(), 2);
    assert_eq!(new.counted_jobs, ["1", "2"]);
    assert_eq!(
        (
            &new.totals,
            &new.last_run,
            &new.conditions,
            new.consecutive_failures
        ),
        (&old.totals, &old.last_run, &old.conditions, 1)
    );
    assert_eq!(
        (&new.last_success_time, &new.last_failure_time),
        (&old.last_success_time, &old.last_failure_time)
    );
    assert_eq!(after.events, []);

    let alone = Situation::with_runs([skipped()]).assess(at(NOW)).status;
    assert_eq!(said(&alone)[1], "LastRunSucceeded Unknown NoRunYet");
    assert_eq!((alone.totals, alone.last_run), (None, None));
}

#[test]
fn failures_in_a_row_end_with_a_success() {
    let runs = |count: usize| {
        let all = [
            failed("1", "01:00:00", Reason::TimedOut),
            finished("2", "02:00:00", Outcome::Suspicious, Some(Reason::TooFewEvents)),
            failed("3", "03:00:00", Reason::TimedOut),
            finished("4", "04:00:00", Outcome::Unchanged, None),
            failed("5", "05:00:00", Reason::TimedOut),
        ];
        Situation::with_runs(all.into_iter().take(count))
            .assess(at(NOW))
            .status
    };
    let failures: Vec<_> = (0..=5).map(|count| runs(count).consecutive_failures).collect();
    assert_eq!(failures, [0, 1, 2, 3, 0, 1]);
    let status = runs(5);
    assert_eq!(status.last_success_time.unwrap().0, day("04:00:00"));
    assert_eq!(status.last_failure_time.unwrap().0, day("05:00:00"));
}

#[test]
fn a_run_that_is_noticed_late_changes_the_sums_alone() {
    let newer = Situation::with_runs([succeeded("2", "06:00:00")]);
    let late = newer.then(
        at(NOW),
        [
            failed("1", "05:00:00", Reason::TimedOut),
            succeeded("2", "06:00:00"),
        ],
    );
    let assessment = late.assess(day("07:00:01"));
    let status = &assessment.status;
    assert_eq!(status.last_run.as_ref().unwrap().job, "sea-monster-2");
    assert_eq!(status.consecutive_failures, 0);
    assert_eq!(status.last_failure_time.as_ref().unwrap().0, day("05:00:00"));
    assert_eq!(status.totals.as_ref().unwrap().runs.values().sum::<i64>(), 2);
    let jobs: Vec<_> = status.recent_runs.iter().map(|run| run.job.as_str()).collect();
    assert_eq!(jobs, ["sea-monster-2", "sea-monster-1"]);
    assert_eq!(
        said(status)[1..3],
        ["LastRunSucceeded True Succeeded", "DataHealthy True AsExpected"]
    );
    assert_eq!(assessment.events, []);

    let suspicious = finished("1", "05:00:00", Outcome::Suspicious, Some(Reason::TooFewEvents));
    let status = newer.then(at(NOW), [suspicious]).assess(day("07:00:01")).status;
    assert_eq!(
        said(&status)[2],
        "DataHealthy True AsExpected",
        "the newer run knows better"
    );
}

#[test]
fn the_ten_newest_runs_are_kept() {
    let runs = (0..14).map(|n| succeeded(&n.to_string(), &format!("{n:02}:00:00")));
    let status = Situation::with_runs(runs).assess(day("20:00:00")).status;
    let jobs: Vec<_> = status.recent_runs.iter().map(|run| run.job.clone()).collect();
    let expected: Vec<_> = (4..14).rev().map(|n| format!("sea-monster-{n}")).collect();
    assert_eq!(jobs, expected);
    assert_eq!(status.counted_jobs.len(), 14, "all of them still exist");
}

#[test]
fn jobs_that_are_gone_are_forgotten_with_the_next_write() {
    let two = Situation::with_runs([succeeded("1", "01:00:00"), succeeded("2", "02:00:00")]);
    let gone = two.then(at(NOW), [succeeded("2", "02:00:00")]);
    let status = gone.assess(day("07:00:01")).status;
    assert_eq!(
        Some(&status),
        gone.status.as_ref(),
        "pruning alone is no reason to write"
    );

    let next = gone.then(at(NOW), [succeeded("2", "02:00:00"), succeeded("3", "07:30:00")]);
    assert_eq!(next.assess(day("07:30:01")).status.counted_jobs, ["2", "3"]);
}

#[test]
fn the_next_run_is_worked_out_with_other_news_only() {
    let visited = Situation::default().written(at(NOW));
    let next = |situation: &Situation, time: &str| situation.assess(day(time)).status.next_run_time;
    assert_eq!(
        next(&visited, "09:00:00").as_deref(),
        Some("2026-05-01T07:44:00Z"),
        "an idle source is not written"
    );

    let edited = Situation {
        generation: 2,
        ..visited.clone()
    };
    assert_eq!(next(&edited, "09:00:00").as_deref(), Some("2026-05-01T13:44:00Z"));
    let ran = visited.then(at(NOW), [succeeded("1", "07:44:09")]);
    assert_eq!(next(&ran, "09:00:00").as_deref(), Some("2026-05-01T13:44:00Z"));

    let suspended = Situation {
        spec: json!({"suspend": true}),
        generation: 2,
        ..visited.clone()
    };
    assert_eq!(next(&suspended, "09:00:00"), None);
    let resumed = Situation {
        spec: json!({}),
        generation: 3,
        ..suspended.written(day("09:00:00"))
    };
    assert_eq!(
        next(&resumed, "09:00:00").as_deref(),
        Some("2026-05-01T13:44:00Z")
    );

    let refused = Situation {
        refused: Some((ConditionReason::InvalidSource, "x".into())),
        generation: 2,
        ..visited
    };
    assert_eq!(
        next(&refused, "07:10:00").as_deref(),
        Some("2026-05-01T07:44:00Z"),
        "the CronJob stays as it was"
    );
    let ran_refused = refused.then(day("07:10:00"), [succeeded("1", "07:44:09")]);
    assert_eq!(next(&ran_refused, "09:00:00"), None);
}

#[test]
fn a_refused_source_keeps_its_cron_job() {
    let refused = Situation {
        refused: Some((ConditionReason::InvalidSource, "x".into())),
        generation: 2,
        ..Situation::default().written(at(NOW))
    };
    let status = refused.assess(day("08:00:00")).status;
    assert_eq!(status.cron_job.unwrap().uid, "cron-1");
    assert_eq!(status.observed_generation, Some(2));
}
