//! One run from its Job and the Job's Pods. Pure.

mod cause;

use jiff::{SignedDuration, Timestamp};
use sms_crds::report::{Outcome, Reason, RunReport};

use super::{FinishedRun, JobEnd, JobRecord, Owner, PodRecord, PodState, Run};

/// How long a Pod may fail to start before that is a problem, and how long after a Job's end its Pods may still have to
/// arrive: they come over another watch.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// How far the clock of a node may be off before its times are not believed.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);

/// The run of `owner` that `job` and `pods` are, as of `now`.
pub fn merge(owner: &Owner, job: &JobRecord, pods: &[&PodRecord], now: Timestamp) -> Run {
    let mut attempts = pods.to_vec();
    attempts.sort_by_key(|pod| (pod.created, end_of(pod).unwrap_or(Timestamp::MAX), &pod.uid));
    match &job.ended {
        None => {
            let (problem, look_again_after) = problem(&attempts, now);
            active(job, &attempts, problem, look_again_after)
        }
        Some(end) => match seconds_left(end.at, now) {
            Some(seconds) if !is_settled(job, &attempts) => {
                let (problem, _) = problem(&attempts, now);
                active(job, &attempts, problem, Some(seconds))
            }
            _ => Run::Finished(Box::new(finished(owner, job, end, &attempts))),
        },
    }
}

fn active(
    job: &JobRecord,
    attempts: &[&PodRecord],
    problem: Option<(Reason, String)>,
    look_again_after: Option<u64>,
) -> Run {
    Run::Active {
        job_uid: job.uid.clone(),
        job: job.name.clone(),
        has_started: has_started(attempts),
        problem,
        look_again_after,
    }
}

/// What keeps the newest Pod from starting, or when that is to be looked at again. It stays a problem while the Pod is
/// taken away: the source would be ready for that moment otherwise.
fn problem(attempts: &[&PodRecord], now: Timestamp) -> (Option<(Reason, String)>, Option<u64>) {
    match attempts.last().map(|pod| (&pod.state, pod.created)) {
        Some((PodState::Stuck { reason, message }, created)) => match seconds_left(created, now) {
            None => (Some((*reason, message.clone())), None),
            left => (None, left),
        },
        Some((
            PodState::Ended {
                exit_code: None,
                reason: Some(reason),
                message: Some(message),
                ..
            },
            _,
        )) if reason.keeps_from_starting() => (Some((*reason, message.clone())), None),
        _ => (None, None),
    }
}

/// Seconds of patience that are left since `start`; `None` if there are none.
fn seconds_left(start: Timestamp, now: Timestamp) -> Option<u64> {
    let left = PATIENCE.saturating_sub(now.duration_since(start)).min(PATIENCE);
    let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
}

fn has_started(attempts: &[&PodRecord]) -> bool {
    attempts.iter().any(|pod| match &pod.state {
        PodState::Running => true,
        PodState::Ended { exit_code, .. } => exit_code.is_some(),
        PodState::Starting | PodState::Stuck { .. } => false,
    })
}

/// Whether every Pod of an ended Job is in memory, with its end.
fn is_settled(job: &JobRecord, attempts: &[&PodRecord]) -> bool {
    let is_ended = |pod: &&PodRecord| matches!(pod.state, PodState::Ended { .. });
    !attempts.is_empty() && attempts.iter().all(is_ended) && count(attempts) >= job.ended_pods
}

fn finished(owner: &Owner, job: &JobRecord, end: &JobEnd, attempts: &[&PodRecord]) -> FinishedRun {
    let (last, earlier) = attempts
        .split_last()
        .map_or((None, attempts), |(last, earlier)| (Some(*last), earlier));
    let report = match last.and_then(report_of) {
        Some(report) => reported(owner, job, end, last, report),
        None => made(owner, job, end, last),
    };
    let earlier: Vec<_> = earlier.iter().filter_map(|pod| report_of(pod)).collect();
    let report = with_errors_of(&earlier, report);
    let (started_at, finished_at) = times(job, end, last, &report);
    FinishedRun {
        job_uid: job.uid.clone(),
        job: job.name.clone(),
        trigger: job.trigger,
        attempts: count(attempts).max(job.ended_pods),
        finished_at,
        report: RunReport {
            source: owner.key.to_string(),
            api_name: owner.api_name.clone(),
            started_at: written(started_at),
            finished_at: written(finished_at),
            ..report
        },
    }
}

