//! Databases that are empty, of another version, or away for a while.

use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    bench::{Bench, Run, event},
    client::View,
    server,
};

/// The detail of a 503, which never tells where the store is.
fn unavailable(answer: &crate::client::Answer) -> String {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("retry-after"), "5");
    for secret in [
        "127.0.0.1",
        "sms_test_",
        "/tmp",
        "sqlite",
        "postgres:",
        "relation",
        "sms@",
    ] {
        assert!(!answer.body.contains(secret), "{secret}: {}", answer.body);
    }
    answer.json()["detail"].as_str().unwrap().to_owned()
}

pub async fn an_empty_store_is_told_and_then_served_without_a_restart(bench: Bench) {
    let view = View::of(&bench).await;
    for path in [
        "/",
        "/v1/events",
        "/v1/sources",
        "/v1/events/a",
        "/events.ics",
        "/sources/a/events.ics",
    ] {
        let detail = unavailable(&view.get(path).await);
        assert!(detail.contains("nothing is stored yet"), "{path}: {detail}");
    }
    // A rollout does not wait for the first run; a file that is not there may be one that was never meant.
    let ready = view.ready().await;
    let wanted = if bench.is_sqlite() { 503 } else { 200 };
    assert_eq!(ready.status, wanted, "{}", ready.body);
    assert!(ready.body.contains("stored yet"), "{}", ready.body);

    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    assert_eq!(view.json("/v1/events").await["total"], 1);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let ready = view.ready().await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ok\n"));
}

pub async fn a_newer_schema_is_served_and_a_changed_one_is_told(bench: Bench) {
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    bench
        .execute("INSERT INTO sms_migrations (version, name) VALUES (99, '0099_later')")
        .await;
    bench
        .execute("ALTER TABLE sms_events ADD COLUMN later text")
        .await;
    let view = View::of(&bench).await;
    assert_eq!(view.json("/v1/events").await["total"], 1);
    bench
        .execute("ALTER TABLE sms_sources RENAME COLUMN seen_at TO looked_at")
        .await;
    let detail = unavailable(&view.get("/v1/events").await);
    assert!(
        detail.contains("of another version") && detail.contains("sms_scraper migrate"),
        "{detail}"
    );
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let ready = view.ready().await;
    assert!(
        ready.status == 503 && ready.body.contains("another version"),
        "{}",
        ready.body
    );
    bench
        .execute("ALTER TABLE sms_sources RENAME COLUMN looked_at TO seen_at")
        .await;
    assert_eq!(view.json("/v1/events").await["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_and_comes_back_is_told_and_then_served() {
    let Some(server) = server::server() else { return };
    let database = server.fresh_database().await;
    let bench = Bench::of(&database.url());
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    let view = View::of(&bench).await;
    assert_eq!(view.get("/v1/events").await.status, 200);

    let admin = Bench::of(&database.url().replace(&database.name, "postgres"));
    let name = &database.name;
    admin
        .execute(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"))
        .await;
    let ended =
        format!("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{name}'");
    assert!(!admin.texts(&ended).await.is_empty());
    let gone = view.get_until("/v1/events", 503).await;
    unavailable(&gone);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(view.ready().await.status, 503);

    admin
        .execute(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"))
        .await;
    view.get_until("/v1/events", 200).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(view.ready().await.status, 200);
    // The reason is in the log, once for many requests.
    assert!(view.logged().contains("Could not answer"), "{}", view.logged());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_answers_is_told_in_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let view = View::start(&format!("postgres://sms:geheim@127.0.0.1:{port}/sms"), &[]).await;
    let begun = std::time::Instant::now();
    let detail = unavailable(&view.get("/v1/events").await);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(
        detail.contains("cannot be reached") || detail.contains("too long"),
        "{detail}"
    );
    let ready = view.ready().await;
    assert_eq!(ready.status, 503);
    assert!(
        !view.logged().contains("geheim") && !ready.body.contains("geheim"),
        "{}",
        view.logged()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_and_comes_back_is_served_as_it_is_now() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    Run::new(1, &[event("a", 12)]).commit(&store).await;
    store.close().await;
    let view = View::of(&bench).await;
    assert_eq!(view.json("/v1/events").await["total"], 1);
    let file = std::path::PathBuf::from(bench.given.trim_start_matches("sqlite://"));
    let away = file.with_extension("away");
    std::fs::rename(&file, &away).unwrap();
    unavailable(&view.get("/v1/events").await);

    Run::new(1, &[event("b", 12), event("c", 13)])
        .commit(&bench.open().await)
        .await;
    assert_eq!(view.json("/v1/events").await["total"], 2);
    std::fs::write(
        &away,
        "this is no database, but it is long enough to be looked at",
    )
    .unwrap();
    std::fs::rename(&away, &file).unwrap();
    for path in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{path}", file.display()));
    }
    unavailable(&view.get("/v1/events").await);
}

/// Puts questions and goes away before they are answered.
async fn ask_and_leave(view: &View, path: &str, times: usize) {
    for _ in 0..times {
        let mut stream = TcpStream::connect(("127.0.0.1", view.port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_leave_do_not_leave_statements_behind_in_the_server() {
    let Some(server) = server::server() else { return };
    let database = server.fresh_database().await;
    let bench = Bench::of(&database.url());
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    let view = View::of(&bench).await;
    let mut locker = PgConnection::connect(&database.url()).await.unwrap();
    locker
        .execute("BEGIN; LOCK TABLE sms_events IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    ask_and_leave(&view, "/v1/events?q=zzz", 60).await;
    let admin = Bench::of(&database.url().replace(&database.name, "postgres"));
    let waiting = format!(
        "SELECT query FROM pg_stat_activity WHERE datname = '{}' AND query NOT LIKE '%LOCK TABLE%' AND state <> 'idle'",
        database.name
    );
    let waiting = admin.texts(&waiting).await;
    assert!((1..=5).contains(&waiting.len()), "{}: {waiting:?}", waiting.len());
    locker.execute("ROLLBACK").await.unwrap();
    view.get_until("/v1/events?q=zzz", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_to_a_file_ends_in_time_and_clients_that_leave_do_not_add_to_it() {
    let bench = Bench::sqlite();
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    // A table without an end: no question about it is ever answered.
    bench
        .execute("ALTER TABLE sms_events RENAME TO stored_events")
        .await;
    bench
        .execute(
            "CREATE VIEW sms_events AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT e.* FROM stored_events e, n",
        )
        .await;
    let view = View::of(&bench).await;
    ask_and_leave(&view, "/v1/events", 40).await;
    let threads = std::fs::read_dir(format!("/proc/{}/task", view.process.id().unwrap()))
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("sqlx-sqlite"))
        .count();
    assert!((1..=5).contains(&threads), "{threads}: {}", view.logged());
    let begun = Instant::now();
    view.get_until("/v1/events", 503).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    tokio::time::sleep(Duration::from_secs(6)).await;
    let begun = Instant::now();
    bench.execute("DROP VIEW sms_events").await;
    bench
        .execute("ALTER TABLE stored_events RENAME TO sms_events")
        .await;
    assert_eq!(view.get("/v1/events").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
