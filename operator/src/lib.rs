//! The operator: turns each ScrapeSource into a CronJob, and what its runs tell into status, events and metrics.
//!
//! ```text
//!               watch (IO) ──▶ caches ──────────────┐
//!                                                   ▼
//! ScrapeSource ──▶ observe ──▶ validate ──▶ build ──▶ apply ──▶ status     one pass of the controller
//!                  (memory)    (pure)       (pure)    (IO)      (pure, then one write if different)
//! ```
//!
//! Around it: `run` (order of everything), `startup` (client, CRD), `lease` (one leader), `gateway` (the Pushgateway's
//! groups), `exporter` (metrics), `server` (HTTP). `plugin` is a program of its own: the kubectl plugin.

pub mod api_names;
pub mod args;
pub mod commands;
pub mod context;
pub mod controller;
pub mod exporter;
pub mod gateway;
pub mod lease;
pub mod metrics;
pub mod names;
pub mod permit;
pub mod plugin;
pub mod run;
pub mod runs;
pub mod server;
pub mod settings;
pub mod startup;
pub mod telemetry;
