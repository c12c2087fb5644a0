//! What every request needs: the store, the view's own address, and a log that no stranger can fill. IO: logs.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing::warn;

use super::problem::Problem;
use crate::store::{
    listing::Unreadable,
    reader::{ReadError, Reader},
};

/// Least time between two lines of the log about a store that does not answer, or about events that cannot be read.
const LOG_PAUSE: Duration = Duration::from_secs(10);

/// What every request needs.
#[derive(Clone)]
pub struct View {
    pub(super) reader: Arc<Reader>,
    /// Where clients reach this view, with a slash at the end.
    pub(super) base_url: Option<Arc<str>>,
    logged: Arc<Mutex<Option<Instant>>>,
    told_unreadable: Arc<Mutex<Option<Instant>>>,
}

impl View {
    /// A view of this store. `base_url` is its public address, if known.
    pub fn new(reader: Arc<Reader>, base_url: Option<&str>) -> Self {
        let base_url = base_url.map(|url| format!("{}/", url.trim_end_matches('/')).into());
        Self {
            reader,
            base_url,
            logged: Arc::default(),
            told_unreadable: Arc::default(),
        }
    }

    /// The answer where the store has none; the log gets the reason, but not for every request.
    pub(super) fn failed(&self, error: &ReadError) -> Problem {
        if is_due(&self.logged) {
            warn!("Could not answer: {error}");
        }
        Problem::from(error)
    }

    /// Tells the log of an event that no list can have, but not at every request.
    pub(super) fn unreadable(&self, event: &Unreadable) {
        if is_due(&self.told_unreadable) {
            warn!(
                source = event.source_key,
                id = event.uid,
                "Left out an event: {event}"
            );
        }
    }
}

/// Whether the last line of the log about this is long enough ago; then the next one counts from now.
fn is_due(logged: &Mutex<Option<Instant>>) -> bool {
    let mut logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
    let is_due = logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE);
    if is_due {
        *logged = Some(Instant::now());
    }
    is_due
}
