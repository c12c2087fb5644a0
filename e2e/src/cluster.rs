//! The cluster that a test finds in its environment. IO.

use std::{
    env, fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output},
    time::Duration,
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{Component, eventually, layout::Layout, requests::Requests};

/// The environment variables between harness and tests.
pub mod environment {
    use std::env;

    /// State folder of a cluster whose components tests may stop.
    pub const STATE: &str = "SMS_E2E_STATE";
    /// The node's own address.
    pub const NODE_ADDRESS: &str = "SMS_E2E_NODE_ADDRESS";
    /// An address of the node that looks public.
    pub const VENUE_ADDRESS: &str = "SMS_E2E_VENUE_ADDRESS";
    /// The node, if Pods run.
    pub const NODE_NAME: &str = "SMS_E2E_NODE_NAME";
    /// Set to 1: a test without a cluster fails.
    pub const REQUIRED: &str = "SMS_E2E_REQUIRED";
    /// Set to 1: tests may use the cluster of `KUBECONFIG`, which could be somebody's production.
    pub const ALLOW_CLUSTER: &str = "SMS_E2E_ALLOW_CLUSTER";
    /// The job's image, if not the one that the harness loads.
    pub const JOB_IMAGE: &str = "SMS_E2E_JOB_IMAGE";
    /// The operator's image, if not the one that the harness loads.
    pub const OPERATOR_IMAGE: &str = "SMS_E2E_OPERATOR_IMAGE";

    /// Folder of the pinned tools, which `.ci/tools/build` prints: `helm`, and the Prometheus Operator's definitions.
    pub const TOOLS: &str = "SMS_E2E_TOOLS";

    /// The image of the example venues, if not the one that the harness loads.
    pub const VENUES_IMAGE: &str = "SMS_E2E_VENUES_IMAGE";

    /// Whether a variable is set to 1.
    pub fn is_set(name: &str) -> bool {
        env::var_os(name).is_some_and(|value| value == "1")
    }

    /// Whether the environment names a cluster that is not the harness's, and allows it to be used.
    pub fn has_foreign_cluster() -> bool {
        is_set(ALLOW_CLUSTER) && env::var_os("KUBECONFIG").is_some() && env::var_os(STATE).is_none()
    }
}

