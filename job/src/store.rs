//! Where events, runs and leases are kept: SQLite, PostgreSQL, or nowhere (standard output). IO.
//!
//! [`url`] says which, [`batch`] decides what has to be written, [`sqlite`] and [`postgres`] write it, [`stdout`] prints.

mod batch;
mod error;
mod lease;
pub mod listing;
mod migrations;
mod model;
mod postgres;
pub mod reader;
mod retention;
mod rows;
mod session;
mod sqlite;
mod stdout;
mod url;

use std::{collections::HashMap, io::Write, time::Duration};

use jiff::Timestamp;
use sms_crds::SourceKey;

pub use error::StoreError;
pub use migrations::MigrationReport;
pub use model::{
    EventQuery, Lease, Removal, RunCommit, RunRow, SourceState, StoreSummary, StoredEvent, StoredValidators,
};
pub use postgres::Postgres;
pub use sqlite::Sqlite;
pub use stdout::Stdout;
pub use url::{StoreUrl, StoreUrlError};

/// A store. Every kind keeps this contract, except that standard output remembers nothing.
///
/// **Lease.** A run takes the lease of its source first. It is a row with an expiry by the database's clock, so it
/// outlives a broken connection and works behind a pooler. An expired lease is taken over; whoever lost it can no longer
/// commit. Two runs of one source therefore neither duplicate nor lose an event.
///
/// **Commit.** A run is stored in one transaction or not at all. Stored events are compared with the run's by identity
/// and content hash; only what differs is written, in statements of bounded length, never one by one. An unchanged source
/// costs one row for the run. A run whose identifier is stored already replaces that run and is not counted again.
///
/// **Last seen.** Unchanged events are not rewritten: of an event that was in the newest run that read the page,
/// `last_seen` is the end of the newest run that read the page or found it unchanged; once the event leaves the page, the
/// moment is written into its row.
///
/// **Removal.** A future event inside the range of start dates of a complete run that misses it for the second time under
/// one spec hash becomes removed. Being seen again starts the count anew and brings a removed event back (as updated).
///
/// **Validators** describe what is stored; see [`RunCommit::validators`].
///
/// **Retention** deletes events that ended before and are no longer on the page, and old rows of runs; the number of runs
/// stays.
pub enum Store {
    /// One file; the embedded default.
    Sqlite(Sqlite),
    /// A shared database.
    Postgres(Box<Postgres>),
    /// NDJSON; remembers nothing: every lease is granted, every event new, every run the first.
    Stdout(Stdout),
}

