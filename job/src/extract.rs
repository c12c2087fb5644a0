//! Reads raw items from pages. Pure; runs in the worker process.
//!
//! ```text
//! Document ──page──▶ Page ──kind──▶ SourceItem* ──session──▶ RawItem* (transform, include/exclude, follow)
//! ```

pub mod bounded;
pub mod charset;
pub mod error;
pub mod feed;
pub mod fields;
pub mod filter;
pub mod functions;
pub mod html;
pub mod ical;
pub mod item;
pub mod jq;
pub mod json;
pub mod json_ld;
pub mod kind;
pub mod literal;
pub mod page;
mod part;
pub mod path;
pub mod patterns;
pub mod plan;
pub mod session;
pub mod silence;
mod wanted;
