//! The worker process: extraction and normalisation behind limits. This file: the parent's side. IO.
//!
//! Parsers are not stopped by a timeout, a stack overflow is an abort that nothing catches, and a jq program is
//! somebody else's code. So all of it runs in a child of the same binary with a cleared environment and limits on
//! processor time, memory and stack; the parent talks to it over pipes and ends it at a deadline.

pub mod child;
pub mod here;
pub mod limits;
pub mod protocol;

use std::{path::Path, process::Stdio, time::Duration};

use jiff::Timestamp;
use sms_crds::{ScrapeSource, report::Reason};
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    document::Document,
    extract::session::{DetailRequest, Extraction, PageSummary},
};
use protocol::{Reply, Request, read_frame, write_frame};

/// Why the worker gave no answer, or a bad one.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The program could not be started.
    #[error("failed to start the extraction process {program}: {source}")]
    Spawn {
        /// Path of the program.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Extraction says no, see [`crate::extract::error::ExtractError`].
    #[error("{message}")]
    Extract {
        /// The word for it.
        reason: Reason,
        /// In words.
        message: String,
    },
    /// The deadline passed.
    #[error(
        "reading the page took longer than {seconds} s; the page or a jq program of the manifest is too heavy"
    )]
    Deadline {
        /// The deadline.
        seconds: u64,
    },
    /// The process ended without an answer.
    #[error("the extraction process ended: {how}")]
    Died {
        /// The word for it.
        reason: Reason,
        /// In words.
        how: String,
    },
}

impl WorkerError {
    /// Whether the worker can go on with other pages: it said no, it did not end.
    pub fn leaves_worker_alive(&self) -> bool {
        matches!(self, Self::Extract { .. })
    }

    /// The word for it in reports and metrics.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Spawn { .. } => Reason::Internal,
            Self::Extract { reason, .. } | Self::Died { reason, .. } => *reason,
            Self::Deadline { .. } => Reason::LimitExceeded,
        }
    }
}

/// A running worker. Dropping it ends the process.
pub struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Worker {
    /// Starts `program` as a worker for one run of `source`.
    pub async fn start(
        program: &Path,
        source: &ScrapeSource,
        now: Timestamp,
        trace: bool,
    ) -> Result<Self, WorkerError> {
        let spawn_error = |source| WorkerError::Spawn {
            program: program.display().to_string(),
            source,
        };
        let mut child = Command::new(program)
            .arg(child::ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(spawn_error)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(spawn_error(std::io::Error::other("no pipes")));
        };
        let mut worker = Self { child, stdin, stdout };
        let request = Request::Start {
            source: Box::new(source.clone()),
            now,
            trace,
        };
        match worker.ask(&request, Vec::new(), limits::deadline(0)).await? {
            Reply::Started => Ok(worker),
            other => Err(unexpected(&other)),
        }
    }

    /// Reads a listing page.
    pub async fn page(&mut self, mut document: Document) -> Result<PageSummary, WorkerError> {
        tracing::debug!(bytes = document.body.len(), "page is parsed");
        let body = std::mem::take(&mut document.body);
        let deadline = limits::deadline(body.len());
        match self.ask(&Request::Page { document }, body, deadline).await? {
            Reply::Page(summary) => Ok(summary),
            other => Err(unexpected(&other)),
        }
    }

    /// Detail pages that the items ask for.
    pub async fn details(&mut self) -> Result<Vec<DetailRequest>, WorkerError> {
        match self
            .ask(&Request::Details, Vec::new(), limits::deadline(0))
            .await?
        {
            Reply::Details(requests) => Ok(requests),
            other => Err(unexpected(&other)),
        }
    }

    /// Merges a detail page into its entry.
    pub async fn detail(&mut self, entry: usize, mut document: Document) -> Result<(), WorkerError> {
        let body = std::mem::take(&mut document.body);
        let deadline = limits::deadline(body.len());
        let request = Request::Detail { entry, document };
        match self.ask(&request, body, deadline).await? {
            Reply::Merged => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes events of everything read and ends the process.
    pub async fn finish(mut self, bytes_read: usize) -> Result<Extraction, WorkerError> {
        let mut whole = Extraction::default();
        loop {
            let deadline = limits::deadline(bytes_read);
            let (reply, part) = self.exchange(&Request::Finish, Vec::new(), deadline).await?;
            if !matches!(reply, Reply::Part | Reply::Finished) {
                return Err(unexpected(&reply));
            }
            let part = serde_json::from_slice(&part).map_err(|error| WorkerError::Died {
                reason: Reason::Internal,
                how: format!("its events cannot be read: {error}"),
            })?;
            whole.extend(part);
            if matches!(reply, Reply::Finished) {
                return Ok(whole);
            }
        }
    }

    /// An answer that has no body.
    async fn ask(
        &mut self,
        request: &Request,
        body: Vec<u8>,
        deadline: Duration,
    ) -> Result<Reply, WorkerError> {
        let (reply, _) = self.exchange(request, body, deadline).await?;
        Ok(reply)
    }

    async fn exchange(
        &mut self,
        request: &Request,
        body: Vec<u8>,
        deadline: Duration,
    ) -> Result<(Reply, Vec<u8>), WorkerError> {
        let exchange = async {
            write_frame(&mut self.stdin, request, &body).await?;
            // The worker has it; here it would only lie beside what is made of it.
            drop(body);
            read_frame(&mut self.stdout).await
        };
        match tokio::time::timeout(deadline, exchange).await {
            Ok(Ok((Reply::Failed { reason, message }, _))) => Err(WorkerError::Extract { reason, message }),
            Ok(Ok(answer)) => Ok(answer),
            // A broken pipe on our side is the child's end on the other.
            Ok(Err(_)) => Err(self.post_mortem().await),
            Err(_) => {
                // The process is gone by kill_on_drop even if this fails.
                let _ = tokio::time::timeout(Duration::from_secs(1), self.child.kill()).await;
                Err(WorkerError::Deadline {
                    seconds: deadline.as_secs(),
                })
            }
        }
    }

    /// Why the process ended.
    async fn post_mortem(&mut self) -> WorkerError {
        let mut stderr = Vec::new();
        if let Some(pipe) = self.child.stderr.take() {
            // A dying process writes little; a living one must not keep us.
            let mut words = pipe.take(4096);
            let read = words.read_to_end(&mut stderr);
            let _ = tokio::time::timeout(Duration::from_secs(1), read).await;
        }
        let status = tokio::time::timeout(Duration::from_secs(1), self.child.wait()).await;
        let signal = match &status {
            Ok(Ok(status)) => std::os::unix::process::ExitStatusExt::signal(status),
            _ => None,
        };
        limits::explain_end(signal, &String::from_utf8_lossy(&stderr))
    }
}

fn unexpected(reply: &Reply) -> WorkerError {
    WorkerError::Died {
        reason: Reason::Internal,
        how: format!("unexpected answer {}", reply.name()),
    }
}
