//! The contract of the store, kept by SQLite, by a real PostgreSQL, and by PostgreSQL behind PgBouncer; then what is
//! particular to each. IO.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used
)]

#[macro_use]
#[path = "support/contract.rs"]
mod contract;
#[path = "support/postgres.rs"]
mod server;

#[path = "store/bench.rs"]
mod bench;
#[path = "store/lease.rs"]
mod lease;
#[path = "store/queries.rs"]
mod queries;
#[path = "store/removal.rs"]
mod removal;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/state.rs"]
mod state;
#[path = "store/upsert.rs"]
mod upsert;

#[path = "store/postgres_only.rs"]
mod postgres_only;
#[path = "store/sqlite_only.rs"]
mod sqlite_only;
#[path = "store/stdout_only.rs"]
mod stdout_only;
#[path = "store/trips.rs"]
mod trips;

contract! {
    upsert:
        every_event_of_a_first_run_is_new,
        equal_events_are_unchanged_and_no_row_is_written,
        an_unchanged_run_writes_no_event_and_counts_what_is_stored,
        other_content_is_an_update_that_keeps_the_first_sight,
        last_seen_is_the_newest_run_with_the_event,
        the_same_identity_twice_in_a_run_is_stored_once,
        odd_characters_come_back_as_they_were,
        five_thousand_events_are_stored_and_compared,
        a_failed_run_touches_no_event,
        a_repeated_run_is_not_counted_again;
    removal:
        the_table_of_removals_holds,
        an_event_that_is_seen_again_is_back,
        a_new_spec_hash_starts_the_count_anew,
        an_empty_complete_run_removes_nothing;
    lease:
        a_lease_is_held_by_one_run_at_a_time,
        a_waiting_run_gets_the_lease_when_it_is_released,
        an_expired_lease_is_taken_over_and_its_commit_is_refused,
        a_renewed_lease_does_not_expire,
        leases_of_different_sources_do_not_meet,
        twenty_runs_at_once_write_one_after_the_other,
        two_processes_on_one_source_neither_duplicate_nor_lose_an_event,
        a_cancelled_commit_leaves_nothing_behind;
    state:
        an_unknown_source_has_no_state,
        success_advances_and_failure_does_not,
        the_baseline_holds_the_last_accepted_counts_newest_first,
        an_accepted_run_becomes_the_first_of_the_baseline,
        validators_are_kept_by_spec_hash_and_only_while_they_describe_what_is_stored,
        retention_deletes_ended_events_that_left_the_page,
        retention_of_runs_keeps_the_number_of_runs,
        runs_come_back_newest_first_with_their_reports;
    queries:
        events_are_filtered_and_sorted,
        an_event_comes_back_whole;
    schema:
        migrating_again_does_nothing,
        many_processes_may_prepare_an_empty_database_at_once,
        a_newer_schema_is_left_alone,
        the_view_has_the_columns_of_the_contract,
        the_view_tells_what_is_stored;
}
