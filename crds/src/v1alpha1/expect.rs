//! `spec.expect`: what a healthy run looks like. Pure.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What a healthy run looks like. A run that breaks one of these is `Suspicious`: its events are stored, nothing is
/// removed, last success and cadence do not advance.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub struct ExpectSpec {
    /// Fewest accepted events. Default: 1 where recent runs had events. 0 is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub min_events: Option<i64>,

    /// Largest drop of accepted events, in percent of the median of the last accepted runs. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_drop_percent: Option<i32>,

    /// How many accepted runs the median is taken of; `maxDropPercent` is not evaluated before there is one.
    /// Default: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50))]
    pub baseline_runs: Option<i32>,

    /// Event fields that must be filled. Example: `[url, image]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 256)))]
    pub required_fields: Vec<String>,

    /// Share of the accepted events, in percent, that must have each required field. Default: 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub required_percent: Option<i32>,
}
