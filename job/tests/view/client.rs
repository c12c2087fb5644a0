//! A view under test, and requests as they travel. IO.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

use crate::{bench::Bench, services::free_port};

const PATIENCE: Duration = Duration::from_secs(30);

/// The binary, serving; it ends with this value.
pub struct View {
    pub process: Child,
    pub port: u16,
    pub metrics_port: u16,
    pub health_port: u16,
    pub log: tempfile::NamedTempFile,
}

/// What was answered.
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// The binary with nothing of this environment.
pub fn command(store: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sms_scraper"));
    command
        .arg("view")
        .args(arguments)
        .env_clear()
        .env("SMS_STORE_URL", store)
        .env("SMS_LOG_FORMAT", "json")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

impl View {
    /// A view of the bench's store.
    pub async fn of(bench: &Bench) -> Self {
        Self::start(&bench.given, &[]).await
    }

    /// Starts one and waits until it listens. Another process may take a port in between, so it is tried anew.
    pub async fn start(store: &str, arguments: &[&str]) -> Self {
        for _ in 0..5 {
            let [port, metrics_port, health_port] = [free_port(), free_port(), free_port()];
            let log = tempfile::NamedTempFile::new().unwrap();
            let mut view = Self {
                process: command(store, arguments)
                    .env("SMS_VIEW_PORT", port.to_string())
                    .env("SMS_METRICS_PORT", metrics_port.to_string())
                    .env("SMS_HEALTH_PORT", health_port.to_string())
                    .stdout(Stdio::null())
                    .stderr(log.reopen().unwrap())
                    .spawn()
                    .unwrap(),
                port,
                metrics_port,
                health_port,
                log,
            };
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE && view.process.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", health_port)).await.is_ok() {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            eprintln!("the view did not start: {}", view.logged());
        }
        panic!("the view does not start");
    }

    pub fn logged(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        request(self.port, "GET", path, &[]).await
    }

    pub async fn get_if_none_match(&self, path: &str, etag: &str) -> Answer {
        request(self.port, "GET", path, &[("If-None-Match", etag)]).await
    }

    /// The JSON of an address that answers 200.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    pub async fn ready(&self) -> Answer {
        request(self.health_port, "GET", "/readyz", &[]).await
    }

    /// Asks until the status of an address is this one.
    pub async fn get_until(&self, path: &str, status: u16) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if answer.status == status {
                return answer;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{path} stays at {}: {}\n{}",
                answer.status,
                answer.body,
                self.logged()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One exchange by HTTP/1.0, whose bodies come in one piece.
pub async fn request(port: u16, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    let answer = raw(port, head.as_bytes()).await;
    parse(&answer).unwrap_or_else(|| panic!("{method} {path}: no answer: {answer:?}"))
}

/// Sends these bytes and reads until the other side closes.
pub async fn raw(port: u16, bytes: &[u8]) -> Vec<u8> {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        // A server that has heard enough may close before everything is sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    timeout(PATIENCE, exchange).await.expect("the view hangs")
}

/// Reads an answer, if it is one.
pub fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Some(Answer {
        status,
        headers,
        body: body.to_owned(),
    })
}
