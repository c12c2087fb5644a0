//! Whether the process lives and is ready: facts that others note, and the verdict. Pure but for the lock.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Without an answer of the API server, or a look at the Lease, for this long, a process is not ready.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(45);

/// What the process is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for something; in words.
    Waiting(String),
    /// Another replica leads.
    Following,
    /// It leads.
    Leading,
    /// It was asked to stop.
    Stopping,
}

/// What `/healthz` and `/readyz` go by.
pub struct Health {
    facts: Mutex<Facts>,
    is_synced: Box<dyn Fn() -> bool + Send + Sync>,
}

/// Facts about the process.
#[derive(Clone, Debug)]
struct Facts {
    stage: Stage,
    started: Instant,
    answered: Option<Instant>,
    lease_read: Option<Instant>,
    dead: Option<&'static str>,
}

impl Health {
    /// Health of a process that starts now. `is_synced` tells, while it leads, whether it knows what there is.
    pub fn new(is_synced: impl Fn() -> bool + Send + Sync + 'static, now: Instant) -> Self {
        Self {
            facts: Mutex::new(Facts {
                stage: Stage::Waiting("starting".to_owned()),
                started: now,
                answered: None,
                lease_read: None,
                dead: None,
            }),
            is_synced: Box::new(is_synced),
        }
    }

    /// Notes what the process is at.
    pub fn set_stage(&self, stage: Stage) {
        self.facts().stage = stage;
    }

    /// Notes that the API server answered.
    pub fn note_answer(&self, now: Instant) {
        self.facts().answered = Some(now);
    }

    /// When the API server answered last.
    pub fn answered(&self) -> Option<Instant> {
        self.facts().answered
    }

    /// Notes that the Lease could be read.
    pub fn note_lease_read(&self, now: Instant) {
        self.facts().lease_read = Some(now);
    }

    /// Notes that a task without which the process is of no use has ended by itself.
    pub fn note_death(&self, task: &'static str) {
        self.facts().dead = Some(task);
    }

    /// Whether the process can go on, or why a new one is needed.
    ///
    /// # Errors
    /// In words.
    pub fn liveness(&self) -> Result<(), String> {
        match self.facts().dead {
            None => Ok(()),
            Some(task) => Err(format!("the task {task} has ended")),
        }
    }

    /// Whether the process does its work, or what is missing.
    ///
    /// # Errors
    /// In words.
    pub fn readiness(&self, now: Instant) -> Result<(), String> {
        self.liveness()?;
        let facts = self.facts().clone();
        let silent = |since: Option<Instant>| {
            let since = now.saturating_duration_since(since.unwrap_or(facts.started));
            (since > SILENCE_LIMIT).then_some(since.as_secs())
        };
        match facts.stage {
            Stage::Waiting(what) => return Err(what),
            Stage::Stopping => return Err("stopping".to_owned()),
            Stage::Following | Stage::Leading => {}
        }
        if let Some(seconds) = silent(facts.answered) {
            return Err(format!("the API server has not answered for {seconds} s"));
        }
        match facts.stage {
            Stage::Following => match silent(facts.lease_read) {
                Some(seconds) => Err(format!("the Lease could not be read for {seconds} s")),
                None => Ok(()),
            },
            _ if (self.is_synced)() => Ok(()),
            _ => Err("reads the sources, their CronJobs and Jobs".to_owned()),
        }
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health").field(&self.facts()).finish()
    }
}
