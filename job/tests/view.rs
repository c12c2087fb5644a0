//! The view of stored events through the real binary, over SQLite, PostgreSQL and PgBouncer. IO.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test says so by failing"
)]

#[macro_use]
#[path = "support/contract.rs"]
mod contract;
#[path = "support/postgres.rs"]
mod server;
#[path = "support/services.rs"]
mod services;

#[allow(dead_code, reason = "these tests take a part of what those of the store do")]
#[path = "store/bench.rs"]
mod bench;
#[path = "view/calendars.rs"]
mod calendars;
#[path = "view/client.rs"]
mod client;
#[path = "view/hostile.rs"]
mod hostile;
#[path = "view/lists.rs"]
mod lists;
#[path = "view/outages.rs"]
mod outages;
#[path = "view/process.rs"]
mod process;
#[path = "view/roles.rs"]
mod roles;

contract! {
    lists:
        every_filter_keeps_what_it_names,
        pages_neither_repeat_nor_miss_an_event_while_others_come_and_go,
        an_event_is_told_as_the_command_tells_it,
        an_event_of_another_version_is_left_out_and_takes_no_other_with_it,
        sources_are_counted_and_named,
        a_client_that_has_the_events_gets_no_body,
        sixty_readers_at_once_are_all_answered;
    calendars:
        a_calendar_reads_back_as_the_events,
        a_source_has_a_calendar_of_its_own,
        a_long_calendar_ends_at_its_limit_and_says_so;
    hostile:
        no_request_breaks_it_or_reaches_the_database_as_sql;
    outages:
        an_empty_store_is_told_and_then_served_without_a_restart,
        a_newer_schema_is_served_and_a_changed_one_is_told;
}
