//! Whether a request to run now makes a Job. Pure.

use sms_crds::v1alpha1::status::{RunNow, RunNowState};

use crate::{
    names,
    runs::{JobRecord, Run},
};

/// What to do about the annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: `status.runNow` stays as it is.
    Nothing,
    /// Nobody asks any more: a request that waited is forgotten.
    Forget,
    /// The Job of this token is there already, or it has to wait.
    Note(RunNow),
    /// Make the Job.
    Start,
}

/// Decides about `token`, the value of the annotation. Kubernetes' `Forbid` does not see Jobs that a CronJob did not make,
/// so that it is kept here: while a run of the source is active, the request waits.
pub fn decide(token: Option<&str>, noted: Option<&RunNow>, jobs: &[JobRecord], runs: &[Run]) -> Decision {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return match noted {
            Some(noted) if noted.state == RunNowState::Waiting => Decision::Forget,
            _ => Decision::Nothing,
        };
    };
    let kept = names::kept_token(token);
    if noted.is_some_and(|noted| noted.token == kept && noted.state == RunNowState::Started) {
        return Decision::Nothing;
    }
    if let Some(job) = jobs.iter().find(|job| job.run_now_token.as_ref() == Some(&kept)) {
        return Decision::Note(RunNow {
            token: kept,
            state: RunNowState::Started,
            job: Some(job.name.clone()),
            message: None,
        });
    }
    let active = runs.iter().find_map(|run| match run {
        Run::Active { job, .. } => Some(job),
        Run::Finished(_) => None,
    });
    match active {
        Some(job) => Decision::Note(RunNow {
            token: kept,
            state: RunNowState::Waiting,
            job: None,
            message: Some(format!(
                "waits for Job {job}: two runs of one source do not overlap"
            )),
        }),
        None => Decision::Start,
    }
}

/// The request, if its Job could not be made.
pub fn refused(token: &str, why: &str) -> RunNow {
    RunNow {
        token: names::kept_token(token),
        state: RunNowState::Waiting,
        job: None,
        message: Some(format!("{why}; tried again")),
    }
}

/// The request, once its Job was made.
pub fn started(token: &str, job: &str) -> RunNow {
    RunNow {
        token: names::kept_token(token),
        state: RunNowState::Started,
        job: Some(job.to_owned()),
        message: None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sms_crds::v1alpha1::status::Trigger;

    use super::*;

    fn job(token: Option<&str>) -> JobRecord {
        JobRecord {
            uid: "u".to_owned(),
            name: "blue-moon-1".to_owned(),
            owner_uid: "o".to_owned(),
            trigger: Trigger::Schedule,
            run_now_token: token.map(str::to_owned),
            created: Timestamp::UNIX_EPOCH,
            active_deadline_seconds: None,
            ended_pods: 0,
            ended: None,
        }
    }

    fn active() -> Run {
        Run::Active {
            job_uid: "u".to_owned(),
            job: "blue-moon-1".to_owned(),
            has_started: true,
            problem: None,
            look_again_after: None,
        }
    }

    #[test]
    fn a_new_token_starts_a_job_and_the_same_token_does_not_start_another() {
        assert_eq!(decide(Some("a"), None, &[], &[]), Decision::Start);
        let noted = started("a", "blue-moon-x");
        assert_eq!(decide(Some("a"), Some(&noted), &[], &[]), Decision::Nothing);
        assert_eq!(decide(Some("b"), Some(&noted), &[], &[]), Decision::Start);
    }

    #[test]
    fn without_a_token_there_is_nothing_to_do() {
        assert_eq!(decide(None, None, &[], &[]), Decision::Nothing);
        assert_eq!(decide(Some(""), None, &[], &[]), Decision::Nothing);
    }

    #[test]
    fn a_request_waits_for_an_active_run_and_starts_after_it() {
        let Decision::Note(waiting) = decide(Some("a"), None, &[job(None)], &[active()]) else {
            panic!("it does not wait");
        };
        assert_eq!(waiting.state, RunNowState::Waiting);
        assert!(waiting.message.as_ref().unwrap().contains("blue-moon-1"));
        assert_eq!(
            decide(Some("a"), Some(&waiting), &[job(None)], &[]),
            Decision::Start
        );
    }

    #[test]
    fn a_request_that_was_taken_back_while_it_waited_is_forgotten() {
        let waiting = refused("a", "exceeded quota");
        assert_eq!(decide(None, Some(&waiting), &[], &[]), Decision::Forget);
        assert_eq!(
            decide(None, Some(&started("a", "j")), &[], &[]),
            Decision::Nothing
        );
    }

    #[test]
    fn a_job_that_was_made_before_the_status_could_be_written_is_found_again() {
        assert_eq!(
            decide(Some("a"), None, &[job(Some("a"))], &[active()]),
            Decision::Note(RunNow {
                token: "a".to_owned(),
                state: RunNowState::Started,
                job: Some("blue-moon-1".to_owned()),
                message: None,
            })
        );
    }
}
