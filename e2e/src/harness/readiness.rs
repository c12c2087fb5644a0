//! Waits for each part of a cluster until it can be used. IO.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::{
    Api, Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{net::TcpStream, net::UnixStream, time};

use super::{Error, Result};
use crate::{
    Component,
    layout::{Layout, NODE_NAME},
};

const LIMIT: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(100);

/// A client of the administrator.
///
/// # Errors
/// A kubeconfig that cannot be read or used.
pub async fn client(layout: &Layout) -> Result<Client> {
    let kubeconfig = layout.kubeconfig();
    let unreadable = |source| Error::Kubeconfig {
        kubeconfig: kubeconfig.clone(),
        source: Box::new(source),
    };
    let read = Kubeconfig::read_from(&kubeconfig).map_err(unreadable)?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
        .await
        .map_err(unreadable)?;
    Client::try_from(config).map_err(|source| Error::Client {
        kubeconfig: kubeconfig.clone(),
        source: Box::new(source),
    })
}

/// Until etcd listens.
///
/// # Errors
/// [`Error::NotReady`].
pub async fn etcd() -> Result<()> {
    wait(Component::Etcd, || async {
        TcpStream::connect("127.0.0.1:2379")
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    })
    .await
}

/// Until the API server says that it is ready.
///
/// # Errors
/// [`Error::NotReady`].
pub async fn api_server(client: &Client) -> Result<()> {
    wait(Component::ApiServer, || async {
        let request = http::Request::get("/readyz")
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        client
            .request_text(request)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    })
    .await
}

/// Until the controllers have made the account that Pods need.
///
/// # Errors
/// [`Error::NotReady`].
pub async fn controllers(client: &Client) -> Result<()> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
    wait(Component::ControllerManager, || async {
        accounts
            .get("default")
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    })
    .await
}

/// Until containerd listens.
///
/// # Errors
/// [`Error::NotReady`].
pub async fn containerd(layout: &Layout) -> Result<()> {
    wait(Component::Containerd, || async {
        UnixStream::connect(layout.containerd_socket())
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    })
    .await
}

/// Until the node takes Pods.
///
/// # Errors
/// [`Error::NotReady`].
pub async fn node(client: &Client) -> Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    wait(Component::Kubelet, || async {
        let node = nodes.get(NODE_NAME).await.map_err(|error| error.to_string())?;
        let taints = node.spec.and_then(|spec| spec.taints).unwrap_or_default();
        let conditions = node
            .status
            .and_then(|status| status.conditions)
            .unwrap_or_default();
        match conditions.iter().find(|condition| condition.type_ == "Ready") {
            Some(ready) if ready.status == "True" && taints.is_empty() => Ok(()),
            Some(ready) => Err(format!(
                "{}; taints: {}",
                ready.message.as_deref().unwrap_or_default(),
                taints.len()
            )),
            None => Err("the node has no condition Ready".to_owned()),
        }
    })
    .await
}

async fn wait<F: Future<Output = Result<(), String>>>(
    component: Component,
    ready: impl Fn() -> F,
) -> Result<()> {
    let start = Instant::now();
    loop {
        // A request to a server that hangs must not outlive the limit.
        let last = match time::timeout(LIMIT, ready()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(last)) => last,
            Err(_) => "no answer".to_owned(),
        };
        if start.elapsed() > LIMIT {
            return Err(Error::NotReady {
                component,
                seconds: LIMIT.as_secs(),
                last,
            });
        }
        time::sleep(POLL).await;
    }
}
