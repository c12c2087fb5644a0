//! Why an item was not made an event. Pure.

use sms_crds::report::SkipReason;

use super::text;

/// A reason of the closed set, with words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(super) struct Problem {
    pub(super) reason: SkipReason,
    pub(super) detail: String,
}

impl Problem {
    pub(super) fn new(reason: SkipReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    /// A date that could not be read: names the field, its text and the remedy.
    pub(super) fn unreadable_date(field: &str, written: &str) -> Self {
        let detail = format!(
            "{field} \"{}\" is no date that is understood: add a pattern to extract.dates.formats",
            text::excerpt(written)
        );
        Self::new(SkipReason::InvalidDate, detail)
    }
}
