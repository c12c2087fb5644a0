//! Processes that panic, abort or are killed with secrets in their memory: what they say last, and what they leave behind.

use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::Stdio,
    time::Duration,
};

use sms_proof::{Group, record};
use tokio::{process::Command, time::timeout};

use crate::{
    canary::{CANARY, IN_AUTHORITY, Search, USER},
    parrot::Parrot,
    processes::worker_of,
    scraper::{Scraper, ended},
};

/// Words of prlimit(1), each with levels from too little for anything to enough.
const SHORTAGES: [(&str, &[u32], u32); 4] = [
    ("nproc", &[1, 2, 3, 4], 1),
    ("data", &[1, 2, 3, 4, 5, 6, 7, 8, 10, 12], 1 << 20),
    ("stack", &[32, 64, 96, 128, 192, 256, 512], 1 << 10),
    ("nofile", &[4, 6, 7, 8, 9, 10, 11, 12, 14], 1),
];

/// Programs that end the extraction process with the page in its memory: by memory, stack, and processor time.
const ENDS: [&str; 4] = [
    "[.. | limit(100000000; repeat(.))]",
    "[.events] | until(false; . + .)",
    "def deeper: [., deeper]; deeper",
    ".events | last(range(1000000000000))",
];

/// Who has a limit on processes: root has none. Files are read as root reads them.
const SOMEBODY: [&str; 7] = [
    "setpriv",
    "--reuid=54321",
    "--regid=54321",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    "--",
];

/// By then the extraction process has its page.
const AT_WORK: Duration = Duration::from_millis(200);

const GOAL: &str = "0 hits in last words, reports, messages, files, pushes";

/// A source and its server, a Pushgateway, and a secret for each of them.
struct Stage {
    scraper: Scraper,
    home: Parrot,
    gateway: Parrot,
}

impl Stage {
    async fn new() -> Self {
        let scraper = Scraper::new();
        scraper.write("secrets/sms-vera/key", &format!("{CANARY}\n"));
        Self {
            scraper,
            home: Parrot::start("http://127.0.0.1:1").await,
            gateway: Parrot::start("http://127.0.0.1:1").await,
        }
    }

    fn source(&self, items: &str) {
        let spec = format!(
            "  timeZone: America/Los_Angeles\n  fetch: {{ url: \"{}/ok\", delay: 1ms, attempts: 1, auth: {{ bearer: {{ secretKeyRef: {{ name: sms-vera, key: key }} }} }} }}\n  extract: {{ json: {{ items: '{items}' }} }}",
            self.home.url()
        );
        self.scraper.source("vera", &spec);
    }

