//! A place where the commands of a page run: a temporary folder with the examples, the example server, free ports and a
//! clean environment. IO.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use super::repository;

/// Longest time of one block, and of the wait for something that is started.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends its process with itself.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that commands run in.
pub struct Place {
    folder: tempfile::TempDir,
    running: Vec<Running>,
    ports: [(u16, u16); 4],
    exports: String,
}

/// What a command printed, both streams, and how it ended.
pub struct Printed {
    /// Exit code.
    pub code: i32,
    /// Standard output and standard error.
    pub text: String,
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// The example server's program, built if need be.
fn venues() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM
        .get_or_init(|| {
            let folder = Path::new(env!("CARGO_BIN_EXE_sms_scraper")).parent().unwrap();
            let mut build = Command::new(env!("CARGO"));
            build
                // With the features that the whole workspace has it is built already, as a rule.
                .args(["build", "--quiet", "--workspace", "--bin", "venues"])
                .current_dir(repository());
            if folder.ends_with("release") {
                build.arg("--release");
            }
            // Cargo's own variables about this test would make build scripts run anew.
            let settings = [
                "CARGO_HOME",
                "CARGO_TARGET_DIR",
                "CARGO_INCREMENTAL",
                "CARGO_NET_OFFLINE",
            ];
            for (name, _) in std::env::vars() {
                if name.starts_with("CARGO_") && !settings.contains(&name.as_str()) {
                    build.env_remove(name);
                }
            }
            assert!(
                build.status().unwrap().success(),
                "the example server does not build"
            );
            folder.join("venues")
        })
        .clone()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

impl Place {
    /// A folder with a copy of `examples/`.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&repository().join("examples"), &folder.path().join("examples"));
        fs::create_dir(folder.path().join("home")).unwrap();
        // The example server's port, the exporter's, that of the health checks and the view's: as written, and as used here.
        let ports = [8000, 9898, 8080, 8090].map(|port| (port, free_port()));
        Self {
            folder,
            running: Vec::new(),
            ports,
            exports: String::new(),
        }
    }

    /// Starts the example server.
    pub fn start_venues(&mut self) {
        let listen = format!("127.0.0.1:{}", self.ports[0].1);
        let mut command = Command::new(venues());
        command
            .args(["--listen", &listen, "--root", "examples/venues"])
            .current_dir(self.folder.path());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.contains("listening on"), "{line}");
        self.running.push(Running(child));
    }

    /// A text of the page as it is used here: with the ports of this place.
    fn adapted(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (written, used)| {
            ["127.0.0.1", "localhost"].iter().fold(text, |text, host| {
                text.replace(&format!("{host}:{written}"), &format!("{host}:{used}"))
            })
        })
    }

    /// What was printed, as the page has it.
    fn as_written(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (written, used)| {
            text.replace(&format!(":{used}"), &format!(":{written}"))
        })
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.adapted(text)).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let programs = Path::new(env!("CARGO_BIN_EXE_sms_scraper")).parent().unwrap();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()),
            )
            .env("HOME", self.folder.path().join("home"))
            .env("LANG", "C.UTF-8")
            .env("SMS_METRICS_PORT", self.ports[1].1.to_string())
            .env("SMS_HEALTH_PORT", self.ports[2].1.to_string())
            .env("SMS_VIEW_PORT", self.ports[3].1.to_string())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs `script` with bash; ends it after a minute.
    pub fn run(&self, script: &str) -> Printed {
        let script = format!(
            "exec 2>&1\nset -euo pipefail\n{}{}",
            self.exports,
            self.adapted(script)
        );
        let mut command = self.command("timeout");
        command.args([&PATIENCE.as_secs().to_string(), "bash", "-c", &script]);
        let output = command.output().unwrap();
        Printed {
            code: output.status.code().unwrap_or(-1),
            text: self.as_written(&String::from_utf8_lossy(&output.stdout)),
        }
    }

    /// Lets the variables that `script` exports hold for what is run after it, as in a person's terminal.
    pub fn keep_exports(&mut self, script: &str) {
        for line in script.lines().filter(|line| line.starts_with("export ")) {
            self.exports.push_str(line);
            self.exports.push('\n');
        }
    }

    /// Starts `script`, which serves, and waits until its health check answers.
    pub fn start(&mut self, script: &str) {
        // With exec, so that ending the process ends the server and not a shell around it.
        let script = format!("{}exec {}", self.exports, self.adapted(script));
        let mut command = self.command("bash");
        let child = command
            .args(["-c", &script])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.running.push(Running(child));
        let begun = Instant::now();
        while !self.is_ready() {
            assert!(begun.elapsed() < PATIENCE, "{script} does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.ports[2].1)) else {
            return false;
        };
        let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let mut answer = String::new();
        stream.write_all(request.as_bytes()).is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.starts_with("HTTP/1.1 200")
    }
}
