//! The shared store: PostgreSQL, with or without a pooler in front. IO.

mod commit;
pub(super) mod read;
mod sql;

use std::{collections::HashMap, time::Duration};

use sms_crds::SourceKey;
use sqlx::{
    ConnectOptions, Connection, FromRow, Row,
    postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow},
    query::{Query, QueryAs, QueryScalar},
};
use tokio::{
    sync::MutexGuard,
    time::{Instant, sleep, timeout},
};

use super::{
    error::{Fault, StoreError},
    lease,
    migrations::{self, MigrationReport},
    model::{EventQuery, Lease, RunCommit, RunRow, SourceState, StoreSummary, StoredEvent},
    rows::{EventRow, LeaseRow, ReportRow, StateRow},
    session::{Resting, Session, Slot},
    url::{PostgresUrl, StoreUrlError},
};

/// A connection that rested longer is tried before it is used, since a pooler or a firewall may have dropped it.
const TRUSTED_REST: Duration = Duration::from_secs(5);

/// How long that may take.
const PING_LIMIT: Duration = Duration::from_secs(3);

/// How long a server that broke the connection has to come back: a restart takes seconds.
const RETURN_LIMIT: Duration = Duration::from_secs(15);

/// How often it is looked for.
const RETURN_POLL: Duration = Duration::from_millis(300);

/// One connection to a PostgreSQL server, opened at the first use.
///
/// It holds no state of a session: no named statement, no session lock, no setting that outlives a transaction. So a
/// pooler may give every transaction another server connection.
pub struct Postgres {
    options: PgConnectOptions,
    connect_timeout: Duration,
    shown: String,
    slot: Slot<PgConnection>,
}

impl Postgres {
    pub(super) fn new(url: &PostgresUrl) -> Result<Self, StoreError> {
        Ok(Self {
            options: connect_options(url)?,
            connect_timeout: url.connect_timeout,
            shown: url.shown.clone(),
            slot: Slot::default(),
        })
    }

