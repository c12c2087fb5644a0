//! The `ScrapeSource` kind, version v1alpha1. Pure.

pub mod dates;
pub mod expect;
pub mod extract;
pub mod fetch;
pub mod follow;
pub mod html;
pub mod job;
pub mod status;
pub mod store;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::DurationString;

pub use dates::{DateOrder, DateRules, MidnightRule, YearRule};
pub use expect::ExpectSpec;
pub use extract::{
    ExtractSpec, FeedExtract, FilterRule, IcalExtract, JsonExtract, JsonLdExtract, LookupSpec,
};
pub use fetch::{AuthSpec, FetchSpec, HeaderSpec, HttpMethod, PagesSpec, RobotsRule, SecretKeyRef};
pub use follow::{FollowSpec, MergeRule};
pub use html::{HtmlExtract, HtmlField, HtmlScope};
pub use job::JobSpec;
pub use status::ScrapeSourceStatus;
pub use store::{RetentionSpec, StoreSpec};

/// One source of events: where to fetch them, how to read them, and what a healthy run looks like.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "sms-scraper.dev",
    version = "v1alpha1",
    kind = "ScrapeSource",
    doc = "One source of events: where to fetch them, how to read them, and what a healthy run looks like.",
    plural = "scrapesources",
    shortname = "ss",
    category = "sms",
    namespaced,
    status = "ScrapeSourceStatus",
    derive = "PartialEq",
    cel,
    selectable = ".spec.suspend",
    selectable = ".spec.apiName",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Schedule", type_ = "string", json_path = ".spec.schedule"),
    printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspend"),
    printcolumn(name = "Last success", type_ = "date", json_path = ".status.lastSuccessTime"),
    printcolumn(name = "Processed", type_ = "integer", json_path = ".status.lastRun.processed"),
    printcolumn(name = "Skipped", type_ = "integer", json_path = ".status.lastRun.skipped"),
    printcolumn(name = "Next run", type_ = "string", json_path = ".status.nextRunTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Last outcome", type_ = "string", json_path = ".status.lastRun.outcome", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.lastRun.reason", priority = 1),
    validation = Rule::new("self.metadata.name.size() <= 63")
        .message("metadata.name: is longer than 63 characters, which a label cannot hold: shorten the name")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.apiName) == has(oldSelf.apiName) && (!has(self.apiName) || self.apiName == oldSelf.apiName)")
        .message("cannot be changed, since it names the metrics of this source: create a new ScrapeSource instead")
        .field_path(".apiName")
)]
pub struct ScrapeSourceSpec {
    /// Name of this source in metrics (label `instance` of the pushed group, label `api` of the exporter) and on
    /// the command line (`--apis`). Cannot be changed. Example: `sea_monster`.
    /// Default: the object's name with `-` and `.` written `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z0-9_]{1,63}$"))]
    pub api_name: Option<String>,

    /// When to run: five cron fields (minute, hour, day of month, month, day of week). `H` in a field stands for one
    /// value that is fixed for this source, so that many sources do not fire together: `H * * * *` is once an hour,
    /// `H H(4-8) * * *` once a day between 04:00 and 08:59, `H/15` every fifteen minutes from a fixed offset. Macros
    /// (`@daily`) and `TZ=` are refused. Default: `H */6 * * *`.
    #[serde(default = "default_schedule")]
    #[schemars(length(min = 1, max = 100))]
    #[x_kube(
        validation = ("!self.startsWith('@')", "macros such as @daily are not supported: write five cron fields, e.g. 'H 4 * * *'"),
        validation = ("self.startsWith('@') || !self.contains('TZ=')", "TZ= is not supported in a schedule: set spec.timeZone instead"),
        validation = ("self.startsWith('@') || self.contains('TZ=') || self.matches('^\\\\s*\\\\S+(\\\\s+\\\\S+){4}\\\\s*$')", "a schedule has exactly five fields: minute hour day-of-month month day-of-week")
    )]
    pub schedule: String,

    /// IANA time zone of the schedule, and of the venue unless `extract.timeZone` says otherwise.
    /// Example: `America/Los_Angeles`. Default: `UTC`.
    #[serde(default = "default_time_zone")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: String,

    /// Least time between the starts of two successful runs. A run that comes sooner ends at once as
    /// `SkippedByCadence`; `--bypass-cadence` and run-now ignore it. A tenth of it is slack, so a cadence equal to the
    /// schedule's interval never skips every second run. Example: `4h`. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<DurationString>,

    /// `true` stops scheduled runs until it is `false` again. A run that is under way is not ended. Default: `false`.
    #[serde(default)]
    pub suspend: bool,

    /// How the pages are fetched.
    pub fetch: FetchSpec,

    /// How events are read from what was fetched.
    pub extract: ExtractSpec,

    /// What a healthy run looks like. A run that breaks an expectation ends as `Suspicious`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<ExpectSpec>,

    /// Where events are stored. Default: the store that the process or the operator is configured with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreSpec>,

    /// How long events and runs are kept. Default: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionSpec>,

    /// Settings of the Job that runs this source in a cluster. Without a cluster they have no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobSpec>,
}

fn default_schedule() -> String {
    "H */6 * * *".to_owned()
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}