impl Store {
    /// Opens a store. A SQLite file is opened, made where it is missing, and brought up to date at once; PostgreSQL is
    /// not connected to before the first use.
    pub async fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        for name in url.ignored_parameters() {
            tracing::warn!(parameter = %name, store = %url, "the store's address has a parameter without effect");
        }
        Ok(match &url.0 {
            url::Target::SqliteFile(path) => {
                Self::Sqlite(Sqlite::open(Some(path.clone()), url.to_string()).await?)
            }
            url::Target::SqliteMemory => Self::Sqlite(Sqlite::open(None, url.to_string()).await?),
            url::Target::Postgres(address) => Self::Postgres(Box::new(Postgres::new(address)?)),
            url::Target::Stdout => Self::ndjson(std::io::stdout()),
            url::Target::Missing => return Err(StoreUrlError::Missing.into()),
        })
    }

    /// A store that writes one JSON object a line for each event, and remembers nothing.
    pub fn ndjson(output: impl Write + Send + 'static) -> Self {
        Self::Stdout(Stdout::new(output))
    }

    /// `sqlite`, `postgres` or `stdout`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
            Self::Stdout(_) => "stdout",
        }
    }

    /// Whether the next run will know of this one. Without it there is no cadence, no conditional request, no baseline
    /// and no removal.
    pub fn remembers(&self) -> bool {
        match self {
            Self::Sqlite(_) | Self::Postgres(_) => true,
            Self::Stdout(_) => false,
        }
    }

    /// Brings the tables up to date; every other method does so by itself. Safe to repeat and to run at once from several
    /// processes; tables of a newer version are left alone.
    pub async fn migrate(&self) -> Result<MigrationReport, StoreError> {
        match self {
            Self::Sqlite(store) => store.migrate().await,
            Self::Postgres(store) => store.migrate().await,
            Self::Stdout(_) => Ok(MigrationReport::default()),
        }
    }

    /// Takes the lease of a source for `ttl`, waiting up to `wait` while another run holds it.
    ///
    /// Fails with [`StoreError::LeaseHeld`] after that. The state of the source may have changed while waiting, so read
    /// it afterwards.
    pub async fn acquire_lease(
        &self,
        source: &SourceKey,
        api_name: &str,
        holder: &str,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Lease, StoreError> {
        match self {
            Self::Sqlite(store) => {
                lease::wait_for(|| store.try_lease(source, api_name, holder, ttl), wait).await
            }
            Self::Postgres(store) => {
                lease::wait_for(|| store.try_lease(source, api_name, holder, ttl), wait).await
            }
            Self::Stdout(_) => Ok(Lease {
                source: source.clone(),
                holder: holder.to_owned(),
                until: Timestamp::MAX,
                token: 0,
            }),
        }
    }

    /// Prolongs a lease to `ttl` from now. Fails with [`StoreError::LeaseLost`] where another run took it over; one that
    /// expired but was not taken over is prolonged.
    pub async fn renew_lease(&self, lease: &mut Lease, ttl: Duration) -> Result<(), StoreError> {
        *lease = match self {
            Self::Sqlite(store) => store.renew_lease(lease, ttl).await?,
            Self::Postgres(store) => store.renew_lease(lease, ttl).await?,
            Self::Stdout(_) => return Ok(()),
        };
        Ok(())
    }

    /// Gives a lease back. One that was taken over stays with whoever has it.
    pub async fn release_lease(&self, lease: Lease) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.release_lease(&lease).await,
            Self::Postgres(store) => store.release_lease(&lease).await,
            Self::Stdout(_) => Ok(()),
        }
    }

    /// What is known of a source: of the last `baseline_runs` accepted runs, and validators of `spec_hash`.
    /// `accepted_run` is the suspicious run that a person accepted as the new normal.
    pub async fn source_state(
        &self,
        source: &SourceKey,
        spec_hash: &str,
        baseline_runs: usize,
        accepted_run: Option<&str>,
    ) -> Result<SourceState, StoreError> {
        let baseline_runs = i64::try_from(baseline_runs).unwrap_or(i64::MAX);
        match self {
            Self::Sqlite(store) => {
                store
                    .source_state(source, spec_hash, baseline_runs, accepted_run)
                    .await
            }
            Self::Postgres(store) => {
                store
                    .source_state(source, spec_hash, baseline_runs, accepted_run)
                    .await
            }
            Self::Stdout(_) => Ok(SourceState::default()),
        }
    }

    /// Start, as [`crate::event::EventTime`] writes it, of every stored event of a source by identity: what
    /// [`crate::identity::keep_known`] asks for.
    pub async fn starts(&self, source: &SourceKey) -> Result<HashMap<String, String>, StoreError> {
        match self {
            Self::Sqlite(store) => store.starts(source).await,
            Self::Postgres(store) => store.starts(source).await,
            Self::Stdout(_) => Ok(HashMap::new()),
        }
    }

    /// Stores a run, or nothing of it. Fails with [`StoreError::LeaseLost`] where another run took the lease over.
    pub async fn commit_run(&self, lease: &Lease, run: RunCommit<'_>) -> Result<StoreSummary, StoreError> {
        match self {
            Self::Sqlite(store) => store.commit(lease, &run).await,
            Self::Postgres(store) => store.commit(lease, &run).await,
            Self::Stdout(store) => store.commit(&lease.source, &run).await,
        }
    }

    /// Stored events by start, then identity. Standard output has none.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, StoreError> {
        match self {
            Self::Sqlite(store) => store.events(query).await,
            Self::Postgres(store) => store.events(query).await,
            Self::Stdout(_) => Ok(Vec::new()),
        }
    }

    /// API names of the sources that ever ran, sorted. Standard output has none.
    pub async fn apis(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => store.apis().await,
            Self::Postgres(store) => store.apis().await,
            Self::Stdout(_) => Ok(Vec::new()),
        }
    }

    /// The newest runs, newest first. Standard output has none.
    pub async fn recent_runs(
        &self,
        source: Option<&SourceKey>,
        limit: u32,
    ) -> Result<Vec<RunRow>, StoreError> {
        match self {
            Self::Sqlite(store) => store.recent_runs(source, limit).await,
            Self::Postgres(store) => store.recent_runs(source, limit).await,
            Self::Stdout(_) => Ok(Vec::new()),
        }
    }

    /// Closes the connection, if there is one. Without it nothing is lost, but a PostgreSQL server logs a broken
    /// connection, and SQLite leaves its log (`-wal`) beside the file, to be read by whoever opens it next; folding it
    /// in waits for the disk three times. The store can still be used afterwards.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
            Self::Stdout(_) => {}
        }
    }
}
