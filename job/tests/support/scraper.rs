//! Runs the real binary in a folder of its own.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    reason = "a test says so by failing"
)]
#![allow(dead_code, reason = "each test takes what it needs")]

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::Value;
use tokio::process::{Child, Command};

/// A temporary folder with manifests and a store, and the binary to run over them.
pub struct Scraper {
    folder: tempfile::TempDir,
}

/// How a command ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Scraper {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file below the folder, its folders included.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes `sources/<name>.yaml`: `spec` is the YAML below `spec:`, indented by two spaces.
    pub fn source(&self, name: &str, spec: &str) {
        let head = "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\n";
        self.write(
            &format!("sources/{name}.yaml"),
            &format!("{head}metadata: {{ name: {name} }}\nspec:\n{spec}\n"),
        );
    }

    /// A command with the folder's sources and store, loopback allowed, and nothing else of this environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sms_scraper"));
        command
            .args(arguments)
            .env_clear()
            .env("SMS_SOURCES", self.path("sources"))
            .env(
                "SMS_STORE_URL",
                format!("sqlite://{}", self.path("events.sqlite").display()),
            )
            .env("SMS_ALLOW_PRIVATE_ADDRESSES", "true")
            .env("SMS_LOG_FORMAT", "json")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments).output().await.unwrap())
    }

    pub async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        ended(
            self.command(arguments)
                .envs(variables.iter().copied())
                .output()
                .await
                .unwrap(),
        )
    }

    pub fn spawn(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
        let mut command = self.command(arguments);
        command
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Stored events as `events --format json` prints them.
    pub async fn events(&self) -> Vec<Value> {
        let ended = self
            .run(&["events", "--format", "json", "--include-removed"])
            .await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

/// Asks a process to end, as `docker stop` and Kubernetes do.
pub fn terminate(process: &Child) {
    let id = process.id().unwrap().to_string();
    let asked = std::process::Command::new("kill").args(["-TERM", &id]).status();
    assert!(asked.unwrap().success());
}

pub fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// The run reports in the log, in the order of their end.
    pub fn reports(&self) -> Vec<Value> {
        self.stderr
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|line| serde_json::from_str(line.get("report")?.as_str()?).ok())
            .collect()
    }

    /// The report of the only run.
    pub fn report(&self) -> Value {
        let mut reports = self.reports();
        assert_eq!(
            reports.len(),
            1,
            "code {}\n{}\n{}",
            self.code,
            self.stdout,
            self.stderr
        );
        reports.remove(0)
    }
}

/// The address of a file below the tests' folder.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
