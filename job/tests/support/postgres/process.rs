//! Programs that run for as long as the test process does, as somebody who is not root. IO.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long a program may take to start; a busy machine has its time.
pub const START_LIMIT: Duration = Duration::from_mins(1);

/// Runs a program until standard input closes. Arguments: folder, then the command line.
const UNTIL_INPUT_CLOSES: &str = r#"
folder=$1; shift
"$@" >> "$folder/log" 2>&1 &
program=$!
echo started
read -r line
kill -INT "$program" 2>/dev/null
wait "$program"
rm -rf "$folder"
"#;

/// Neither PostgreSQL nor PgBouncer runs as root: the words that start them as somebody else, and who that is.
pub fn unprivileged() -> Option<(Vec<String>, String)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id")
            .args(arguments)
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8(output.stdout)
            .ok()
            .map(|text| text.trim().to_owned())
    };
    if id(&["-u"])? != "0" {
        return None;
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(|user| id(&["-u", user]).is_some())?;
    let (uid, gid) = (id(&["-u", user])?, id(&["-g", user])?);
    let words = [
        "setpriv",
        &format!("--reuid={uid}"),
        &format!("--regid={gid}"),
        "--clear-groups",
        "--",
    ];
    Some((words.map(str::to_owned).to_vec(), format!("{uid}:{gid}")))
}

pub fn run(words: &[String]) -> bool {
    let output = Command::new(&words[0])
        .args(&words[1..])
        .output()
        .unwrap_or_else(|error| panic!("{words:?}: {error}"));
    if !output.status.success() {
        eprintln!("{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

pub fn words(line: &str, parts: &[&str]) -> Vec<String> {
    let mut parts = parts.iter();
    line.split_whitespace()
        .map(|word| {
            if word == "{}" {
                (*parts.next().unwrap()).to_owned()
            } else {
                word.to_owned()
            }
        })
        .collect()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .expect("bind")
        .local_addr()
        .expect("address")
        .port()
}

pub fn folder() -> PathBuf {
    // Short, since a socket's path has at most 107 bytes; deleted by the shell that guards the server.
    tempfile::Builder::new()
        .prefix("sms-pg-")
        .tempdir_in("/tmp")
        .expect("make a folder")
        .keep()
}

/// Starts a program and waits until it is ready: it listens, and its log holds `ready`.
pub fn guarded(folder: &Path, command: &[String], port: u16, ready: &str) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", UNTIL_INPUT_CLOSES, "sh"])
        .arg(folder)
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start a shell");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("output"))
        .read_line(&mut line)
        .expect("read from the shell");
    let begun = Instant::now();
    loop {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        if log.contains(ready) && TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        assert!(begun.elapsed() < START_LIMIT, "{command:?} did not start: {log}");
        sleep(Duration::from_millis(20));
    }
    child
}
