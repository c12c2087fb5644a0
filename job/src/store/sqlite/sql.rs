//! The statements of the SQLite store. Pure.

/// How each connection is set up. The cache of 8 MB keeps the index of identities of a hundred thousand events together.
/// A statement of several rows notes the pages that it changes in case it fails; in memory, since the notes are short, and a
/// container without a folder for temporary files has no other place for them.
///
/// With a write-ahead log, `NORMAL` keeps the file sound after a power cut; the newest commits may be lost, and the next
/// run brings them again.
pub(super) const PREPARE: &str = "
PRAGMA synchronous = NORMAL; PRAGMA journal_mode = WAL; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY";

/// A new file has nothing to lose yet, and waiting for the disk is most of making it: [`PREPARE`] follows once the
/// tables are there.
pub(super) const PREPARE_NEW: &str = "
PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY";

/// Takes the lease if it is free or expired. `$1` source, `$2` API name, `$3` holder, `$4` life as a modifier.
pub(super) const TAKE_LEASE: &str = "
INSERT INTO sms_sources AS s (source, api_name, lease_token, lease_holder, lease_until)
VALUES ($1, $2, 1, $3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $4))
ON CONFLICT (source) DO UPDATE SET
    api_name = excluded.api_name,
    lease_token = s.lease_token + 1,
    lease_holder = excluded.lease_holder,
    lease_until = excluded.lease_until
WHERE s.lease_until IS NULL OR s.lease_until <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
RETURNING lease_token, lease_holder, lease_until";

/// Who holds the lease. `$1` source.
pub(super) const READ_LEASE: &str =
    "SELECT lease_token, lease_holder, lease_until FROM sms_sources WHERE source = $1";

/// Who holds the lease, unless it has expired. Asked before it is taken: to try to take it is to write, and a crowd of those
/// who wait keeps its holder from writing. `$1` source.
pub(super) const HELD_LEASE: &str = "
SELECT lease_token, lease_holder, lease_until FROM sms_sources
WHERE source = $1 AND lease_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// `$1` source, `$2` token, `$3` life as a modifier.
pub(super) const RENEW_LEASE: &str = "
UPDATE sms_sources SET lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $3)
WHERE source = $1 AND lease_token = $2 AND lease_holder IS NOT NULL
RETURNING lease_token, lease_holder, lease_until";

/// `$1` source, `$2` token.
pub(super) const RELEASE_LEASE: &str =
    "UPDATE sms_sources SET lease_holder = NULL, lease_until = NULL WHERE source = $1 AND lease_token = $2";

/// `$1` source, `$2` accepted run.
pub(super) const STATE: &str = "
SELECT runs_total, last_success_started_at, last_success_at,
       validator_spec, etag, last_modified, body_hash, full_fetch_at,
       (SELECT count(*) FROM sms_events e WHERE e.source = s.source AND e.present) AS live_events,
       (SELECT processed FROM sms_runs r WHERE r.source = s.source AND r.run = $2) AS accepted
FROM sms_sources s WHERE source = $1";

/// `$1` source, `$2` accepted run, `$3` how many.
pub(super) const BASELINE: &str = "
SELECT processed FROM sms_runs
WHERE source = $1 AND (accepted OR run = $2) AND outcome <> 'Unchanged'
  AND started_at >= coalesce((SELECT started_at FROM sms_runs WHERE source = $1 AND run = $2), '')
ORDER BY started_at DESC LIMIT $3";

/// `$1` sources, `$2` API names (JSON arrays or NULL), `$3` from, `$4` to, `$5` removed ones too, `$6` limit or -1.
pub(super) const EVENTS: &str = "
SELECT e.source, s.api_name, e.uid, e.document, e.first_seen, e.removed_at,
       CASE WHEN e.present THEN max(e.last_seen, coalesce(s.seen_at, e.last_seen)) ELSE e.last_seen END AS last_seen,
       max(e.last_seen, coalesce(e.removed_at, e.last_seen)) AS last_modified
FROM sms_events e JOIN sms_sources s ON s.source = e.source
WHERE ($1 IS NULL OR e.source IN (SELECT value FROM json_each($1)))
  AND ($2 IS NULL OR s.api_name IN (SELECT value FROM json_each($2)))
  AND ($3 IS NULL OR e.end_on >= $3) AND ($4 IS NULL OR e.start_on <= $4)
  AND ($5 OR e.removed_at IS NULL)
ORDER BY e.start_at, e.uid, e.source LIMIT $6";

/// API names of all sources.
pub(super) const APIS: &str = "SELECT DISTINCT api_name FROM sms_sources ORDER BY api_name";

/// `$1` source or NULL, `$2` limit.
pub(super) const RUNS: &str = "
SELECT source, run, started_at, finished_at, outcome, accepted, processed, report
FROM sms_runs WHERE $1 IS NULL OR source = $1
ORDER BY finished_at DESC, source, run LIMIT $2";

/// The fence. `$1` source.
pub(super) const FENCE: &str = READ_LEASE;

/// Identity and start of every stored event of a source. `$1` source.
pub const STARTS: &str = "SELECT uid, json_extract(document, '$.start') FROM sms_events WHERE source = $1";

