//! What is known of the cluster while this process leads. IO only in that it is shared.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kube::runtime::reflector::{self, ObjectRef, Store, store::Writer};
use sms_crds::{ScrapeSource, ScrapeSourceStatus, SourceKey};
use tokio::{sync::mpsc, time::Instant};

use super::{cron_jobs::CronJobs, kept::Kept, run_cache::RunCache};
use crate::api_names::ApiNames;

/// A status that was written, until the watch shows it.
#[derive(Clone, Debug)]
struct Written {
    /// `resourceVersion`s that are older than the write.
    outdated: Vec<String>,
    /// `resourceVersion` of the answer.
    resource_version: String,
    status: ScrapeSourceStatus,
}

/// A view of a source of which the API server has said that it is old.
#[derive(Clone, Debug)]
struct Outdated {
    /// `resourceVersion` as the watch has shown it.
    resource_version: Option<String>,
    since: Instant,
}

/// How long a watch may take to show what the API server has already. After that the API server is asked again.
const WATCH_LAG: Duration = Duration::from_secs(30);

/// What is known of the cluster.
pub struct Caches {
    sources: Store<Kept>,
    writer: Mutex<Option<Writer<Kept>>>,
    cron_jobs: Mutex<CronJobs>,
    runs: Mutex<RunCache>,
    api_names: Mutex<ApiNames>,
    written: Mutex<HashMap<SourceKey, Written>>,
    outdated: Mutex<HashMap<SourceKey, Outdated>>,
    attempts: Mutex<HashMap<SourceKey, u32>>,
    told: Mutex<HashMap<SourceKey, Option<i64>>>,
    listed: AtomicBool,
    synced: AtomicBool,
    triggers: mpsc::UnboundedSender<SourceKey>,
    triggered: Mutex<Option<mpsc::UnboundedReceiver<SourceKey>>>,
}

/// A panic elsewhere leaves the maps usable: each change of them is complete in itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Caches {
    fn default() -> Self {
        let (sources, writer) = reflector::store();
        let (triggers, triggered) = mpsc::unbounded_channel();
        Self {
            sources,
            writer: Mutex::new(Some(writer)),
            cron_jobs: Mutex::default(),
            runs: Mutex::default(),
            api_names: Mutex::default(),
            written: Mutex::default(),
            outdated: Mutex::default(),
            attempts: Mutex::default(),
            told: Mutex::default(),
            listed: AtomicBool::new(false),
            synced: AtomicBool::new(false),
            triggers,
            triggered: Mutex::new(Some(triggered)),
        }
    }
}

impl Caches {
    /// Every source, readable or not.
    pub fn sources(&self) -> &Store<Kept> {
        &self.sources
    }

    /// The source called `key`.
    pub(super) fn source(&self, key: &SourceKey) -> Option<Arc<Kept>> {
        self.sources
            .get(&ObjectRef::new(&key.name).within(&key.namespace))
    }

    /// The writing end of [`Self::sources`]; there is one.
    pub(super) fn take_writer(&self) -> Option<Writer<Kept>> {
        lock(&self.writer).take()
    }