/// The run's own report, unless the cluster knows better.
fn reported(
    owner: &Owner,
    job: &JobRecord,
    end: &JobEnd,
    last: Option<&PodRecord>,
    report: &RunReport,
) -> RunReport {
    let of_cluster = cause::of_cluster(job, end, last);
    let (reason, message) = match (report.outcome, report.reason) {
        // A scraper that was told to stop does not know why.
        (Outcome::Failed, Some(Reason::Interrupted)) => match of_cluster {
            Some(cause) => cause,
            None => return report.clone(),
        },
        // With cgroups of version 1 the kernel may kill the extraction process alone, and the scraper can only guess.
        (Outcome::Failed, Some(Reason::LimitExceeded)) => match of_cluster {
            Some((Reason::OOMKilled, message)) => (Reason::OOMKilled, message),
            _ => return report.clone(),
        },
        (Outcome::Failed, _) => return report.clone(),
        (outcome, _) if !end.is_complete => {
            of_cluster.unwrap_or_else(|| cause::contradiction(owner, job, end, outcome))
        }
        _ => return report.clone(),
    };
    RunReport {
        outcome: Outcome::Failed,
        reason: Some(reason),
        message: Some(message),
        ..report.clone()
    }
}

/// A report of a run that left none.
fn made(owner: &Owner, job: &JobRecord, end: &JobEnd, last: Option<&PodRecord>) -> RunReport {
    let (reason, message) =
        cause::of_cluster(job, end, last).unwrap_or_else(|| cause::unexplained(owner, job, end, last));
    let finished_at = last
        .and_then(end_of)
        .filter(|at| is_believable(*at, job, end))
        .unwrap_or(end.at);
    let length = finished_at.duration_since(job.created).as_secs_f64().max(0.0);
    RunReport {
        source: owner.key.to_string(),
        api_name: owner.api_name.clone(),
        run: job.name.clone(),
        started_at: written(job.created),
        finished_at: written(finished_at),
        duration_seconds: (length * 1000.0).round() / 1000.0,
        // Its one error has no step: one failed; which one, nobody knows.
        ..RunReport::failed(reason, message)
    }
}

fn with_errors_of(earlier: &[&RunReport], report: RunReport) -> RunReport {
    let mut errors_by_step = report.errors_by_step;
    for (step, number) in earlier.iter().flat_map(|report| &report.errors_by_step) {
        let sum: &mut i64 = errors_by_step.entry(*step).or_default();
        *sum = sum.saturating_add(*number);
    }
    let add = |sum: i64, report: &&RunReport| sum.saturating_add(report.errors);
    RunReport {
        errors: earlier.iter().fold(report.errors, add),
        errors_by_step,
        ..report
    }
}

/// Start and end of a run: those of its report, or of Kubernetes where the report's cannot be.
fn times(
    job: &JobRecord,
    end: &JobEnd,
    last: Option<&PodRecord>,
    report: &RunReport,
) -> (Timestamp, Timestamp) {
    let told = |text: &str| text.parse().ok().filter(|at| is_believable(*at, job, end));
    let finished_at = told(&report.finished_at)
        .or_else(|| last.and_then(end_of).filter(|at| is_believable(*at, job, end)))
        .unwrap_or(end.at);
    let started_at = told(&report.started_at).unwrap_or(job.created);
    (started_at.min(finished_at), finished_at)
}

fn is_believable(at: Timestamp, job: &JobRecord, end: &JobEnd) -> bool {
    at.duration_since(job.created) >= -CLOCK_SLACK && at.duration_since(end.at) <= CLOCK_SLACK
}

/// RFC 3339 with milliseconds, as the scraper writes it.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn report_of(pod: &PodRecord) -> Option<&RunReport> {
    match &pod.state {
        PodState::Ended { report, .. } => report.as_deref(),
        PodState::Starting | PodState::Running | PodState::Stuck { .. } => None,
    }
}

fn end_of(pod: &PodRecord) -> Option<Timestamp> {
    match pod.state {
        PodState::Ended { at, .. } => at,
        PodState::Starting | PodState::Running | PodState::Stuck { .. } => None,
    }
}

fn count(attempts: &[&PodRecord]) -> i64 {
    i64::try_from(attempts.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
