//! What is between the operator and the API server fails: the end is that of an undisturbed run. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "faults/at_each_write.rs"]
mod at_each_write;
#[path = "faults/bombs.rs"]
mod bombs;
#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/denied.rs"]
mod denied;
#[path = "faults/ended.rs"]
mod ended;
#[path = "faults/gateway.rs"]
mod gateway;
#[path = "faults/leaders.rs"]
mod leaders;
#[path = "faults/life.rs"]
mod life;
#[path = "faults/silent.rs"]
mod silent;
#[path = "faults/stale.rs"]
mod stale;
#[path = "faults/storm.rs"]
mod storm;
#[path = "faults/unseen.rs"]
mod unseen;

use std::time::Duration;

use sms_e2e::{
    Cluster, Namespace, Operator, Proxy, crowd, end_state::EndState, eventually, operator, operator::Options,
};
use sms_proof::{Group, record};

const A_WHILE: Duration = Duration::from_mins(3);

/// A proxy with the operator's own rights.
async fn proxy(cluster: &Cluster) -> Proxy {
    Proxy::of_the_api_server(operator::kubeconfig_of_the_operator(cluster, operator::HOME)).await
}

/// A namespace and an operator for it, which calls the API server through a proxy.
struct Scene {
    namespace: Namespace,
    proxy: Proxy,
    options: Options,
    operator: Operator,
}

impl Scene {
    async fn start(cluster: &Cluster, purpose: &str) -> Self {
        let namespace = Namespace::create(cluster, purpose).await;
        let proxy = proxy(cluster).await;
        let options = Options::watching(cluster, &namespace).through(&proxy);
        let operator = Operator::start(cluster, &options).await;
        Self {
            namespace,
            proxy,
            options,
            operator,
        }
    }

    /// Creates idle sources and waits until they are ready.
    async fn with_sources(self, size: usize) -> Self {
        crowd::create_all(&self.namespace, &crowd::names(size)).await;
        crowd::until_ready(&self.namespace, size, A_WHILE).await;
        self
    }

    /// The same operator once more, after it was killed.
    async fn restart(&mut self, cluster: &Cluster) {
        self.operator.kill().await;
        self.operator = Operator::start(cluster, &self.options).await;
    }

    /// Waits until statuses are about what is, and gives what there is.
    async fn settled(&self) -> EndState {
        eventually(A_WHILE, "statuses are about what is", || {
            EndState::of(&self.namespace)
        })
        .await
    }
}

/// Records a row of this part of the proof, and fails the test if its goal is missed.
fn prove(attack: &str, figure: impl Into<String>, goal: &str, pass: bool) {
    let figure = figure.into();
    println!("{attack}: {figure}");
    assert!(
        record(Group::OperatorFaults, attack, figure.clone(), goal, pass),
        "{attack}: {figure}, and should be: {goal}"
    );
}