    /// The CronJobs.
    pub fn cron_jobs(&self) -> MutexGuard<'_, CronJobs> {
        lock(&self.cron_jobs)
    }

    /// Jobs and Pods.
    pub fn runs(&self) -> MutexGuard<'_, RunCache> {
        lock(&self.runs)
    }

    /// Who owns which API name.
    pub fn api_names(&self) -> MutexGuard<'_, ApiNames> {
        lock(&self.api_names)
    }

    /// Whether everything has been listed once.
    pub fn is_synced(&self) -> bool {
        self.listed.load(Ordering::Acquire) && self.synced.load(Ordering::Acquire)
    }

    /// CronJobs, Jobs and Pods have been listed once: passes begin.
    pub(super) fn set_listed(&self) {
        self.listed.store(true, Ordering::Release);
    }

    /// The sources have been listed once.
    pub(super) fn set_synced(&self) {
        self.synced.store(true, Ordering::Release);
    }

    /// Asks for a pass over a source. Before passes begin there is no need: every source gets one.
    pub fn trigger(&self, key: &SourceKey) {
        if !self.listed.load(Ordering::Acquire) {
            return;
        }
        // Nobody listens any more when the controller has stopped.
        let _ = self.triggers.send(key.clone());
    }

    /// The listening end of [`Self::trigger`]; there is one.
    pub(super) fn take_triggers(&self) -> Option<mpsc::UnboundedReceiver<SourceKey>> {
        lock(&self.triggered).take()
    }

    /// `source` as the API server has it after our own last write, which the watch may not have shown yet.
    pub(super) fn newest(&self, source: ScrapeSource) -> ScrapeSource {
        let key = source.key();
        let mut written = lock(&self.written);
        let mut newest = source;
        let version = newest.metadata.resource_version.clone().unwrap_or_default();
        match written.get(&key) {
            Some(write) if write.outdated.contains(&version) => {
                newest.status = Some(write.status.clone());
                newest.metadata.resource_version = Some(write.resource_version.clone());
            }
            Some(_) => {
                written.remove(&key);
            }
            None => {}
        }
        newest
    }

    /// Notes that `status` was written over `outdated`.
    pub(super) fn note_written(
        &self,
        key: &SourceKey,
        outdated: String,
        resource_version: String,
        status: ScrapeSourceStatus,
    ) {
        let mut written = lock(&self.written);
        let mut versions = written
            .remove(key)
            .map(|before| before.outdated)
            .unwrap_or_default();
        versions.push(outdated);
        // The version in the store is one of the last few: the watch is never far behind.
        let excess = versions.len().saturating_sub(8);
        versions.drain(..excess);
        written.insert(
            key.clone(),
            Written {
                outdated: versions,
                resource_version,
                status,
            },
        );
    }

    /// Forgets what was written: the API server says that it is outdated, or the source is gone.
    pub(super) fn forget_written(&self, key: &SourceKey) {
        lock(&self.written).remove(key);
    }

    /// Notes that the API server has another version of a source than this one, or none.
    pub(super) fn note_outdated(&self, key: SourceKey, resource_version: Option<String>) {
        let outdated = Outdated {
            resource_version,
            since: Instant::now(),
        };
        lock(&self.outdated).insert(key, outdated);
    }

    /// For how long `source`, as the watch has shown it, is known to be old.
    pub(super) fn outdated_for(&self, source: &ScrapeSource) -> Option<Duration> {
        let key = source.key();
        let mut all = lock(&self.outdated);
        let found = all.get(&key)?;
        let left = WATCH_LAG.saturating_sub(found.since.elapsed());
        if found.resource_version == source.metadata.resource_version && !left.is_zero() {
            return Some(left);
        }
        all.remove(&key);
        None
    }

    /// How often in a row the pass over a source has failed, this time included.
    pub(super) fn note_failure(&self, key: &SourceKey) -> u32 {
        let mut attempts = lock(&self.attempts);
        let count = attempts.entry(key.clone()).or_default();
        *count = count.saturating_add(1);
        *count
    }

    pub(super) fn note_success(&self, key: &SourceKey) {
        lock(&self.attempts).remove(key);
    }

    /// Whether people were told that a source cannot be read, at this generation of it.
    pub(super) fn is_told(&self, key: &SourceKey, generation: Option<i64>) -> bool {
        lock(&self.told).get(key) == Some(&generation)
    }

    pub(super) fn note_told(&self, key: SourceKey, generation: Option<i64>) {
        lock(&self.told).insert(key, generation);
    }

    /// Forgets a source that is gone.
    pub(super) fn forget(&self, key: &SourceKey) {
        lock(&self.told).remove(key);
        lock(&self.outdated).remove(key);
        self.forget_written(key);
        self.note_success(key);
        self.runs().forget_source(key);
    }
}
