//! What ships is installed as its documentation says, upgraded, taken away and installed again, and sources outlive it. In
//! a file of its own: its operators watch the whole cluster. IO.
//!
//! The network of this cluster enforces no `NetworkPolicy`: here they are accepted and no more.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "ship/everything.rs"]
mod everything;
#[path = "ship/overlays.rs"]
mod overlays;
#[path = "ship/previous.rs"]
mod previous;
#[path = "ship/provided.rs"]
mod provided;
#[path = "ship/scene.rs"]
mod scene;
#[path = "ship/upgrade.rs"]
mod upgrade;

/// Cluster roles and the CRD belong to one installation at a time.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
