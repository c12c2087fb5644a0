//! What is particular to a SQLite file.

use std::{fs, path::Path, time::Duration};

use sms_crds::report::Reason;
use sms_job::store::{EventQuery, Store, StoreError, StoreUrl};
use sqlx::{Connection, Executor, SqliteConnection};

use crate::bench::{Bench, Run, event};

async fn refusal(url: &StoreUrl) -> StoreError {
    Store::open(url)
        .await
        .err()
        .unwrap_or_else(|| panic!("{url} was opened"))
}

#[tokio::test]
async fn folder_and_file_are_made_and_the_log_is_written_ahead() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    assert_eq!((store.kind(), store.remembers()), ("sqlite", true));
    assert_eq!(bench.texts("PRAGMA journal_mode").await, ["wal"]);
    Run::new(1, &[event("a", 11)]).commit(&store).await;
    store.close().await;
    let path = bench.url.path().unwrap();
    let beside: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(beside, ["events.db"], "closing folds the log into the file");
    assert_eq!(
        store.events(&EventQuery::default()).await.unwrap().len(),
        1,
        "a closed store opens again"
    );
}

#[tokio::test]
async fn a_database_in_memory_lives_as_long_as_its_store() {
    let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
    assert_eq!(Run::new(1, &[event("a", 11)]).commit(&store).await.new, 1);
    assert_eq!(Run::new(2, &[event("a", 11)]).commit(&store).await.unchanged, 1);
    let other = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
    assert!(other.events(&EventQuery::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let garbage = "this is no database ".repeat(500);
    fs::write(&path, &garbage).unwrap();
    let error = refusal(&StoreUrl::sqlite_file(&path)).await;
    assert_eq!(error.reason(), Reason::StoreFailed);
    let text = error.to_string();
    assert!(
        text.contains("damaged or no SQLite database") && text.contains("events.db"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
}

#[tokio::test]
async fn a_damaged_database_is_told_from_a_missing_one() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    Run::new(
        1,
        &(0..200).map(|n| event(&n.to_string(), 11)).collect::<Vec<_>>(),
    )
    .commit(&store)
    .await;
    store.close().await;
    let path = bench.url.path().unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[4_096..].fill(0x5a);
    fs::write(path, bytes).unwrap();
    let error = refusal(&bench.url).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let mut permissions = fs::metadata(folder.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.path(), permissions).unwrap();
    // Root may write everywhere but in a file system of the kernel.
    let is_root = fs::write(folder.path().join("probe"), "").is_ok();
    let place = if is_root {
        Path::new("/sys/kernel")
    } else {
        folder.path()
    };
    for path in [place.join("events.db"), place.join("new/events.db")] {
        let error = refusal(&StoreUrl::sqlite_file(&path)).await;
        assert_eq!(error.reason(), Reason::StoreUnavailable);
        let text = error.to_string();
        assert!(
            text.contains("cannot be written") && text.contains("--store"),
            "{text}"
        );
        assert!(text.contains(&*place.to_string_lossy()), "{text}");
    }
}

#[tokio::test]
async fn a_file_in_place_of_a_folder_is_told() {
    let error = refusal(&StoreUrl::sqlite_file("/dev/null/events.db")).await;
    assert!(
        error.to_string().contains("the folder /dev/null cannot be made"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_waits_for_another_process_that_writes() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    let run = Run::new(1, &[event("a", 11)]);
    let lease = run.lease(&store).await;
    let mut other = SqliteConnection::connect(&bench.raw).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        other.execute("ROLLBACK").await.unwrap();
    };
    let (summary, ()) = tokio::join!(run.try_commit(&store, &lease), release);
    assert_eq!(summary.unwrap().new, 1);
}

#[tokio::test]
async fn reading_does_not_wait_for_another_process_that_writes() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    Run::new(1, &[event("a", 11)]).commit(&store).await;
    let mut other = SqliteConnection::connect(&bench.raw).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let events = tokio::time::timeout(Duration::from_secs(5), async {
        bench.open().await.events(&EventQuery::default()).await.unwrap()
    });
    assert_eq!(events.await.unwrap().len(), 1);
}
