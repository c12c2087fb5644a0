//! Step three: the objects that a source should have. Pure.

mod cron_job;
mod labels;
mod pod;
mod resources;
mod run_now;

pub use cron_job::cron_job;
pub use labels::{is_own_label, own_labels_hash};
pub use run_now::run_now_job;

use std::marker::PhantomData;

use k8s_openapi::api::batch::v1::{CronJob, Job};

/// Not yet in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared;

/// The objects of one source. Only apply makes anything else of prepared ones, so that status cannot be made of objects
/// that were never applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Resources<Stage> {
    /// The schedule.
    pub cron_job: CronJob,
    /// The Job that was asked for, if it is to be made now.
    pub run_now: Option<Job>,
    stage: PhantomData<Stage>,
}

impl Resources<Prepared> {
    /// Objects that are to be applied.
    pub fn prepared(cron_job: CronJob, run_now: Option<Job>) -> Self {
        Self {
            cron_job,
            run_now,
            stage: PhantomData,
        }
    }

    /// The objects, for the one who applies them; a new kind of object has to be handled there before it compiles.
    pub fn into_parts(self) -> (CronJob, Option<Job>) {
        let Self {
            cron_job,
            run_now,
            stage: PhantomData,
        } = self;
        (cron_job, run_now)
    }
}
