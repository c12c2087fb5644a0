//! Reads raw items from a page. Pure; runs in the worker process.

pub mod error;
pub mod feed;
pub mod html;
pub mod ical;
pub mod item;
pub mod json_ld;
