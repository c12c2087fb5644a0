//! A store under test, and runs to put into it.

use jiff::{Timestamp, civil};
use serde_json::{Value, json};
use sms_crds::{
    SourceKey,
    report::{Outcome, RunReport},
};
use sms_job::{
    identity::Identified,
    store::{Lease, Removal, RunCommit, Store, StoreError, StoreSummary, StoreUrl, StoredValidators},
};
use sqlx::{Connection, Executor, Row, SqliteConnection, postgres::PgConnection};
use std::time::Duration;

use crate::server;

pub const TTL: Duration = Duration::from_mins(1);
pub const NO_WAIT: Duration = Duration::ZERO;

/// A store of its own for one test.
pub struct Bench {
    pub url: StoreUrl,
    /// The address as a user writes it.
    #[allow(dead_code, reason = "the tests of the view need it")]
    pub given: String,
    /// Where statements of the test itself go.
    pub raw: String,
    _folder: Option<tempfile::TempDir>,
}

impl Bench {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let raw = format!("sqlite://{}/new/events.db", folder.path().display());
        Self {
            url: raw.parse().unwrap(),
            given: raw.clone(),
            raw,
            _folder: Some(folder),
        }
    }

    pub async fn postgres() -> Option<Self> {
        let raw = server::server()?.fresh_database().await.url();
        Some(Self {
            url: raw.parse().unwrap(),
            given: raw.clone(),
            raw,
            _folder: None,
        })
    }

    /// A database that is there already.
    #[allow(dead_code, reason = "the tests of the view need it")]
    pub fn of(url: &str) -> Self {
        Self {
            url: url.parse().unwrap(),
            given: url.to_owned(),
            raw: url.to_owned(),
            _folder: None,
        }
    }

    pub async fn pgbouncer() -> Option<Self> {
        let database = server::server()?.fresh_database().await;
        let given = database.bouncer_url()?;
        Some(Self {
            url: given.parse().unwrap(),
            given,
            raw: database.url(),
            _folder: None,
        })
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.kind() == "sqlite"
    }

    /// The store as another process opens it.
    pub async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// Runs statements beside the store.
    pub async fn execute(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.raw).await.unwrap();
            connection.execute(sql).await.unwrap();
            connection.close().await.unwrap();
        } else {
            PgConnection::connect(&self.raw)
                .await
                .unwrap()
                .execute(sqlx::raw_sql(sql))
                .await
                .unwrap();
        }
    }

    /// The texts of a column, read beside the store.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.raw).await.unwrap();
            let rows = connection.fetch_all(sql).await.unwrap();
            // Or it is closed later, and locks the file for it.
            connection.close().await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        } else {
            let mut connection = PgConnection::connect(&self.raw).await.unwrap();
            connection
                .fetch_all(sql)
                .await
                .unwrap()
                .iter()
                .map(|row| row.get(0))
                .collect()
        }
    }

    /// From now on every write to a row of an event fails.
    pub async fn forbid_event_writes(&self) {
        if self.is_sqlite() {
            for verb in ["INSERT", "UPDATE", "DELETE"] {
                let body = "BEGIN SELECT RAISE(ABORT, 'an event was written'); END";
                self.execute(&format!(
                    "CREATE TRIGGER no_{verb} BEFORE {verb} ON sms_events {body}"
                ))
                .await;
            }
        } else {
            self.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                     $$ BEGIN RAISE EXCEPTION 'an event was written'; END $$;
                 CREATE TRIGGER no_write BEFORE INSERT OR UPDATE OR DELETE ON sms_events
                     FOR EACH ROW EXECUTE FUNCTION refuse()",
            )
            .await;
        }
    }
}

/// A run to be stored; by default a complete success under the spec hash `spec`.
#[derive(Clone)]
pub struct Run {
    pub source: SourceKey,
    pub report: RunReport,
    pub at: Timestamp,
    pub accepted: bool,
    pub events: Vec<Identified>,
    pub removal: Removal,
    pub validators: Option<StoredValidators>,
    pub retention_events: Option<Duration>,
    pub retention_runs: Option<Duration>,
}

