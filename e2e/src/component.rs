//! The processes that a cluster consists of. Pure.

/// One process of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The API server's database.
    Etcd,
    /// The API.
    ApiServer,
    /// `CronJob`, Job, garbage collection and all other built-in controllers.
    ControllerManager,
    /// Assigns Pods to the node.
    Scheduler,
    /// Runs containers.
    Containerd,
    /// Runs the node's Pods.
    Kubelet,
    /// Makes Service addresses work.
    Proxy,
    /// Makes Service names work.
    Dns,
}

impl Component {
    /// The name of its program, and of its files in the state folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Containerd => "containerd",
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
            Self::Dns => "coredns",
        }
    }
}

impl std::fmt::Display for Component {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
