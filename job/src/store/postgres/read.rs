//! Reading PostgreSQL beside the runs, with a role that may do nothing else. IO.

use std::time::Duration;

use jiff::civil;
use sqlx::{
    Connection,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnection, PgPool, PgPoolOptions},
    query::QueryAs,
};

use super::{
    super::{
        error::{Fault, StoreError},
        listing::{Extent, Filter, Listed, PARALLEL, Position, StoredSource, Unreadable},
        model::StoredEvent,
        rows::{EventRow, ExtentRow, ListedRow, SourceRow},
        url::PostgresUrl,
    },
    connect_options, query_as,
};

/// Longest wait for a connection; the wait for the database as a whole is longer.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Like the transactions of runs, with narrower limits, and the server refuses every write.
const BEGIN: &str = "
BEGIN READ ONLY;
SET LOCAL statement_timeout = '5s';
SET LOCAL lock_timeout = '2s';
SET LOCAL idle_in_transaction_session_timeout = '10s';
SET LOCAL client_min_messages = 'warning'";

/// Columns of an event.
macro_rules! event {
    () => {
        r#"e.source, s.api_name, e.uid, e.document::text AS document,
       to_char(e.first_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS first_seen,
       to_char((CASE WHEN e.present THEN greatest(e.last_seen, s.seen_at) ELSE e.last_seen END) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_seen,
       to_char(greatest(e.last_seen, e.removed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_modified,
       to_char(e.removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS removed_at"#
    };
}

/// The events of a filter: `$1` sources, `$2` API names, `$3` from, `$4` to, `$5` removed ones too, `$6` statuses,
/// `$7` words.
macro_rules! matching {
    () => {
        "
FROM sms_events e JOIN sms_sources s ON s.source = e.source
WHERE (($1 IS NULL AND $2 IS NULL) OR e.source = ANY ($1) OR s.api_name = ANY ($2))
  AND ($3 IS NULL OR e.end_on >= $3::date) AND ($4 IS NULL OR e.start_on <= $4::date)
  AND ($5 OR e.removed_at IS NULL)
  AND ($6 IS NULL OR CASE WHEN (e.document ->> 'soldOut')::boolean
                           AND e.document ->> 'status' NOT IN ('cancelled', 'postponed')
                          THEN 'soldOut' ELSE e.document ->> 'status' END = ANY ($6))
  AND ($7 IS NULL OR strpos(lower(e.document ->> 'title'), lower($7)) > 0
                  OR strpos(lower(e.document ->> 'venue'), lower($7)) > 0
                  OR strpos(lower(e.document ->> 'performers'), lower($7)) > 0)"
    };
}

/// `$8`–`$10` the position to go on from, `$11` limit.
const PAGE: &str = concat!(
    r#"SELECT to_char(e.start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS start_at, "#,
    event!(),
    matching!(),
    r#"
  AND ($8 IS NULL OR e.start_at >= $8::timestamptz AND
       (e.start_at, e.uid COLLATE "C", e.source COLLATE "C") > ($8::timestamptz, $9, $10))
ORDER BY e.start_at, e.uid COLLATE "C", e.source COLLATE "C" LIMIT $11"#
);

const EXTENT: &str = concat!(
    r#"SELECT e.source, s.api_name,
       to_char(s.seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS seen_at, count(*) AS events,
       to_char(max(greatest(e.last_seen, e.removed_at)) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS newest,
       sum(extract(epoch FROM greatest(e.last_seen, e.removed_at)))::text AS checksum"#,
    matching!(),
    "\nGROUP BY e.source, s.api_name, s.seen_at ORDER BY e.source COLLATE \"C\""
);

/// `$1` identity. By way of the sources, since the index of events begins with the source.
const EVENT: &str = concat!(
    "SELECT ",
    event!(),
    "\nFROM sms_sources s JOIN sms_events e ON e.source = s.source AND e.uid = $1",
    "\nORDER BY e.source COLLATE \"C\" LIMIT 1"
);

/// `$1` today.
const SOURCES: &str = r#"
SELECT s.source, s.api_name,
       to_char(s.last_success_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_success_at,
       to_char(s.seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS seen_at,
       count(e.uid) AS events, count(e.uid) FILTER (WHERE e.end_on >= $1::date) AS upcoming
FROM sms_sources s LEFT JOIN sms_events e ON e.source = s.source AND e.removed_at IS NULL
GROUP BY s.source, s.api_name, s.last_success_at, s.seen_at ORDER BY s.source COLLATE "C""#;

/// A few connections to a server. They hold no state of a session: a pooler may be in between.
pub struct PostgresReader {
    pool: PgPool,
    shown: String,
}

impl PostgresReader {
    pub(in super::super) fn new(url: &PostgresUrl) -> Result<Self, StoreError> {
        let options = connect_options(url)?;
        let pool = PgPoolOptions::new()
            // One more than the questions, for readiness.
            .max_connections(PARALLEL + 1)
            .acquire_timeout(url.connect_timeout.min(CONNECT_LIMIT))
            .idle_timeout(Duration::from_mins(1))
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            shown: url.shown.clone(),
        })
    }

    pub(in super::super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(in super::super) async fn close(&self) {
        self.pool.close().await;
    }

    async fn transact<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let connection = self
            .pool
            .acquire()
            .await
            .map_err(|error| self.unreachable(error))?;
        let mut connection = Doubtful(Some(connection));
        let answer = match &mut connection.0 {
            Some(connection) => {
                let mut transaction = connection.begin_with(BEGIN).await?;
                let answer = work(&mut transaction).await?;
                transaction.commit().await?;
                answer
            }
            None => return Err(Fault::Driver(sqlx::Error::WorkerCrashed)),
        };
        connection.trust();
        Ok(answer)
    }

    /// The pool tries until its time is over and then says nothing of why.
    fn unreachable(&self, error: sqlx::Error) -> Fault {
        match error {
            sqlx::Error::PoolTimedOut => Fault::Store(StoreError::Unreachable {
                store: self.shown.clone(),
                problem: "no connection in time".to_owned(),
            }),
            error => Fault::Driver(error),
        }
    }

    pub(in super::super) async fn page(
        &self,
        filter: &Filter,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<Vec<Listed>, Fault> {
        let rows: Vec<ListedRow> = self
            .transact(async |connection| {
                let page = bound(query_as(PAGE), filter)
                    .bind(after.map(|position| position.start_at.clone()))
                    .bind(after.map(|position| position.uid.clone()))
                    .bind(after.map(|position| position.source.clone()))
                    .bind(i64::from(limit));
                Ok(page.fetch_all(connection).await?)
            })
            .await?;
        Ok(rows.into_iter().map(ListedRow::into_listed).collect())
    }

    pub(in super::super) async fn extent(&self, filter: &Filter) -> Result<Vec<Extent>, Fault> {
        let rows: Vec<ExtentRow> = self
            .transact(async |connection| Ok(bound(query_as(EXTENT), filter).fetch_all(connection).await?))
            .await?;
        rows.into_iter().map(ExtentRow::into_extent).collect()
    }

    pub(in super::super) async fn event(
        &self,
        uid: &str,
    ) -> Result<Option<Result<StoredEvent, Unreadable>>, Fault> {
        let row: Option<EventRow> = self
            .transact(async |connection| Ok(query_as(EVENT).bind(uid).fetch_optional(connection).await?))
            .await?;
        Ok(row.map(EventRow::into_readable))
    }

    pub(in super::super) async fn sources(&self, today: civil::Date) -> Result<Vec<StoredSource>, Fault> {
        let rows: Vec<SourceRow> = self
            .transact(async |connection| {
                let sources = query_as(SOURCES).bind(today.to_string());
                Ok(sources.fetch_all(connection).await?)
            })
            .await?;
        rows.into_iter().map(SourceRow::into_source).collect()
    }
}

/// A connection that leaves the pool unless its work came to an end: a question that was given up may still be under way.
struct Doubtful(Option<PoolConnection<sqlx::Postgres>>);

impl Doubtful {
    fn trust(mut self) {
        self.0.take();
    }
}

impl Drop for Doubtful {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

fn bound<'q, T>(
    query: QueryAs<'q, sqlx::Postgres, T, PgArguments>,
    filter: &Filter,
) -> QueryAs<'q, sqlx::Postgres, T, PgArguments> {
    let list = |texts: &[String]| (!texts.is_empty()).then(|| texts.to_vec());
    query
        .bind(list(&filter.sources))
        .bind(list(&filter.apis))
        .bind(filter.from.map(|date| date.to_string()))
        .bind(filter.to.map(|date| date.to_string()))
        .bind(filter.removed)
        .bind(list(&filter.statuses))
        .bind(filter.text.clone())
}
