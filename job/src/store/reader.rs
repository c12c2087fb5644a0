//! Reading beside the runs: without a right to write, in pages, by several at once. IO.
//!
//! [`super::Store`] is for runs: it prepares tables and keeps one connection. A [`Reader`] writes nothing, not even tables:
//! every use is a read-only transaction with time limits, so that a role with `SELECT` suffices and no question of a
//! stranger keeps the database busy for long.

mod error;

use std::{future::Future, sync::Arc, time::Duration};

use jiff::civil;
use tokio::{sync::Semaphore, time::timeout};

pub use error::ReadError;
use error::read_error;

use super::{
    error::{Fault, StoreError},
    listing::{Extent, Filter, Listed, PARALLEL, Position, StoredSource, Unreadable},
    model::StoredEvent,
    postgres::read::PostgresReader,
    sqlite::read::SqliteReader,
    url::{StoreUrl, StoreUrlError, Target},
};

/// Longest wait for one of them to end.
const TURN_LIMIT: Duration = Duration::from_secs(5);

/// Longest use of a connection. The database's own limit is shorter; this one is for a network that went silent.
const USE_LIMIT: Duration = Duration::from_secs(8);

/// A store that is only read.
pub struct Reader {
    kind: Arc<Kind>,
    /// A question keeps its turn until the database is done with it, even if nobody waits for the answer any more.
    turns: Arc<Semaphore>,
    /// Readiness has a turn of its own: it must not wait behind every question.
    checks: Arc<Semaphore>,
}

enum Kind {
    Sqlite(SqliteReader),
    Postgres(Box<PostgresReader>),
}

impl Kind {
    /// SQLite does not say what it is that it cannot open.
    fn exists(&self) -> Result<(), ReadError> {
        match self {
            Self::Sqlite(store) if !store.path().exists() => Err(ReadError::NoFile(store.shown().to_owned())),
            Self::Sqlite(_) | Self::Postgres(_) => Ok(()),
        }
    }

    fn shown(&self) -> &str {
        match self {
            Self::Sqlite(store) => store.shown(),
            Self::Postgres(store) => store.shown(),
        }
    }

    async fn extent(&self, filter: &Filter) -> Result<Vec<Extent>, Fault> {
        match self {
            Self::Sqlite(store) => store.extent(filter).await,
            Self::Postgres(store) => store.extent(filter).await,
        }
    }

    async fn page(
        &self,
        filter: &Filter,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<Vec<Listed>, Fault> {
        match self {
            Self::Sqlite(store) => store.page(filter, after, limit).await,
            Self::Postgres(store) => store.page(filter, after, limit).await,
        }
    }

    async fn event(&self, uid: &str) -> Result<Option<Result<StoredEvent, Unreadable>>, Fault> {
        match self {
            Self::Sqlite(store) => store.event(uid).await,
            Self::Postgres(store) => store.event(uid).await,
        }
    }

    async fn sources(&self, today: civil::Date) -> Result<Vec<StoredSource>, Fault> {
        match self {
            Self::Sqlite(store) => store.sources(today).await,
            Self::Postgres(store) => store.sources(today).await,
        }
    }
}

impl Reader {
    /// A reader that connects at the first question. Needs a runtime.
    ///
    /// # Errors
    /// The address is none that can be read: standard output remembers nothing.
    pub fn new(url: &StoreUrl) -> Result<Self, StoreError> {
        let kind = match &url.0 {
            Target::SqliteFile(path) => Kind::Sqlite(SqliteReader::new(path.clone(), url.to_string())),
            Target::Postgres(address) => Kind::Postgres(Box::new(PostgresReader::new(address)?)),
            Target::SqliteMemory | Target::Stdout => return Err(StoreUrlError::Forgets.into()),
            Target::Missing => return Err(StoreUrlError::Missing.into()),
        };
        Ok(Self {
            kind: Arc::new(kind),
            turns: Arc::new(Semaphore::new(PARALLEL as usize)),
            checks: Arc::new(Semaphore::new(1)),
        })
    }

    /// Whether the store answers, and whether everything that is asked of it can be read.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn check(&self) -> Result<(), ReadError> {
        let asked = |kind: Arc<Kind>| async move { kind.page(&Filter::default(), None, 0).await };
        self.ask(&self.checks, "answer", asked).await.map(drop)
    }

    /// How much of each source matches.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn extent(&self, filter: &Filter) -> Result<Vec<Extent>, ReadError> {
        let filter = filter.clone();
        let asked = move |kind: Arc<Kind>| async move { kind.extent(&filter).await };
        self.ask(&self.turns, "count events", asked).await
    }

    /// At most `limit` events that match, from `after` on.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn page(
        &self,
        filter: &Filter,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<Vec<Listed>, ReadError> {
        let (filter, after) = (filter.clone(), after.cloned());
        let asked = move |kind: Arc<Kind>| async move { kind.page(&filter, after.as_ref(), limit).await };
        self.ask(&self.turns, "read events", asked).await
    }

    /// The event of an identity, removed or not.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn event(&self, uid: &str) -> Result<Option<Result<StoredEvent, Unreadable>>, ReadError> {
        let uid = uid.to_owned();
        let asked = move |kind: Arc<Kind>| async move { kind.event(&uid).await };
        self.ask(&self.turns, "read an event", asked).await
    }

    /// Every source that ever ran, by key. `today` is where upcoming begins.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn sources(&self, today: civil::Date) -> Result<Vec<StoredSource>, ReadError> {
        let asked = move |kind: Arc<Kind>| async move { kind.sources(today).await };
        self.ask(&self.turns, "read its sources", asked).await
    }

    /// Says goodbye to the server.
    pub async fn close(&self) {
        if let Kind::Postgres(store) = &*self.kind {
            let _ = timeout(Duration::from_secs(3), store.close()).await;
        }
    }

    /// Puts a question that outlives whoever asked it: a client that went away neither frees the turn nor leaves a
    /// statement behind that nobody counts.
    async fn ask<T, F>(
        &self,
        turns: &Arc<Semaphore>,
        action: &'static str,
        asked: impl FnOnce(Arc<Kind>) -> F,
    ) -> Result<T, ReadError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        self.kind.exists()?;
        let Ok(Ok(turn)) = timeout(TURN_LIMIT, turns.clone().acquire_owned()).await else {
            return Err(ReadError::Crowded);
        };
        let asked = asked(self.kind.clone());
        let kind = self.kind.clone();
        let answer = tokio::spawn(async move {
            let _turn = turn;
            within(kind.shown(), action, asked).await
        });
        answer.await.unwrap_or_else(|ended| {
            Err(ReadError::Store(StoreError::Failed {
                store: self.kind.shown().to_owned(),
                action: action.to_owned(),
                problem: ended.to_string(),
            }))
        })
    }
}

async fn within<T>(
    store: &str,
    action: &str,
    asked: impl Future<Output = Result<T, Fault>>,
) -> Result<T, ReadError> {
    match timeout(USE_LIMIT, asked).await {
        Ok(answer) => answer.map_err(|fault| read_error(fault, store, action)),
        Err(_) => Err(ReadError::Store(StoreError::TimedOut {
            store: store.to_owned(),
            action: action.to_owned(),
        })),
    }
}
