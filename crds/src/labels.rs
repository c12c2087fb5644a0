//! Label and annotation keys, and the syntax of labels. Pure.

use std::sync::LazyLock;

use regex::Regex;

use crate::problem::{Problem, quoted};

/// Annotation on a ScrapeSource: a token that asks for one run now.
pub const RUN_NOW: &str = "sms-scraper.dev/run-now";

/// Annotation on a ScrapeSource: the run whose event count becomes the new normal.
pub const ACCEPT: &str = "sms-scraper.dev/accept";

/// Label on everything that belongs to one source: its name.
pub const SOURCE: &str = "sms-scraper.dev/source";

/// Annotation on a CronJob: hash of the spec and the labels that the operator gave it.
pub const SPEC_HASH: &str = "sms-scraper.dev/spec-hash";

/// Annotation on a CronJob: `metadata.generation` of the source that it was built from.
pub const SOURCE_GENERATION: &str = "sms-scraper.dev/source-generation";

/// Annotation on a Job that run-now made: the token that asked for it.
pub const RUN_NOW_TOKEN: &str = "sms-scraper.dev/run-now-token";

/// Recommended label: name of the application (Kubernetes, "Recommended Labels").
pub const APP_NAME: &str = "app.kubernetes.io/name";

/// Recommended label: part of the application.
pub const APP_COMPONENT: &str = "app.kubernetes.io/component";

/// Recommended label: what manages the object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Value of [`APP_NAME`] on what the operator makes.
pub const APP_NAME_VALUE: &str = "sms-scraper";

/// Value of [`APP_COMPONENT`] on CronJobs, Jobs and their Pods.
pub const COMPONENT_JOB: &str = "job";

/// Value of [`MANAGED_BY`] on what the operator makes.
pub const MANAGED_BY_VALUE: &str = "sms-operator";

static NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$").ok());
static PREFIX: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").ok());

fn matches(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// Whether `key` is one of a label or an annotation (Kubernetes, "Labels and Selectors").
pub fn check_key(key: &str, path: &str) -> Option<Problem> {
    let (prefix, name) = key
        .split_once('/')
        .map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix_fits = prefix.is_none_or(|prefix| prefix.len() <= 253 && matches(&PREFIX, prefix));
    if prefix_fits && name.len() <= 63 && matches(&NAME, name) {
        return None;
    }
    Some(Problem::new(
        path,
        format!(
            "{} is not a key: use up to 63 letters, digits, hyphens, dots and underscores, e.g. example.org/team",
            quoted(key)
        ),
    ))
}

/// Whether `key` and `value` make a label.
pub fn check_label(key: &str, value: &str, path: &str) -> Option<Problem> {
    if value.is_empty() || (value.len() <= 63 && matches(&NAME, value)) {
        return check_key(key, path);
    }
    Some(Problem::new(
        path,
        format!(
            "{} is not a label value: use up to 63 letters, digits, hyphens, dots and underscores",
            quoted(value)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_follow_the_rules_of_kubernetes() {
        for (key, value) in [
            ("team", "events"),
            ("example.org/team", ""),
            ("a", &"x".repeat(63)),
            ("A_b.c", "1"),
        ] {
            assert_eq!(check_label(key, value, "x"), None, "{key}={value}");
        }
        for (key, value) in [
            ("", "x"),
            ("a b", "x"),
            ("A.org/x", "x"),
            ("a/b/c", "x"),
            ("a", "-x"),
            ("a", "x y"),
            ("-a", ""),
        ] {
            assert!(check_label(key, value, "x").is_some(), "{key}={value}");
        }
        assert!(check_label("a", &"x".repeat(64), "x").is_some());
    }
}
