//! The run report: what a job tells the operator, the log and the metrics about one run. Pure.
//!
//! The closed vocabularies of the product live here: [`Outcome`], [`Step`], [`Reason`] and [`SkipReason`] are the only
//! words that logs, metrics, conditions and events use.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod reason;

pub use reason::{Reason, SkipReason};

/// Most bytes of a termination message (Kubernetes, "Customizing the termination message").
pub const TERMINATION_MESSAGE_LIMIT: usize = 4096;

/// How a run ended.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Events were read and stored.
    Succeeded,
    /// The source had nothing new (304, or the same body): a success.
    Unchanged,
    /// Events were read, but an expectation is broken: nothing is removed, last success does not advance.
    Suspicious,
    /// The last success is younger than the cadence: nothing was done.
    SkippedByCadence,
    /// A step failed.
    Failed,
}

impl Outcome {
    /// Every outcome, in the order of this enum.
    pub const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Unchanged,
        Self::Suspicious,
        Self::SkippedByCadence,
        Self::Failed,
    ];

    /// The outcome as it is written in metrics, conditions and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Unchanged => "Unchanged",
            Self::Suspicious => "Suspicious",
            Self::SkippedByCadence => "SkippedByCadence",
            Self::Failed => "Failed",
        }
    }

    /// Whether last success advances.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Succeeded | Self::Unchanged)
    }
}

/// The step of a run that an error belongs to; label `step` of `sms_pipeline_errors_total`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Reading the manifest, the flags, the secrets.
    Config,
    /// Getting pages.
    Fetch,
    /// Reading items from pages.
    Extract,
    /// Making events of items.
    Normalise,
    /// Writing events.
    Store,
    /// Pushing metrics.
    Push,
}

impl Step {
    /// Every step, in the order of a run.
    pub const ALL: [Self; 6] = [
        Self::Config,
        Self::Fetch,
        Self::Extract,
        Self::Normalise,
        Self::Store,
        Self::Push,
    ];

    /// The step as it is written in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Fetch => "fetch",
            Self::Extract => "extract",
            Self::Normalise => "normalise",
            Self::Store => "store",
            Self::Push => "push",
        }
    }
}

/// One run, as JSON in the log and in the termination message (at most 4096 bytes).
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// `namespace/name` of the source.
    pub source: String,

    /// Name of the source in metrics.
    pub api_name: String,

    /// Identifier of the run.
    pub run: String,

    /// How it ended.
    pub outcome: Outcome,

    /// Why, if it failed or is suspicious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,

    /// The step that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,

    /// What happened, in words; holds no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,

    /// Start (RFC 3339).
    pub started_at: String,

    /// End (RFC 3339).
    pub finished_at: String,

    /// Length in seconds.
    pub duration_seconds: f64,

    /// Status of the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<i32>,

    /// Pages fetched, detail pages included.
    #[serde(default)]
    pub pages: i64,

    /// Items seen.
    #[serde(default)]
    pub found: i64,

    /// Events accepted: new, updated and unchanged together.
    #[serde(default)]
    pub processed: i64,

    /// Items rejected with a reason.
    #[serde(default)]
    pub skipped: i64,

    /// Items or steps that failed.
    #[serde(default)]
    pub errors: i64,

    /// Errors by step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors_by_step: BTreeMap<Step, i64>,

    /// Events stored for the first time.
    #[serde(default)]
    pub new: i64,

    /// Events stored with other content.
    #[serde(default)]
    pub updated: i64,

    /// Events that are as they were.
    #[serde(default)]
    pub unchanged: i64,

    /// Future events that vanished.
    #[serde(default)]
    pub removed: i64,

    /// Rejected items by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped_by_reason: BTreeMap<SkipReason, i64>,

    /// The run did not see everything (page limit, item limit, failed detail page): nothing is removed.
    #[serde(default)]
    pub partial: bool,

    /// `sqlite`, `postgres` or `stdout`.
    #[serde(default)]
    pub store: String,

    /// Whether the run's metrics reached the Pushgateway; absent where none is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_pushed: Option<bool>,

    /// Hash of the part of the spec that decides what is extracted.
    #[serde(default)]
    pub spec_hash: String,

    /// Things worth knowing that did not fail the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl RunReport {
    /// A run that has nothing to tell but why it failed. It counts one error, at no step; all other numbers are 0, and
    /// texts are empty, times and names included: whoever knows them fills them in.
    pub fn failed(reason: Reason, message: String) -> Self {
        Self {
            source: String::new(),
            api_name: String::new(),
            run: String::new(),
            outcome: Outcome::Failed,
            reason: Some(reason),
            step: None,
            message: Some(message),
            started_at: String::new(),
            finished_at: String::new(),
            duration_seconds: 0.0,
            http_status: None,
            pages: 0,
            found: 0,
            processed: 0,
            skipped: 0,
            errors: 1,
            errors_by_step: BTreeMap::new(),
            new: 0,
            updated: 0,
            unchanged: 0,
            removed: 0,
            skipped_by_reason: BTreeMap::new(),
            partial: false,
            store: String::new(),
            metrics_pushed: None,
            spec_hash: String::new(),
            warnings: Vec::new(),
        }
    }

    /// The report as JSON of at most `limit` bytes: warnings go first, then the message is cut at a character.
    pub fn to_json_within(&self, limit: usize) -> String {
        let mut report = self.clone();
        loop {
            let json = serde_json::to_string(&report).unwrap_or_default();
            if json.len() <= limit {
                return json;
            }
            if report.warnings.pop().is_some() {
                continue;
            }
            match report.message.take() {
                Some(message) if !message.is_empty() => {
                    let keep = message.len().saturating_sub((json.len() - limit).max(16));
                    let cut = (0..=keep)
                        .rev()
                        .find(|at| message.is_char_boundary(*at))
                        .unwrap_or(0);
                    if cut > 0 {
                        report.message = Some(message[..cut].to_owned());
                    }
                }
                _ => return json,
            }
        }
    }
}
