//! The statements of the PostgreSQL store. Pure.
//!
//! Moments and dates go in and come out as text, so that both databases share the code around them.

/// Every use is a transaction: behind a pooler in transaction mode only that keeps one server connection. The limits
/// hold for it alone, since settings of a session would reach other clients.
pub(super) const BEGIN: &str = "
BEGIN;
SET LOCAL statement_timeout = '60s';
SET LOCAL lock_timeout = '10s';
SET LOCAL idle_in_transaction_session_timeout = '60s';
SET LOCAL client_min_messages = 'warning'";

/// Takes the lease if it is free or expired. `$1` source, `$2` API name, `$3` holder, `$4` life in seconds.
///
/// Where it is held nothing is inserted: a conflict would lock the row, and a crowd of those who wait keeps its holder from
/// renewing, committing and releasing.
pub(super) const TAKE_LEASE: &str = r#"
INSERT INTO sms_sources AS s (source, api_name, lease_token, lease_holder, lease_until)
SELECT $1, $2, 1, $3, clock_timestamp() + make_interval(secs => $4)
WHERE NOT EXISTS (SELECT FROM sms_sources h WHERE h.source = $1 AND h.lease_until > clock_timestamp())
ON CONFLICT (source) DO UPDATE SET
    api_name = excluded.api_name,
    lease_token = s.lease_token + 1,
    lease_holder = excluded.lease_holder,
    lease_until = excluded.lease_until
