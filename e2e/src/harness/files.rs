//! Writes the state folder of a new cluster. IO.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use super::{Error, Result, configuration, credentials, machine::Machine};
use crate::{Component, layout::Layout};

/// Users of the API that are there from the start, with the groups that make them what they are.
const USERS: [(Option<Component>, &str, &str); 6] = [
    (None, "admin", "system:masters"),
    (
        Some(Component::ControllerManager),
        "system:kube-controller-manager",
        "",
    ),
    (Some(Component::Scheduler), "system:kube-scheduler", ""),
    (Some(Component::Kubelet), "system:node:node", "system:nodes"),
    (Some(Component::Proxy), "system:kube-proxy", ""),
    (Some(Component::Dns), "dns", "system:masters"),
];

/// Writes certificates, tokens, kubeconfigs and the components' configuration.
///
/// # Errors
/// A file that cannot be written.
pub fn write(layout: &Layout, machine: &Machine) -> Result<()> {
    for folder in ["logs", "cni", "etcd"] {
        let path = layout.path(folder);
        fs::create_dir_all(&path).map_err(Error::file("create", &path))?;
    }
    // etcd warns about a folder that others may read.
    let _ = fs::set_permissions(layout.path("etcd"), fs::Permissions::from_mode(0o700));
    for (name, text) in credentials::files()? {
        write_text(&layout.path(name), &text)?;
    }
    write_users(layout)?;
    write_json(
        &layout.path("kubelet.yaml"),
        &configuration::kubelet(layout, machine),
    )?;
    let proxy = configuration::proxy(&layout.kubeconfig_of(Component::Proxy));
    write_json(&layout.path("kube-proxy.yaml"), &proxy)?;
    write_json(
        &layout.path("cni/pods.conflist"),
        &configuration::pod_network(layout),
    )?;
    write_text(
        &layout.path("containerd.toml"),
        &configuration::containerd(layout, machine),
    )?;
    let dns = configuration::dns(&layout.kubeconfig_of(Component::Dns));
    write_text(&layout.path("Corefile"), &dns)?;
    write_text(&layout.path("resolv.conf"), "")
}

fn write_users(layout: &Layout) -> Result<()> {
    let authority = layout.path("authority.crt");
    let mut rows = Vec::new();
    for (component, user, groups) in USERS {
        let token = random_token()?;
        let file = component.map_or_else(
            || layout.kubeconfig(),
            |component| layout.kubeconfig_of(component),
        );
        write_json(&file, &configuration::kubeconfig(&authority, &token))?;
        rows.push((token, user, groups));
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(token, user, groups)| (token.as_str(), *user, *groups))
        .collect();
    write_text(&layout.path("tokens.csv"), &configuration::tokens(&rows))
}

fn random_token() -> Result<String> {
    let path = "/proc/sys/kernel/random/uuid";
    let text = fs::read_to_string(path).map_err(Error::file("read", path))?;
    Ok(text.trim().to_owned())
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    write_text(path, &format!("{value:#}\n"))
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::file("write", path))
}
