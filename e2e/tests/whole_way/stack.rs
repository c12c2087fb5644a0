//! Everything that an installation consists of, started and ended. IO.

use std::{fs, path::PathBuf, process::Output, time::Duration};

use k8s_openapi::api::core::v1::{Pod, Secret, Service};
use kube::api::{ListParams, PostParams};
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, crd, eventually,
    operator::HOME,
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
        let job_settings = format!(
            "image: {}\npushgateway: {{ url: \"{}\" }}\n",
            cluster.job_image(),
            gateway.url()
        );
        let operators = Operators::install(&cluster, &folder, &job_settings);
        let namespace = Namespace::create(&cluster, "music").await;
        put_secret(&namespace, &postgres.url()).await;
        start_venues(&cluster, &namespace, &venue_address).await;
        let addresses = operators.until_available().await;
        let configuration = prometheus_configuration(&addresses, gateway.target());
        let prometheus = Prometheus::start(&node_address, &configuration).await;
        Some(Self {
            venues: format!("http://{venue_address}:{VENUES_PORT}"),
            cluster,
            namespace,
            postgres,
            gateway,
            prometheus,
            job_settings,
            folder,
            _operators: operators,
        })
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

/// The Deployment of the operator; it goes with this value, however the test ends.
struct Operators {
    cluster: Cluster,
    manifest: String,
}

impl Operators {
    /// Applies `deploy/manifests` with other images and settings of Jobs, and nothing else changed.
    fn install(cluster: &Cluster, folder: &TempDir, job_settings: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let text = fs::read_to_string(repository("deploy/manifests/operator.yaml")).unwrap();
        let text = replaced(
            &text,
            &format!("image: sms-scraper/operator:{version}"),
            &format!("image: {}", cluster.operator_image()),
        );
        let text = replaced(
            &text,
            &format!("    image: sms-scraper/job:{version}\n"),
            &format!("    {}\n", job_settings.trim().replace('\n', "\n    ")),
        );
        let manifest = folder.path().join("operator.yaml");
        fs::write(&manifest, text).unwrap();
        let manifest = manifest.to_str().unwrap().to_owned();
        for name in ["namespace.yaml", "rbac.yaml"] {
            let path = repository("deploy/manifests").join(name);
            printed(cluster.kubectl(&["apply", "-f", path.to_str().unwrap()]));
        }
        printed(cluster.kubectl(&["apply", "-f", &manifest]));
        Self {
            cluster: cluster.clone(),
            manifest,
        }
    }

    /// Waits for both replicas; gives the addresses of their exporters.
    async fn until_available(&self) -> Vec<String> {
        let rollout = [
            "-n",
            HOME,
            "rollout",
            "status",
            "deployment/sms-operator",
            "--timeout=5m",
        ];
        let arguments: Vec<_> = rollout.map(str::to_owned).to_vec();
        let cluster = self.cluster.clone();
        let waited = tokio::task::spawn_blocking(move || {
            cluster.kubectl(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let told = printed(waited.await.unwrap());
        assert!(told.contains("successfully rolled out"), "{told}");
        let pods: kube::Api<Pod> = kube::Api::namespaced(self.cluster.client(), HOME);
        let operators = ListParams::default().labels("app.kubernetes.io/component=operator");
        let pods = pods.list(&operators).await.unwrap();
        let address = |pod: Pod| pod.status?.pod_ip.map(|address| format!("{address}:9898"));
        let addresses: Vec<_> = pods.items.into_iter().filter_map(address).collect();
        assert_eq!(addresses.len(), 2, "{addresses:?}");
        addresses
    }
}

impl Drop for Operators {
    fn drop(&mut self) {
        // The tests that follow have operators of their own.
        let logs = [
            "-n",
            HOME,
            "logs",
            "deployment/sms-operator",
            "--all-pods",
            "--prefix",
        ];
        if std::thread::panicking() {
            println!("{}", String::from_utf8_lossy(&self.cluster.kubectl(&logs).stdout));
        }
        self.cluster.kubectl(&["delete", "-f", &self.manifest]);
    }
}

/// What the compose file's Prometheus has, at the addresses of this installation.
fn prometheus_configuration(operators: &[String], gateway: &str) -> String {
    let text = fs::read_to_string(repository("ops/prometheus.yml")).unwrap();
    let text = replaced(
        &text,
        "'host.docker.internal:9898'",
        &format!("'{}'", operators.join("', '")),
    );
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
