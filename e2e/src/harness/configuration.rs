//! The configuration files of the components. Pure.

use std::path::Path;

use serde_json::{Value, json};

use super::machine::Machine;
use crate::layout::{API_PORT, Layout, NODE_ADDRESS, NODE_NAME, POD_RANGE};

/// The image of the container that holds a Pod's namespaces; `e2e/images` makes it.
pub const PAUSE_IMAGE: &str = "docker.io/sms-scraper/pause:e2e";

/// The last labels of every Service's name.
const CLUSTER_DOMAIN: &str = "cluster.local";

/// A kubeconfig of a user with a token. JSON is YAML.
pub fn kubeconfig(authority: &Path, token: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "e2e",
            "cluster": {
                "server": format!("https://{NODE_ADDRESS}:{API_PORT}"),
                "certificate-authority": authority,
            },
        }],
        "users": [{ "name": "e2e", "user": { "token": token } }],
        "contexts": [{ "name": "e2e", "context": { "cluster": "e2e", "user": "e2e" } }],
        "current-context": "e2e",
    })
}

/// Configuration of the kubelet.
pub fn kubelet(layout: &Layout, machine: &Machine) -> Value {
    let mut configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": layout.path("authority.crt") },
        },
        "authorization": { "mode": "Webhook" },
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{}", machine.cgroup),
        "clusterDNS": [NODE_ADDRESS],
        "clusterDomain": CLUSTER_DOMAIN,
        "containerRuntimeEndpoint": format!("unix://{}", layout.containerd_socket().display()),
        "enforceNodeAllocatable": [],
        // The disk of a developer's machine may be nearly full.
        "evictionHard": {},
        "failCgroupV1": false,
        "failSwapOn": false,
        "imageGCHighThresholdPercent": 100,
        "localStorageCapacityIsolation": false,
        "maxPods": 240,
        "podLogsDir": layout.path("pod-logs"),
        "resolvConf": layout.path("resolv.conf"),
        "serializeImagePulls": false,
        "volumePluginDir": layout.path("volume-plugins"),
    });
    if !machine.may_lower_oom_score {
        configuration["oomScoreAdj"] = json!(0);
    }
    configuration
}

/// Configuration of kube-proxy.
pub fn proxy(kubeconfig: &Path) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": { "kubeconfig": kubeconfig },
        "clusterCIDR": POD_RANGE,
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
        // Limits of the whole machine are not ours to set.
        "conntrack": { "maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s" },
    })
}

/// Configuration of the DNS server: names of Services, and none of the world outside.
pub fn dns(kubeconfig: &Path) -> String {
    let kubeconfig = kubeconfig.display();
    format!(
        ".:53 {{\n    bind {NODE_ADDRESS}\n    errors\n    kubernetes {CLUSTER_DOMAIN} {{\n        kubeconfig {kubeconfig}\n    }}\n}}\n"
    )
}

/// The network of Pods: a link of its own for each, so that what goes from Pod to Service to Pod is routed, and address
/// translation needs no bridge filter.
pub fn pod_network(layout: &Layout) -> Value {
    json!({
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{ "subnet": POD_RANGE }]],
                    "routes": [{ "dst": "0.0.0.0/0" }],
                    "dataDir": layout.path("pod-addresses"),
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    })
}

/// Configuration of containerd 1.6 and later.
pub fn containerd(layout: &Layout, machine: &Machine) -> String {
    let state = layout.state().display();
    let socket = layout.containerd_socket();
    let socket = socket.display();
    let plugins = machine.cni_plugins.display();
    let snapshotter = machine.snapshotter;
    let restrict = !machine.may_lower_oom_score;
    format!(
        r#"version = 2
root = "{state}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
address = "{socket}"

[plugins."io.containerd.internal.v1.opt"]
path = "{state}/containerd-opt"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = {restrict}

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{state}/cni"
"#
    )
}

/// The API server's users: token, name, id, groups.
pub fn tokens(users: &[(&str, &str, &str)]) -> String {
    users.iter().fold(String::new(), |lines, (token, name, groups)| {
        format!("{lines}{token},{name},{name},\"{groups}\"\n")
    })
}
