//! `run` as charts start it, before there is anything to reconcile: obstacles, health, signals. IO: starts the program.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../../job/tests/support/services.rs"]
mod services;

use std::{
    fs,
    io::Read,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use services::{free_port, http};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The program, with nothing of this machine's own configuration.
fn operator(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sms_operator"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// `sms_operator run` against an API server at `server`.
struct Running {
    child: Child,
    health: String,
    metrics: String,
    _folder: TempDir,
}

impl Running {
    async fn start(server: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
             clusters: [{{name: x, cluster: {{server: '{server}'}}}}]\n\
             users: [{{name: x, user: {{}}}}]\n\
             contexts: [{{name: x, context: {{cluster: x, user: x, namespace: sms}}}}]\n"
        );
        fs::write(&kubeconfig, text).unwrap();
        let (health, metrics) = (free_port(), free_port());
        let child = operator(&["run", "--job-image", "x", "--log-format", "json"])
            .args(flags)
            .env("KUBECONFIG", &kubeconfig)
            .env("SMS_HEALTH_PORT", health.to_string())
            .env("SMS_METRICS_PORT", metrics.to_string())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let running = Self {
            child,
            health: format!("http://127.0.0.1:{health}"),
            metrics: format!("http://127.0.0.1:{metrics}"),
            _folder: folder,
        };
        let started = Instant::now();
        while http("GET", &format!("{}/healthz", running.health), "")
            .await
            .is_err()
        {
            assert!(started.elapsed() < Duration::from_secs(20), "does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        running
    }

    async fn ready(&self) -> (u16, String) {
        http("GET", &format!("{}/readyz", self.health), "").await.unwrap()
    }

    /// Waits until `/readyz` says this.
    async fn until_ready_says(&self, words: &str) {
        let started = Instant::now();
        loop {
            let (status, text) = self.ready().await;
            if text.contains(words) {
                assert_eq!(status, 503, "{text}");
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends a signal, and gives exit code, time and log.
    fn end(&mut self, signal: &str) -> (Option<i32>, Duration, String) {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let code = self.child.wait().unwrap().code();
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        (code, started.elapsed(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An API server that answers every request with `status`, 0 being silence; and how many requests it got.
async fn api_server(status: u16) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let counted = counted.clone();
            tokio::spawn(async move {
                let mut head = [0; 8192];
                while let Ok(1..) = stream.read(&mut head).await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    if status == 0 {
                        continue;
                    }
                    let body = format!(
                        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"x","code":{status}}}"#
                    );
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (address, requests)
}

#[tokio::test]
async fn a_missing_crd_is_said_and_waited_for_and_a_signal_ends_the_wait() {
    let (server, requests) = api_server(404).await;
    let mut running = Running::start(&server, &[]).await;
    running
        .until_ready_says("run `sms_operator crd | kubectl apply --server-side -f -`")
        .await;
    let (_, metrics) = http("GET", &format!("{}/metrics", running.metrics), "")
        .await
        .unwrap();
    assert!(metrics.contains("sms_operator_leader 0"), "{metrics}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let requests = requests.load(Ordering::SeqCst);
    assert!(requests <= 3, "{requests} requests");
    let (code, took, log) = running.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(log.matches("is not installed").count(), 1, "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["message"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_missing_permission_is_said() {
    let (server, _) = api_server(403).await;
    let mut running = Running::start(&server, &["--watch-namespace", "music"]).await;
    running
        .until_ready_says("allow list and watch on scrapesources.sms-scraper.dev in namespace music")
        .await;
    assert_eq!(running.end("-INT").0, Some(0));
}

#[tokio::test]
async fn an_api_server_that_is_away_is_waited_for() {
    let mut running = Running::start(&format!("http://127.0.0.1:{}", free_port()), &[]).await;
    running
        .until_ready_says("the API server does not answer as it should")
        .await;
    let (status, _) = http("GET", &format!("{}/healthz", running.health), "")
        .await
        .unwrap();
    assert_eq!(status, 200);
    assert_eq!(running.end("-TERM").0, Some(0));
}

#[tokio::test]
async fn an_api_server_that_is_silent_keeps_nobody_from_stopping() {
    let (server, _) = api_server(0).await;
    let mut running = Running::start(&server, &[]).await;
    running.until_ready_says("waits for the API server").await;
    let (code, took, log) = running.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn a_port_in_use_ends_the_process_with_the_flag_to_change() {
    let taken = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = operator(&[
        "run",
        "--job-image",
        "x",
        "--health-port",
        "0",
        "--metrics-port",
        &port,
    ])
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(
        problem.contains("--metrics-port (SMS_METRICS_PORT)") && problem.contains(&port),
        "{problem}"
    );
}