/// A cluster to test against.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    kubeconfig: PathBuf,
    layout: Option<Layout>,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Cluster {
    /// The cluster of the environment. Without one says so and gives `None`, so that the test can end.
    ///
    /// # Panics
    /// With `SMS_E2E_REQUIRED=1` when there is no cluster, and whenever there is one that cannot be used.
    pub async fn from_env() -> Option<Self> {
        let layout = env::var_os(environment::STATE).map(Layout::new);
        let kubeconfig = match &layout {
            Some(layout) => Some(layout.kubeconfig()),
            None if environment::has_foreign_cluster() => env::var_os("KUBECONFIG").map(PathBuf::from),
            None => None,
        };
        let Some(kubeconfig) = kubeconfig else {
            assert!(
                !environment::is_set(environment::REQUIRED),
                "there is no cluster, and {}=1; run the tests with `make e2e`",
                environment::REQUIRED
            );
            println!("skipped: there is no cluster; `make e2e` starts one");
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = client(&kubeconfig)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", kubeconfig.display()));
        Some(Self {
            client,
            kubeconfig,
            layout,
        })
    }

    /// The same, if Pods run there.
    ///
    /// # Panics
    /// As [`Cluster::from_env`], and with `SMS_E2E_REQUIRED=1` when the cluster has no node.
    pub async fn with_node() -> Option<Self> {
        let cluster = Self::from_env().await?;
        if cluster.has_node() {
            return Some(cluster);
        }
        assert!(
            !environment::is_set(environment::REQUIRED),
            "the cluster has no node, and {}=1; leave out --no-node",
            environment::REQUIRED
        );
        println!("skipped: the cluster has no node");
        None
    }

    /// Whether controllers and a node are there, so that Pods run.
    pub fn has_node(&self) -> bool {
        self.layout.is_none() || env::var_os(environment::NODE_NAME).is_some()
    }

    /// The administrator's client.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &std::path::Path {
        &self.kubeconfig
    }

    /// Whether this is the harness's own cluster, whose components [`Cluster::stop`] can stop. Says so if not.
    pub fn can_stop_components(&self) -> bool {
        if self.layout.is_none() {
            println!("skipped: the components of this cluster cannot be stopped");
        }
        self.layout.is_some()
    }

    /// Kills a component, as when it crashes; it stays away until [`Cluster::start`].
    ///
    /// # Panics
    /// If it is still there after a minute, or if the cluster is not the harness's own.
    pub async fn stop(&self, component: Component) {
        let layout = self.layout();
        let stopped = layout.stopped(component);
        fs::write(&stopped, "").unwrap_or_else(|error| panic!("{}: {error}", stopped.display()));
        eventually(
            Duration::from_mins(1),
            &format!("{component} is stopped"),
            || async {
                let Some(pid) = pid(layout, component) else {
                    return Ok(());
                };
                let _ = kill_process(pid, Signal::KILL);
                match test_kill_process(pid) {
                    Ok(()) => Err(format!("process {} is alive", pid.as_raw_nonzero())),
                    Err(_) => Ok(()),
                }
            },
        )
        .await;
    }

    /// Lets a component run again. It needs its time until it is ready.
    ///
    /// # Panics
    /// If it does not run after a minute, or if the cluster is not the harness's own.
    pub async fn start(&self, component: Component) {
        let layout = self.layout();
        let _ = fs::remove_file(layout.stopped(component));
        eventually(Duration::from_mins(1), &format!("{component} runs"), || async {
            pid(layout, component)
                .map(drop)
                .ok_or("it has no process".to_owned())
        })
        .await;
    }

    /// Whether the API server says that it is ready.
    pub async fn is_ready(&self) -> bool {
        self.get("/readyz").await.is_ok()
    }

    /// The requests that the API server has answered since it started, from its own metrics.
    ///
    /// # Panics
    /// If it does not tell.
    pub async fn request_counts(&self) -> Requests {
        let metrics = self.get("/metrics").await;
        Requests::parse(&metrics.unwrap_or_else(|error| panic!("/metrics of the API server: {error}")))
    }

    /// Runs `kubectl` as the administrator.
    ///
    /// # Panics
    /// If there is no `kubectl`.
    pub fn kubectl(&self, arguments: &[&str]) -> Output {
        let output = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .output();
        output.unwrap_or_else(|error| panic!("cannot run kubectl: {error}"))
    }

    /// Applies manifests as the administrator, whoever applied them before.
    ///
    /// # Panics
    /// If the API server refuses any of them.
    pub fn apply(&self, manifests: &str) {
        let mut file = tempfile::NamedTempFile::new().unwrap_or_else(|error| panic!("no file: {error}"));
        file.write_all(manifests.as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", file.path().display()));
        let path = file.path().to_string_lossy();
        let applied = self.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &path]);
        let said = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success(), "{said}\n{manifests}");
    }

    /// The process id of a component while it runs.
    ///
    /// # Panics
    /// If the cluster is not the harness's own.
    pub fn process(&self, component: Component) -> Option<i32> {
        pid(self.layout(), component).map(Pid::as_raw_pid)
    }

    /// An address of the node that looks public, where a test can serve a venue for Pods. Says so if there is none.
    pub fn venue_address(&self) -> Option<String> {
        let address = env::var(environment::VENUE_ADDRESS).ok();
        if address.is_none() {
            println!("skipped: this cluster has no address for venues");
        }
        address
    }

    /// The node's own address, for what a test serves that need not look public.
    pub fn node_address(&self) -> Option<String> {
        env::var(environment::NODE_ADDRESS).ok()
    }

    /// Image of a server of the example venues.
    pub fn venues_image(&self) -> String {
        env::var(environment::VENUES_IMAGE).unwrap_or_else(|_| "sms-scraper/venues:e2e".to_owned())
    }

    /// Image of the job.
    pub fn job_image(&self) -> String {
        env::var(environment::JOB_IMAGE).unwrap_or_else(|_| "sms-scraper/job:e2e".to_owned())
    }

    /// Image of the operator.
    pub fn operator_image(&self) -> String {
        env::var(environment::OPERATOR_IMAGE).unwrap_or_else(|_| "sms-scraper/operator:e2e".to_owned())
    }

    async fn get(&self, path: &str) -> Result<String, String> {
        let request = http::Request::get(path)
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        self.client
            .request_text(request)
            .await
            .map_err(|error| error.to_string())
    }

    fn layout(&self) -> &Layout {
        let layout = self.layout.as_ref();
        layout.unwrap_or_else(|| panic!("components cannot be stopped here: ask `can_stop_components` first"))
    }
}

fn pid(layout: &Layout, component: Component) -> Option<Pid> {
    let pid = fs::read_to_string(layout.pid(component)).ok()?;
    Pid::from_raw(pid.parse().ok()?)
}

async fn client(kubeconfig: &std::path::Path) -> Result<Client, Box<dyn std::error::Error>> {
    let read = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}
