//! Everything that an installation consists of, started and ended. IO.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use k8s_openapi::api::core::v1::{Pod, Secret, Service};
use kube::api::PostParams;
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, Release, crd, eventually,
    services::{Postgres, Prometheus, Pushgateway},
};
use tempfile::TempDir;

pub const A_WHILE: Duration = Duration::from_mins(3);

const VENUES_PORT: u16 = 8000;

/// An installation.
pub struct Stack {
    pub cluster: Cluster,
    /// Where the sources are.
    pub namespace: Namespace,
    pub postgres: Postgres,
    pub gateway: Pushgateway,
    pub prometheus: Prometheus,
    /// Address of the example venues.
    pub venues: String,
    /// Settings of Jobs, as the operators have them.
    pub job_settings: String,
    pub folder: TempDir,
    _operators: Release,
}

impl Stack {
    /// Starts all; `None` where there is no node.
    pub async fn start() -> Option<Self> {
        let cluster = Cluster::with_node().await?;
        let venue_address = cluster.venue_address()?;
        let node_address = cluster.node_address()?;
        crd::install(&cluster).await;
        let (gateway, postgres) =
            tokio::join!(Pushgateway::start(&node_address), Postgres::start(&node_address));
        let folder = tempfile::tempdir().unwrap();
        let settings = format!("--set=jobs.pushgateway.url={}", gateway.url());
        let operators = Release::install(&cluster, "whole-way", &[&settings]);
        let namespace = Namespace::create(&cluster, "music").await;
        put_secret(&namespace, &postgres.url()).await;
        start_venues(&cluster, &namespace, &venue_address).await;
        let exporters = operators.exporters().await;
        assert_eq!(exporters.len(), 2, "{exporters:?}");
        let configuration = prometheus_configuration(&exporters, gateway.target(), folder.path());
        let prometheus = Prometheus::start(&node_address, &configuration).await;
        Some(Self {
            venues: format!("http://{venue_address}:{VENUES_PORT}"),
            cluster,
            namespace,
            postgres,
            gateway,
            prometheus,
            job_settings: operators.job_settings(),
            folder,
            _operators: operators,
        })
    }

    /// Asks Prometheus what the dashboards ask, and looks at its rules, with real series of all kinds behind them.
    pub fn check_queries(&self) {
        let checked = Command::new(repository(".ci/check-queries"))
            .arg(self.prometheus.url())
            .env("WINDOW", "2m")
            .env("WAIT", "60")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{said}");
        println!("{}", String::from_utf8_lossy(&checked.stdout));
    }

    /// Ends all.
    pub async fn stop(self) {
        self.namespace.delete().await;
    }

    /// Runs `kubectl` in the namespace of the sources, and gives what it prints.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let namespace = ["-n", self.namespace.name()];
        printed(self.cluster.kubectl(&[&namespace, arguments].concat()))
    }

    /// `kubectl apply` of a text.
    pub fn apply(&self, name: &str, manifest: &str) {
        let file = self.folder.path().join(name);
        fs::write(&file, manifest).unwrap();
        self.kubectl(&["apply", "-f", file.to_str().unwrap()]);
    }
}

fn printed(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// `text` with `this` replaced; it must be there once.
pub fn replaced(text: &str, this: &str, by: &str) -> String {
    assert_eq!(text.matches(this).count(), 1, "{this:?} in\n{text}");
    text.replacen(this, by, 1)
}

/// What the compose file's Prometheus has, at the addresses of this installation, and quicker.
fn prometheus_configuration(operators: &[String], gateway: &str, folder: &Path) -> String {
    let rules = folder.join("rules");
    fs::create_dir(&rules).unwrap();
    for file in fs::read_dir(repository("ops/prometheus/rules")).unwrap() {
        let file = file.unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        let quick = text.replace("    interval: 2m\n", "    interval: 2s\n");
        fs::write(rules.join(file.file_name()), quick).unwrap();
    }
    let text = fs::read_to_string(repository("ops/prometheus.yml")).unwrap();
    let text = replaced(
        &text,
        "'host.docker.internal:9898'",
        &format!("'{}'", operators.join("', '")),
    );
    let text = replaced(&text, "/etc/prometheus/rules", &rules.display().to_string());
    replaced(&text, "'pushgateway:9091'", &format!("'{gateway}'")).replace("15s", "1s")
}

async fn put_secret(namespace: &Namespace, url: &str) {
    let secret = json!({ "metadata": { "name": "sms-store" }, "stringData": { "url": url } });
    let secret: Secret = serde_json::from_value(secret).unwrap();
    let created = namespace.api().create(&PostParams::default(), &secret).await;
    created.unwrap();
}

/// The example venues in a Pod, reached at an address that looks public.
async fn start_venues(cluster: &Cluster, namespace: &Namespace, address: &str) {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": { "name": "venues", "labels": { "app": "venues" } },
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "venues",
                "image": cluster.venues_image(),
                "args": ["--listen", format!("0.0.0.0:{VENUES_PORT}"), "--root", "/srv/venues"],
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    }))
    .unwrap();
    namespace
        .api()
        .create(&PostParams::default(), &pod)
        .await
        .unwrap();
    let service: Service = serde_json::from_value(json!({
        "metadata": { "name": "venues" },
        "spec": {
            "selector": { "app": "venues" },
            "ports": [{ "port": VENUES_PORT }],
            "externalIPs": [address],
        },
    }))
    .unwrap();
    namespace
        .api()
        .create(&PostParams::default(), &service)
        .await
        .unwrap();
    let pods = namespace.api::<Pod>();
    eventually(A_WHILE, "the venues run", || async {
        let status = pods.get("venues").await.unwrap().status.unwrap_or_default();
        match status.phase.as_deref() {
            Some("Running") => Ok(()),
            _ => Err(format!("{status:?}")),
        }
    })
    .await;
}
