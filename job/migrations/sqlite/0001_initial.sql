-- One row a source: its lease, what conditional requests need, and when its page was last read.
CREATE TABLE sms_sources (
    source                  TEXT PRIMARY KEY,            -- namespace/name
    api_name                TEXT NOT NULL,
    lease_token             INTEGER NOT NULL DEFAULT 0,  -- grows with every holder: the fence of a commit
    lease_holder            TEXT,
    lease_until             TEXT,
    runs_total              INTEGER NOT NULL DEFAULT 0,  -- outlives the pruning of sms_runs
    last_success_started_at TEXT,
    last_success_at         TEXT,
    seen_at                 TEXT,                        -- last_seen of every event that is present
    validator_spec          TEXT,
    etag                    TEXT,
    last_modified           TEXT,
    body_hash               TEXT,
    full_fetch_at           TEXT
);

CREATE TABLE sms_events (
    source       TEXT NOT NULL,
    uid          TEXT NOT NULL,                -- identity inside the source
    content_hash TEXT NOT NULL,
    start_on     TEXT NOT NULL,                -- local date
    end_on       TEXT NOT NULL,                -- local date of the last day
    start_at     TEXT NOT NULL,                -- UTC; of a date, its midnight in the event's zone
    document     TEXT NOT NULL,                -- the whole event, JSON
    first_seen   TEXT NOT NULL,
    last_seen    TEXT NOT NULL,                -- valid unless present
    present      INTEGER NOT NULL DEFAULT 1,   -- was in the newest run that read events
    missed_runs  INTEGER NOT NULL DEFAULT 0,   -- complete runs that it was missing from
    missed_spec  TEXT,                         -- spec hash of those runs
    removed_at   TEXT,
    PRIMARY KEY (source, uid)
);
CREATE INDEX sms_events_present ON sms_events (source) WHERE present;
CREATE INDEX sms_events_start ON sms_events (source, start_on);
CREATE INDEX sms_events_end ON sms_events (source, end_on);

CREATE TABLE sms_runs (
    source      TEXT NOT NULL,
    run         TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    accepted    INTEGER NOT NULL,
    processed   INTEGER NOT NULL,
    report      TEXT NOT NULL,                 -- the run report, JSON
    PRIMARY KEY (source, run)
);
CREATE INDEX sms_runs_started ON sms_runs (source, started_at);

CREATE VIEW events_v1 AS
SELECT e.source                                                       AS source,
       e.uid                                                          AS id,
       json_extract(e.document, '$.title')                            AS title,
       json_extract(e.document, '$.start')                            AS start,
       json_extract(e.document, '$.end')                              AS "end",
       coalesce(json_extract(e.document, '$.allDay'), 0)              AS all_day,
       json_extract(e.document, '$.timeKnown')                        AS time_known,
       json_extract(e.document, '$.venue')                            AS venue,
       coalesce(json_extract(e.document, '$.performers'), '[]')       AS performers,
       json_extract(e.document, '$.url')                              AS url,
       json_extract(e.document, '$.image')                            AS image,
       json_extract(e.document, '$.priceMin')                         AS price_min,
       json_extract(e.document, '$.priceMax')                         AS price_max,
       json_extract(e.document, '$.currency')                         AS currency,
       CASE WHEN json_extract(e.document, '$.soldOut') AND json_extract(e.document, '$.status') NOT IN ('cancelled', 'postponed')
            THEN 'soldOut' ELSE json_extract(e.document, '$.status') END AS status,
       e.first_seen                                                   AS first_seen,
       CASE WHEN e.present THEN max(e.last_seen, coalesce(s.seen_at, e.last_seen)) ELSE e.last_seen END AS last_seen,
       e.removed_at                                                   AS removed_at
FROM sms_events e
LEFT JOIN sms_sources s ON s.source = e.source;
