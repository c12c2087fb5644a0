//! Storing a run in PostgreSQL, inside one transaction. IO.

use sqlx::postgres::PgConnection;

use super::{
    super::{
        batch::{Batch, Difference, Entry, Tally, clean_json, instant_text},
        error::Fault,
        lease,
        model::{Lease, Removal, RunCommit, StoreSummary},
        retention,
        rows::{LeaseRow, SummaryRow},
    },
    query, query_as, query_scalar, sql,
};

/// Most rows of one statement.
const ROWS: usize = 2_000;

/// Stores a run, provided that the lease is still the newest. `connection` is in a transaction.
pub(super) async fn commit(
    connection: &mut PgConnection,
    lease: &Lease,
    run: &RunCommit<'_>,
) -> Result<StoreSummary, Fault> {
    let source = lease.source.to_string();
    fence(connection, lease, &source).await?;
    store(connection, &source, run).await
}

/// Stores a run of which nobody knows whether it is stored. A first transaction that still goes on is waited for at the fence.
pub(super) async fn again(
    connection: &mut PgConnection,
    lease: &Lease,
    run: &RunCommit<'_>,
) -> Result<StoreSummary, Fault> {
    let source = lease.source.to_string();
    fence(connection, lease, &source).await?;
    let stored: Option<SummaryRow> = query_as(sql::STORED_SUMMARY)
        .bind(&source)
        .bind(&run.report.run)
        .fetch_optional(&mut *connection)
        .await?;
    match stored {
        Some(row) => Ok(row.into()),
        None => store(connection, &source, run).await,
    }
}

/// Writes events and run, behind the fence.
async fn store(
    connection: &mut PgConnection,
    source: &str,
    run: &RunCommit<'_>,
) -> Result<StoreSummary, Fault> {
    let mut summary = if run.reads_events() {
        write_events(connection, source, run).await?
    } else if run.is_unchanged() {
        let unchanged = query_scalar(sql::LIVE)
            .bind(source)
            .fetch_one(&mut *connection)
            .await?;
        StoreSummary {
            unchanged,
            ..StoreSummary::default()
        }
    } else {
        StoreSummary::default()
    };
    summary.runs_total = write_run(connection, source, run, &summary).await?;
    if let Some(first) = retention::first_date(run) {
        query(sql::PRUNE_EVENTS)
            .bind(source)
            .bind(first.to_string())
            .execute(&mut *connection)
            .await?;
    }
    if let Some(first) = retention::first_moment(run) {
        let prune = query(sql::PRUNE_RUNS)
            .bind(source)
            .bind(instant_text(first))
            .bind(&run.report.run);
        prune.execute(connection).await?;
    }
    Ok(summary)
}

/// Locks the row of the source, provided that the lease is still the newest.
async fn fence(connection: &mut PgConnection, lease: &Lease, source: &str) -> Result<(), Fault> {
    let now: Option<LeaseRow> = query_as(sql::FENCE)
        .bind(source)
        .fetch_optional(connection)
        .await?;
    match now {
        Some(row) if row.token == lease.token => Ok(()),
        other => Err(lease::lost(lease, other)),
    }
}

async fn write_events(
    connection: &mut PgConnection,
    source: &str,
    run: &RunCommit<'_>,
) -> Result<StoreSummary, Fault> {
    let batch = Batch::new(run.events);
    let now = instant_text(run.finished_at);
    let (is_known, present): (bool, i64) = query_as(sql::KNOWN)
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
        for rows in difference.of(part).chunks(ROWS) {
            upsert(connection, source, &now, rows).await?;
        }
    }
    if tally.present < present {
        query(sql::MARK_ABSENT)
            .bind(source)
            .bind(batch.uids())
            .execute(&mut *connection)
            .await?;
    }
    let (mut removed, mut missed) = (0_i64, 0_i64);
    if let (Removal::Complete { today }, Some((first, last))) = (run.removal, batch.range) {
        (removed, missed) = query_as(sql::MISS)
            .bind(source)
            .bind(&run.report.spec_hash)
            .bind(&now)
            .bind(first.max(today).to_string())
            .bind(last.to_string())
            .fetch_one(connection)
            .await?;
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
    connection: &mut PgConnection,
    source: &str,
    part: &[Entry<'_>],
) -> Result<Difference, Fault> {
    let (new, updated, back, present) = query_as(sql::COMPARE)
        .bind(source)
        .bind(part.iter().map(|entry| &*entry.uid).collect::<Vec<_>>())
        .bind(part.iter().map(Entry::hash).collect::<Vec<_>>())
        .fetch_one(connection)
        .await?;
    Ok(Difference {
        new,
        updated,
        back,
        present,
    })
}

async fn upsert(
    connection: &mut PgConnection,
    source: &str,
    now: &str,
    rows: &[&Entry<'_>],
) -> Result<(), Fault> {
    let documents = rows
        .iter()
        .map(|row| row.document())
        .collect::<Result<Vec<_>, _>>()?;
    let upsert = query(sql::UPSERT)
        .bind(source)
        .bind(now)
        .bind(rows.iter().map(|row| &*row.uid).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.hash()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.start_on()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.end_on()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.start_at()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.end_at()).collect::<Vec<_>>())
        .bind(documents);
    upsert.execute(connection).await?;
    Ok(())
}

/// Writes the row of the run and what the source remembers of it; gives the number of its runs.
async fn write_run(
    connection: &mut PgConnection,
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
    let runs_total = query_scalar(sql::UPDATE_SOURCE)
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
    query(sql::INSERT_RUN)
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
