//! What befalls the whole cluster: the API server goes, an object that nobody can read, and one that ends the operator. In a file of its own, since no
//! other test may use the cluster meanwhile. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "outage/api_server.rs"]
mod api_server;
#[path = "outage/broken_object.rs"]
mod broken_object;
#[path = "outage/poison.rs"]
mod poison;

use std::time::Duration;

use tokio::sync::Mutex;

const A_WHILE: Duration = Duration::from_mins(3);
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
