//! Tests of the conditions that runs move, and of what all four have in common.

use super::*;

#[test]
fn the_last_run_is_told_with_counts_or_with_its_reason() {
    let told = |run: Run| {
        let status = Situation::with_runs([run]).assess(at(NOW)).status;
        (
            said(&status)[1].clone(),
            message(&status, "LastRunSucceeded").to_owned(),
        )
    };
    let nameless = |outcome| {
        let report = RunReport {
            reason: None,
            message: None,
            ..report(outcome, None, day("06:00:00"))
        };
        finished_with("1", report)
    };
    for (run, said, message) in [
        (
            finished("1", "06:00:00", Outcome::Unchanged, None),
            "LastRunSucceeded True Unchanged",
            "Job sea-monster-1: the source has nothing new, 7 events stay as they are",
        ),
        (
            failed("1", "06:00:00", Reason::HttpStatus),
            "LastRunSucceeded False HttpStatus",
            "Job sea-monster-1: in the run's own words",
        ),
        (
            nameless(Outcome::Failed),
            "LastRunSucceeded False PodFailed",
            "Job sea-monster-1: the run gives no reason: kubectl logs job/sea-monster-1",
        ),
    ] {
        assert_eq!(told(run), (said.to_owned(), message.to_owned()));
    }
}

#[test]
fn data_stays_as_healthy_as_it_was_while_runs_fail() {
    let healthy = |runs: Vec<Run>| said(&Situation::with_runs(runs).assess(at(NOW)).status)[2].clone();
    let suspicious = |uid, time| finished(uid, time, Outcome::Suspicious, Some(Reason::DropDetected));
    let broken = |uid, time| failed(uid, time, Reason::TimedOut);
    assert_eq!(
        healthy(vec![broken("1", "01:00:00")]),
        "DataHealthy Unknown NoRunYet"
    );
    assert_eq!(
        healthy(vec![suspicious("1", "01:00:00"), broken("2", "02:00:00")]),
        "DataHealthy False DropDetected"
    );
    assert_eq!(
        healthy(vec![
            suspicious("1", "01:00:00"),
            succeeded("2", "02:00:00"),
            broken("3", "03:00:00")
        ]),
        "DataHealthy True AsExpected"
    );
    assert_eq!(
        healthy(vec![
            suspicious("1", "01:00:00"),
            finished("2", "02:00:00", Outcome::Unchanged, None)
        ]),
        "DataHealthy True AsExpected"
    );

    let out_of_order = vec![suspicious("1", "02:00:00"), succeeded("2", "01:00:00")];
    assert_eq!(
        healthy(out_of_order),
        "DataHealthy False DropDetected",
        "the order of ends counts"
    );

    let was_bad = Situation::with_runs([suspicious("1", "01:00:00")]);
    let later = was_bad
        .then(at(NOW), [broken("2", "07:30:00")])
        .assess(day("07:30:01"))
        .status;
    assert_eq!(said(&later)[2], "DataHealthy False DropDetected");

    let edited = Situation {
        generation: 2,
        ..was_bad.written(at(NOW))
    };
    let kept = edited.assess(day("08:00:00")).status;
    assert_eq!(said(&kept)[2], "DataHealthy False DropDetected");
    assert_eq!(kept.conditions[2].observed_generation, Some(2));
}

#[test]
fn a_store_that_keeps_nothing_is_mentioned() {
    let report = RunReport {
        store: "stdout".into(),
        ..report(Outcome::Succeeded, None, day("06:00:00"))
    };
    let status = Situation::with_runs([finished_with("1", report)])
        .assess(at(NOW))
        .status;
    assert_eq!(
        message(&status, "DataHealthy"),
        "10 events read, as expected. Events go to standard output and nothing is kept: no cadence, no comparison with \
         earlier runs; name a Secret with the store's address in spec.store.secretRef to keep them"
    );
}

#[test]
fn metrics_are_published_as_far_as_the_last_run_says() {
    let with_push = |pushed: Option<bool>, warnings: &[&str]| {
        let report = RunReport {
            metrics_pushed: pushed,
            warnings: warnings.iter().map(|&warning| warning.to_owned()).collect(),
            ..report(Outcome::Succeeded, None, day("06:00:00"))
        };
        Situation::with_runs([finished_with("1", report)])
    };
    let taken = |situation: Situation| Situation {
        api_name_owner: Some(SourceKey {
            namespace: "older".into(),
            name: "one".into(),
        }),
        ..situation
    };
    let without_gateway = |situation: Situation| Situation {
        has_pushgateway: false,
        ..situation
    };
    let unreachable = "cannot reach the Pushgateway at http://pushgateway:9091: connection refused";
    for (situation, expected, words) in [
        (
            without_gateway(Situation::default()),
            "Unknown NotConfigured",
            "No Pushgateway is configured",
        ),
        (
            without_gateway(with_push(Some(true), &[])),
            "Unknown NotConfigured",
            "pushgateway.url",
        ),
        (
            taken(with_push(Some(true), &[])),
            "False ApiNameTaken",
            "older/one",
        ),
        (
            taken(without_gateway(Situation::default())),
            "False ApiNameTaken",
            "older/one",
        ),
        (
            with_push(Some(true), &[]),
            "True Pushed",
            "Job sea-monster-1 pushed",
        ),
        (
            with_push(Some(false), &[unreachable, "x"]),
            "False PushFailed",
            unreachable,
        ),
        (
            with_push(Some(false), &[]),
            "False PushFailed",
            "did not reach the Pushgateway",
        ),
        (with_push(None, &[]), "Unknown NoRunYet", "No run has pushed"),
    ] {
        let status = situation.assess(at(NOW)).status;
        assert_eq!(said(&status)[3], format!("MetricsPublished {expected}"));
        assert!(message(&status, "MetricsPublished").contains(words), "{status:?}");
    }
}

