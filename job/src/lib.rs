//! One scraper run, and the commands around it.
//!
//! ```text
//! Source ──fetch──▶ Document ──extract──▶ RawItem* ──normalise──▶ Event* ──store──▶ StoreSummary ──report──▶ RunReport
//!         (IO)               (pure, in the worker process)                 (IO)                   (IO)
//! ```
//!
//! [`pipeline`] alone knows the order of the steps. [`worker`] runs `extract` and `normalise` in a child process with
//! limits, since pages and jq programs are other people's.

pub mod args;
pub mod cadence;
pub mod calendar;
pub mod commands;
pub mod document;
pub mod environment;
pub mod event;
pub mod expectations;
pub mod exporter;
pub mod extract;
pub mod fetch;
pub mod identity;
pub mod metrics;
pub mod normalise;
pub mod pipeline;
pub(crate) mod processor_time;
pub mod push;
pub mod secrets;
pub mod serve;
pub mod sources;
pub mod stop;
pub mod store;
pub mod telemetry;
pub mod view;
pub mod worker;
