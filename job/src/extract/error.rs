//! Why a page could not be read, or a manifest not compiled. Pure.

use sms_crds::report::Reason;

/// A part of the manifest that does not compile: a selector, a regular expression, a jq program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct PlanError {
    /// Where, e.g. `spec.extract.html.fields.title.select`.
    pub path: String,
    /// What is wrong and what to write instead.
    pub problem: String,
}

impl PlanError {
    /// An error at `path`.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

/// Why a whole page could not be read. An item that cannot be read is a [`crate::event::Rejected`] instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// The manifest does not compile.
    #[error("the manifest does not compile: {0}")]
    Plan(#[from] PlanError),
    /// The page is not what the manifest says.
    #[error("failed to read the page as {format}: {problem}")]
    Parse {
        /// `JSON`, `HTML`, `iCalendar`, `a feed`, `JSON-LD`.
        format: &'static str,
        /// What the parser says, with the place.
        problem: String,
    },
    /// A limit of depth, size, time or number.
    #[error("reading the page exceeded a limit: {0}")]
    Limit(String),
    /// A jq program of the manifest failed on the whole page.
    #[error("{path} failed: {problem}")]
    Program {
        /// Where the program stands.
        path: String,
        /// What it says.
        problem: String,
    },
}

impl ExtractError {
    /// The word for it in reports and metrics.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Plan(_) => Reason::InvalidSource,
            Self::Parse { .. } => Reason::ParseFailed,
            Self::Limit(_) => Reason::LimitExceeded,
            Self::Program { .. } => Reason::ProgramFailed,
        }
    }
}