impl Run {
    /// Run number `number`, on the tenth of May at that hour.
    pub fn new(number: i8, events: &[Identified]) -> Self {
        let at = civil::date(2026, 5, 10)
            .at(number % 24, 0, 0, 0)
            .in_tz("UTC")
            .unwrap()
            .timestamp();
        Self {
            source: source("sea-monster"),
            report: report(&format!("run-{number}"), Outcome::Succeeded),
            at,
            accepted: true,
            events: events.to_vec(),
            removal: Removal::Complete {
                today: civil::date(2026, 5, 10),
            },
            validators: None,
            retention_events: None,
            retention_runs: None,
        }
    }

    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.report.outcome = outcome;
        self.accepted = outcome.is_success();
        self
    }

    pub fn spec(mut self, spec: &str) -> Self {
        spec.clone_into(&mut self.report.spec_hash);
        self
    }

    pub fn partial(mut self) -> Self {
        self.removal = Removal::None;
        self
    }

    pub async fn try_commit(&self, store: &Store, lease: &Lease) -> Result<StoreSummary, StoreError> {
        let commit = RunCommit {
            report: &self.report,
            started_at: self.at - Duration::from_secs(30),
            finished_at: self.at,
            accepted: self.accepted,
            events: &self.events,
            removal: self.removal,
            validators: self.validators.clone(),
            retention_events: self.retention_events,
            retention_runs: self.retention_runs,
        };
        store.commit_run(lease, commit).await
    }

    /// Takes the lease, commits, and gives it back.
    pub async fn commit(&self, store: &Store) -> StoreSummary {
        let lease = self.lease(store).await;
        let summary = self.try_commit(store, &lease).await.unwrap();
        store.release_lease(lease).await.unwrap();
        summary
    }

    pub async fn lease(&self, store: &Store) -> Lease {
        let run = &self.report.run;
        store
            .acquire_lease(
                &self.source,
                &self.report.api_name,
                run,
                TTL,
                Duration::from_secs(30),
            )
            .await
            .unwrap()
    }
}

pub fn source(name: &str) -> SourceKey {
    SourceKey {
        namespace: "default".to_owned(),
        name: name.to_owned(),
    }
}

pub fn report(run: &str, outcome: Outcome) -> RunReport {
    serde_json::from_value(json!({
        "source": "default/sea-monster", "apiName": "sea_monster", "run": run, "outcome": outcome,
        "startedAt": "2026-05-10T00:00:00Z", "finishedAt": "2026-05-10T00:00:30Z", "durationSeconds": 30.0,
        "found": 12, "specHash": "spec"
    }))
    .unwrap()
}

/// An event on a day of May 2026 whose content hash tells its title.
pub fn event(uid: &str, day: i8) -> Identified {
    titled(uid, day, &format!("Show {uid}"))
}

pub fn titled(uid: &str, day: i8, title: &str) -> Identified {
    let start = format!("{}T19:30:00-07:00", civil::date(2026, 5, day));
    with(uid, &json!({ "title": title, "start": start, "timeKnown": true }))
}

/// An event with these fields.
pub fn with(uid: &str, fields: &Value) -> Identified {
    let mut all = json!({ "title": "Show", "start": "2026-05-20", "timeKnown": false, "timeZone": "America/Los_Angeles" });
    all.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let event = serde_json::from_value(all.clone()).unwrap();
    Identified {
        uid: uid.to_owned(),
        content_hash: all.to_string(),
        event,
    }
}

/// `(new, updated, unchanged, removed)`.
pub fn counts(summary: &StoreSummary) -> (i64, i64, i64, i64) {
    (summary.new, summary.updated, summary.unchanged, summary.removed)
}
