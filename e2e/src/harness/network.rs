//! The links and addresses of a cluster's network namespace. IO.

use std::{fs, process::Command, time::Duration};

use super::{Error, Result};
use crate::layout::{HOST_ADDRESS, NODE_ADDRESS, SERVICE_RANGE, VENUE_ADDRESS};

const NODE_LINK: &str = "node0";
const HOST_LINK: &str = "sms-e2e0";

/// Inside the namespaces: brings up loopback, the node's link and the addresses.
///
/// With `linked_to_host` the link is made by [`link_to_host`], else its other end stays inside, where nothing uses it.
///
/// # Errors
/// What `ip` says.
pub async fn prepare(linked_to_host: bool) -> Result<()> {
    ip("link set lo up")?;
    ip(&format!("address add {VENUE_ADDRESS}/32 dev lo"))?;
    if linked_to_host {
        while ip(&format!("link show {NODE_LINK}")).is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    } else {
        ip(&format!("link add {NODE_LINK} type veth peer name {HOST_LINK}"))?;
        ip(&format!("link set {HOST_LINK} up"))?;
    }
    ip(&format!("address add {NODE_ADDRESS}/24 dev {NODE_LINK}"))?;
    ip(&format!("link set {NODE_LINK} up"))?;
    // Without a route a connection from the node fails before the address of a Service is translated.
    ip(&format!("route add {SERVICE_RANGE} dev {NODE_LINK}"))?;
    let path = "/proc/sys/net/ipv4/ip_forward";
    fs::write(path, "1").map_err(Error::file("write", path))
}

/// On the host: a link into the network namespace of the process `pid`. One that an earlier cluster left is taken away.
///
/// # Errors
/// What `ip` says.
pub fn link_to_host(pid: u32) -> Result<()> {
    unlink_from_host();
    ip(&format!(
        "link add {HOST_LINK} type veth peer name {NODE_LINK} netns {pid}"
    ))?;
    ip(&format!("address add {HOST_ADDRESS}/24 dev {HOST_LINK}"))?;
    ip(&format!("link set {HOST_LINK} up"))
}

/// Takes the link away. It would go with the namespace, but a connection that nobody closed keeps that for minutes.
pub fn unlink_from_host() {
    // There may be none.
    let _ = ip(&format!("link delete {HOST_LINK}"));
}

fn ip(arguments: &str) -> Result<()> {
    run("ip", &arguments.split(' ').collect::<Vec<_>>())
}

/// Runs a program to its end.
pub(super) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|source| Error::Spawn {
            program: program.to_owned(),
            source,
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Command {
        command: format!("{program} {}", arguments.join(" ")),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
