//! The metrics contract as one table: name, type, help and labels of every family, for both paths. Pure.
//!
//! The same name may mean different things on the two paths, as dashboards expect it: a pushed family is about the last
//! run, an exported one adds up and carries the label `api`. The operator adds up since the source was created and goes on
//! after a restart; `serve` adds up since the process started.

/// One metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Name, with unit and suffix.
    pub name: &'static str,
    /// `# TYPE`.
    pub kind: Kind,
    /// `# HELP`.
    pub help: &'static str,
    /// Names of the labels, in the order in which values are given.
    pub labels: &'static [&'static str],
}

/// Type of a family in the Prometheus text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up, and starts at 0.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
}

impl Kind {
    /// The word after `# TYPE <name>`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Upper bounds of the duration buckets in seconds: from one small page to the longest run that a Job may take.
pub const DURATION_BUCKETS: [f64; 12] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
];

/// The same for requests of the view: from an answer out of memory to the database's time limit.
pub const REQUEST_BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// A table of families, and a constant for each of them.
macro_rules! families {
    ($(#[$about:meta])* $table:ident: $($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help)]
            pub const $constant: Family =
                Family { name: $name, kind: Kind::$kind, help: $help, labels: &[$($label),*] };
        )+
        $(#[$about])*
        pub const $table: &[Family] = &[$($constant),+];
    };
}

/// Families of the group that a run pushes, with `job` and `instance` as grouping labels.
pub mod pushed {
    use super::{Family, Kind};

    families! {
        /// Everything that a successful run pushes.
        ALL:
        INGEST_RUNS = Counter "sms_ingest_runs_total" []
            "Runs of this API since its store began.";
        EVENTS_PROCESSED = Counter "sms_events_processed_total" []
            "Events accepted by the last successful run: new, updated and unchanged.";
        EVENTS_SKIPPED = Counter "sms_events_skipped_total" []
            "Items that the last successful run rejected with a reason.";
        PIPELINE_ERRORS = Counter "sms_pipeline_errors_total" []
            "Items and steps that failed in the last run.";
        PIPELINE_DURATION = Gauge "sms_pipeline_duration_seconds" []
            "Duration of the last run in seconds.";
        LAST_RUN_SUCCESS = Gauge "sms_last_run_success" []
            "Whether the last run succeeded: 1, or 0 after a failed or suspicious one.";
        LAST_RUN_TIMESTAMP = Gauge "sms_last_run_timestamp_seconds" []
            "When the last run ended, in Unix seconds.";
        LAST_SUCCESS_TIMESTAMP = Gauge "sms_last_success_timestamp_seconds" []
            "When the last successful run ended, in Unix seconds.";
        LAST_RUN_EVENTS = Gauge "sms_last_run_events" ["outcome"]
            "Events of the last run by what became of them.";
        SOURCE_INFO = Gauge "sms_source_info" ["namespace", "name", "installation"]
            "The source and the installation that this group belongs to; always 1.";
    }
}

/// Families of both exporters, `serve` and the operator. Those that are about one source carry the label `api`.
pub mod exported {
    use super::{Family, Kind};

    families! {
        /// Everything that the exporter serves.
        ALL:
        INGEST_RUNS = Counter "sms_ingest_runs_total" ["api", "outcome"]
            "Runs by outcome; a run skipped by its cadence is none.";
        EVENTS_PROCESSED = Counter "sms_events_processed_total" ["api"]
            "Events accepted: new, updated and unchanged.";
        EVENTS_SKIPPED = Counter "sms_events_skipped_total" ["api", "reason"]
            "Items rejected, by reason.";
        PIPELINE_ERRORS = Counter "sms_pipeline_errors_total" ["api", "step"]
            "Items and steps that failed, by step.";
        PIPELINE_DURATION = Histogram "sms_pipeline_duration_seconds" ["api"]
            "Duration of runs in seconds.";
        SOURCE_INFO = Gauge "sms_source_info" ["api", "namespace", "name", "installation"]
            "A source and the installation that runs it; always 1.";
        SOURCE_EXPECTED_INTERVAL = Gauge "sms_source_expected_interval_seconds" ["api"]
            "Longest time between two scheduled runs, as far as the cadence lets them do something, in seconds.";
        SOURCE_LAST_SUCCESS = Gauge "sms_source_last_success_timestamp_seconds" ["api"]
            "When the last successful run ended, in Unix seconds; 0 if there was none.";
        SOURCE_NEXT_RUN = Gauge "sms_source_next_run_timestamp_seconds" ["api"]
            "When the next run is due, in Unix seconds; 0 if none is.";
        SOURCE_RUN_DEADLINE = Gauge "sms_source_run_deadline_timestamp_seconds" ["api"]
            "When the scheduled run that is due next has to be over, in Unix seconds; 0 if none is due.";
        SOURCE_CREATED = Gauge "sms_source_created_timestamp_seconds" ["api"]
            "When the source was created, for serve when it was loaded, in Unix seconds.";
        SOURCE_CONSECUTIVE_FAILURES = Gauge "sms_source_consecutive_failures" ["api"]
            "Failed or suspicious runs since the last success; serve counts from its start.";
        SOURCE_SUSPENDED = Gauge "sms_source_suspended" ["api"]
            "Whether scheduled runs are suspended: 1 or 0.";
        BUILD_INFO = Gauge "sms_build_info" ["version"]
            "Version of the running program; always 1.";
    }
}

/// Families that the operator exports beside [`exported`].
pub mod operator {
    use super::{Family, Kind};

    families! {
        /// Everything that the operator alone exports.
        ALL:
        SOURCE_CONDITION = Gauge "sms_source_condition" ["api", "type", "status"]
            "Conditions of a ScrapeSource: 1 for the status that a condition has, 0 for the others.";
        SOURCE_PENDING = Gauge "sms_source_pending" ["api"]
            "Whether the newest spec of the source is still to be reconciled: 1 or 0.";
        RECONCILIATIONS = Counter "sms_operator_reconciliations_total" ["result"]
            "Reconciliations by result.";
        RECONCILE_DURATION = Histogram "sms_operator_reconcile_duration_seconds" []
            "Duration of reconciliations in seconds.";
        RECONCILE_ERRORS = Counter "sms_operator_reconcile_errors_total" ["reason"]
            "Reconciliations that failed, by reason.";
        LEADER = Gauge "sms_operator_leader" []
            "Whether this process is the leader: 1 or 0.";
    }
}

/// Families of the view of stored events, beside [`exported::BUILD_INFO`].
pub mod view {
    use super::{Family, Kind};

    families! {
        /// Everything that the view alone exports.
        ALL:
        REQUESTS = Counter "sms_view_requests_total" ["route", "status"]
            "Requests answered, by route and HTTP status.";
        REQUEST_DURATION = Histogram "sms_view_request_duration_seconds" ["route", "status"]
            "Time from a request to the head of its answer in seconds, by route and HTTP status.";
    }
}
