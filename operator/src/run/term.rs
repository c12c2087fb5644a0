//! The time for which this process leads, for those who look at it from outside. Pure but for the lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{context::Context, controller, exporter::Sources, gateway::LiveSources};

/// The context of the controller while this process leads. A clone sees the same.
#[derive(Clone, Default)]
pub(super) struct Term(Arc<Mutex<Option<Arc<Context>>>>);

impl Term {
    /// Leadership begins.
    pub(super) fn begin(&self, context: Arc<Context>) {
        *self.lock() = Some(context);
    }

    /// Leadership ends.
    pub(super) fn end(&self) {
        self.lock().take();
    }

    /// Whether everything has been read once.
    pub(super) fn is_synced(&self) -> bool {
        self.synced().is_some()
    }

    /// Hands over every source that can be read; nothing while they are not known, or another process leads.
    pub(super) fn read(&self, read: &mut dyn FnMut(&Sources<'_>)) {
        let Some(context) = self.synced() else {
            return;
        };
        let sources = context.caches.sources().state();
        // A copy: the controller must not wait for a scrape.
        let names = context.caches.api_names().clone();
        let readable = sources.iter().filter_map(|source| source.0.as_ref().ok());
        read(&Sources::new(readable, &names));
    }

    /// The sources that there are, if that is known.
    pub(super) fn live_sources(&self) -> Option<LiveSources> {
        let context = self.synced()?;
        let sources = context.caches.sources().state();
        let unreadable = sources.iter().filter(|source| source.0.is_err());
        let unreadable = unreadable.map(|source| controller::key_of(source)).collect();
        let mut owners = None;
        self.read(&mut |sources| owners = Some(sources.owners()));
        Some(LiveSources {
            owners: owners?,
            unreadable,
        })
    }

    fn synced(&self) -> Option<Arc<Context>> {
        self.lock().clone().filter(|context| context.caches.is_synced())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Context>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
