//! The operator as a process, with exactly the rights that ship, watching one namespace. IO.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    time::Duration,
};

use kube::config::Kubeconfig;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
};

use crate::{Cluster, Namespace, Proxy, crd, eventually, helm, http, usage::Usage};

/// Namespace of the operator.
pub const HOME: &str = "sms-system";

/// How an operator is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Namespace that it watches; `None` is the whole cluster.
    pub watch_namespace: Option<String>,
    /// Further flags of `run`.
    pub flags: Vec<String>,
    /// The file of `--job-settings`.
    pub job_settings: String,
    /// Namespace of its service account, `sms-operator`, and of its Lease.
    pub home: String,
    /// Name of its Lease; `None` runs it without leader election.
    pub lease: Option<String>,
    /// Further variables of its environment.
    pub environment: Vec<(String, String)>,
    /// Where it is told that the API server is, as [`crate::Proxy::url`]; `None` is where it is.
    pub api_server: Option<String>,
}

impl Options {
    /// An operator for one namespace, without leader election, whose Jobs run the image under test.
    pub fn watching(cluster: &Cluster, namespace: &Namespace) -> Self {
        Self {
            watch_namespace: Some(namespace.name().to_owned()),
            flags: Vec::new(),
            job_settings: format!("image: {}\nimagePullPolicy: Never\n", cluster.job_image()),
            home: HOME.to_owned(),
            lease: None,
            environment: Vec::new(),
            api_server: None,
        }
    }

    /// The same, calling the API server through a proxy.
    #[must_use]
    pub fn through(mut self, proxy: &Proxy) -> Self {
        self.api_server = Some(proxy.url());
        self
    }

    /// The same with one more line of job settings.
    #[must_use]
    pub fn with_setting(mut self, line: &str) -> Self {
        self.job_settings.push_str(line);
        self.job_settings.push('\n');
        self
    }
}

/// A running operator; it is killed at the end of its life here.
pub struct Operator {
    child: Child,
    folder: TempDir,
    metrics_port: u16,
    health_port: u16,
}

/// Installs what ships: CRD, namespace, and the rights as the chart renders them.
///
/// # Panics
/// If the API server refuses any of it.
pub async fn install_rights(cluster: &Cluster) {
    static RENDERED: OnceLock<String> = OnceLock::new();
    crd::install(cluster).await;
    install_home(cluster);
    cluster.apply(RENDERED.get_or_init(|| rights(cluster, HOME, &[])));
}

/// Creates the operator's namespace, which enforces the `restricted` Pod Security standard.
///
/// # Panics
/// If the API server refuses it.
pub fn install_home(cluster: &Cluster) {
    cluster.apply(&format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {HOME}\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n"
    ));
}

/// Accounts, roles and bindings, all that the chart renders for an operator in `home`; `flags` are further ones of
/// `helm template`.
///
/// # Panics
/// If Helm refuses.
pub fn rights(cluster: &Cluster, home: &str, flags: &[&str]) -> String {
    const KINDS: [&str; 5] = [
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
    ];
    let chart = helm::chart("sms-scraper").display().to_string();
    // Names that are the same whatever the release.
    let fixed = [
        "template",
        "sms",
        &chart,
        "--namespace",
        home,
        "--set=fullnameOverride=sms",
    ];
    // `helm test` has rights of its own.
    let rendered = helm::helm(cluster, fixed.iter().chain(flags).chain(&["--no-hooks"]));
    let is_right = |object: &&str| {
        let mut kinds = object.lines().filter_map(|line| line.strip_prefix("kind: "));
        kinds.any(|kind| KINDS.contains(&kind))
    };
    let kept: Vec<_> = rendered.split("\n---\n").filter(is_right).collect();
    kept.join("\n---\n")
}

/// A kubeconfig of the operator's service account in `home`.
///
/// # Panics
/// If there is no such account.
#[allow(clippy::panic, reason = "a test ends with a panic")]
pub fn kubeconfig_of_the_operator(cluster: &Cluster, home: &str) -> Kubeconfig {
    let token = cluster.kubectl(&["create", "token", "sms-operator", "-n", home, "--duration=2h"]);
    assert!(
        token.status.success(),
        "{}",
        String::from_utf8_lossy(&token.stderr)
    );
    let token = String::from_utf8_lossy(&token.stdout).trim().to_owned();
    let mut config = Kubeconfig::read_from(cluster.kubeconfig())
        .unwrap_or_else(|error| panic!("{}: {error}", cluster.kubeconfig().display()));
    for user in &mut config.auth_infos {
        user.auth_info = Some(kube::config::AuthInfo {
            token: Some(token.clone().into()),
            ..kube::config::AuthInfo::default()
        });
    }
    config
}

