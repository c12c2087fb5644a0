//! The shared store: PostgreSQL, with or without a pooler in front. IO.

mod commit;
mod connection;
pub(super) mod read;
mod sql;
mod tables;

use std::{collections::HashMap, time::Duration};

use sms_crds::SourceKey;
use sqlx::{
    FromRow,
    postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow},
    query::{Query, QueryAs, QueryScalar},
};

use super::{
    error::StoreError,
    lease,
    migrations::MigrationReport,
    model::{EventQuery, Lease, RunCommit, RunRow, SourceState, StoreSummary, StoredEvent},
    rows::{EventRow, LeaseRow, ReportRow, StateRow},
    session::Slot,
    url::PostgresUrl,
};
use connection::{connect_options, end};
use tables::migrate;

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
