//! `spec.extract.dates`: how dates and times are read. Pure.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DurationString;

/// How dates and times are read. Without it, ISO 8601, RFC 2822, Unix times and the usual written forms are understood
/// ("Thursday, February 19", "May 6 2026", "8/25/2026 5:30:00 PM", "7:30 – 9:15 p.m.", "Doors: 7pm", "noon").
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub struct DateRules {
    /// strptime patterns (`%m.%d`, `%A, %B %d`), tried in order. With patterns, only they and RFC 3339 are read for
    /// dates; a pattern without a year falls under `year`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 256)))]
    pub formats: Vec<String>,

    /// Meaning of `5/6/2026`. Default: `monthFirst`.
    #[serde(default)]
    pub order: DateOrder,

    /// What happens to a date without a year. Default: `nearest`.
    #[serde(default)]
    pub year: YearRule,

    /// How many days a date without a year may lie in the past. Default: 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 366))]
    pub past_days: Option<i32>,

    /// Local time of an event whose page gives none. Default: the time stays unknown. Example: `20:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub default_time: Option<String>,

    /// Length of an event whose page gives no end. Default: the end stays unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_duration: Option<DurationString>,

    /// What 00:00 means. Default: `actual`.
    #[serde(default)]
    pub midnight: MidnightRule,
}

/// Meaning of a numeric date such as `5/6/2026`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub enum DateOrder {
    /// May 6th.
    #[default]
    MonthFirst,
    /// 5th of June.
    DayFirst,
}

/// What happens to a date without a year.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub enum YearRule {
    /// The nearest such date that fits the weekday, if one is given, and lies at most `pastDays` in the past.
    #[default]
    Nearest,
    /// The item is skipped with reason `MissingYear`.
    Required,
}

/// What the time 00:00 means.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub enum MidnightRule {
    /// Midnight.
    #[default]
    Actual,
    /// The site writes 00:00 where it knows no time.
    Unknown,
}
