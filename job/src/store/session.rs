//! One connection, opened late and shared by every source of the process. IO.

use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

use super::error::{Fault, StoreError};

/// Longest use of a connection. The database's own limits are shorter; this one is for a network that went silent.
const USE_LIMIT: Duration = Duration::from_mins(2);

/// Where the connection rests between two uses.
pub(super) struct Slot<C>(Mutex<Option<Resting<C>>>);

pub(super) struct Resting<C> {
    pub(super) connection: C,
    pub(super) since: Instant,
}

/// A use of the connection. Unless it is [run to its end](Self::run), the connection is dropped, and with it whatever was not
/// committed: a cancelled run leaves nothing half done behind.
pub(super) struct Session<'a, C> {
    slot: MutexGuard<'a, Option<Resting<C>>>,
    store: &'a str,
    connection: C,
}

impl<C> Default for Slot<C> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<C> Slot<C> {
    pub(super) async fn lock(&self) -> MutexGuard<'_, Option<Resting<C>>> {
        self.0.lock().await
    }
}

impl<'a, C> Session<'a, C> {
    pub(super) fn new(slot: MutexGuard<'a, Option<Resting<C>>>, store: &'a str, connection: C) -> Self {
        Self {
            slot,
            store,
            connection,
        }
    }

    /// Runs `work` on the connection and keeps it in use. `action` goes on "the store failed to …".
    pub(super) async fn check<T>(
        &mut self,
        action: &str,
        work: impl AsyncFnOnce(&mut C) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.attempt(action, work)
            .await?
            .map_err(|fault| fault.into_error(self.store, action))
    }

    /// Runs `work` on the connection and lets it rest afterwards, unless it broke.
    pub(super) async fn run<T>(
        mut self,
        action: &str,
        work: impl AsyncFnOnce(&mut C) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let answer = self.attempt(action, work).await?;
        if answer.as_ref().err().is_none_or(Fault::spares_connection) {
            *self.slot = Some(Resting {
                connection: self.connection,
                since: Instant::now(),
            });
        }
        answer.map_err(|fault| fault.into_error(self.store, action))
    }

    async fn attempt<T>(
        &mut self,
        action: &str,
        work: impl AsyncFnOnce(&mut C) -> Result<T, Fault>,
    ) -> Result<Result<T, Fault>, StoreError> {
        tokio::time::timeout(USE_LIMIT, work(&mut self.connection))
            .await
            .map_err(|_| StoreError::TimedOut {
                store: self.store.to_owned(),
                action: action.to_owned(),
            })
    }
}
