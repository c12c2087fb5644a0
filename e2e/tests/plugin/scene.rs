//! An installation as it ships, a venue, a database, a Pushgateway, and a user of the plugin. IO.

use std::{fs, path::PathBuf, time::Duration};

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};
use sms_e2e::{
    Cluster, Namespace, Source, Venue, crd,
    operator::HOME,
    services::{Postgres, Pushgateway},
    venue::Answer,
};
use tempfile::TempDir;

use crate::user::User;

/// A run takes seconds; a loaded machine may take its time.
pub const A_RUN: Duration = Duration::from_mins(2);

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
    _operator: Operator,
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
        let operator = Operator::install(&cluster, &folder, &gateway.url());
        let namespace = Namespace::create(&cluster, "plugin").await;
        put_secret(&namespace, &postgres.url()).await;
        let user = User::create(&cluster, &namespace, &folder);
        let venue = Venue::start(&venue_address, Answer::Events(3)).await;
        operator.until_available();
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

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The Deployment of the operator; it goes with this value, however the test ends.
struct Operator {
    cluster: Cluster,
    manifest: String,
}

impl Operator {
    /// Applies `deploy/manifests` with the image under test, one replica, and a secret in the settings.
    fn install(cluster: &Cluster, folder: &TempDir, gateway: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let settings = format!(
            "    image: {}\n    pushgateway: {{ url: \"{gateway}\" }}\n    env: [{{ name: EXTRA, value: {CANARY} }}]\n",
            cluster.job_image()
        );
        let mut text = fs::read_to_string(repository("deploy/manifests/operator.yaml")).unwrap();
        for (this, by) in [
            (format!("    image: sms-scraper/job:{version}\n"), settings),
            (
                format!("image: sms-scraper/operator:{version}"),
                format!("image: {}", cluster.operator_image()),
            ),
            ("replicas: 2".to_owned(), "replicas: 1".to_owned()),
        ] {
            assert_eq!(text.matches(&this).count(), 1, "{this:?} in\n{text}");
            text = text.replacen(&this, &by, 1);
        }
        let manifest = folder.path().join("operator.yaml");
        fs::write(&manifest, text).unwrap();
        let manifest = manifest.to_str().unwrap().to_owned();
        let operator = Self {
            cluster: cluster.clone(),
            manifest,
        };
        for name in ["namespace.yaml", "rbac.yaml"] {
            operator.kubectl(&[
                "apply",
                "-f",
                repository("deploy/manifests").join(name).to_str().unwrap(),
            ]);
        }
        operator.kubectl(&["apply", "-f", &operator.manifest]);
        operator
    }

    fn until_available(&self) {
        let rollout = [
            "rollout",
            "status",
            "deployment/sms-operator",
            "--timeout=90s",
            "-n",
            HOME,
        ];
        self.kubectl(&rollout);
    }

    fn kubectl(&self, arguments: &[&str]) {
        let output = self.cluster.kubectl(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} {said}");
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self
                .cluster
                .kubectl(&["-n", HOME, "logs", "deployment/sms-operator"]);
            println!("{}", String::from_utf8_lossy(&logs.stdout));
        }
        // The tests that follow have operators of their own.
        self.cluster.kubectl(&["delete", "-f", &self.manifest]);
    }
}
