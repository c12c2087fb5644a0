//! `status` of a ScrapeSource. Written by the operator alone. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{Outcome, Reason, RunReport, SkipReason, Step};

/// What the operator knows about a source. Read-only for everybody else.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeSourceStatus {
    /// Generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready`, `LastRunSucceeded`, `DataHealthy` and `MetricsPublished`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// The newest finished run; one that its cadence skipped is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,

    /// End of the last run that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_time: Option<Time>,

    /// End of the last run that failed or was suspicious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_time: Option<Time>,

    /// Failed or suspicious runs since the last success.
    #[serde(default)]
    pub consecutive_failures: i64,

    /// When the next scheduled run was due, as of the newest finished run or the newest change (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run_time: Option<String>,

    /// The newest runs, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub recent_runs: Vec<RecentRun>,

    /// Sums over all runs since the source was created: where the counters of the exporter go on after a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<RunTotals>,

    /// UIDs of the Jobs that are part of the totals already and may still exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted_jobs: Vec<String>,

    /// The CronJob of this source, as the operator left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron_job: Option<AppliedCronJob>,

    /// The newest request to run now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_now: Option<RunNow>,
}

/// The newest finished run: how it came about, and its report. A run that ended without a report of its own has one that
/// the operator made of what Kubernetes tells.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Name of the Job.
    pub job: String,

    /// What started it.
    pub trigger: Trigger,

    /// Pods that it took.
    #[serde(default)]
    pub attempts: i64,

    /// What the run tells.
    #[serde(flatten)]
    pub report: RunReport,
}

/// What started a run.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The schedule.
    Schedule,
    /// The annotation `sms-scraper.dev/run-now`.
    RunNow,
}

/// One line of history.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RecentRun {
    /// Name of the Job.
    pub job: String,

    /// End of the run.
    pub finished_at: Time,

    /// How it ended.
    pub outcome: Outcome,

    /// Why, if it failed or is suspicious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,

    /// Events accepted.
    #[serde(default)]
    pub processed: i64,
}

/// Sums over runs. A run that its cadence skipped is not counted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct RunTotals {
    /// Runs by outcome.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runs: BTreeMap<Outcome, i64>,

    /// Events accepted.
    #[serde(default)]
    pub processed: i64,

    /// Items rejected, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<SkipReason, i64>,

    /// Items and steps that failed, by step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<Step, i64>,

    /// Seconds that runs took together.
    #[serde(default)]
    pub duration_seconds: f64,

    /// Runs by length: how many lasted at most as long as each bound of `sms_pipeline_duration_seconds`, and no shorter
    /// bound; the last number is of those beyond every bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duration_buckets: Vec<i64>,
}

/// A CronJob as the operator left it. Another UID or generation means that somebody else changed it.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AppliedCronJob {
    /// Name.
    pub name: String,

    /// `metadata.uid`
    pub uid: String,

    /// `metadata.generation`
    pub generation: i64,
}

/// A request to run now.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RunNow {
    /// The token of the annotation; of a token longer than 253 characters its SHA-256.
    pub token: String,

    /// Whether the Job was made.
    pub state: RunNowState,

    /// Name of the Job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,

    /// What it waits for, or why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of a request to run now.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunNowState {
    /// Another run of the source is active; the Job is made when that has ended.
    Waiting,
    /// The Job was made.
    Started,
}