/// Whether anything is stored of a source, and how many events were in its newest run. `$1` source.
pub(super) const KNOWN: &str = "
SELECT EXISTS (SELECT 1 FROM sms_events WHERE source = $1),
       (SELECT count(*) FROM sms_events WHERE source = $1 AND present)";

/// How stored events differ from the run's, as JSON arrays of identities. `$1` source, `$2` JSON object of hashes.
pub(super) const COMPARE: &str = "
SELECT json_group_array(i.key) FILTER (WHERE e.uid IS NULL),
       json_group_array(i.key) FILTER (WHERE e.content_hash <> i.value OR e.removed_at IS NOT NULL),
       json_group_array(i.key) FILTER (WHERE e.content_hash = i.value AND e.removed_at IS NULL AND NOT e.present),
       count(*) FILTER (WHERE e.present)
FROM json_each($2) i LEFT JOIN sms_events e ON e.source = $1 AND e.uid = i.key";

/// Writes so many rows. For each source, identity, hash, start and end date, start, document, now, now: parameters
/// without a number, since SQLite looks the others up one by one.
pub(super) fn upsert(rows: usize) -> String {
    let mut sql = "
INSERT INTO sms_events (source, uid, content_hash, start_on, end_on, start_at, document, first_seen, last_seen) VALUES "
        .to_owned();
    for row in 0..rows {
        sql.push_str(if row == 0 { "" } else { "," });
        sql.push_str("(?,?,?,?,?,?,?,?,?)");
    }
    sql.push_str(
        "
ON CONFLICT (source, uid) DO UPDATE SET
    content_hash = excluded.content_hash, start_on = excluded.start_on, end_on = excluded.end_on,
    start_at = excluded.start_at, document = excluded.document, last_seen = excluded.last_seen,
    present = 1, missed_runs = 0, missed_spec = NULL, removed_at = NULL",
    );
    sql
}

/// Events that left the page. `$1` source, `$2` JSON array of the identities that are on it.
pub(super) const MARK_ABSENT: &str = "
UPDATE sms_events SET present = 0, last_seen = max(last_seen, coalesce(
    (SELECT seen_at FROM sms_sources s WHERE s.source = $1), last_seen))
WHERE source = $1 AND present AND uid NOT IN (SELECT value FROM json_each($2))";

/// Counts a complete run against the future events that it misses; the second one removes them.
/// `$1` source, `$2` spec hash, `$3` now, `$4` first date, `$5` last date.
pub(super) const MISS: &str = "
UPDATE sms_events SET
    removed_at = CASE WHEN missed_spec = $2 AND missed_runs >= 1 THEN $3 END,
    missed_runs = CASE WHEN missed_spec = $2 THEN missed_runs + 1 ELSE 1 END,
    missed_spec = $2
WHERE source = $1 AND NOT present AND removed_at IS NULL AND start_on BETWEEN $4 AND $5
RETURNING removed_at IS NOT NULL";

/// `$1` source.
pub(super) const LIVE: &str = "SELECT count(*) FROM sms_events WHERE source = $1 AND present";

/// `$1` source, `$2` API name, `$3` run, `$4` success, `$5` start, `$6` end, `$7` whether the page was read or is as
/// before, `$8` whether to replace the validators, `$9` spec hash, `$10`–`$13` validators.
pub(super) const UPDATE_SOURCE: &str = "
UPDATE sms_sources SET
    api_name = $2,
    runs_total = runs_total + NOT EXISTS (SELECT 1 FROM sms_runs WHERE source = $1 AND run = $3),
    last_success_started_at = CASE WHEN $4 THEN $5 ELSE last_success_started_at END,
    last_success_at = CASE WHEN $4 THEN $6 ELSE last_success_at END,
    seen_at = CASE WHEN $7 THEN $6 ELSE seen_at END,
    validator_spec = CASE WHEN $8 THEN $9 ELSE validator_spec END,
    etag = CASE WHEN $8 THEN $10 ELSE etag END,
    last_modified = CASE WHEN $8 THEN $11 ELSE last_modified END,
    body_hash = CASE WHEN $8 THEN $12 ELSE body_hash END,
    full_fetch_at = CASE WHEN $8 THEN $13 ELSE full_fetch_at END
WHERE source = $1
RETURNING runs_total";

/// `$1` source, `$2` run, `$3` start, `$4` end, `$5` outcome, `$6` accepted, `$7` processed, `$8` report.
pub(super) const INSERT_RUN: &str = "
INSERT INTO sms_runs (source, run, started_at, finished_at, outcome, accepted, processed, report)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (source, run) DO UPDATE SET
    started_at = excluded.started_at, finished_at = excluded.finished_at, outcome = excluded.outcome,
    accepted = excluded.accepted, processed = excluded.processed, report = excluded.report";

/// `$1` source, `$2` first date that is kept.
pub(super) const PRUNE_EVENTS: &str =
    "DELETE FROM sms_events WHERE source = $1 AND NOT present AND end_on < $2";

/// `$1` source, `$2` first moment that is kept, `$3` this run.
pub(super) const PRUNE_RUNS: &str =
    "DELETE FROM sms_runs WHERE source = $1 AND finished_at < $2 AND run <> $3";

/// The record of applied steps.
pub(super) const MIGRATIONS_TABLE: &str = "
CREATE TABLE IF NOT EXISTS sms_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)";
