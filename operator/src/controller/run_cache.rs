//! What is kept of Jobs and Pods, by source. Pure.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use sms_crds::SourceKey;

use crate::runs::{JobRecord, Owner, PodRecord, PodState, Run, merge, pod::follow};

/// Jobs and Pods of one source.
#[derive(Clone, Debug, Default)]
struct SourceRuns {
    jobs: HashMap<String, JobRecord>,
    pods: HashMap<String, PodRecord>,
    /// UIDs of Jobs that ended and were deleted before their run was counted.
    gone: HashSet<String>,
}

impl SourceRuns {
    fn forget_job(&mut self, uid: &str) {
        self.jobs.remove(uid);
        self.gone.remove(uid);
        self.pods.retain(|_, pod| pod.job_uid != uid);
    }

    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.pods.is_empty()
    }
}

/// Jobs and Pods of all sources.
#[derive(Debug, Default)]
pub struct RunCache {
    by_source: HashMap<SourceKey, SourceRuns>,
    /// UIDs that a new list of Jobs or Pods has shown so far.
    listed_jobs: HashSet<String>,
    listed_pods: HashSet<String>,
    /// Until then Pods may be missing here although they exist.
    pods_uncertain_until: Option<Timestamp>,
}

/// How long after the last trouble with it the watch of Pods may still be behind that of Jobs: the longest pause between two
/// tries, and some.
const CATCHING_UP: SignedDuration = SignedDuration::from_secs(75);

impl RunCache {
    /// The Jobs of `key` that one of `owners` (UIDs) controls.
    pub fn jobs(&self, key: &SourceKey, owners: &[&str]) -> Vec<JobRecord> {
        let runs = self.by_source.get(key);
        let mut jobs: Vec<_> = runs
            .iter()
            .flat_map(|runs| runs.jobs.values())
            .filter(|job| owners.contains(&job.owner_uid.as_str()))
            .cloned()
            .collect();
        jobs.sort_by(|a, b| (a.created, &a.uid).cmp(&(b.created, &b.uid)));
        jobs
    }

    /// The runs that `jobs` are, oldest first.
    pub fn runs(&self, owner: &Owner, jobs: &[JobRecord], now: Timestamp) -> Vec<Run> {
        let pods = self.by_source.get(&owner.key).map(|runs| &runs.pods);
        let is_certain = self.pods_uncertain_until.is_none_or(|until| until <= now);
        // For a Job whose Pods may not have been seen yet, no time has passed since its end.
        let judged_at = |job: &JobRecord| match &job.ended {
            Some(end) if !is_certain => end.at.min(now),
            _ => now,
        };
        jobs.iter()
            .map(|job| {
                let pods: Vec<_> = pods
                    .iter()
                    .flat_map(|pods| pods.values())
                    .filter(|pod| pod.job_uid == job.uid)
                    .collect();
                merge(owner, job, &pods, judged_at(job))
            })
            .collect()
    }

    /// A Job as it is now. Gives whether that is news.
    pub fn set_job(&mut self, key: &SourceKey, job: JobRecord) -> bool {
        let jobs = &mut self.by_source.entry(key.clone()).or_default().jobs;
        jobs.insert(job.uid.clone(), job.clone()) != Some(job)
    }

    /// A Job is gone, and what is known of its Pods with it. One that had ended is kept until its run was counted, see
    /// [`Self::forget_counted`]: whoever deletes a Job right after its end must not make a run unseen.
    pub fn remove_job(&mut self, key: &SourceKey, uid: &str) {
        if let Some(runs) = self.by_source.get_mut(key) {
            match runs.jobs.get(uid).is_some_and(|job| job.ended.is_some()) {
                true => {
                    runs.gone.insert(uid.to_owned());
                }
                false => runs.forget_job(uid),
            }
            if runs.is_empty() {
                self.by_source.remove(key);
            }
        }
    }

