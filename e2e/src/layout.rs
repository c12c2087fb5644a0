//! Where the parts of one cluster are: its addresses, and the files of its state folder. Pure.

use std::path::{Path, PathBuf};

use crate::Component;

/// The node's own address: API server, kubelet and whatever a test serves there, for Pods and for the host.
pub const NODE_ADDRESS: &str = "10.203.0.2";
/// The host's end of the link to a cluster that `cluster up` started.
pub const HOST_ADDRESS: &str = "10.203.0.1";
/// An address of the node that looks public, where tests serve venues: the job refuses private addresses, and its
/// guard stays on. 44.128.0.0/16 is the amateur radio network's block for tests, which the internet does not route.
pub const VENUE_ADDRESS: &str = "44.128.0.1";
/// Addresses of Pods.
pub const POD_RANGE: &str = "10.244.0.0/24";
/// Addresses of Services.
pub const SERVICE_RANGE: &str = "10.96.0.0/16";
/// The first of them: the Service `kubernetes`.
pub const API_SERVICE_ADDRESS: &str = "10.96.0.1";
/// Where the API server listens.
pub const API_PORT: u16 = 6443;
/// The one node.
pub const NODE_NAME: &str = "node";

/// The files in the state folder of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    state: PathBuf,
}

impl Layout {
    /// The layout of a state folder.
    pub fn new(state: impl Into<PathBuf>) -> Self {
        Self { state: state.into() }
    }

    /// The folder itself.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// A file or folder inside it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    /// The kubeconfig of the administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("kubeconfig")
    }

    /// The kubeconfig of a component that is a client of the API.
    pub fn kubeconfig_of(&self, component: Component) -> PathBuf {
        self.path(&format!("{component}.kubeconfig"))
    }

    /// A component's output, of all its lives.
    pub fn log(&self, component: Component) -> PathBuf {
        self.logs().join(format!("{component}.log"))
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.path("logs")
    }

    /// Holds the process id of a component while it runs.
    pub fn pid(&self, component: Component) -> PathBuf {
        self.path(&format!("{component}.pid"))
    }

    /// While this exists the component is not started again.
    pub fn stopped(&self, component: Component) -> PathBuf {
        self.path(&format!("{component}.stopped"))
    }

    /// Containerd's socket.
    pub fn containerd_socket(&self) -> PathBuf {
        self.path("containerd.sock")
    }

    /// Exists once the cluster is ready.
    pub fn ready(&self) -> PathBuf {
        self.path("ready")
    }
}
