//! The command line of each component. Pure.

use super::programs::Programs;
use crate::{
    Component,
    layout::{API_PORT, Layout, NODE_ADDRESS, NODE_NAME, SERVICE_RANGE},
};

const ETCD_CLIENT: &str = "http://127.0.0.1:2379";
const ETCD_PEER: &str = "http://127.0.0.1:2380";

/// Program and arguments of a component.
pub fn command(component: Component, layout: &Layout, programs: &Programs) -> Vec<String> {
    let arguments = match component {
        Component::Etcd => etcd(layout),
        Component::ApiServer => api_server(layout),
        Component::ControllerManager => controller_manager(layout),
        Component::Scheduler => scheduler(layout),
        Component::Containerd => vec![format!("--config={}", file(layout, "containerd.toml"))],
        Component::Dns => vec![format!("-conf={}", file(layout, "Corefile"))],
        Component::Kubelet => kubelet(layout),
        Component::Proxy => vec![format!("--config={}", file(layout, "kube-proxy.yaml"))],
    };
    let program = programs.path(component).display().to_string();
    [program].into_iter().chain(arguments).collect()
}

fn file(layout: &Layout, name: &str) -> String {
    layout.path(name).display().to_string()
}

fn etcd(layout: &Layout) -> Vec<String> {
    vec![
        "--name=e2e".to_owned(),
        format!("--data-dir={}", file(layout, "etcd")),
        format!("--listen-client-urls={ETCD_CLIENT}"),
        format!("--advertise-client-urls={ETCD_CLIENT}"),
        format!("--listen-peer-urls={ETCD_PEER}"),
        format!("--initial-advertise-peer-urls={ETCD_PEER}"),
        format!("--initial-cluster=e2e={ETCD_PEER}"),
        // Nothing here outlives the machine.
        "--unsafe-no-fsync".to_owned(),
    ]
}

fn api_server(layout: &Layout) -> Vec<String> {
    vec![
        format!("--etcd-servers={ETCD_CLIENT}"),
        format!("--secure-port={API_PORT}"),
        format!("--advertise-address={NODE_ADDRESS}"),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
        format!("--cert-dir={}", file(layout, "kube-apiserver")),
        format!("--tls-cert-file={}", file(layout, "server.crt")),
        format!("--tls-private-key-file={}", file(layout, "server.key")),
        format!("--client-ca-file={}", file(layout, "authority.crt")),
        format!("--token-auth-file={}", file(layout, "tokens.csv")),
        format!(
            "--kubelet-client-certificate={}",
            file(layout, "kubelet-client.crt")
        ),
        format!("--kubelet-client-key={}", file(layout, "kubelet-client.key")),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        format!("--service-account-key-file={}", file(layout, "accounts.pub")),
        format!(
            "--service-account-signing-key-file={}",
            file(layout, "accounts.key")
        ),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--allow-privileged=true".to_owned(),
    ]
}

fn controller_manager(layout: &Layout) -> Vec<String> {
    let kubeconfig = layout.kubeconfig_of(Component::ControllerManager);
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--cert-dir={}", file(layout, "kube-controller-manager")),
        format!("--root-ca-file={}", file(layout, "authority.crt")),
        format!(
            "--service-account-private-key-file={}",
            file(layout, "accounts.key")
        ),
        "--use-service-account-credentials=true".to_owned(),
        "--leader-elect=false".to_owned(),
    ]
}

fn scheduler(layout: &Layout) -> Vec<String> {
    let kubeconfig = layout.kubeconfig_of(Component::Scheduler);
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--cert-dir={}", file(layout, "kube-scheduler")),
        "--leader-elect=false".to_owned(),
    ]
}

fn kubelet(layout: &Layout) -> Vec<String> {
    let kubeconfig = layout.kubeconfig_of(Component::Kubelet);
    vec![
        format!("--config={}", file(layout, "kubelet.yaml")),
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--root-dir={}", file(layout, "kubelet")),
        format!("--cert-dir={}", file(layout, "kubelet-certificates")),
        format!("--hostname-override={NODE_NAME}"),
        format!("--node-ip={NODE_ADDRESS}"),
    ]
}
