//! Real PostgreSQL, Pushgateway and Prometheus at the node's own address, for Pods and tests. IO.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{eventually, http};

const START_LIMIT: Duration = Duration::from_mins(3);
const PASSWORD: &str = "geheim";

/// A process that ends with this value.
struct Service {
    child: Child,
    folder: TempDir,
    /// `host:port`
    target: String,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Service {
    fn start(command: &mut Command, folder: TempDir, target: String) -> Self {
        let path = folder.path().join("log");
        let log = File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let errors = log
            .try_clone()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        let child = child.unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        Self {
            child,
            folder,
            target,
        }
    }

    async fn until_ready(&self, path: &str) {
        let url = format!("http://{}{path}", self.target);
        eventually(START_LIMIT, &format!("{url} is ready"), || async {
            match http::get(&url).await {
                Ok((200, _)) => Ok(()),
                other => Err(format!("{other:?}\n{}", self.log())),
            }
        })
        .await;
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Service {
    /// Waits for the end: a database still writes to its folder until then.
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::QUIT);
        }
        for _ in 0..50 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Pushgateway as the compose file starts it, with its state in memory.
pub struct Pushgateway(Service);

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Pushgateway {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(address: &str) -> Self {
        let target = free_target(address);
        let mut command = Command::new("prometheus-pushgateway");
        command.args([
            &format!("--web.listen-address={target}"),
            "--persistence.file=",
            "--push.disable-consistency-check",
        ]);
        let service = Service::start(&mut command, folder(), target);
        service.until_ready("/-/ready").await;
        Self(service)
    }

    /// Its address, as Pods reach it.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.target)
    }

    /// `host:port`
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// What it serves to Prometheus.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn metrics(&self) -> String {
        match http::get(&format!("{}/metrics", self.url())).await {
            Ok((200, text)) => text,
            other => panic!("the Pushgateway answers {other:?}\n{}", self.0.log()),
        }
    }
}

/// A Prometheus with its data in a folder that goes with it.
pub struct Prometheus(Service);

/// One series that a query gives: its labels and its value.
pub type Sample = (Value, f64);

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Prometheus {
    /// Starts one with this configuration.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(address: &str, configuration: &str) -> Self {
        let target = free_target(address);
        let folder = folder();
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, configuration).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut command = Command::new("prometheus");
        command.args([
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", folder.path().join("data").display()),
            format!("--web.listen-address={target}"),
        ]);
        let service = Service::start(&mut command, folder, target);
        service.until_ready("/-/ready").await;
        Self(service)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.target)
    }

    /// What an expression gives now.
    ///
    /// # Panics
    /// If Prometheus does not answer.
    pub async fn query(&self, expression: &str) -> Vec<Sample> {
        let escaped: String = expression
            .bytes()
            .map(|byte| match byte.is_ascii_alphanumeric() {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            })
            .collect();
        let url = format!("{}/api/v1/query?query={escaped}", self.url());
        let Ok((200, text)) = http::get(&url).await else {
            panic!("Prometheus does not answer {expression}\n{}", self.0.log());
        };
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let value = |series: &Value| series["value"][1].as_str().and_then(|text| text.parse().ok());
        let samples = result
            .iter()
            .filter_map(|series| Some((series["metric"].clone(), value(series)?)));
        samples.collect()
    }
}

/// A PostgreSQL server with one empty database.
pub struct Postgres {
    service: Service,
    binaries: PathBuf,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Postgres {
    /// Starts one of the newest installation below `/usr/lib/postgresql`.
    ///
    /// # Panics
    /// If there is none, or if it does not start.
    pub async fn start(address: &str) -> Self {
        let binaries = binaries().unwrap_or_else(|| panic!("PostgreSQL is not installed"));
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        let write = |path: PathBuf, text: &str| {
            let file = OpenOptions::new().create(true).append(true).open(&path);
            let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
            written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        };
        write(path("password"), PASSWORD);
        run(Command::new("chown").args(["-R", "postgres:"]).arg(folder.path()));
        run(unprivileged(&binaries.join("initdb"))
            .arg("-D")
            .arg(path("data"))
            .arg("--pwfile")
            .arg(path("password"))
            .args([
                "-U",
                "sms",
                "--auth=scram-sha-256",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C",
            ]));
        // Pods have addresses of their own.
        write(path("data/pg_hba.conf"), "host all all 0.0.0.0/0 scram-sha-256\n");
        let target = free_target(address);
        let port = target.rsplit(':').next().unwrap_or_default().to_owned();
        let mut command = unprivileged(&binaries.join("postgres"));
        command
            .arg("-D")
            .arg(path("data"))
            .args(["-h", address, "-p", &port, "-c", "fsync=off", "-k"])
            .arg(folder.path());
        let service = Service::start(&mut command, folder, target);
        let postgres = Self { service, binaries };
        eventually(START_LIMIT, "PostgreSQL is ready", || async {
            let answer = postgres.ask("postgres", "CREATE DATABASE events");
            answer.map_err(|error| format!("{error}\n{}", postgres.service.log()))
        })
        .await;
        postgres
    }

    /// Address of its database with the password, as a Secret holds it.
    pub fn url(&self) -> String {
        self.url_of("events")
    }

    /// What a query gives: a line for each row, columns divided by `|`.
    ///
    /// # Panics
    /// If PostgreSQL refuses it.
    pub fn query(&self, sql: &str) -> String {
        self.ask("events", sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn ask(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = Command::new(self.binaries.join("psql"))
            .args(["-X", "-A", "-t", "-c", sql, &self.url_of(database)])
            .output()
            .map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://sms:{PASSWORD}@{}/{database}", self.service.target)
    }
}

fn binaries() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = folders.map(|folder| folder.path()).max_by_key(version)?;
    Some(newest.join("bin"))
}

/// PostgreSQL does not run as root.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"])
        .arg(program);
    command
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
fn folder() -> TempDir {
    TempDir::with_prefix_in("sms-", "/tmp").unwrap_or_else(|error| panic!("no folder: {error}"))
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
fn free_target(address: &str) -> String {
    let free = TcpListener::bind((address, 0)).and_then(|listener| listener.local_addr());
    let free = free.unwrap_or_else(|error| panic!("cannot listen at {address}: {error}"));
    free.to_string()
}
