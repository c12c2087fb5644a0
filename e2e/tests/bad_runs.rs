//! Every way in which a run goes wrong in a cluster is told in words: in the condition, in `lastRun`, in an event and in
//! the exporter, and is counted once. IO.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "bad_runs/scene.rs"]
mod scene;
#[path = "bad_runs/starting.rs"]
mod starting;
#[path = "bad_runs/stopping.rs"]
mod stopping;
#[path = "bad_runs/telling.rs"]
mod telling;