WHERE s.lease_until IS NULL OR s.lease_until <= clock_timestamp()
RETURNING lease_token, lease_holder,
          to_char(lease_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS lease_until"#;

/// Who holds the lease. `$1` source.
pub(super) const READ_LEASE: &str = r#"
SELECT lease_token, lease_holder,
       to_char(lease_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS lease_until
FROM sms_sources WHERE source = $1"#;

/// `$1` source, `$2` token, `$3` life in seconds.
pub(super) const RENEW_LEASE: &str = r#"
UPDATE sms_sources SET lease_until = clock_timestamp() + make_interval(secs => $3)
WHERE source = $1 AND lease_token = $2 AND lease_holder IS NOT NULL
RETURNING lease_token, lease_holder,
          to_char(lease_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS lease_until"#;

/// `$1` source, `$2` token.
pub(super) const RELEASE_LEASE: &str =
    "UPDATE sms_sources SET lease_holder = NULL, lease_until = NULL WHERE source = $1 AND lease_token = $2";

/// `$1` source, `$2` accepted run.
pub(super) const STATE: &str = r#"
SELECT runs_total,
       to_char(last_success_started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_success_started_at,
       to_char(last_success_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_success_at,
       validator_spec, etag, last_modified, body_hash,
       to_char(full_fetch_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS full_fetch_at,
       (SELECT count(*) FROM sms_events e WHERE e.source = s.source AND e.present) AS live_events,
       (SELECT processed FROM sms_runs r WHERE r.source = s.source AND r.run = $2) AS accepted
FROM sms_sources s WHERE source = $1"#;

/// `$1` source, `$2` accepted run, `$3` how many.
pub(super) const BASELINE: &str = "
SELECT processed FROM sms_runs
WHERE source = $1 AND (accepted OR run = $2) AND outcome <> 'Unchanged'
  AND started_at >= coalesce((SELECT started_at FROM sms_runs WHERE source = $1 AND run = $2), '-infinity')
ORDER BY started_at DESC LIMIT $3";

/// `$1` sources, `$2` API names (arrays or NULL), `$3` from, `$4` to, `$5` removed ones too, `$6` limit or NULL.
pub(super) const EVENTS: &str = r#"
SELECT e.source, s.api_name, e.uid, e.document::text AS document,
       to_char(e.first_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS first_seen,
       to_char((CASE WHEN e.present THEN greatest(e.last_seen, s.seen_at) ELSE e.last_seen END) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_seen,
       to_char(greatest(e.last_seen, e.removed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_modified,
       to_char(e.removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS removed_at
FROM sms_events e JOIN sms_sources s ON s.source = e.source
WHERE ($1 IS NULL OR e.source = ANY ($1)) AND ($2 IS NULL OR s.api_name = ANY ($2))
  AND ($3 IS NULL OR e.end_on >= $3::date) AND ($4 IS NULL OR e.start_on <= $4::date)
  AND ($5 OR e.removed_at IS NULL)
ORDER BY e.start_at, e.uid COLLATE "C", e.source COLLATE "C" LIMIT $6"#;

/// API names of all sources.
pub(super) const APIS: &str = "SELECT DISTINCT api_name FROM sms_sources ORDER BY api_name";

/// `$1` source or NULL, `$2` limit.
pub(super) const RUNS: &str = r#"
SELECT source, run,
       to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at,
       to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS finished_at,
       outcome, accepted, processed, report::text AS report
FROM sms_runs r WHERE $1 IS NULL OR source = $1
ORDER BY r.finished_at DESC, source, run LIMIT $2"#;

/// The fence: keeps the row locked until the commit. `$1` source.
pub(super) const FENCE: &str = r#"
SELECT lease_token, lease_holder,
       to_char(lease_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS lease_until
FROM sms_sources WHERE source = $1 FOR UPDATE"#;

/// Identity and start of every stored event of a source. `$1` source.
pub const STARTS: &str = "SELECT uid, document->>'start' FROM sms_events WHERE source = $1";

/// Whether anything is stored of a source, and how many events were in its newest run. `$1` source.
pub(super) const KNOWN: &str = "
SELECT EXISTS (SELECT FROM sms_events WHERE source = $1),
       (SELECT count(*) FROM sms_events WHERE source = $1 AND present)";

/// How stored events differ from the run's, as arrays of identities. `$1` source, `$2` identities, `$3` their hashes.
pub(super) const COMPARE: &str = "
SELECT coalesce(array_agg(i.uid) FILTER (WHERE e.uid IS NULL), '{}'),
       coalesce(array_agg(i.uid) FILTER (WHERE e.content_hash <> i.hash OR e.removed_at IS NOT NULL), '{}'),
       coalesce(array_agg(i.uid) FILTER (WHERE e.content_hash = i.hash AND e.removed_at IS NULL AND NOT e.present), '{}'),
       count(*) FILTER (WHERE e.present)
FROM unnest($2::text[], $3::text[]) AS i (uid, hash) LEFT JOIN sms_events e ON e.source = $1 AND e.uid = i.uid";

/// `$1` source, `$2` now; arrays: `$3` identities, `$4` hashes, `$5` start and `$6` end dates, `$7` starts, `$8` ends,
/// `$9` documents.
pub(super) const UPSERT: &str = "
INSERT INTO sms_events (source, uid, content_hash, start_on, end_on, start_at, end_at, document, first_seen, last_seen)
SELECT $1, i.uid, i.hash, i.start_on::date, i.end_on::date, i.start_at::timestamptz, i.end_at::timestamptz,
       i.document::jsonb, $2::timestamptz, $2::timestamptz
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
     AS i (uid, hash, start_on, end_on, start_at, end_at, document)
ON CONFLICT (source, uid) DO UPDATE SET
    content_hash = excluded.content_hash, start_on = excluded.start_on, end_on = excluded.end_on,
    start_at = excluded.start_at, end_at = excluded.end_at, document = excluded.document,
    last_seen = excluded.last_seen, present = true, missed_runs = 0, missed_spec = NULL, removed_at = NULL";

/// Events that left the page. `$1` source, `$2` the identities that are on it.
pub(super) const MARK_ABSENT: &str = "
UPDATE sms_events e SET present = false, last_seen = greatest(e.last_seen, s.seen_at)
FROM sms_sources s WHERE s.source = $1 AND e.source = $1 AND e.present
  AND NOT EXISTS (SELECT FROM unnest($2::text[]) AS i (uid) WHERE i.uid = e.uid)";

/// Counts a complete run against the future events that it misses; the second one removes them.
/// `$1` source, `$2` spec hash, `$3` now, `$4` first date, `$5` last date.
pub(super) const MISS: &str = "
WITH missed AS (
    UPDATE sms_events SET
        removed_at = CASE WHEN missed_spec = $2 AND missed_runs >= 1 THEN $3::timestamptz END,
        missed_runs = CASE WHEN missed_spec = $2 THEN missed_runs + 1 ELSE 1 END,
        missed_spec = $2
    WHERE source = $1 AND NOT present AND removed_at IS NULL AND start_on BETWEEN $4::date AND $5::date
    RETURNING removed_at
)
SELECT count(removed_at), count(*) - count(removed_at) FROM missed";

/// `$1` source.
pub(super) const LIVE: &str = "SELECT count(*) FROM sms_events WHERE source = $1 AND present";

/// `$1` source, `$2` API name, `$3` run, `$4` success, `$5` start, `$6` end, `$7` whether the page was read or is as
/// before, `$8` whether to replace the validators, `$9` spec hash, `$10`–`$13` validators.
pub(super) const UPDATE_SOURCE: &str = "
UPDATE sms_sources SET
    api_name = $2,
    runs_total = runs_total + CASE WHEN EXISTS (SELECT FROM sms_runs WHERE source = $1 AND run = $3) THEN 0 ELSE 1 END,
    last_success_started_at = CASE WHEN $4 THEN $5::timestamptz ELSE last_success_started_at END,
    last_success_at = CASE WHEN $4 THEN $6::timestamptz ELSE last_success_at END,
    seen_at = CASE WHEN $7 THEN $6::timestamptz ELSE seen_at END,
    validator_spec = CASE WHEN $8 THEN $9 ELSE validator_spec END,
    etag = CASE WHEN $8 THEN $10 ELSE etag END,
    last_modified = CASE WHEN $8 THEN $11 ELSE last_modified END,
    body_hash = CASE WHEN $8 THEN $12 ELSE body_hash END,
    full_fetch_at = CASE WHEN $8 THEN $13::timestamptz ELSE full_fetch_at END
WHERE source = $1
RETURNING runs_total";

/// `$1` source, `$2` run, `$3` start, `$4` end, `$5` outcome, `$6` accepted, `$7` processed, `$8` report.
pub(super) const INSERT_RUN: &str = "
INSERT INTO sms_runs (source, run, started_at, finished_at, outcome, accepted, processed, report)
VALUES ($1, $2, $3::timestamptz, $4::timestamptz, $5, $6, $7, $8::jsonb)
ON CONFLICT (source, run) DO UPDATE SET
    started_at = excluded.started_at, finished_at = excluded.finished_at, outcome = excluded.outcome,
    accepted = excluded.accepted, processed = excluded.processed, report = excluded.report";

/// What a stored run came to. `$1` source, `$2` run.
pub(super) const STORED_SUMMARY: &str = r#"
SELECT coalesce((r.report ->> 'new')::bigint, 0) AS "new", coalesce((r.report ->> 'updated')::bigint, 0) AS updated,
       coalesce((r.report ->> 'unchanged')::bigint, 0) AS unchanged,
       coalesce((r.report ->> 'removed')::bigint, 0) AS removed, s.runs_total AS runs_total
FROM sms_runs r JOIN sms_sources s ON s.source = r.source WHERE r.source = $1 AND r.run = $2"#;

/// `$1` source, `$2` first date that is kept.
pub(super) const PRUNE_EVENTS: &str =
    "DELETE FROM sms_events WHERE source = $1 AND NOT present AND end_on < $2::date";

/// `$1` source, `$2` first moment that is kept, `$3` this run.
pub(super) const PRUNE_RUNS: &str =
    "DELETE FROM sms_runs WHERE source = $1 AND finished_at < $2::timestamptz AND run <> $3";

/// The version of the schema, by the simple protocol: one round trip.
pub(super) const VERSION: &str = "SELECT coalesce(max(version), 0) AS version FROM sms_migrations";

/// One process at a time prepares the tables; the lock ends with the transaction.
pub(super) const MIGRATIONS_LOCK: &str = "SELECT pg_advisory_xact_lock(7305804402463141228)";

/// The record of applied steps.
pub(super) const MIGRATIONS_TABLE: &str = "
CREATE TABLE IF NOT EXISTS sms_migrations (
    version    bigint PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";
