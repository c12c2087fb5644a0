//! Everything that a store holds of its sources, as one value that two stores can be compared by. IO: reads.

use std::collections::BTreeMap;

use crate::bench::Bench;

/// What is stored. Moments and identifiers of runs are left out, since no two sequences share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Identity, hash, title, presence, count of misses, whether it is removed.
    pub events: Vec<String>,
    /// Outcome and counts of each run, the oldest first.
    pub runs: Vec<String>,
}

/// A store as it was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub state: State,
    /// The number of runs that the source remembers.
    pub runs_total: usize,
    /// Whether a lease is held, and not made to be over (`Place::expire_lease`): a run that is killed after its commit leaves it.
    pub is_leased: bool,
    /// When each event was first seen.
    pub first_seen: BTreeMap<String, String>,
    /// What is not as it must be.
    pub faults: Vec<String>,
}

const SQLITE: &str = "
SELECT 'e|' || uid || '|' || content_hash || '|' || json_extract(document, '$.title') || '|' || present || '|' ||
       missed_runs || '|' || (removed_at IS NOT NULL) FROM sms_events
UNION ALL
SELECT 'r|' || started_at || '|' || outcome || ' ' || processed || ' ' || json_extract(report, '$.new') || ' ' ||
       json_extract(report, '$.updated') || ' ' || json_extract(report, '$.unchanged') || ' ' ||
       json_extract(report, '$.removed') FROM sms_runs
UNION ALL
SELECT 's|' || runs_total || '|' || (lease_holder IS NOT NULL AND lease_until > '2001-01-02') FROM sms_sources
UNION ALL SELECT 'f|' || uid || '|' || first_seen FROM sms_events
UNION ALL
SELECT 'x|' || e.uid || ' was seen last before it was seen first' FROM sms_events e JOIN sms_sources s USING (source)
WHERE e.first_seen > e.last_seen OR (e.present AND e.first_seen > s.seen_at)";

const POSTGRES: &str = "
SELECT 'e|' || uid || '|' || content_hash || '|' || (document ->> 'title') || '|' || present::int || '|' ||
       missed_runs || '|' || (removed_at IS NOT NULL)::int FROM sms_events
UNION ALL
SELECT 'r|' || to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '|' || outcome || ' ' ||
       processed || ' ' || (report ->> 'new') || ' ' || (report ->> 'updated') || ' ' || (report ->> 'unchanged') || ' ' ||
       (report ->> 'removed') FROM sms_runs
UNION ALL
SELECT 's|' || runs_total || '|' || (lease_holder IS NOT NULL AND lease_until > '2001-01-02')::int FROM sms_sources
UNION ALL SELECT 'f|' || uid || '|' || first_seen FROM sms_events
UNION ALL
SELECT 'x|' || e.uid || ' was seen last before it was seen first' FROM sms_events e JOIN sms_sources s USING (source)
WHERE e.first_seen > e.last_seen OR (e.present AND e.first_seen > s.seen_at)";

/// Names of the tables of the schema.
async fn tables(bench: &Bench) -> Vec<String> {
    let sql = if bench.is_sqlite() {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'sms%' ORDER BY name"
    } else {
        "SELECT tablename::text FROM pg_tables WHERE tablename LIKE 'sms%' ORDER BY tablename"
    };
    bench.texts(sql).await
}

impl Found {
    /// Reads a store whose tables may not be there yet.
    pub async fn read(bench: &Bench) -> Self {
        let mut found = Self::default();
        if bench.is_sqlite() {
            let told = bench.texts("PRAGMA integrity_check").await;
            if told != ["ok"] {
                found.faults.push(format!("damaged: {told:?}"));
            }
        }
        let tables = tables(bench).await;
        if tables.is_empty() {
            return found;
        }
        if tables != ["sms_events", "sms_migrations", "sms_runs", "sms_sources"] {
            found
                .faults
                .push(format!("a half-made schema with the tables {tables:?}"));
            return found;
        }
        let mut lines = bench
            .texts(if bench.is_sqlite() { SQLITE } else { POSTGRES })
            .await;
        lines.sort();
        for line in lines {
            let (kind, rest) = line.split_once('|').unwrap();
            let (first, last) = rest.split_once('|').unwrap_or((rest, ""));
            match kind {
                "e" => found.state.events.push(rest.to_owned()),
                "r" => found.state.runs.push(last.to_owned()),
                "f" => drop(found.first_seen.insert(first.to_owned(), last.to_owned())),
                "x" => found.faults.push(rest.to_owned()),
                _ => (found.runs_total, found.is_leased) = (first.parse().unwrap(), last == "1"),
            }
        }
        if found.runs_total != found.state.runs.len() {
            let (total, rows) = (found.runs_total, found.state.runs.len());
            found.faults.push(format!("{total} runs counted, {rows} stored"));
        }
        found
    }

    /// Events that are stored twice.
    pub fn doubled(&self) -> usize {
        self.state.events.len() - self.first_seen.len()
    }
}