    /// The connection, ready for use: the old one if it still works, else a new one whose tables are up to date.
    async fn session(&self) -> Result<Session<'_, PgConnection>, StoreError> {
        let (mut session, is_new) = self.raw_session().await?;
        if is_new {
            session.check("prepare its tables", migrate).await?;
        }
        Ok(session)
    }

    async fn raw_session(&self) -> Result<(Session<'_, PgConnection>, bool), StoreError> {
        let mut slot = self.slot.lock().await;
        Ok(match working(&mut slot).await {
            Some(connection) => (Session::new(slot, &self.shown, connection), false),
            None => (Session::new(slot, &self.shown, self.connect().await?), true),
        })
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        match timeout(self.connect_timeout, self.options.connect()).await {
            Ok(connection) => {
                connection.map_err(|error| StoreError::of_driver(&self.shown, "connect", &error))
            }
            Err(_) => Err(StoreError::Unreachable {
                store: self.shown.clone(),
                problem: format!("no answer within {} s", self.connect_timeout.as_secs()),
            }),
        }
    }

    /// Runs `work` in a transaction of its own.
    async fn transact<T>(
        &self,
        action: &str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let session = match self.begin(self.session().await?, action).await {
            // It broke while it rested, and nothing was asked of it yet.
            Err(StoreError::Unreachable { .. }) => {
                let session = self.session_again().await?;
                self.begin(session, action).await?
            }
            begun => begun?,
        };
        session
            .run(action, async |connection| end(connection, work).await)
            .await
    }

    async fn begin<'a>(
        &self,
        mut session: Session<'a, PgConnection>,
        action: &str,
    ) -> Result<Session<'a, PgConnection>, StoreError> {
        let begin = async |connection: &mut PgConnection| {
            sqlx::raw_sql(sql::BEGIN).execute(connection).await?;
            Ok(())
        };
        session.check(action, begin).await?;
        Ok(session)
    }

    /// A connection in place of one that broke; a server that restarts has its time.
    async fn session_again(&self) -> Result<Session<'_, PgConnection>, StoreError> {
        let deadline = Instant::now() + RETURN_LIMIT;
        loop {
            match self.session().await {
                Err(StoreError::Unreachable { .. }) if Instant::now() < deadline => sleep(RETURN_POLL).await,
                session => return session,
            }
        }
    }

    pub(super) async fn migrate(&self) -> Result<MigrationReport, StoreError> {
        self.raw_session()
            .await?
            .0
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
        let work = async |connection: &mut PgConnection| {
            let taken: Option<LeaseRow> = query_as(sql::TAKE_LEASE)
                .bind(&key)
                .bind(api_name)
                .bind(holder)
                .bind(ttl.as_secs_f64())
                .fetch_optional(&mut *connection)
                .await?;
            let held = match taken {
                Some(_) => None,
                None => {
                    query_as(sql::READ_LEASE)
                        .bind(&key)
                        .fetch_optional(connection)
                        .await?
                }
            };
            lease::taken(source, holder, taken, held)
        };
        self.transact("take the lease", work).await
    }

    pub(super) async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<Lease, StoreError> {
        let key = lease.source.to_string();
        let work = async |connection: &mut PgConnection| {
            let renewed: Option<LeaseRow> = query_as(sql::RENEW_LEASE)
                .bind(&key)
                .bind(lease.token)
                .bind(ttl.as_secs_f64())
                .fetch_optional(&mut *connection)
                .await?;
            if renewed.is_some() {
                return lease::taken(&lease.source, &lease.holder, renewed, None);
            }
            Err(lease::lost(
                lease,
                query_as(sql::READ_LEASE)
                    .bind(&key)
                    .fetch_optional(connection)
                    .await?,
            ))
        };
        self.transact("renew the lease", work).await
    }

    pub(super) async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let work = async |connection: &mut PgConnection| {
            let release = query(sql::RELEASE_LEASE)
                .bind(lease.source.to_string())
                .bind(lease.token);
            release.execute(connection).await?;
            Ok(())
        };
        self.transact("release the lease", work).await
    }

    pub(super) async fn source_state(
        &self,
        source: &SourceKey,
        spec_hash: &str,
        baseline_runs: i64,
        accepted_run: Option<&str>,
    ) -> Result<SourceState, StoreError> {
        let key = source.to_string();
        let work = async |connection: &mut PgConnection| {
            let row: Option<StateRow> = query_as(sql::STATE)
                .bind(&key)
                .bind(accepted_run)
                .fetch_optional(&mut *connection)
                .await?;
            let Some(row) = row else {
                return Ok(SourceState::default());
            };
            let baseline = query_scalar(sql::BASELINE)
                .bind(&key)
                .bind(accepted_run)
                .bind(baseline_runs)
                .fetch_all(connection)
                .await?;
            row.into_state(spec_hash, baseline)
        };
        self.transact("read the state of the source", work).await
    }

    /// Where the connection breaks on the way, one more transaction finds out whether the run is stored, and stores it
    /// otherwise.
    pub(super) async fn commit(
        &self,
        lease: &Lease,
        run: &RunCommit<'_>,
    ) -> Result<StoreSummary, StoreError> {
        let action = "store the run";
        let first = async |connection: &mut PgConnection| commit::commit(connection, lease, run).await;
        match self.transact(action, first).await {
            Err(StoreError::Unreachable { problem, .. }) => {
                tracing::warn!(
                    store = self.shown,
                    problem,
                    "The connection broke while the run was stored; trying once more"
                );
                let session = self.begin(self.session_again().await?, action).await?;
                let again = async |connection: &mut PgConnection| commit::again(connection, lease, run).await;
                session
                    .run(action, async |connection| end(connection, again).await)
                    .await
            }
            ended => ended,
        }
    }

    pub(super) async fn starts(&self, source: &SourceKey) -> Result<HashMap<String, String>, StoreError> {
        let work = async |connection: &mut PgConnection| {
            let rows: Vec<(String, String)> = query_as(sql::STARTS)
                .bind(source.to_string())
                .fetch_all(connection)
                .await?;
            Ok(rows.into_iter().collect())
        };
        self.transact("read the starts of the source's events", work)
            .await
    }

    pub(super) async fn events(&self, wanted: &EventQuery) -> Result<Vec<StoredEvent>, StoreError> {
        let sources: Vec<String> = wanted.sources.iter().map(ToString::to_string).collect();
        let work = async |connection: &mut PgConnection| {
            let rows: Vec<EventRow> = query_as(sql::EVENTS)
                .bind((!sources.is_empty()).then_some(&sources))
                .bind((!wanted.apis.is_empty()).then_some(&wanted.apis))
                .bind(wanted.from.map(|date| date.to_string()))
                .bind(wanted.to.map(|date| date.to_string()))
                .bind(wanted.include_removed)
                .bind(wanted.limit.map(i64::from))
                .fetch_all(connection)
                .await?;
            rows.into_iter().map(EventRow::into_event).collect()
        };
        self.transact("read events", work).await
    }

    pub(super) async fn apis(&self) -> Result<Vec<String>, StoreError> {
        let work = async |connection: &mut PgConnection| {
            let rows: Vec<(String,)> = query_as(sql::APIS).fetch_all(connection).await?;
            Ok(rows.into_iter().map(|(name,)| name).collect())
        };
        self.transact("read the names of its sources", work).await
    }

    pub(super) async fn recent_runs(
        &self,
        source: Option<&SourceKey>,
        limit: u32,
    ) -> Result<Vec<RunRow>, StoreError> {
        let work = async |connection: &mut PgConnection| {
            let rows: Vec<ReportRow> = query_as(sql::RUNS)
                .bind(source.map(ToString::to_string))
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            rows.into_iter().map(ReportRow::into_run).collect()
        };
        self.transact("read runs", work).await
    }

    /// Says goodbye to the server.
    pub(super) async fn close(&self) {
        if let Some(Resting { connection, .. }) = self.slot.lock().await.take() {
            match timeout(PING_LIMIT, connection.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, store = self.shown, "closing the store failed"),
                Err(_) => tracing::debug!(store = self.shown, "closing the store took too long"),
            }
        }
    }
}

