-- One row a source: its lease, what conditional requests need, and when its page was last read.
CREATE TABLE sms_sources (
    source                  text PRIMARY KEY,            -- namespace/name
    api_name                text NOT NULL,
    lease_token             bigint NOT NULL DEFAULT 0,   -- grows with every holder: the fence of a commit
    lease_holder            text,
    lease_until             timestamptz,
    runs_total              bigint NOT NULL DEFAULT 0,   -- outlives the pruning of sms_runs
    last_success_started_at timestamptz,
    last_success_at         timestamptz,
    seen_at                 timestamptz,                 -- last_seen of every event that is present
    validator_spec          text,
    etag                    text,
    last_modified           text,
    body_hash               text,
    full_fetch_at           timestamptz
);

CREATE TABLE sms_events (
    source       text NOT NULL,
    uid          text NOT NULL,                -- identity inside the source
    content_hash text NOT NULL,
    start_on     date NOT NULL,                -- local date
    end_on       date NOT NULL,                -- local date of the last day
    start_at     timestamptz NOT NULL,         -- of a date, its midnight in the event's zone
    end_at       timestamptz,
    document     jsonb NOT NULL,               -- the whole event
    first_seen   timestamptz NOT NULL,
    last_seen    timestamptz NOT NULL,         -- valid unless present
    present      boolean NOT NULL DEFAULT true, -- was in the newest run that read events
    missed_runs  integer NOT NULL DEFAULT 0,   -- complete runs that it was missing from
    missed_spec  text,                         -- spec hash of those runs
    removed_at   timestamptz,
    PRIMARY KEY (source, uid)
);
CREATE INDEX sms_events_present ON sms_events (source) WHERE present;
CREATE INDEX sms_events_start ON sms_events (source, start_on);
CREATE INDEX sms_events_end ON sms_events (source, end_on);
CREATE INDEX sms_events_start_at ON sms_events (start_at);

CREATE TABLE sms_runs (
    source      text NOT NULL,
    run         text NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    outcome     text NOT NULL,
    accepted    boolean NOT NULL,
    processed   bigint NOT NULL,
    report      jsonb NOT NULL,                -- the run report
    PRIMARY KEY (source, run)
);
CREATE INDEX sms_runs_started ON sms_runs (source, started_at);

CREATE VIEW events_v1 AS
SELECT e.source                                                       AS source,
       e.uid                                                          AS id,
       e.document ->> 'title'                                         AS title,
       e.start_at                                                     AS start,
       e.end_at                                                       AS "end",
       coalesce((e.document ->> 'allDay')::boolean, false)            AS all_day,
       (e.document ->> 'timeKnown')::boolean                          AS time_known,
       e.document ->> 'venue'                                         AS venue,
       coalesce(e.document -> 'performers', '[]'::jsonb)              AS performers,
       e.document ->> 'url'                                           AS url,
       e.document ->> 'image'                                         AS image,
       (e.document ->> 'priceMin')::numeric                           AS price_min,
       (e.document ->> 'priceMax')::numeric                           AS price_max,
       e.document ->> 'currency'                                      AS currency,
       CASE WHEN (e.document ->> 'soldOut')::boolean AND e.document ->> 'status' NOT IN ('cancelled', 'postponed')
            THEN 'soldOut' ELSE e.document ->> 'status' END           AS status,
       e.first_seen                                                   AS first_seen,
       CASE WHEN e.present THEN greatest(e.last_seen, s.seen_at) ELSE e.last_seen END AS last_seen,
       e.removed_at                                                   AS removed_at
FROM sms_events e
LEFT JOIN sms_sources s ON s.source = e.source;
