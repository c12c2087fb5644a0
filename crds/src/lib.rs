//! The `ScrapeSource` API: types, validation rules and the contracts between job and operator. Pure: knows no
//! HTTP, no database and no cluster.
//!
//! ```text
//! YAML, JSON ──manifest──▶ ScrapeSource, checked ──▶ job, operator
//!    types ──crd, reference──▶ CRD YAML, manual       job ──report::RunReport──▶ operator
//! ```

pub mod conditions;
pub mod crd;
pub mod duration;
pub mod fields;
pub mod labels;
pub mod manifest;
pub mod metrics;
pub mod problem;
pub mod reference;
pub mod report;
pub mod schedule;
pub mod schema;
pub mod secrecy;
pub mod source;
pub mod v1alpha1;
pub mod zone;

/// API group of every kind in this crate.
pub const GROUP: &str = "sms-scraper.dev";

pub use duration::DurationString;
pub use problem::Problem;
pub use source::SourceKey;
pub use v1alpha1::{ScrapeSource, ScrapeSourceSpec, ScrapeSourceStatus};
