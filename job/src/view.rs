//! A read-only view of the stored events over HTTP: JSON for programs, iCalendar for people, a page that leads to both.
//!
//! ```text
//! request ──query──▶ Filter ──store::reader──▶ StoredEvent* ──lists──▶ JSON or iCalendar
//!          (pure)                 (IO)                       (IO, in pieces)
//! ```
//!
//! Who asks is a stranger: every parameter is checked, SQL gets values bound to it, answers never tell the store's address
//! or its words, and connections, answers under way, questions to the database and the length of an answer are bounded.

mod admission;
mod answers;
pub mod connections;
pub mod context;
mod cursor;
mod documents;
mod feeds;
pub mod health;
pub mod lists;
pub mod metrics;
mod names;
mod page;
mod problem;
pub mod query;
pub mod routes;
mod validators;
