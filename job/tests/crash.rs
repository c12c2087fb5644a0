//! What is left when a run dies, and when its disk or its database does: runs of the real binary, SQLite files, a real
//! PostgreSQL. Records rows of the group `crash-safety`. IO.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says so by failing"
)]

#[path = "support/postgres.rs"]
mod server;

#[path = "store/bench.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod bench;
#[path = "support/processes.rs"]
mod processes;
#[path = "support/scraper.rs"]
mod scraper;

#[path = "crash/death.rs"]
mod death;
#[path = "crash/disk.rs"]
mod disk;
#[path = "crash/extraction.rs"]
mod extraction;
#[path = "crash/gateway.rs"]
mod gateway;
#[path = "crash/outages.rs"]
mod outages;
#[path = "crash/overlap.rs"]
mod overlap;
#[path = "crash/place.rs"]
mod place;
#[path = "crash/pooler.rs"]
mod pooler;
#[path = "crash/proxy.rs"]
mod proxy;
#[path = "crash/scene.rs"]
mod scene;
#[path = "crash/state.rs"]
mod state;
#[path = "crash/tmpfs.rs"]
mod tmpfs;
#[path = "crash/venue.rs"]
mod venue;

/// The short form of an attack that CI runs, or the long one of `SMS_PROOF_LONG`.
fn times(short: u32, long: u32) -> u32 {
    if sms_proof::long() { long } else { short }
}
