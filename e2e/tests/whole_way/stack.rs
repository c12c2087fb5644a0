//! Everything that an installation consists of, started and ended. IO.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use k8s_openapi::api::core::v1::{Pod, Secret, Service};
use kube::api::{ListParams, PostParams};
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, crd, eventually, helm,
    operator::{self, HOME},
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
    _operators: Operators,
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
        let operators = Operators::install(&cluster, &gateway).await;
        let namespace = Namespace::create(&cluster, "music").await;
        put_secret(&namespace, &postgres.url()).await;
        start_venues(&cluster, &namespace, &venue_address).await;
        let configuration =
            prometheus_configuration(&operators.addresses().await, gateway.target(), folder.path());
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

/// The release of the chart; it goes with this value, however the test ends.
struct Operators {
    cluster: Cluster,
}

const RELEASE: &str = "whole-way";
/// What the chart calls the operator of this release, and the ConfigMap with the settings of its Jobs.
const OPERATOR: &str = "whole-way-sms-scraper-operator";

impl Operators {
    /// Installs the chart, with a Pushgateway, and waits for both replicas.
    async fn install(cluster: &Cluster, gateway: &Pushgateway) -> Self {
        operator::install_home(cluster);
        let operators = Self {
            cluster: cluster.clone(),
        };
        let gateway = format!("--set=jobs.pushgateway.url={}", gateway.url());
        let mut arguments = helm::images(cluster);
        arguments.extend(
            [
                "install",
                RELEASE,
                &helm::chart("sms-scraper").display().to_string(),
                "--namespace",
                HOME,
                // It is there, and belongs to all tests.
                "--set=crds.enabled=false",
                &gateway,
                "--wait",
                "--timeout=5m",
            ]
            .map(str::to_owned),
        );
        let cluster = cluster.clone();
        tokio::task::spawn_blocking(move || helm::helm(&cluster, &arguments))
            .await
            .unwrap();
        operators
    }

    /// Addresses of the exporters of both replicas.
    async fn addresses(&self) -> Vec<String> {
        let pods: kube::Api<Pod> = kube::Api::namespaced(self.cluster.client(), HOME);
        let labels = format!("app.kubernetes.io/component=operator,app.kubernetes.io/instance={RELEASE}");
        let pods = pods.list(&ListParams::default().labels(&labels)).await.unwrap();
        let address = |pod: Pod| pod.status?.pod_ip.map(|address| format!("{address}:9898"));
        let addresses: Vec<_> = pods.items.into_iter().filter_map(address).collect();
        assert_eq!(addresses.len(), 2, "{addresses:?}");
        addresses
    }

    /// Settings of Jobs as the chart renders them.
    fn job_settings(&self) -> String {
        let settings = ["get", "configmap", OPERATOR, "-n", HOME, "-o"];
        let text = ["jsonpath={.data.job-settings\\.yaml}"];
        printed(self.cluster.kubectl(&[&settings[..], &text].concat()))
    }
}

impl Drop for Operators {
    fn drop(&mut self) {
        // The tests that follow have operators of their own.
        let operator = format!("deployment/{OPERATOR}");
        let logs = ["-n", HOME, "logs", &operator, "--all-pods", "--prefix"];
        if std::thread::panicking() {
            println!("{}", String::from_utf8_lossy(&self.cluster.kubectl(&logs).stdout));
        }
        helm::run(
            &self.cluster,
            ["uninstall", RELEASE, "--namespace", HOME, "--wait"],
        );
    }
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
