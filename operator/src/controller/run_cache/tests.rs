//! What watches of Jobs and Pods may show, in what order, and what is kept of it.

use sms_crds::{report::Reason, v1alpha1::status::Trigger};

use super::*;
use crate::runs::JobEnd;

fn key() -> SourceKey {
    SourceKey {
        namespace: "music".to_owned(),
        name: "blue-moon".to_owned(),
    }
}

fn job(uid: &str, second: i64) -> JobRecord {
    JobRecord {
        uid: uid.to_owned(),
        name: format!("blue-moon-{uid}"),
        owner_uid: "cron-job".to_owned(),
        trigger: Trigger::Schedule,
        run_now_token: None,
        created: Timestamp::from_second(second).unwrap(),
        active_deadline_seconds: None,
        ended_pods: 0,
        ended: None,
    }
}

fn pod(uid: &str, job_uid: &str, state: PodState) -> PodRecord {
    PodRecord {
        uid: uid.to_owned(),
        name: uid.to_owned(),
        job_uid: job_uid.to_owned(),
        created: Timestamp::UNIX_EPOCH,
        is_deleted: false,
        state,
    }
}

fn stuck() -> PodState {
    PodState::Stuck {
        reason: Reason::ImagePullFailed,
        message: "no image".to_owned(),
    }
}

fn killed() -> PodState {
    PodState::Ended {
        exit_code: None,
        reason: None,
        message: None,
        report: None,
        at: None,
    }
}

fn pods(cache: &RunCache) -> Vec<String> {
    let runs = cache.by_source.get(&key());
    let mut uids: Vec<_> = runs.iter().flat_map(|runs| runs.pods.keys().cloned()).collect();
    uids.sort();
    uids
}

#[test]
fn only_jobs_of_the_right_owner_count_oldest_first() {
    let mut cache = RunCache::default();
    cache.set_job(&key(), job("b", 2));
    cache.set_job(&key(), job("a", 1));
    let mut foreign = job("x", 0);
    foreign.owner_uid = "somebody".to_owned();
    cache.set_job(&key(), foreign);
    let jobs = cache.jobs(&key(), &["cron-job", "source"]);
    assert_eq!(
        jobs.iter().map(|job| job.uid.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn the_same_again_is_no_news() {
    let mut cache = RunCache::default();
    assert!(cache.set_job(&key(), job("a", 1)));
    assert!(!cache.set_job(&key(), job("a", 1)));
    assert!(cache.set_pod(&key(), pod("p", "a", PodState::Running)));
    assert!(!cache.set_pod(&key(), pod("p", "a", PodState::Running)));
}

#[test]
fn how_a_pod_ended_is_known_until_its_job_goes() {
    let mut cache = RunCache::default();
    cache.set_job(&key(), job("a", 1));
    cache.set_pod(&key(), pod("ended", "a", killed()));
    cache.set_pod(&key(), pod("running", "a", PodState::Running));
    cache.remove_pod(&key(), "ended");
    cache.remove_pod(&key(), "running");
    assert_eq!(pods(&cache), ["ended"]);
    cache.begin_pods();
    cache.complete_pods();
    assert_eq!(pods(&cache), ["ended"], "a new list does not show it either");
    cache.remove_job(&key(), "a");
    assert!(cache.by_source.is_empty(), "nothing is left of the source");
}

#[test]
fn a_pod_that_is_deleted_does_not_forget_why_it_could_not_start() {
    let mut cache = RunCache::default();
    cache.set_job(&key(), job("a", 1));
    cache.set_pod(&key(), pod("p", "a", stuck()));
    cache.set_pod(&key(), pod("p", "a", killed()));
    let PodState::Ended { reason, .. } = &cache.by_source[&key()].pods["p"].state else {
        panic!("it has not ended");
    };
    assert_eq!(*reason, Some(Reason::ImagePullFailed));
}

#[test]
fn jobs_that_a_new_list_does_not_show_are_gone_with_their_pods() {
    let mut cache = RunCache::default();
    cache.set_job(&key(), job("a", 1));
    cache.set_job(&key(), job("b", 2));
    cache.set_pod(&key(), pod("p", "a", killed()));
    cache.begin_jobs();
    cache.list_job(&key(), job("b", 2));
    cache.complete_jobs();
    assert_eq!(cache.jobs(&key(), &["cron-job"]), vec![job("b", 2)]);
    assert!(pods(&cache).is_empty());
}

#[test]
fn a_job_that_ended_while_the_watch_of_pods_was_down_waits_for_its_pod() {
    let owner = Owner {
        key: key(),
        api_name: "blue_moon".to_owned(),
    };
    let at = |second| Timestamp::from_second(second).unwrap();
    let mut ended = job("a", 1000);
    ended.ended_pods = 1;
    ended.ended = Some(JobEnd {
        at: at(1010),
        is_complete: true,
        reason: "CompletionsReached".to_owned(),
        message: String::new(),
    });
    let mut cache = RunCache::default();
    cache.set_job(&key(), ended.clone());
    cache.note_interruption_of_pods(at(1050));
    let jobs = [ended];
    let is_active = |run: &[Run]| {
        matches!(
            run,
            [Run::Active {
                look_again_after: Some(_),
                ..
            }]
        )
    };
    assert!(is_active(&cache.runs(&owner, &jobs, at(1060))));
    assert!(
        !is_active(&cache.runs(&owner, &jobs, at(1200))),
        "it is given up in the end"
    );
}

#[test]
fn a_job_that_was_deleted_right_after_its_end_is_kept_until_it_was_counted() {
    let mut ended = job("a", 1);
    ended.ended = Some(JobEnd {
        at: Timestamp::from_second(9).unwrap(),
        is_complete: true,
        reason: String::new(),
        message: String::new(),
    });
    let mut cache = RunCache::default();
    cache.set_job(&key(), ended.clone());
    cache.set_pod(&key(), pod("p", "a", killed()));
    cache.remove_job(&key(), "a");
    cache.remove_pod(&key(), "p");
    cache.begin_jobs();
    assert_eq!(cache.complete_jobs(), vec![], "that it is gone is known");
    cache.forget_counted(&key(), &[], &["cron-job"]);
    assert_eq!(cache.jobs(&key(), &["cron-job"]), vec![ended]);
    cache.forget_counted(&key(), &["a".to_owned()], &["cron-job"]);
    assert!(cache.by_source.is_empty());
}

#[test]
fn a_deleted_job_that_nobody_will_count_is_forgotten() {
    let mut ended = job("a", 1);
    ended.owner_uid = "somebody".to_owned();
    ended.ended = Some(JobEnd {
        at: Timestamp::from_second(9).unwrap(),
        is_complete: true,
        reason: String::new(),
        message: String::new(),
    });
    let mut cache = RunCache::default();
    cache.set_job(&key(), ended);
    cache.remove_job(&key(), "a");
    cache.forget_counted(&key(), &[], &["cron-job"]);
    assert!(cache.by_source.is_empty());
}
