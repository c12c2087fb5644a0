//! Starts a cluster in namespaces of its own, supervises it, and leaves nothing behind.
//!
//! ```text
//! outside (host) ── state folder, cgroup, unshare ──▶ inside (namespaces) ── configuration ──▶ components ──▶ command
//! ```
//!
//! `commands`, `configuration` are pure; the others are IO.

pub mod cgroup;
pub mod commands;
pub mod configuration;
pub mod credentials;
pub mod files;
pub mod inside;
pub mod machine;
pub mod network;
pub mod outside;
pub mod programs;
pub mod readiness;
pub mod supervisor;

use std::{io, path::PathBuf};

use crate::Component;

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the texts say")]
pub enum Error {
    /// Not root.
    #[error("a cluster needs namespaces, mounts and cgroups; run as root")]
    NotRoot,
    /// Something is not installed.
    #[error(
        "not found: {}; give --control-plane (SMS_E2E_CONTROL_PLANE) the folder that e2e/control-plane/build prints, which \
         holds the programs of Kubernetes and coredns; Debian's packages of the others are etcd-server, containerd, runc, \
         containernetworking-plugins, iproute2, iptables and util-linux",
        names.join(", ")
    )]
    MissingPrograms { names: Vec<String> },
    /// No images for the node.
    #[error("there is no {}; build the images with e2e/images, or leave the node out with --no-node", path.display())]
    MissingImages { path: PathBuf },
    /// `cluster up` twice.
    #[error("a cluster is up in {}; end it with `cluster down`", state.display())]
    AlreadyUp { state: PathBuf },
    /// `cluster down` or `enter` without `cluster up`.
    #[error("no cluster is up; start one with `cluster up`")]
    NotUp,
    /// A background cluster that ended.
    #[error("the cluster ended before it was ready; read {}", log.display())]
    UpFailed { log: PathBuf },
    /// A file operation.
    #[error("cannot {act} {}", path.display())]
    File {
        act: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A program that could not run.
    #[error("cannot run {program}")]
    Spawn { program: String, source: io::Error },
    /// A program that failed.
    #[error("{command} failed: {stderr}")]
    Command { command: String, stderr: String },
    /// A certificate or key.
    #[error("cannot make the certificate of {of}")]
    Certificate { of: &'static str, source: rcgen::Error },
    /// A component that ended.
    #[error("{component} ended with {status} before the cluster was ready")]
    Ended { component: Component, status: String },
    /// A component that is not ready in time.
    #[error("{component} is not ready after {seconds} s: {last}")]
    NotReady {
        component: Component,
        seconds: u64,
        last: String,
    },
    /// A client of the API.
    #[error("cannot make a client from {}", kubeconfig.display())]
    Client {
        kubeconfig: PathBuf,
        source: Box<kube::Error>,
    },
    /// A kubeconfig.
    #[error("cannot read {}", kubeconfig.display())]
    Kubeconfig {
        kubeconfig: PathBuf,
        source: Box<kube::config::KubeconfigError>,
    },
}

/// What a step of the harness gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The component whose log tells more.
    pub const fn component(&self) -> Option<Component> {
        match self {
            Self::Ended { component, .. } | Self::NotReady { component, .. } => Some(*component),
            _ => None,
        }
    }

    fn file(act: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { act, path, source }
    }
}
