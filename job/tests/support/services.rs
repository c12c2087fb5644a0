//! Real Prometheus and Pushgateway processes on loopback ports, for tests. IO.

// Each test target compiles this file for itself and uses a part of it.
#![allow(dead_code)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

const START_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// Labels of a series, `__name__` included.
pub type Labels = BTreeMap<String, String>;

/// Whether a program is installed. Where it is not, the test says so and is skipped, except in CI.
///
/// # Panics
/// If the program is absent and `CI` is `true`.
pub fn is_installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{program} must be installed in CI"
        );
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// A port that nothing listened on a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A process that ends with this value; its output is in `folder`.
struct Service {
    child: Child,
    folder: TempDir,
    base_url: String,
}

impl Service {
    /// Starts `program` on a free port and waits until `ready_path` answers with this status. Another process may take
    /// the port in between, so it is tried anew with another one.
    async fn start(
        program: &str,
        (ready_path, ready_status): (&str, u16),
        prepare: impl Fn(&Path, u16) -> Vec<String>,
    ) -> Self {
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let log = File::create(folder.path().join("log")).unwrap();
            let child = Command::new(program)
                .args(prepare(folder.path(), port))
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            let mut service = Self {
                child,
                folder,
                base_url: format!("http://127.0.0.1:{port}"),
            };
            let started = Instant::now();
            while started.elapsed() < START_LIMIT && service.child.try_wait().unwrap().is_none() {
                let answer = http("GET", &format!("{}{ready_path}", service.base_url), "").await;
                if answer.is_ok_and(|(status, _)| status == ready_status) {
                    return service;
                }
                tokio::time::sleep(POLL).await;
            }
            eprintln!("{program} did not start:\n{}", service.log());
        }
        panic!("{program} does not start");
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Pushgateway with its state in memory.
pub struct Pushgateway(Service);

impl Pushgateway {
    /// Starts one as the compose file does: without the consistency check.
    pub async fn start() -> Self {
        Self::start_under("").await
    }

    /// Starts one that serves everything below a path (`""` or `/path`).
    pub async fn start_under(path: &str) -> Self {
        let ready = format!("{path}/-/ready");
        let mut service = Service::start("prometheus-pushgateway", (&ready, 200), |_, port| {
            vec![
                format!("--web.listen-address=127.0.0.1:{port}"),
                format!("--web.route-prefix={path}/"),
                "--persistence.file=".to_owned(),
                "--push.disable-consistency-check".to_owned(),
            ]
        })
        .await;
        service.base_url.push_str(path);
        Self(service)
    }

    /// Starts one that speaks TLS and asks for a password, as this web configuration file says.
    pub async fn start_secured(web_config: &Path) -> Self {
        // Plain HTTP gets a 400 from a server that speaks TLS.
        let mut service = Service::start("prometheus-pushgateway", ("/-/ready", 400), |_, port| {
            vec![
                format!("--web.listen-address=127.0.0.1:{port}"),
                format!("--web.config.file={}", web_config.display()),
                "--persistence.file=".to_owned(),
            ]
        })
        .await;
        service.base_url = service.base_url.replacen("http", "https", 1);
        Self(service)
    }

    /// `http://127.0.0.1:<port>` and the path, if any.
    pub fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// `127.0.0.1:<port>`, a scrape target.
    pub fn target(&self) -> &str {
        self.0.base_url.trim_start_matches("http://")
    }

    /// The text of `/metrics`.
    pub async fn metrics(&self) -> String {
        let (status, text) = http("GET", &format!("{}/metrics", self.base_url()), "")
            .await
            .unwrap();
        assert_eq!(status, 200, "{text}");
        text
    }

    /// The same as soon as it is as wanted, or after 20 seconds: without its consistency check it answers a push before it
    /// has stored it, and a deletion always.
    pub async fn metrics_when(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.metrics().await;
            if is_wanted(&text) || begun.elapsed() > Duration::from_secs(20) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A Prometheus with its data in a temporary folder.
pub struct Prometheus(Service);

impl Prometheus {
    /// Starts one with this configuration file.
    pub async fn start(config: &str) -> Self {
        let service = Service::start("prometheus", ("/-/ready", 200), |folder, port| {
            let file = folder.join("prometheus.yml");
            std::fs::write(&file, config).unwrap();
            vec![
                format!("--config.file={}", file.display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ]
        });
        Self(service.await)
    }

    /// `http://127.0.0.1:<port>`.
    pub fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// The instant vector that `expression` gives now.
    pub async fn query(&self, expression: &str) -> Vec<(Labels, f64)> {
        let mut url: Url = format!("{}/api/v1/query", self.base_url()).parse().unwrap();
        url.query_pairs_mut().append_pair("query", expression);
        let (status, text) = http("GET", url.as_str(), "").await.unwrap();
        assert_eq!(status, 200, "{expression}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        let result = answer["data"]["result"].as_array().unwrap();
        result
            .iter()
            .map(|series| {
                let labels = serde_json::from_value(series["metric"].clone()).unwrap();
                (labels, series["value"][1].as_str().unwrap().parse().unwrap())
            })
            .collect()
    }

    /// Asks until `enough` is content with the answer.
    ///
    /// # Panics
    /// With the last answer, if that takes more than 30 s.
    pub async fn query_until(
        &self,
        expression: &str,
        enough: impl Fn(&[(Labels, f64)]) -> bool,
    ) -> Vec<(Labels, f64)> {
        let started = Instant::now();
        loop {
            let answer = self.query(expression).await;
            if enough(&answer) {
                return answer;
            }
            assert!(
                started.elapsed() < START_LIMIT,
                "{expression} stays at {answer:?}\n{}",
                self.0.log()
            );
            tokio::time::sleep(POLL * 4).await;
        }
    }

    /// Every target's scrape address and health (`up`, `down`, `unknown`).
    pub async fn targets(&self) -> Vec<(String, String)> {
        let (_, text) = http("GET", &format!("{}/api/v1/targets", self.base_url()), "")
            .await
            .unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let targets = answer["data"]["activeTargets"].as_array().unwrap();
        let text = |target: &Value, key: &str| target[key].as_str().unwrap().to_owned();
        targets
            .iter()
            .map(|target| (text(target, "scrapeUrl"), text(target, "health")))
            .collect()
    }
}

/// One HTTP/1.0 exchange: status and body. Made by hand so that a test sees what really travels.
pub async fn http(method: &str, url: &str, body: &str) -> std::io::Result<(u16, String)> {
    let url: Url = url.parse().unwrap();
    let authority = url.authority().to_owned();
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let exchange = async {
        let mut stream = TcpStream::connect(&authority).await?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {authority}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), exchange).await??;
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Ok((status, text.to_owned()))
}

/// What `promtool check metrics` says about a text; empty if it has nothing to say.
pub fn check_metrics(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics");
    std::fs::write(&file, text).unwrap();
    let checked = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(File::open(&file).unwrap())
        .output()
        .unwrap();
    let said = [checked.stdout, checked.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if checked.status.success() {
        said
    } else {
        format!("{said}(exit {:?})", checked.status.code())
    }
}
