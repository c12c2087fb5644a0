//! The numbers of `docs/reference/limits.md` are those of the code. IO: reads files.

use std::fs;

use super::repository;

/// Module (a file, or a folder of that name), a line of it, and the row of the page that it decides.
const LIMITS: &[(&str, &str, &str)] = &[
    (
        "job/src/args",
        "default_value_t = 540",
        "included | 540 s (`TimedOut`)",
    ),
    (
        "job/src/args",
        "\"SMS_PARALLEL\", value_name = \"N\", default_value_t = 4",
        "side by side | 4 |",
    ),
    (
        "job/src/pipeline/collect",
        "DEFAULT_MAX_PAGES: i32 = 10;",
        "| pages | 10 (partial) |",
    ),
    (
        "job/src/extract/plan",
        "DEFAULT_MAX_ITEMS: usize = 10_000;",
        "| items | 10000 (partial) |",
    ),
    (
        "job/src/extract/plan",
        "DEFAULT_MAX_FOLLOWED: usize = 200;",
        "| detail pages | 200 (partial) |",
    ),
    (
        "job/src/extract/session",
        "MAX_FROM_ONE: usize = 2_000;",
        "makes of one item | 2000 |",
    ),
    (
        "job/src/pipeline",
        "FULL_FETCH_HOURS: i64 = 24;",
        "at least every | 24 h |",
    ),
    (
        "job/src/fetch/limits",
        "duration(\"timeout\", spec.timeout.as_ref(), 30)",
        "all tries together | 30 s",
    ),
    (
        "job/src/fetch/limits",
        "spec.connect_timeout.as_ref(), 10)",
        "TLS included | 10 s |",
    ),
    (
        "job/src/fetch/limits",
        "spec.idle_timeout.as_ref(), 10)",
        "silence of the server | 10 s |",
    ),
    (
        "job/src/fetch/limits",
        "number(\"attempts\", spec.attempts, 3)",
        "| tries | 3 |",
    ),
    (
        "job/src/fetch/limits",
        "spec.max_body_bytes, 10 * 1024 * 1024)",
        "| 10485760 bytes (`BodyTooLarge`) |",
    ),
    (
        "job/src/fetch/limits",
        "spec.delay.as_ref(), 1)",
        "to one host | 1 s |",
    ),
    (
        "job/src/fetch/redirect",
        "LIMIT: usize = 5;",
        "| redirects | 5 (`RedirectRefused`) |",
    ),
    (
        "job/src/fetch/retry",
        "const RETRY_AFTER_BUDGET: Duration = Duration::from_mins(1);",
        "one request | 60 s",
    ),
    (
        "job/src/fetch/retry",
        "RUN_RETRY_AFTER_BUDGET: Duration = Duration::from_mins(3);",
        "of a run | 180 s |",
    ),
    (
        "job/src/fetch/robots",
        "SIZE_LIMIT: u64 = 500 * 1024;",
        "| `robots.txt` | 512000 bytes",
    ),
    (
        "job/src/fetch/robots",
        "LONGEST_DELAY: Duration = Duration::from_secs(10);",
        "is obeyed | 10 s |",
    ),
    (
        "job/src/worker/limits",
        "PAGE_PROCESSOR_SECONDS: u64 = 2;",
        "| processor time for a page | 2 s, and 1 s more",
    ),
    (
        "job/src/worker/limits",
        "const PROCESSOR_SECONDS: u64 = 120;",
        "| processor time for all pages | 120 s |",
    ),
    (
        "job/src/worker/limits",
        "PAGE_MEMORY_BYTES: u64 = 116 << 20;",
        "| memory (heap and stack) | 121634816 bytes, and 12 bytes more",
    ),
    (
        "job/src/worker/limits",
        "ADDRESS_SPACE_BYTES: u64 = 1 << 30;",
        "| address space | 1073741824 bytes |",
    ),
    (
        "job/src/worker/limits",
        "STACK_BYTES: usize = 16 << 20;",
        "| stack | 16777216 bytes |",
    ),
    (
        "job/src/worker/limits",
        "Duration::from_mins(1) + Duration::from_millis(body_bytes as u64 / 500)",
        "| 60 s, and 2 s more for each megabyte |",
    ),
    (
        "job/src/extract/html/limits",
        "depth: 512,",
        "inside each other | 512 |",
    ),
    (
        "job/src/extract/html/limits",
        "nodes: 1_000_000,",
        "texts and comments | 1000000 |",
    ),
    (
        "job/src/extract/html/limits",
        "tag_attributes: 1024,",
        "of one tag | 1024 |",
    ),
    (
        "job/src/extract/html/limits",
        "processor_time: Duration::from_secs(5),",
        "of parsing | 5 s |",
    ),
    (
        "job/src/extract/ical/recurrence",
        "MAX_OCCURRENCES: usize = 2_000;",
        "of one series | 2000 |",
    ),
    (
        "job/src/normalise/item",
        "LONGEST_TEXT: usize = 64 * 1024;",
        "| a text field | 65536 bytes",
    ),
    (
        "job/src/normalise/item",
        "LONGEST_LIST: usize = 500;",
        "categories) | 500 entries |",
    ),
    (
        "job/src/normalise/dates/lexer",
        "LONGEST: usize = 512;",
        "| a written date | 512 characters",
    ),
    (
        "job/src/normalise/dates",
        "PAST_DAYS: i32 = 60;",
        "a date without a year | 60 days back",
    ),
    (
        "job/src/normalise/dates/year",
        "FUTURE_DAYS: i32 = 548;",
        "548 days ahead",
    ),
    (
        "job/src/push/settings",
        "TIMEOUT: Duration = Duration::from_secs(5);",
        "one try, tries | 5 s",
    ),
    ("job/src/push/settings", "TRIES: usize = 3;", "5 s, 3 tries"),
    (
        "job/src/pipeline/lease",
        "LEASE_TIME: Duration = Duration::from_mins(1);",
        "was killed | 60 s |",
    ),
    (
        "job/src/secrets",
        "LIMIT: u64 = 64 * 1024;",
        "| a secret | 65536 bytes |",
    ),
    (
        "crds/src/manifest/checks",
        "MAX_SOURCE_BYTES: usize = 64 * 1024;",
        "as JSON | 65536 bytes |",
    ),
    (
        "crds/src/report",
        "TERMINATION_MESSAGE_LIMIT: usize = 4096;",
        "termination message | 4096 bytes |",
    ),
];

