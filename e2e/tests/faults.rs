//! What is between the operator and the API server fails: the end is that of an undisturbed run. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "faults/at_each_write.rs"]
mod at_each_write;
#[path = "faults/life.rs"]
mod life;

use std::time::Duration;

use sms_e2e::{Cluster, Proxy, operator};

const A_WHILE: Duration = Duration::from_mins(3);

/// A proxy with the operator's own rights.
async fn proxy(cluster: &Cluster) -> Proxy {
    Proxy::of_the_api_server(operator::kubeconfig_of_the_operator(cluster, operator::HOME)).await
}