    /// Forgets Jobs that are gone and that are in `counted`, or that none of `owners` controls, so that nobody will count them.
    pub fn forget_counted(&mut self, key: &SourceKey, counted: &[String], owners: &[&str]) {
        let Some(runs) = self.by_source.get_mut(key).filter(|runs| !runs.gone.is_empty()) else {
            return;
        };
        let is_done = |uid: &String| {
            let is_foreign = |job: &JobRecord| !owners.contains(&job.owner_uid.as_str());
            counted.contains(uid) || runs.jobs.get(uid).is_none_or(is_foreign)
        };
        let done: Vec<String> = runs.gone.iter().filter(|uid| is_done(uid)).cloned().collect();
        for uid in done {
            runs.forget_job(&uid);
        }
        if runs.is_empty() {
            self.by_source.remove(key);
        }
    }

    /// Forgets a source that is gone.
    pub fn forget_source(&mut self, key: &SourceKey) {
        self.by_source.remove(key);
    }

    /// A Pod as it is now. Gives whether that is news.
    pub fn set_pod(&mut self, key: &SourceKey, pod: PodRecord) -> bool {
        let pods = &mut self.by_source.entry(key.clone()).or_default().pods;
        let pod = match pods.get(&pod.uid) {
            Some(known) => follow(known, pod),
            None => pod,
        };
        pods.insert(pod.uid.clone(), pod.clone()) != Some(pod)
    }

    /// A Pod is gone. How it ended is kept as long as its Job is there: Kubernetes deletes the Pods of a Job that passed
    /// its deadline before the Job itself is marked as failed.
    pub fn remove_pod(&mut self, key: &SourceKey, uid: &str) {
        let Some(runs) = self.by_source.get_mut(key) else {
            return;
        };
        let is_kept = runs.pods.get(uid).is_some_and(|pod| {
            matches!(pod.state, PodState::Ended { .. } | PodState::Stuck { .. })
                && runs.jobs.contains_key(&pod.job_uid)
        });
        if !is_kept {
            runs.pods.remove(uid);
            if runs.is_empty() {
                self.by_source.remove(key);
            }
        }
    }

    /// The watch of Pods was interrupted at `now`.
    pub fn note_interruption_of_pods(&mut self, now: Timestamp) {
        self.pods_uncertain_until = now.checked_add(CATCHING_UP).ok();
    }

    /// A new list of Jobs begins.
    pub fn begin_jobs(&mut self) {
        self.listed_jobs.clear();
    }

    /// A Job of the new list.
    pub fn list_job(&mut self, key: &SourceKey, job: JobRecord) -> bool {
        self.listed_jobs.insert(job.uid.clone());
        self.set_job(key, job)
    }

    /// The list of Jobs is complete: the others are gone. Gives the sources that lost one.
    pub fn complete_jobs(&mut self) -> Vec<SourceKey> {
        let listed = std::mem::take(&mut self.listed_jobs);
        let gone: Vec<_> = self
            .by_source
            .iter()
            .flat_map(|(key, runs)| runs.jobs.keys().map(move |uid| (key.clone(), uid.clone())))
            .filter(|(key, uid)| {
                let is_known_gone = |runs: &SourceRuns| runs.gone.contains(uid);
                !listed.contains(uid) && !self.by_source.get(key).is_some_and(is_known_gone)
            })
            .collect();
        gone.into_iter()
            .map(|(key, uid)| {
                self.remove_job(&key, &uid);
                key
            })
            .collect()
    }

    /// A new list of Pods begins.
    pub fn begin_pods(&mut self) {
        self.listed_pods.clear();
    }

    /// A Pod of the new list.
    pub fn list_pod(&mut self, key: &SourceKey, pod: PodRecord) -> bool {
        self.listed_pods.insert(pod.uid.clone());
        self.set_pod(key, pod)
    }

    /// The list of Pods is complete: the others are gone.
    pub fn complete_pods(&mut self) {
        let listed = std::mem::take(&mut self.listed_pods);
        let gone: Vec<_> = self
            .by_source
            .iter()
            .flat_map(|(key, runs)| runs.pods.keys().map(move |uid| (key.clone(), uid.clone())))
            .filter(|(_, uid)| !listed.contains(uid))
            .collect();
        for (key, uid) in gone {
            self.remove_pod(&key, &uid);
        }
    }
}

#[cfg(test)]
mod tests;