/// The source of a module: its file, and those in the folder of its name.
fn source(module: &str) -> String {
    let path = repository().join(module);
    let mut files = vec![path.with_extension("rs")];
    if let Ok(entries) = fs::read_dir(&path) {
        files.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_file()),
        );
    }
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect()
}

/// Fails where a limit of the code or its row on the page is another.
fn agree(page: &str, limits: &[(&str, &str, &str)]) {
    let page = fs::read_to_string(repository().join(page)).unwrap();
    let mut problems = Vec::new();
    for (module, line, row) in limits {
        if !source(module).contains(line) {
            problems.push(format!(
                "{module} no longer has `{line}`; look at the row with {row}"
            ));
        }
        if !page.contains(row) {
            problems.push(format!("the page lacks {row}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_limit_is_that_of_the_code() {
    agree("docs/reference/limits.md", LIMITS);
}

/// The same for the page of the Events API.
const API_LIMITS: &[(&str, &str, &str)] = &[
    (
        "job/src/view",
        "HEAD_SIZE: usize = 16_384;",
        "| head of a request | 16384 bytes,",
    ),
    (
        "job/src/view",
        "HEAD_LIMIT: Duration = Duration::from_secs(10);",
        "sent within 10 s |",
    ),
    ("job/src/view", "CONNECTIONS: u32 = 256;", "| connections | 256 |"),
    (
        "job/src/view",
        "READ_LIMIT: Duration = Duration::from_secs(10);",
        "| cut off after 10 s |",
    ),
    (
        "job/src/view",
        "AGE_LIMIT: Duration = Duration::from_mins(1);",
        "| 60 s, and",
    ),
    (
        "job/src/view",
        "LAST_ANSWER_LIMIT: Duration = Duration::from_mins(1);",
        "60 s more for its last answer |",
    ),
    (
        "job/src/view",
        "ANSWERS: usize = 16;",
        "| answers under way | 16, and",
    ),
    ("job/src/view", "CALENDARS: usize = 8;", "16, and 8 calendars;"),
    (
        "job/src/view",
        "TURN_LIMIT: Duration = Duration::from_secs(10);",
        "waits up to 10 s |",
    ),
    (
        "job/src/store/listing",
        "PARALLEL: u32 = 4;",
        "| questions to the store at once | 4 |",
    ),
    (
        "job/src/store/postgres",
        "statement_timeout = '5s'",
        "| one question | 5 s in the database,",
    ),
    (
        "job/src/store/sqlite",
        "LIMIT: Duration = Duration::from_secs(5);",
        "5 s in the database, 8 s in all;",
    ),
    (
        "job/src/store/reader",
        "USE_LIMIT: Duration = Duration::from_secs(8);",
        "8 s in all;",
    ),
    ("job/src/view", "MAX_LIMIT: u32 = 1_000;", "| 1000 events;"),
    (
        "job/src/view",
        "DEFAULT_LIMIT: u32 = 100;",
        "1 to 1000; 100 where nothing is said |",
    ),
    (
        "job/src/view",
        "PAGE_BYTES: usize = 1_048_576;",
        "early after 1048576 bytes |",
    ),
    (
        "job/src/view",
        "CALENDAR_LIMIT: u32 = 10_000;",
        "| calendar | 10000 events |",
    ),
    ("job/src/view", "CALENDAR_DAYS: i32 = 30;", "begins 30 days ago"),
];

#[test]
fn every_limit_of_the_view_is_that_of_the_code() {
    agree("docs/reference/events-api.md", API_LIMITS);
}
