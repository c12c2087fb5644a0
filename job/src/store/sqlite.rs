//! The embedded store: one SQLite file. IO.

mod commit;
pub(super) mod read;
mod sql;

use std::{collections::HashMap, path::PathBuf, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use sms_crds::SourceKey;
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};

use super::{
    error::{Fault, StoreError},
    lease,
    migrations::{self, MigrationReport},
    model::{EventQuery, Lease, RunCommit, RunRow, SourceState, StoreSummary, StoredEvent},
    rows::{EventRow, LeaseRow, ReportRow, StateRow},
    session::{Resting, Session, Slot},
    url::StoreUrlError,
};

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// One SQLite file in WAL mode.
pub struct Sqlite {
    /// `None` is a database in memory.
    path: Option<PathBuf>,
    shown: String,
    slot: Slot<SqliteConnection>,
}

impl Sqlite {
    /// Opens the file, and makes it with its folder where it is missing.
    pub(super) async fn open(path: Option<PathBuf>, shown: String) -> Result<Self, StoreError> {
        let store = Self {
            path,
            shown,
            slot: Slot::default(),
        };
        if let Some(path) = store.path.as_deref().filter(|path| path.is_dir()) {
            return Err(StoreUrlError::Folder(path.to_path_buf()).into());
        }
        if let Some(folder) = store.path.as_deref().and_then(std::path::Path::parent) {
            tokio::fs::create_dir_all(folder)
                .await
                .map_err(|error| StoreError::NotWritable {
                    store: store.shown.clone(),
                    problem: format!("the folder {} cannot be made: {error}", folder.display()),
                })?;
        }
        store.migrate().await?;
        Ok(store)
    }