/// Runs `work` and ends the transaction that it is in.
async fn end<T>(
    connection: &mut PgConnection,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let done = work(connection).await;
    // A rollback at once: one by dropping the connection waits for the server to notice, and the row locks with it.
    let last = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    sqlx::raw_sql(last).execute(connection).await?;
    done
}

/// How to connect.
fn connect_options(url: &PostgresUrl) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.expose().parse().map_err(|error: sqlx::Error| {
        // The text of other kinds of error could hold the address.
        StoreUrlError::Postgres(match error {
            sqlx::Error::Configuration(problem) => problem.to_string(),
            _ => "it cannot be read".to_owned(),
        })
    })?;
    // PgBouncer refuses connections that ask for extra_float_digits.
    let options = options
        .extra_float_digits(None)
        .statement_cache_capacity(0)
        .disable_statement_logging();
    Ok(match url.names_application {
        true => options,
        false => options.application_name("sms_scraper"),
    })
}

/// The resting connection, unless it is gone.
async fn working(slot: &mut MutexGuard<'_, Option<Resting<PgConnection>>>) -> Option<PgConnection> {
    let mut resting = slot.take()?;
    if resting.since.elapsed() < TRUSTED_REST {
        return Some(resting.connection);
    }
    match timeout(PING_LIMIT, resting.connection.ping()).await {
        Ok(Ok(())) => Some(resting.connection),
        _ => None,
    }
}

/// Brings the tables up to date. Where they are, it takes one round trip and no privilege but reading.
async fn migrate(connection: &mut PgConnection) -> Result<MigrationReport, Fault> {
    let newest = migrations::newest(migrations::POSTGRES);
    let found = match sqlx::raw_sql(sql::VERSION).fetch_one(&mut *connection).await {
        Ok(row) => row.try_get("version")?,
        // undefined_table
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => 0,
        Err(error) => return Err(error.into()),
    };
    if found >= newest {
        return Ok(MigrationReport {
            applied: Vec::new(),
            version: found,
        });
    }
    let mut transaction = connection.begin_with(sql::BEGIN).await?;
    sqlx::raw_sql(sql::MIGRATIONS_LOCK)
        .execute(&mut *transaction)
        .await?;
    sqlx::raw_sql(sql::MIGRATIONS_TABLE)
        .execute(&mut *transaction)
        .await?;
    let found: i64 = sqlx::raw_sql(sql::VERSION)
        .fetch_one(&mut *transaction)
        .await?
        .try_get("version")?;
    let mut applied = Vec::new();
    for step in migrations::POSTGRES.iter().filter(|step| step.version > found) {
        sqlx::raw_sql(step.sql).execute(&mut *transaction).await?;
        let record = query("INSERT INTO sms_migrations (version, name) VALUES ($1, $2)");
        record
            .bind(step.version)
            .bind(step.name)
            .execute(&mut *transaction)
            .await?;
        applied.push(step.name);
    }
    transaction.commit().await?;
    Ok(MigrationReport {
        applied,
        version: found.max(newest),
    })
}

/// A statement without a name, since a pooler would mix up names of different clients.
fn query(sql: &'static str) -> Query<'static, sqlx::Postgres, PgArguments> {
    sqlx::query(sql).persistent(false)
}

/// Like [`query`], for rows.
fn query_as<T: for<'r> FromRow<'r, PgRow>>(
    sql: &'static str,
) -> QueryAs<'static, sqlx::Postgres, T, PgArguments> {
    sqlx::query_as(sql).persistent(false)
}

/// Like [`query`], for single values.
fn query_scalar<T>(sql: &'static str) -> QueryScalar<'static, sqlx::Postgres, T, PgArguments>
where
    (T,): for<'r> FromRow<'r, PgRow>,
{
    sqlx::query_scalar(sql).persistent(false)
}