/// A kubeconfig for a server at `url` that asks nobody who they are.
#[allow(clippy::panic, reason = "a test ends with a panic")]
fn kubeconfig_of_nobody(cluster: &Cluster, url: &str) -> Kubeconfig {
    let mut config = Kubeconfig::read_from(cluster.kubeconfig())
        .unwrap_or_else(|error| panic!("{}: {error}", cluster.kubeconfig().display()));
    for user in &mut config.auth_infos {
        user.auth_info = None;
    }
    for cluster in config
        .clusters
        .iter_mut()
        .filter_map(|named| named.cluster.as_mut())
    {
        cluster.server = Some(url.to_owned());
    }
    config
}

/// The program under test: beside the test itself, or what `SMS_E2E_OPERATOR` names.
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("SMS_E2E_OPERATOR") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap_or_default();
    let folder = test.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    folder.join("sms_operator")
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    listener
        .and_then(|listener| listener.local_addr())
        .map_or(0, |address| address.port())
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Operator {
    /// Starts one; it may not be ready yet.
    ///
    /// # Panics
    /// If there is no program, or no place for its files.
    pub async fn spawn(cluster: &Cluster, options: &Options) -> Self {
        let folder =
            TempDir::with_prefix("sms-operator-").unwrap_or_else(|error| panic!("no folder: {error}"));
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            path
        };
        let config = match &options.api_server {
            Some(api_server) => kubeconfig_of_nobody(cluster, api_server),
            None => kubeconfig_of_the_operator(cluster, &options.home),
        };
        let config = serde_json::to_string(&config).unwrap_or_default();
        let kubeconfig = write("kubeconfig", config);
        let settings = write("job-settings.yaml", options.job_settings.clone());
        let log = folder.path().join("log");
        let log = File::create(&log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let (metrics_port, health_port) = (free_port().await, free_port().await);
        let mut command = Command::new(program());
        command
            .arg("run")
            .env_clear()
            .env("KUBECONFIG", &kubeconfig)
            .env("SMS_NAMESPACE", &options.home)
            .env("SMS_JOB_SETTINGS", &settings)
            .env("SMS_METRICS_PORT", metrics_port.to_string())
            .env("SMS_HEALTH_PORT", health_port.to_string())
            .env("SMS_LOG_FORMAT", "json")
            .env("SMS_LEADER_ELECTION", options.lease.is_some().to_string())
            .envs(options.environment.iter().cloned())
            .args(&options.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        if let Some(lease) = &options.lease {
            command.env("SMS_LEASE_NAME", lease);
        }
        if let Some(namespace) = &options.watch_namespace {
            command.env("SMS_WATCH_NAMESPACE", namespace);
        }
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program().display()));
        Self {
            child,
            folder,
            metrics_port,
            health_port,
        }
    }

    /// Starts one and waits until it is ready.
    pub async fn start(cluster: &Cluster, options: &Options) -> Self {
        let operator = Self::spawn(cluster, options).await;
        operator.ready().await;
        operator
    }

    /// Waits until it is ready.
    pub async fn ready(&self) {
        eventually(Duration::from_mins(2), "the operator is ready", || async {
            match self.get(self.health_port, "/readyz").await {
                Ok((200, _)) => Ok(()),
                Ok((code, text)) => Err(format!("{code} {text}\n{}", self.log())),
                Err(error) => Err(format!("{error}\n{}", self.log())),
            }
        })
        .await;
    }

    /// What it exports.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn metrics(&self) -> String {
        match self.get(self.metrics_port, "/metrics").await {
            Ok((200, text)) => text,
            other => panic!("/metrics: {other:?}\n{}", self.log()),
        }
    }

    /// The value of one series, as it is written, e.g. `sms_operator_leader`.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let text = self.metrics().await;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    /// Status and body of a path of its health port.
    ///
    /// # Errors
    /// No answer; in words.
    pub async fn health(&self, path: &str) -> Result<(u16, String), String> {
        self.get(self.health_port, path).await
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it at once, as a node that loses power does.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<Pid> {
        self.child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, signal);
        }
    }

    /// Whether it has not ended.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Memory and processor time that it has used so far.
    ///
    /// # Panics
    /// If it does not run.
    pub fn usage(&self) -> Usage {
        let id = self.child.id().unwrap_or_default();
        Usage::of(id).unwrap_or_else(|| panic!("the operator does not run\n{}", self.log()))
    }

    /// Asks it to end, as Kubernetes does; gives the exit code.
    ///
    /// # Panics
    /// If it has not ended after a minute.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        let ended = tokio::time::timeout(Duration::from_mins(1), self.child.wait()).await;
        let ended =
            ended.unwrap_or_else(|_| panic!("the operator did not end within a minute\n{}", self.log()));
        ended.ok().and_then(|status| status.code())
    }

    async fn get(&self, port: u16, path: &str) -> Result<(u16, String), String> {
        http::get(&format!("http://127.0.0.1:{port}{path}")).await
    }
}
