//! The time for which this process leads, for those who look at it from outside. Pure but for the lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sms_crds::ScrapeSource;

use crate::{context::Context, exporter::Sources, gateway::LiveSources, permit::Permit};

/// The context of the controller while this process leads. A clone sees the same.
#[derive(Clone)]
pub(super) struct Term {
    context: Arc<Mutex<Option<Arc<Context>>>>,
    permit: Permit,
}

impl Term {
    /// The time of a process that writes, and speaks of sources, as long as `permit` holds.
    pub(super) fn new(permit: Permit) -> Self {
        Self {
            context: Arc::default(),
            permit,
        }
    }

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
        let readable = |see: &mut dyn FnMut(&ScrapeSource)| {
            for source in sources.iter().filter_map(|source| source.read().ok()) {
                see(&source);
            }
        };
        read(&Sources::of(readable, &names));
    }

    /// The sources that there are, if that is known.
    pub(super) fn live_sources(&self) -> Option<LiveSources> {
        let context = self.synced()?;
        let sources = context.caches.sources().state();
        let names = context.caches.api_names();
        // Whoever can be read claims a name.
        let unreadable = sources
            .iter()
            .map(|source| source.key())
            .filter(|key| names.api_name(key).is_none())
            .collect();
        Some(LiveSources {
            owners: names.owners(),
            unreadable,
        })
    }

    fn synced(&self) -> Option<Arc<Context>> {
        let context = self.lock().clone();
        context.filter(|context| self.permit.holds() && context.caches.is_synced())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Context>>> {
        self.context.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
