//! Reading a SQLite file beside the runs. IO.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::civil;
use sqlx::{
    ConnectOptions, Connection,
    query::QueryAs,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection},
};

use super::{
    super::{
        error::Fault,
        listing::{Extent, Filter, Listed, Position, StoredSource, Unreadable},
        model::StoredEvent,
        rows::{EventRow, ExtentRow, ListedRow, SourceRow},
    },
    list,
};

/// How long a statement waits for a process that writes; with a write-ahead log that is hardly ever.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest use of the file, as PostgreSQL has it for a statement. A thread of its own reads, which no timeout of a future
/// stops.
const LIMIT: Duration = Duration::from_secs(5);

/// Instructions of SQLite's machine between two looks at the clock: far less than a second even where each is slow.
const LOOK_EVERY: i32 = 1_000;

/// Columns of an event.
macro_rules! event {
    () => {
        "e.source, s.api_name, e.uid, e.document, e.first_seen, e.removed_at,
       CASE WHEN e.present THEN max(e.last_seen, coalesce(s.seen_at, e.last_seen)) ELSE e.last_seen END AS last_seen,
       max(e.last_seen, coalesce(e.removed_at, e.last_seen)) AS last_modified"
    };
}

/// The events of a filter: `$1` sources, `$2` API names, `$3` from, `$4` to, `$5` removed ones too, `$6` statuses,
/// `$7` words. Lists are JSON arrays or NULL.
macro_rules! matching {
    () => {
        "
FROM sms_events e JOIN sms_sources s ON s.source = e.source
WHERE (($1 IS NULL AND $2 IS NULL) OR e.source IN (SELECT value FROM json_each($1))
                                   OR s.api_name IN (SELECT value FROM json_each($2)))
  AND ($3 IS NULL OR e.end_on >= $3) AND ($4 IS NULL OR e.start_on <= $4)
  AND ($5 OR e.removed_at IS NULL)
  AND ($6 IS NULL OR CASE WHEN json_extract(e.document, '$.soldOut')
                           AND json_extract(e.document, '$.status') NOT IN ('cancelled', 'postponed')
                          THEN 'soldOut' ELSE json_extract(e.document, '$.status') END
                     IN (SELECT value FROM json_each($6)))
  AND ($7 IS NULL OR instr(lower(json_extract(e.document, '$.title')), lower($7)) > 0
                  OR instr(lower(json_extract(e.document, '$.venue')), lower($7)) > 0
                  OR instr(lower(json_extract(e.document, '$.performers')), lower($7)) > 0)"
    };
}

/// `$8`–`$10` the position to go on from, `$11` limit.
const PAGE: &str = concat!(
    "SELECT e.start_at, ",
    event!(),
    matching!(),
    "
  AND ($8 IS NULL OR (e.start_at, e.uid, e.source) > ($8, $9, $10))
ORDER BY e.start_at, e.uid, e.source LIMIT $11"
);

const EXTENT: &str = concat!(
    "SELECT e.source, s.api_name, s.seen_at, count(*) AS events,
       max(max(e.last_seen, coalesce(e.removed_at, e.last_seen))) AS newest,
       CAST(sum(CAST(1000 * unixepoch(max(e.last_seen, coalesce(e.removed_at, e.last_seen)), 'subsec') AS INTEGER))
            AS TEXT) AS checksum",
    matching!(),
    "\nGROUP BY e.source, s.api_name, s.seen_at ORDER BY e.source"
);

/// `$1` identity. By way of the sources, since the index of events begins with the source.
const EVENT: &str = concat!(
    "SELECT ",
    event!(),
    "\nFROM sms_sources s CROSS JOIN sms_events e ON e.source = s.source AND e.uid = $1 ORDER BY e.source LIMIT 1"
);

/// `$1` today.
const SOURCES: &str = "
SELECT s.source, s.api_name, s.last_success_at, s.seen_at,
       count(e.uid) AS events, count(e.uid) FILTER (WHERE e.end_on >= $1) AS upcoming
FROM sms_sources s LEFT JOIN sms_events e ON e.source = s.source AND e.removed_at IS NULL
GROUP BY s.source ORDER BY s.source";

/// A file, opened for each question: that takes a millisecond, and a file that was replaced is noticed.
pub struct SqliteReader {
    path: PathBuf,
    shown: String,
}

impl SqliteReader {
    pub(in super::super) fn new(path: PathBuf, shown: String) -> Self {
        Self { path, shown }
    }

    pub(in super::super) fn path(&self) -> &Path {
        &self.path
    }

    pub(in super::super) fn shown(&self) -> &str {
        &self.shown
    }

    async fn transact<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let begun = Instant::now();
        let mut connection = options.connect().await?;
        connection
            .lock_handle()
            .await?
            .set_progress_handler(LOOK_EVERY, move || begun.elapsed() < LIMIT);
        let answer = work(&mut connection).await?;
        connection.close().await?;
        Ok(answer)
    }

    pub(in super::super) async fn page(
        &self,
        filter: &Filter,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<Vec<Listed>, Fault> {
        let rows: Vec<ListedRow> = self
            .transact(async |connection| {
                let page = bound(sqlx::query_as(PAGE), filter)
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
            .transact(async |connection| {
                Ok(bound(sqlx::query_as(EXTENT), filter)
                    .fetch_all(connection)
                    .await?)
            })
            .await?;
        rows.into_iter().map(ExtentRow::into_extent).collect()
    }

    pub(in super::super) async fn event(
        &self,
        uid: &str,
    ) -> Result<Option<Result<StoredEvent, Unreadable>>, Fault> {
        let row: Option<EventRow> = self
            .transact(async |connection| {
                Ok(sqlx::query_as(EVENT).bind(uid).fetch_optional(connection).await?)
            })
            .await?;
        Ok(row.map(EventRow::into_readable))
    }

    pub(in super::super) async fn sources(&self, today: civil::Date) -> Result<Vec<StoredSource>, Fault> {
        let rows: Vec<SourceRow> = self
            .transact(async |connection| {
                let sources = sqlx::query_as(SOURCES).bind(today.to_string());
                Ok(sources.fetch_all(connection).await?)
            })
            .await?;
        rows.into_iter().map(SourceRow::into_source).collect()
    }
}

fn bound<'q, T>(
    query: QueryAs<'q, sqlx::Sqlite, T, SqliteArguments>,
    filter: &Filter,
) -> QueryAs<'q, sqlx::Sqlite, T, SqliteArguments> {
    let texts = |texts: &[String]| (!texts.is_empty()).then(|| list(texts));
    query
        .bind(texts(&filter.sources))
        .bind(texts(&filter.apis))
        .bind(filter.from.map(|date| date.to_string()))
        .bind(filter.to.map(|date| date.to_string()))
        .bind(filter.removed)
        .bind(texts(&filter.statuses))
        .bind(filter.text.clone())
}
