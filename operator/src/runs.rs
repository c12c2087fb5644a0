//! Runs: what Jobs and their Pods tell, merged. Pure.
//!
//! ```text
//! Job ──job──▶ JobRecord ─┐
//!                         ├──merge──▶ Run
//! Pod ──pod──▶ PodRecord ─┘
//! ```
//!
//! A run is one Job, keyed by its UID; its Pods are attempts.

pub mod job;
pub mod merge;
pub mod pod;
pub mod text;

pub use job::job_record;
pub use merge::merge;
pub use pod::pod_record;

use jiff::Timestamp;
use sms_crds::{SourceKey, report::Reason, report::RunReport, v1alpha1::status::Trigger};

/// What is kept of a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// `metadata.uid`: identity of the run.
    pub uid: String,
    /// Name.
    pub name: String,
    /// UID of the controlling owner: a CronJob, or the ScrapeSource itself for run-now.
    pub owner_uid: String,
    /// What started it.
    pub trigger: Trigger,
    /// Token of the request to run now.
    pub run_now_token: Option<String>,
    /// `metadata.creationTimestamp`
    pub created: Timestamp,
    /// `spec.activeDeadlineSeconds`
    pub active_deadline_seconds: Option<i64>,
    /// Pods that have ended, as `status.succeeded` and `status.failed` count them: so many must be seen.
    pub ended_pods: i64,
    /// How it ended, once it has.
    pub ended: Option<JobEnd>,
}

/// How a Job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// When.
    pub at: Timestamp,
    /// Whether it is `Complete` rather than `Failed`.
    pub is_complete: bool,
    /// `reason` of the condition, e.g. `DeadlineExceeded`, `BackoffLimitExceeded`, `PodFailurePolicy`.
    pub reason: String,
    /// `message` of the condition.
    pub message: String,
}

/// What is kept of a Pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodRecord {
    /// `metadata.uid`
    pub uid: String,
    /// Name.
    pub name: String,
    /// UID of the Job that it is an attempt of.
    pub job_uid: String,
    /// `metadata.creationTimestamp`
    pub created: Timestamp,
    /// Whether somebody deletes it.
    pub is_deleted: bool,
    /// Where it stands.
    pub state: PodState,
}

/// Where a Pod stands.
#[derive(Clone, Debug, PartialEq)]
pub enum PodState {
    /// Nothing is known to be wrong.
    Starting,
    /// The container runs.
    Running,
    /// It cannot start, and says why.
    Stuck {
        /// Why.
        reason: Reason,
        /// In words of Kubernetes, made stable: no counters, no back-off times.
        message: String,
    },
    /// The container ended, or the Pod was ended.
    Ended {
        /// Exit code; `None` if the container never ran, or nothing is known of its end.
        exit_code: Option<i32>,
        /// Why, if the cluster ended it or kept it from starting: `OOMKilled`, `Evicted`, `ImagePullFailed`…
        reason: Option<Reason>,
        /// In words of Kubernetes; for a reason that kept it from starting, in ours and with the remedy.
        message: Option<String>,
        /// The run's own report from the termination message, if there is one that can be read.
        report: Option<Box<RunReport>>,
        /// When.
        at: Option<Timestamp>,
    },
}

/// A run as the status step sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Run {
    /// Under way.
    Active {
        /// UID of the Job.
        job_uid: String,
        /// Name of the Job.
        job: String,
        /// Whether a container of it runs or ran.
        has_started: bool,
        /// What keeps its Pod from starting, once that has lasted.
        problem: Option<(Reason, String)>,
        /// When to look again although nothing may change, in seconds.
        look_again_after: Option<u64>,
    },
    /// Ended.
    Finished(Box<FinishedRun>),
}

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRun {
    /// UID of the Job.
    pub job_uid: String,
    /// Name of the Job.
    pub job: String,
    /// What started it.
    pub trigger: Trigger,
    /// Pods that it took.
    pub attempts: i64,
    /// When.
    pub finished_at: Timestamp,
    /// The report of the last attempt, or one made of what Kubernetes tells; errors are those of all attempts.
    pub report: RunReport,
}

/// Whose run it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The source.
    pub key: SourceKey,
    /// Its name in metrics.
    pub api_name: String,
}
