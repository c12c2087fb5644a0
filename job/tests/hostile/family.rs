//! One family of attacks: a table of documents and manifests, the runs over it, and its row of the proof. IO.

use std::{fmt::Write as _, path::Path, process::Command};

use serde_json::{Value, json};
use sms_proof::Group;

use crate::measured;

/// What an attack may cost: seconds of all processes of a run together, and MiB of the larger one. Without optimisation
/// the parent's own work and the program's own pages weigh more; the child's limits are the same.
pub const SECONDS: f64 = if cfg!(debug_assertions) { 3.0 } else { 2.5 };
pub const MEBIBYTES: f64 = if cfg!(debug_assertions) { 160.0 } else { 128.0 };

/// A document, how it is read, and how that may end.
pub struct Attack {
    pub name: String,
    /// Extension of the document's file, which says what it is.
    pub extension: &'static str,
    pub body: Vec<u8>,
    /// `spec.extract`.
    pub extract: Value,
    /// Reasons that the run may fail with; `"ok"` where it may as well end and leave the document without harm, and
    /// `"refused"` where the manifest may be refused.
    pub ends: &'static [&'static str],
}

pub fn attack(
    name: &str,
    extension: &'static str,
    body: impl Into<Vec<u8>>,
    extract: Value,
    ends: &'static [&'static str],
) -> Attack {
    Attack {
        name: name.to_owned(),
        extension,
        body: body.into(),
        extract,
        ends,
    }
}

/// The row for a family: runs every attack, records the worst figures, and fails with all that was wrong.
pub fn prove(row: &str, attacks: Vec<Attack>) {
    let folder = tempfile::tempdir().unwrap();
    let (mut seconds, mut mebibytes) = (0.0_f64, 0.0_f64);
    let (mut wrong, mut failed) = (String::new(), Vec::new());
    let count = attacks.len();
    for (number, attack) in attacks.into_iter().enumerate() {
        let ended = run(folder.path(), number, &attack);
        let report = report(&ended.stderr);
        let end = match report["outcome"].as_str() {
            Some("Failed") => report["reason"].as_str().unwrap_or("no reason").to_owned(),
            Some(_) => "ok".to_owned(),
            None if ended.code == Some(2) => "refused".to_owned(),
            None => format!("no report: {}", ended.stderr),
        };
        if std::env::var_os("SMS_TEST_VERBOSE").is_some() {
            let message = report["message"].as_str().unwrap_or_default();
            eprintln!(
                "{}: {end}, {:.2} s, {:.0} MiB, {message}",
                attack.name, ended.seconds, ended.mebibytes
            );
        }
        let is_clear = report["message"]
            .as_str()
            .is_some_and(|words| !words.contains("panicked"));
        let is_right =
            attack.ends.contains(&end.as_str()) && (matches!(end.as_str(), "ok" | "refused") || is_clear);
        let is_cheap = ended.seconds <= SECONDS && ended.mebibytes <= MEBIBYTES;
        if !is_right || !is_cheap || ended.code.is_none() {
            let _ = writeln!(
                wrong,
                "{}: {end} (wanted {:?}), exit {:?}, {:.2} s, {:.0} MiB: {}",
                attack.name, attack.ends, ended.code, ended.seconds, ended.mebibytes, report["message"]
            );
        }
        if end != "ok" {
            failed.push(format!("default/attack-{number}"));
        }
        (seconds, mebibytes) = (seconds.max(ended.seconds), mebibytes.max(ended.mebibytes));
    }
    let stored = stored_of(folder.path(), &failed);
    let figure = format!(
        "{count} attacks, worst {seconds:.2} s and {mebibytes:.0} MiB, {stored} stored by a failed run, {} wrong",
        wrong.lines().count()
    );
    let goal = format!("{SECONDS} s of processor time, {MEBIBYTES} MiB, a reason, nothing stored");
    let met = sms_proof::record(
        Group::HostileDocuments,
        row,
        figure,
        &goal,
        wrong.is_empty() && stored == 0,
    );
    assert!(met, "{row}: {stored} stored\n{wrong}");
}

fn run(folder: &Path, number: usize, attack: &Attack) -> measured::Measured {
    let document = format!("document{number}.{}", attack.extension);
    std::fs::write(folder.join(&document), &attack.body).unwrap();
    let manifest = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1",
        "kind": "ScrapeSource",
        "metadata": { "name": format!("attack-{number}") },
        "spec": { "schedule": "H * * * *", "fetch": { "url": format!("file://{document}") }, "extract": attack.extract },
    });
    let source = folder.join(format!("source{number}.json"));
    std::fs::write(&source, manifest.to_string()).unwrap();
    let ended = measured::run(
        command(folder)
            .args(["ingester", "--bypass-cadence", "--sources"])
            .arg(source),
    );
    std::fs::remove_file(folder.join(document)).unwrap();
    ended
}

pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sms_scraper"));
    let store = folder.join("events.sqlite");
    command
        .env_clear()
        .env("SMS_STORE_URL", format!("sqlite://{}", store.display()))
        .env("SMS_LOG_FORMAT", "json")
        .current_dir(folder);
    command
}

fn report(stderr: &str) -> Value {
    stderr
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| serde_json::from_str(line.get("report")?.as_str()?).ok())
        .unwrap_or_default()
}

/// Stored events of the sources called `names`.
fn stored_of(folder: &Path, names: &[String]) -> usize {
    let output = command(folder)
        .args(["events", "--format", "json", "--include-removed"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let events: Vec<Value> =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {text}"));
    let is_theirs = |event: &&Value| names.iter().any(|name| event["source"].as_str() == Some(name));
    events.iter().filter(is_theirs).count()
}
