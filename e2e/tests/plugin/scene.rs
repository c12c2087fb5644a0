//! An installation as it ships, a venue, a database, a Pushgateway, and a user of the plugin. IO.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};
use sms_e2e::{
    Cluster, Namespace, Release, Source, Venue, crd,
    operator::HOME,
    services::{Postgres, Pushgateway},
    venue::Answer,
};
use tempfile::TempDir;

use crate::user::User;

/// A run takes seconds; a loaded machine may take its time.
pub const A_RUN: Duration = Duration::from_mins(4);

/// Must be in no report: stands wherever a secret can stand.
pub const CANARY: &str = "c4n4ryBird7hatSings";

/// The parts of the test.
pub struct Scene {
    pub cluster: Cluster,
    pub namespace: Namespace,
    pub postgres: Postgres,
    pub gateway: Pushgateway,
    pub venue: Venue,
    pub user: User,
    pub folder: TempDir,
    _operator: Release,
}

impl Scene {
    /// Starts all; `None` where there is no node.
    pub async fn set() -> Option<Self> {
        let cluster = Cluster::with_node().await?;
        let venue_address = cluster.venue_address()?;
        let node_address = cluster.node_address()?;
        crd::install(&cluster).await;
        let folder = tempfile::tempdir().unwrap();
        let (gateway, postgres) =
            tokio::join!(Pushgateway::start(&node_address), Postgres::start(&node_address));
        let operator = Release::install(
            &cluster,
            "plugin",
            &[
                "--set=operator.replicas=1,operator.leaderElection.leaseName=sms-operator",
                &format!("--set=jobs.pushgateway.url={}", gateway.url()),
                &format!("--set-json=jobs.env=[{{\"name\":\"EXTRA\",\"value\":\"{CANARY}\"}}]"),
            ],
        );
        let namespace = Namespace::create(&cluster, "plugin").await;
        put_secret(&namespace, &postgres.url()).await;
        let user = User::create(&cluster, &namespace, &folder);
        let venue = Venue::start(&venue_address, Answer::Events(3)).await;
        Some(Self {
            cluster,
            namespace,
            postgres,
            gateway,
            venue,
            user,
            folder,
            _operator: operator,
        })
    }

    /// A source of the venue.
    pub async fn source(&self, name: &str, spec: &Value) -> Source {
        let url = format!("{}?key={CANARY}", self.venue.url());
        Source::create(&self.cluster, &self.namespace, name, &url, spec).await
    }

    /// What the plugin prints, if it does what it is asked for.
    pub async fn done(&self, arguments: &[&str]) -> String {
        self.user.says(arguments).await.done()
    }

    /// What the plugin tells, if it ends with this exit code.
    pub async fn failed(&self, code: i32, arguments: &[&str]) -> String {
        self.user.says(arguments).await.failed(code)
    }

    /// Ends all.
    pub async fn end(self) {
        for kind in ["clusterrolebinding", "rolebinding"] {
            let name = self.user.namespace();
            self.cluster.kubectl(&["delete", kind, name, "-n", HOME]);
        }
        self.namespace.delete().await;
    }
}

async fn put_secret(namespace: &Namespace, url: &str) {
    let secret = json!({ "metadata": { "name": "sms-store" }, "stringData": { "url": url } });
    let secret: Secret = serde_json::from_value(secret).unwrap();
    let created = namespace.api().create(&PostParams::default(), &secret).await;
    created.unwrap();
}
