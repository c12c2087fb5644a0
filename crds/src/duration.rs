//! Durations as people write them in manifests: `30s`, `4h`, `1h30m`, `90d`. Pure.

use std::{borrow::Cow, fmt, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A positive duration: whole numbers with the units `ms`, `s`, `m`, `h`, `d`, largest first. `1h30m` is 90 minutes.
///
/// The text is kept as written, so that an object that is read and written again does not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DurationString(String);

/// The pattern in the CRD's schema.
pub const PATTERN: &str = r"^([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,6}ms)?$";

/// Why a text is no duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not a positive duration: write for example 30s, 5m, 4h, 1h30m or 90d")]
pub struct ParseDurationError {
    text: String,
}

impl DurationString {
    /// Keeps `text` unchecked; [`Self::to_std`] checks it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The duration, or why the text is none. Zero is refused.
    pub fn to_std(&self) -> Result<Duration, ParseDurationError> {
        parse(&self.0).filter(|d| !d.is_zero()).ok_or_else(|| ParseDurationError { text: self.0.clone() })
    }
}

fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    let mut last_rank = usize::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok().filter(|_| (1..=6).contains(&digits))?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (rank, unit_ms) = match &rest[..end] {
            "d" => (4, 86_400_000),
            "h" => (3, 3_600_000),
            "m" => (2, 60_000),
            "s" => (1, 1_000),
            "ms" => (0, 1),
            _ => return None,
        };
        if rank >= last_rank {
            return None;
        }
        last_rank = rank;
        total += Duration::from_millis(number * unit_ms);
        rest = &rest[end..];
    }
    Some(total)
}

impl fmt::Display for DurationString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for DurationString {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 2,
            "maxLength": 40,
            "pattern": PATTERN,
            "x-kubernetes-validations": [{
                "rule": "self.matches('[1-9]')",
                "message": "a duration is longer than zero: write for example 30s, 5m, 4h, 1h30m or 90d"
            }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_from_the_largest_to_the_smallest() {
        let cases = [("30s", 30_000), ("1h30m", 5_400_000), ("90d", 7_776_000_000), ("1s500ms", 1_500)];
        for (text, ms) in cases {
            assert_eq!(DurationString::new(text).to_std(), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_remedy() {
        for text in ["", "0s", "5", "s", "-1s", "1m1h", "1.5h", "30 sec", "1h1h", "9999999s"] {
            let error = DurationString::new(text).to_std().unwrap_err().to_string();
            assert!(error.contains("write for example 30s"), "{text}: {error}");
        }
    }
}
