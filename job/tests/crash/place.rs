//! A source, its store, and runs of the real binary over both. IO.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    time::sleep,
};

use crate::{
    bench::Bench,
    processes,
    scraper::{Ended, Scraper, ended},
    state::Found,
    venue::{Gateway, Venue},
};

/// A store and the source that fills it.
pub struct Place {
    pub scraper: Scraper,
    pub bench: Bench,
    pub gateway: Gateway,
    /// Whether runs reach the database through a pooler, which keeps its connections.
    pub is_pooled: bool,
    variables: Vec<(&'static str, String)>,
}

/// What a kill left behind.
pub struct Killed {
    /// Whether the process had ended by itself.
    pub was_over: bool,
    /// Whether the run had told somebody that it succeeded: the Pushgateway, its log, or whoever waits for its exit code.
    pub acknowledged: bool,
    /// Extraction processes that outlived their parent for good.
    pub orphans: usize,
}

impl Place {
    /// A place whose Pushgateway has this name.
    pub async fn new(name: &str, bench: Bench, venue: &Venue) -> Self {
        let gateway = venue.gateway(name).await;
        let scraper = Scraper::new();
        scraper.source("blue-moon", &venue.spec());
        let variables = vec![
            ("SMS_STORE_URL", bench.given.clone()),
            ("SMS_PUSHGATEWAY_URL", gateway.url.clone()),
            ("SMS_BYPASS_CADENCE", "true".to_owned()),
        ];
        Self {
            scraper,
            bench,
            gateway,
            is_pooled: false,
            variables,
        }
    }

    /// A run, with its output in pipes.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.scraper.command(&[&["ingester"], arguments].concat());
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        command
            .envs(variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.spawn(arguments).wait_with_output().await.unwrap())
    }

    /// A run that has to succeed; gives its time.
    pub async fn succeed(&self) -> Duration {
        let begun = Instant::now();
        let run = self.run(&[]).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        begun.elapsed()
    }

    /// Kills a run after that time.
    pub async fn kill_after(&self, moment: Duration) -> Killed {
        let pushes = self.gateway.pushes();
        let mut child = self.spawn(&[]);
        sleep(moment).await;
        let workers = child.id().map(processes::children).unwrap_or_default();
        let was_over = child.try_wait().unwrap().is_some();
        // Of a process that has ended there is nothing to kill.
        let _ = child.start_kill();
        let run = ended(child.wait_with_output().await.unwrap());
        let acknowledged =
            run.code == 0 || run.stderr.contains("Finished run: Succeeded") || self.gateway.pushes() > pushes;
        let orphans = processes::end_of(&workers)
            .await
            .map_or_else(|left| left.len(), |_| 0);
        Killed {
            was_over,
            acknowledged,
            orphans,
        }
    }

    /// What is stored. A file is read from a copy, so that the next run finds it as the killed one left it; a server is
    /// asked when it has noticed that its client is gone.
    pub async fn found(&self) -> Found {
        if !self.bench.is_sqlite() {
            self.wait_for_server().await;
            return Found::read(&self.bench).await;
        }
        let file = self.file();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        if !file.exists() {
            return Found::default();
        }
        for end in ["", "-wal"] {
            let from = beside(&file, end);
            if from.exists() {
                fs::copy(from, beside(&copy, end)).unwrap();
            }
        }
        Found::read(&Bench::of(&format!("sqlite://{}", copy.display()))).await
    }

    /// What is stored, while others are at work.
    pub async fn found_now(&self) -> Found {
        Found::read(&self.bench).await
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
        self.bench.url.path().unwrap().to_path_buf()
    }

    async fn wait_for_server(&self) {
        // A pooler keeps idle connections for the next client.
        let gone = match self.is_pooled {
            true => "AND state <> 'idle'",
            false => "",
        };
        let others = format!(
            "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() {gone}"
        );
        let begun = Instant::now();
        while self.bench.texts(&others).await != ["0"] {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "a client that is dead is still served"
            );
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets the minute pass that the lease of a killed run lives.
    pub async fn expire_lease(&self) {
        let past =
            "UPDATE sms_sources SET lease_until = '2001-01-01T00:00:00.000Z' WHERE lease_until IS NOT NULL";
        self.bench.execute(past).await;
    }

    /// Empties the store, tables included.
    pub async fn begin_anew(&self) {
        if self.bench.is_sqlite() {
            for end in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(beside(&self.file(), end));
            }
        } else {
            self.bench
                .execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                .await;
        }
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", file.display()))
}
