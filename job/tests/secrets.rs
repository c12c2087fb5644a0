//! A canary secret's way through everything that a run writes: logs, reports, files, database, pushes, answers of the view.
//! Records rows of the group `secrets`. IO.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test says so by failing"
)]

#[path = "support/postgres.rs"]
mod server;

#[path = "support/processes.rs"]
mod processes;
#[path = "support/scraper.rs"]
mod scraper;

#[path = "secrets/canary.rs"]
mod canary;
#[path = "secrets/parrot.rs"]
mod parrot;
#[path = "secrets/process.rs"]
mod process;
#[path = "secrets/sources.rs"]
mod sources;
#[path = "secrets/starved.rs"]
mod starved;