#[test]
fn metrics_are_not_published_once_the_cluster_ended_the_last_run() {
    let silent = |uid: &str, time: &str, reason: Reason| {
        let report = RunReport {
            metrics_pushed: None,
            ..report(Outcome::Failed, Some(reason), day(time))
        };
        finished_with(uid, report)
    };
    let told = |situation: &Situation, time: &str| {
        let status = situation.assess(day(time)).status;
        let words = message(&status, "MetricsPublished").to_owned();
        (said(&status)[3].clone(), words)
    };
    let pushed = Situation::with_runs([succeeded("1", "06:00:00")]);
    let killed = pushed.then(at(NOW), [silent("2", "07:30:00", Reason::OOMKilled)]);
    let gone = (
        "MetricsPublished False OOMKilled".to_owned(),
        "Job sea-monster-2 ended before it could push its metrics".to_owned(),
    );
    assert_eq!(told(&killed, "07:30:01"), gone);

    let never_began = killed.then(day("07:30:01"), [silent("3", "08:00:00", Reason::InvalidSource)]);
    assert_eq!(told(&never_began, "08:00:01"), gone, "it tells nothing new");
    let well = never_began.then(day("08:00:01"), [succeeded("4", "09:00:00")]);
    assert_eq!(told(&well, "09:00:01").0, "MetricsPublished True Pushed");

    let in_its_own_words = pushed.then(at(NOW), [silent("2", "07:30:00", Reason::InvalidSource)]);
    assert_eq!(
        told(&in_its_own_words, "07:30:01").0,
        "MetricsPublished True Pushed"
    );
    let taken = Situation {
        api_name_owner: Some(SourceKey {
            namespace: "older".into(),
            name: "one".into(),
        }),
        ..Situation::default()
    };
    let free_again = Situation {
        api_name_owner: None,
        ..taken.then(at(NOW), [silent("2", "07:30:00", Reason::InvalidSource)])
    };
    assert_eq!(
        told(&free_again, "07:30:01").0,
        "MetricsPublished Unknown NoRunYet"
    );
}

#[test]
fn the_time_of_a_condition_moves_with_its_status_alone() {
    let since = |situation: &Situation, time: &str| {
        let status = situation.assess(day(time)).status;
        let condition = status.conditions[1].clone();
        (condition.reason, condition.last_transition_time.0)
    };
    let first = Situation::with_runs([failed("1", "06:00:00", Reason::TimedOut)]);
    let again = first.then(at(NOW), [failed("2", "08:00:00", Reason::DnsFailed)]);
    assert_eq!(since(&again, "08:00:01.500"), ("DnsFailed".into(), at(NOW)));
    let well = again.then(day("08:00:01"), [succeeded("3", "09:00:00")]);
    assert_eq!(
        since(&well, "09:00:01.500"),
        ("Succeeded".into(), day("09:00:01"))
    );
}

#[test]
fn every_condition_is_about_the_present_generation_and_of_bounded_length() {
    let long = RunReport {
        message: Some("ä".repeat(3000)),
        ..report(Outcome::Suspicious, Some(Reason::TooFewEvents), day("06:00:00"))
    };
    let situation = Situation {
        generation: 7,
        refused: Some((ConditionReason::InvalidSource, "x\ny".repeat(1000))),
        ..Situation::default().then(at(NOW), [finished_with("1", long)])
    };
    let assessment = situation.assess(day("08:00:00"));
    let types: Vec<_> = assessment
        .status
        .conditions
        .iter()
        .map(|condition| condition.type_.as_str())
        .collect();
    assert_eq!(types, sms_crds::conditions::TYPES);
    for condition in &assessment.status.conditions {
        assert_eq!(condition.observed_generation, Some(7));
        assert!(condition.message.len() <= 1024 && !condition.message.contains('\n'));
    }
    assert!(!assessment.events.is_empty() && assessment.events.iter().all(|event| event.note.len() <= 1024));
}

#[test]
fn the_shortest_wait_is_the_next_look() {
    let waiting = |uid: &str, seconds| Run::Active {
        job_uid: uid.into(),
        job: uid.into(),
        has_started: false,
        problem: None,
        look_again_after: seconds,
    };
    let look = |runs: Vec<Run>| Situation::with_runs(runs).assess(at(NOW)).look_again_after;
    assert_eq!(look(vec![waiting("1", None)]), None);
    assert_eq!(
        look(vec![
            waiting("1", Some(9)),
            waiting("2", None),
            waiting("3", Some(4))
        ]),
        Some(Duration::from_secs(4))
    );
}
