//! Storing a run in SQLite, in one transaction. IO.

use std::sync::{Arc, LazyLock};

use futures_util::future;
use sqlx::{
    AssertSqlSafe, Connection,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnection},
};

use super::{
    super::{
        batch::{Batch, Difference, Entry, Hashes, Tally, clean_json, instant_text},
        error::Fault,
        lease,
        model::{Lease, Removal, RunCommit, StoreSummary},
        retention,
        rows::LeaseRow,
    },
    list, sql,
};

/// Rows of one statement. The driver hands every statement to a thread of its own, which costs as much as some rows.
const ROWS: usize = 128;

/// The statement of that many, prepared once.
static UPSERT: LazyLock<String> = LazyLock::new(|| sql::upsert(ROWS));

/// Stores a run, provided that the lease is still the newest.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    lease: &Lease,
    run: &RunCommit<'_>,
) -> Result<StoreSummary, Fault> {
    let source = lease.source.to_string();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let now: Option<LeaseRow> = sqlx::query_as(sql::FENCE)
        .bind(&source)
        .fetch_optional(&mut *transaction)
        .await?;
    if now.as_ref().is_none_or(|row| row.token != lease.token) {
        return Err(lease::lost(lease, now));
    }
    let mut summary = if run.reads_events() {
        write_events(&mut transaction, &source, run).await?
    } else if run.is_unchanged() {
        let unchanged = sqlx::query_scalar(sql::LIVE)
            .bind(&source)
            .fetch_one(&mut *transaction)
            .await?;
        StoreSummary {
            unchanged,
            ..StoreSummary::default()
        }
    } else {
        StoreSummary::default()
    };
    summary.runs_total = write_run(&mut transaction, &source, run, &summary).await?;
    if let Some(first) = retention::first_date(run) {
        sqlx::query(sql::PRUNE_EVENTS)
            .bind(&source)
            .bind(first.to_string())
            .execute(&mut *transaction)
            .await?;
    }
    if let Some(first) = retention::first_moment(run) {
        sqlx::query(sql::PRUNE_RUNS)
            .bind(&source)
            .bind(instant_text(first))
            .bind(&run.report.run)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(summary)
}

async fn write_events(
    connection: &mut SqliteConnection,
    source: &str,
    run: &RunCommit<'_>,
) -> Result<StoreSummary, Fault> {
    let batch = Batch::new(run.events);
    let now = instant_text(run.finished_at);
    let (is_known, present): (bool, i64) = sqlx::query_as(sql::KNOWN)
        .bind(source)
        .fetch_one(&mut *connection)
        .await?;
    let mut tally = Tally::default();
    for part in batch.parts() {
        let difference = match is_known {
            true => compare(connection, source, part).await?,
            false => Difference::all_new(part),
        };
        tally.add(part, &difference);
        upsert(connection, source, &now, &difference.of(part)).await?;
    }
    if tally.present < present {
        sqlx::query(sql::MARK_ABSENT)
            .bind(source)
            .bind(list(&batch.uids()))
            .execute(&mut *connection)
            .await?;
    }
    let (mut removed, mut missed) = (0, 0);
    if let (Removal::Complete { today }, Some((first, last))) = (run.removal, batch.range) {
        let gone: Vec<bool> = sqlx::query_scalar(sql::MISS)
            .bind(source)
            .bind(&run.report.spec_hash)
            .bind(&now)
            .bind(first.max(today).to_string())
            .bind(last.to_string())
            .fetch_all(connection)
            .await?;
        removed = gone.iter().copied().map(i64::from).sum();
        missed = i64::try_from(gone.len()).unwrap_or(i64::MAX) - removed;
    }
    Ok(StoreSummary {
        new: tally.new,
        updated: tally.updated,
        unchanged: tally.unchanged,
        removed,
        missed,
        runs_total: 0,
    })
}

async fn compare(
    connection: &mut SqliteConnection,
    source: &str,
    part: &[Entry<'_>],
) -> Result<Difference, Fault> {
    let (new, updated, back, present): (String, String, String, i64) = sqlx::query_as(sql::COMPARE)
        .bind(source)
        .bind(serde_json::to_string(&Hashes(part))?)
        .fetch_one(connection)
        .await?;
    Ok(Difference {
        new: serde_json::from_str(&new)?,
        updated: serde_json::from_str(&updated)?,
        back: serde_json::from_str(&back)?,
        present,
    })
}

async fn upsert(
    connection: &mut SqliteConnection,
    source: &str,
    now: &str,
    rows: &[&Entry<'_>],
) -> Result<(), Fault> {
    let (source, now) = (Arc::from(source), Arc::from(now));
    let mut statements = rows.chunks(ROWS).map(|rows| statement(rows, &source, &now));
    let mut next = statements.next().transpose()?;
    while let Some(statement) = next {
        // While SQLite writes these rows, the next ones are made.
        let written = statement.execute(&mut *connection);
        let (written, following) = future::join(written, async { statements.next().transpose() }).await;
        written?;
        next = following?;
    }
    Ok(())
}

/// Upserts at most [`ROWS`] events.
fn statement(
    rows: &[&Entry<'_>],
    source: &Arc<str>,
    now: &Arc<str>,
) -> Result<Query<'static, sqlx::Sqlite, SqliteArguments>, serde_json::Error> {
    let mut statement = match rows.len() {
        ROWS => sqlx::query(UPSERT.as_str()),
        other => sqlx::query(AssertSqlSafe(sql::upsert(other))).persistent(false),
    };
    for row in rows {
        statement = statement
            .bind(Arc::clone(source))
            .bind(&*row.uid)
            .bind(row.hash())
            .bind(row.start_on())
            .bind(row.end_on())
            .bind(row.start_at())
            .bind(row.document()?)
            .bind(Arc::clone(now))
            .bind(Arc::clone(now));
    }
    Ok(statement)
}

/// Writes the row of the run and what the source remembers of it; gives the number of its runs.
async fn write_run(
    connection: &mut SqliteConnection,
    source: &str,
    run: &RunCommit<'_>,
    summary: &StoreSummary,
) -> Result<i64, Fault> {
    let report = run.filled_report(summary);
    let validators = run.new_validators(summary);
    let replace = validators.is_some();
    let validators = validators.unwrap_or_default();
    let started_at = instant_text(run.started_at);
    let finished_at = instant_text(run.finished_at);
    let runs_total = sqlx::query_scalar(sql::UPDATE_SOURCE)
        .bind(source)
        .bind(&report.api_name)
        .bind(&report.run)
        .bind(report.outcome.is_success())
        .bind(&started_at)
        .bind(&finished_at)
        .bind(run.reads_events() || run.is_unchanged())
        .bind(replace)
        .bind(&report.spec_hash)
        .bind(&validators.etag)
        .bind(&validators.last_modified)
        .bind(&validators.body_hash)
        .bind(validators.full_fetch_at.map(instant_text))
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query(sql::INSERT_RUN)
        .bind(source)
        .bind(&report.run)
        .bind(&started_at)
        .bind(&finished_at)
        .bind(report.outcome.as_str())
        .bind(run.accepted)
        .bind(report.processed)
        .bind(clean_json(&report)?)
        .execute(connection)
        .await?;
    Ok(runs_total)
}
