//! Step one: what is known about a source. Reads the caches, asks nobody.

use jiff::Timestamp;
use kube::ResourceExt;
use sms_crds::{ScrapeSource, SourceKey, labels::RUN_NOW, v1alpha1::status::RunNow};

use super::{
    caches::Caches,
    confidential::Confidential,
    cron_jobs::CronJobRecord,
    run_now::{self, Decision},
};
use crate::{
    names,
    runs::{Owner, Run},
    settings::Config,
};

/// What is known about a source.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The source, with the newest status that is known.
    pub source: ScrapeSource,
    /// Its CronJob, or another of that name.
    pub cron_job: Option<CronJobRecord>,
    /// Its runs, oldest first.
    pub runs: Vec<Run>,
    /// What to do about the request to run now.
    pub run_now: Decision,
    /// The older source that keeps the API name, if it is not this one.
    pub api_name_owner: Option<SourceKey>,
}

impl Observed {
    /// The token of the request to run now.
    pub fn run_now_token(&self) -> Option<&str> {
        self.source.annotations().get(RUN_NOW).map(String::as_str)
    }

    /// The request to run now as the status has it.
    pub fn noted_run_now(&self) -> Option<&RunNow> {
        self.source.status.as_ref()?.run_now.as_ref()
    }
}

/// Gathers what is known about `source` at `now`.
pub fn observe(caches: &Caches, config: &Config, source: ScrapeSource, now: Timestamp) -> Observed {
    let source = caches.newest(source);
    let key = source.key();
    let cron_job = caches
        .cron_jobs()
        .get(&key.namespace, &names::cron_job(&key.name))
        .cloned();
    let applied = source.status.as_ref().and_then(|status| status.cron_job.as_ref());
    let uid = source.metadata.uid.clone().unwrap_or_default();
    let ours = cron_job
        .as_ref()
        .filter(|job| job.owner_uid.as_deref() == Some(uid.as_str()));
    let owners: Vec<&str> = [
        Some(uid.as_str()),
        ours.map(|job| &*job.uid),
        applied.map(|job| job.uid.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let owner = Owner {
        key: key.clone(),
        api_name: source.api_name(),
    };
    let (jobs, mut runs) = {
        let mut cache = caches.runs();
        let counted = source
            .status
            .as_ref()
            .map(|status| status.counted_jobs.as_slice());
        cache.forget_counted(&key, counted.unwrap_or_default(), &owners);
        let jobs = cache.jobs(&key, &owners);
        let runs = cache.runs(&owner, &jobs, now);
        (jobs, runs)
    };
    if !runs.is_empty() {
        let confidential = Confidential::of_source(&source, config);
        for run in &mut runs {
            confidential.hide_in_run(run);
        }
    }
    let api_name_owner = caches
        .api_names()
        .owner(&owner.api_name)
        .filter(|owner| **owner != key)
        .cloned();
    let token = source.annotations().get(RUN_NOW).map(String::as_str);
    let noted = source.status.as_ref().and_then(|status| status.run_now.as_ref());
    let run_now = run_now::decide(token, noted, &jobs, &runs);
    Observed {
        source,
        cron_job,
        runs,
        run_now,
        api_name_owner,
    }
}