    async fn session(&self) -> Result<Session<'_, SqliteConnection>, StoreError> {
        let mut slot = self.slot.lock().await;
        if let Some(resting) = slot.take() {
            return Ok(Session::new(slot, &self.shown, resting.connection));
        }
        let mut session = Session::new(slot, &self.shown, self.connect().await?);
        session.check("prepare its tables", migrate).await?;
        Ok(session)
    }

    async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        // The busy timeout does not cover the switch to WAL, which several processes may want at once for a new file.
        let waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(5))
            .with_max_delay(Duration::from_millis(250))
            .with_jitter()
            .without_max_times()
            .with_total_delay(Some(BUSY_TIMEOUT));
        let connect = async || {
            let opened = self.try_connect().await;
            opened.map_err(|error| StoreError::of_driver(&self.shown, "open the file", &error))
        };
        connect
            .retry(waits)
            .when(|error| matches!(error, StoreError::Busy { .. }))
            .await
    }

    async fn try_connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        let Some(path) = &self.path else {
            let options: SqliteConnectOptions = "sqlite::memory:".parse()?;
            return options.disable_statement_logging().connect().await;
        };
        let is_new = tokio::fs::metadata(path)
            .await
            .map_or(true, |file| file.len() == 0);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        let prepare = if is_new { sql::PREPARE_NEW } else { sql::PREPARE };
        sqlx::raw_sql(prepare).execute(&mut connection).await?;
        Ok(connection)
    }

    pub(super) async fn migrate(&self) -> Result<MigrationReport, StoreError> {
        let mut slot = self.slot.lock().await;
        let connection = match slot.take() {
            Some(resting) => resting.connection,
            None => self.connect().await?,
        };
        Session::new(slot, &self.shown, connection)
            .run("prepare its tables", migrate)
            .await
    }

    pub(super) async fn try_lease(
        &self,
        source: &SourceKey,
        api_name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Lease, StoreError> {
        let key = source.to_string();
        let work = async |connection: &mut SqliteConnection| {
            let held: Option<LeaseRow> = sqlx::query_as(sql::HELD_LEASE)
                .bind(&key)
                .fetch_optional(&mut *connection)
                .await?;
            if held.is_some() {
                return lease::taken(source, holder, None, held);
            }
            // All rows, though there is one: a statement that is left before its end commits unseen, and a full disk with it.
            let mut taken: Vec<LeaseRow> = sqlx::query_as(sql::TAKE_LEASE)
                .bind(&key)
                .bind(api_name)
                .bind(holder)
                .bind(modifier(ttl))
                .fetch_all(&mut *connection)
                .await?;
            let taken = taken.pop();
            let held = match taken {
                Some(_) => None,
                None => {
                    sqlx::query_as(sql::READ_LEASE)
                        .bind(&key)
                        .fetch_optional(connection)
                        .await?
                }
            };
            lease::taken(source, holder, taken, held)
        };
        self.session().await?.run("take the lease", work).await
    }

    pub(super) async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<Lease, StoreError> {
        let key = lease.source.to_string();
        let work = async |connection: &mut SqliteConnection| {
            let mut renewed: Vec<LeaseRow> = sqlx::query_as(sql::RENEW_LEASE)
                .bind(&key)
                .bind(lease.token)
                .bind(modifier(ttl))
                .fetch_all(&mut *connection)
                .await?;
            let renewed = renewed.pop();
            if renewed.is_some() {
                return lease::taken(&lease.source, &lease.holder, renewed, None);
            }
            Err(lease::lost(
                lease,
                sqlx::query_as(sql::READ_LEASE)
                    .bind(&key)
                    .fetch_optional(connection)
                    .await?,
            ))
        };
        self.session().await?.run("renew the lease", work).await
    }

    pub(super) async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let work = async |connection: &mut SqliteConnection| {
            let release = sqlx::query(sql::RELEASE_LEASE)
                .bind(lease.source.to_string())
                .bind(lease.token);
            release.execute(connection).await?;
            Ok(())
        };
        self.session().await?.run("release the lease", work).await
    }

    pub(super) async fn source_state(
        &self,
        source: &SourceKey,
        spec_hash: &str,
        baseline_runs: i64,
        accepted_run: Option<&str>,
    ) -> Result<SourceState, StoreError> {
        let key = source.to_string();
        let work = async |connection: &mut SqliteConnection| {
            let row: Option<StateRow> = sqlx::query_as(sql::STATE)
                .bind(&key)
                .bind(accepted_run)
                .fetch_optional(&mut *connection)
                .await?;
            let Some(row) = row else {
                return Ok(SourceState::default());
            };
            let baseline = sqlx::query_scalar(sql::BASELINE)
                .bind(&key)
                .bind(accepted_run)
                .bind(baseline_runs)
                .fetch_all(connection)
                .await?;
            row.into_state(spec_hash, baseline)
        };
        self.session()
            .await?
            .run("read the state of the source", work)
            .await
    }

    pub(super) async fn starts(&self, source: &SourceKey) -> Result<HashMap<String, String>, StoreError> {
        let work = async |connection: &mut SqliteConnection| {
            let rows: Vec<(String, String)> = sqlx::query_as(sql::STARTS)
                .bind(source.to_string())
                .fetch_all(connection)
                .await?;
            Ok(rows.into_iter().collect())
        };
        self.session()
            .await?
            .run("read the starts of the source's events", work)
            .await
    }

    pub(super) async fn commit(
        &self,
        lease: &Lease,
        run: &RunCommit<'_>,
    ) -> Result<StoreSummary, StoreError> {
        let work = async |connection: &mut SqliteConnection| commit::commit(connection, lease, run).await;
        self.session().await?.run("store the run", work).await
    }

    pub(super) async fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, StoreError> {
        let sources: Vec<String> = query.sources.iter().map(ToString::to_string).collect();
        let work = async |connection: &mut SqliteConnection| {
            let rows: Vec<EventRow> = sqlx::query_as(sql::EVENTS)
                .bind((!sources.is_empty()).then(|| list(&sources)))
                .bind((!query.apis.is_empty()).then(|| list(&query.apis)))
                .bind(query.from.map(|date| date.to_string()))
                .bind(query.to.map(|date| date.to_string()))
                .bind(query.include_removed)
                .bind(query.limit.map_or(-1, i64::from))
                .fetch_all(connection)
                .await?;
            rows.into_iter().map(EventRow::into_event).collect()
        };
        self.session().await?.run("read events", work).await
    }

    pub(super) async fn apis(&self) -> Result<Vec<String>, StoreError> {
        let work = async |connection: &mut SqliteConnection| {
            Ok(sqlx::query_scalar(sql::APIS).fetch_all(connection).await?)
        };
        self.session()
            .await?
            .run("read the names of its sources", work)
            .await
    }

    pub(super) async fn recent_runs(
        &self,
        source: Option<&SourceKey>,
        limit: u32,
    ) -> Result<Vec<RunRow>, StoreError> {
        let work = async |connection: &mut SqliteConnection| {
            let rows: Vec<ReportRow> = sqlx::query_as(sql::RUNS)
                .bind(source.map(ToString::to_string))
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            rows.into_iter().map(ReportRow::into_run).collect()
        };
        self.session().await?.run("read runs", work).await
    }

    /// Writes the log back into the file and closes it.
    pub(super) async fn close(&self) {
        if let Some(Resting { connection, .. }) = self.slot.lock().await.take()
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, store = self.shown, "closing the store failed");
        }
    }
}

/// Brings the tables up to date, under the write lock.
async fn migrate(connection: &mut SqliteConnection) -> Result<MigrationReport, Fault> {
    let exists = "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'sms_migrations'";
    let newest = "SELECT coalesce(max(version), 0) FROM sms_migrations";
    let mut version: i64 = 0;
    if sqlx::query_scalar(exists).fetch_one(&mut *connection).await? {
        version = sqlx::query_scalar(newest).fetch_one(&mut *connection).await?;
    }
    let mut applied = Vec::new();
    if version < migrations::newest(migrations::SQLITE) {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(sql::MIGRATIONS_TABLE)
            .execute(&mut *transaction)
            .await?;
        version = sqlx::query_scalar(newest).fetch_one(&mut *transaction).await?;
        for step in migrations::SQLITE.iter().filter(|step| step.version > version) {
            sqlx::raw_sql(step.sql).execute(&mut *transaction).await?;
            sqlx::query("INSERT INTO sms_migrations (version, name) VALUES ($1, $2)")
                .bind(step.version)
                .bind(step.name)
                .execute(&mut *transaction)
                .await?;
            applied.push(step.name);
        }
        transaction.commit().await?;
        sqlx::raw_sql(sql::PREPARE).execute(connection).await?;
        version = version.max(migrations::newest(migrations::SQLITE));
    }
    Ok(MigrationReport { applied, version })
}

/// A duration as a modifier of SQLite's date functions.
fn modifier(duration: Duration) -> String {
    format!("+{:.3} seconds", duration.as_secs_f64())
}

/// A list as one parameter.
fn list(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    serde_json::Value::from(texts).to_string()
}
