//! One thing that is wrong with a manifest: where, what, and the remedy. Pure.

use std::fmt;

/// One thing that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The field, e.g. `spec.fetch.timeout`; empty for the whole object.
    pub path: String,
    /// What is wrong and what to write instead.
    pub problem: String,
}

impl Problem {
    /// A problem at `path`.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

/// A text as it is quoted in a message: cut to a readable length.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return format!("{text:?}");
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{cut:?}…")
}

/// The candidate that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let best = candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    (best.0 <= allowed).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let fields = ["timeout", "url", "headers"];
        assert_eq!(did_you_mean("timeut", fields), Some("timeout"));
        assert_eq!(did_you_mean("URL", fields), Some("url"));
        assert_eq!(did_you_mean("header", fields), Some("headers"));
        assert_eq!(did_you_mean("selector", fields), None);
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(quoted("ü"), "\"ü\"");
        assert_eq!(quoted(&"ü".repeat(100)), format!("\"{}\"…", "ü".repeat(60)));
    }
}
