//! Label and annotation keys, and the syntax of labels. Pure.

use std::sync::LazyLock;

use regex::Regex;

use crate::problem::{Problem, quoted};

/// Annotation on a ScrapeSource: a token that asks for one run now.
pub const RUN_NOW: &str = "sms-scraper.dev/run-now";

/// Annotation on a ScrapeSource: the run whose event count becomes the new normal.
pub const ACCEPT: &str = "sms-scraper.dev/accept";

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