    /// A run under limits of prlimit(1).
    fn limited(&self, limits: &[String]) -> Command {
        let run = self.scraper.command(&["ingester", "--bypass-cadence"]);
        let run = run.as_std();
        let mut command = Command::new("prlimit");
        command.args(limits);
        if limits.iter().any(|limit| limit.starts_with("--nproc")) && is_root() {
            command.args(SOMEBODY);
        }
        let set = run.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command
            .arg(run.get_program())
            .args(run.get_args())
            .env_clear()
            .envs(set)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("SMS_SECRETS_DIR", self.scraper.path("secrets"))
            .env("SMS_PUSHGATEWAY_URL", self.gateway.url())
            .env("SMS_PUSHGATEWAY_TOKEN", CANARY)
            .env(
                "SMS_TERMINATION_MESSAGE_PATH",
                self.scraper.path("termination-log"),
            )
            .env("SMS_LOG", "trace")
            .current_dir(self.scraper.path("."))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn look(&self, search: &mut Search) {
        search.look("what was pushed", without_token(&self.gateway.got()).as_bytes());
        search.look_below("files", &self.scraper.path("."));
    }
}

/// What a Pushgateway got, but for the header that is meant for it.
fn without_token(got: &str) -> String {
    let lines = got.lines().filter(|line| !line.starts_with("authorization: "));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// Whether the programs are there that put limits on others.
fn can_limit() -> bool {
    let there = ["prlimit", "setpriv"]
        .into_iter()
        .all(|name| Path::new("/usr/bin").join(name).is_file());
    assert!(
        there || std::env::var("CI").as_deref() != Ok("true"),
        "util-linux is not installed"
    );
    there
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_words_of_a_starved_run_hold_no_secret() {
    if !can_limit() {
        return;
    }
    let stage = Stage::new().await;
    let mut search = Search::default();
    let (mut runs, mut panics, mut signals) = (0, 0, 0);
    let refused = format!("postgres://{USER}:{IN_AUTHORITY}@127.0.0.1:1/sms");
    let shortages = SHORTAGES
        .iter()
        .flat_map(|(what, levels, unit)| levels.iter().map(move |level| (*what, level * unit)));
    for (number, (what, level)) in shortages.enumerate() {
        // Read by the process of its own, and by the run itself.
        stage.source(if number % 2 == 0 {
            ".events[] | ."
        } else {
            ".events"
        });
        for store in [None, Some(&refused)] {
            let mut command = stage.limited(&[format!("--{what}={level}")]);
            command.envs(store.map(|store| ("SMS_STORE_URL", store)));
            // Where an allocation fails while the standard library makes a backtrace, it waits for itself for ever.
            if what != "data" {
                command.env("RUST_BACKTRACE", "full");
            }
            let output = timeout(Duration::from_mins(2), command.output())
                .await
                .unwrap_or_else(|_| panic!("--{what}={level}: no end"))
                .unwrap();
            let words = String::from_utf8_lossy(&output.stderr);
            runs += 1;
            panics += u32::from(words.contains("panicked at"));
            signals += u32::from(output.status.signal().is_some());
            let place = format!("--{what}={level}");
            search.look(&format!("{place}: standard output"), &output.stdout);
            search.look(&format!("{place}: standard error"), &output.stderr);
        }
    }
    let mut ends = Vec::new();
    for program in ENDS {
        stage.source(program);
        let output = stage.limited(&[]).output().await.unwrap();
        search.look(&format!("{program}: standard output"), &output.stdout);
        search.look(&format!("{program}: standard error"), &output.stderr);
        ends.extend(ended(output).report()["reason"].as_str().map(str::to_owned));
    }
    stage.look(&mut search);
    let met = record(
        Group::Secrets,
        "panics and aborts of a run that has too few threads, files, stack or memory",
        format!(
            "{runs} runs, {panics} panics, {signals} killed, {} ends of the extraction process: {}",
            ends.len(),
            search.figure()
        ),
        GOAL,
        search.hits.is_empty() && panics > 0 && signals > 0 && ends == ["LimitExceeded"; 4],
    );
    assert!(met, "{panics} {signals} {ends:?} {:#?}", search.hits);
}

/// Memory of a process that can be read, but for what it maps of files.
fn memory(id: u32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let mut file = fs::File::open(format!("/proc/{id}/mem")).unwrap();
    let mut memory = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        file.seek(SeekFrom::Start(from)).unwrap();
        // A mapping may go while it is read.
        let _ = file.by_ref().take(to - from).read_to_end(&mut memory);
    }
    memory
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_extraction_process_never_has_a_secret_and_no_process_leaves_a_core_file() {
    if !can_limit() {
        return;
    }
    let stage = Stage::new().await;
    stage.source("last(range(1000000000000))");
    let mut search = Search::default();
    let mut sizes = Vec::new();
    for aborts_parent in [false, true] {
        let child = stage.limited(&["--core=unlimited".to_owned()]).spawn().unwrap();
        let parent = child.id().unwrap();
        let worker = worker_of(parent, AT_WORK).await;
        for id in [parent, worker] {
            let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
            let core = limits.lines().find(|line| line.starts_with("Max core")).unwrap();
            sizes.push(core.split_whitespace().nth(4).unwrap().to_owned());
        }
        let own = ["environ", "cmdline"].map(|file| fs::read(format!("/proc/{worker}/{file}")).unwrap());
        let held = memory(worker);
        let victim = if aborts_parent { parent } else { worker };
        let killed = std::process::Command::new("kill")
            .args(["-ABRT", &victim.to_string()])
            .status();
        assert!(killed.unwrap().success());
        let output = child.wait_with_output().await.unwrap();
        for (place, bytes) in [
            ("environment of the extraction process", &own[0]),
            ("arguments of the extraction process", &own[1]),
            ("memory of the extraction process", &held),
            ("standard output", &output.stdout),
            ("standard error", &output.stderr),
        ] {
            search.look(place, bytes);
        }
        assert!(held.len() > 100_000, "no memory was read");
    }
    stage.look(&mut search);
    let met = record(
        Group::Secrets,
        "environment and memory of the extraction process, and core files",
        format!("{}; core files of {} bytes", search.figure(), sizes.join(", ")),
        "0 hits; core files of 0 bytes",
        search.hits.is_empty() && sizes.iter().all(|size| size == "0"),
    );
    assert!(met, "{sizes:?} {:#?}", search.hits);
}
