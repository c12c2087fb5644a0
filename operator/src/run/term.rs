//! The time for which this process leads, for those who look at it from outside. Pure but for the lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{context::Context, exporter::Sources};

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
        self.sources().is_some()
    }

    /// Every source; `None` while that is not known, or while another process leads.
    pub(super) fn sources(&self) -> Option<Sources> {
        let context = self.lock().clone()?;
        sources(&context)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Context>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sources(context: &Context) -> Option<Sources> {
    let caches = &context.caches;
    caches.is_synced().then(|| Sources {
        sources: caches
            .sources()
            .state()
            .iter()
            .filter_map(|source| source.0.as_ref().ok().cloned().map(Arc::new))
            .collect(),
        names: Arc::new(caches.api_names().clone()),
    })
}
