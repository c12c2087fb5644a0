//! What is particular to PostgreSQL.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use sms_crds::report::{Outcome, Reason};
use sms_job::store::{EventQuery, Store, StoreError, StoreUrl};

use sqlx::{Connection, postgres::PgConnection};

use crate::{
    bench::{Bench, NO_WAIT, Run, TTL, event, source},
    server,
};

async fn refusal(url: &str) -> StoreError {
    let url: StoreUrl = url.parse().unwrap();
    let store = Store::open(&url).await.unwrap();
    store
        .source_state(&source("sea-monster"), "spec", 5, None)
        .await
        .expect_err(&url.to_string())
}

#[tokio::test]
async fn opening_needs_no_server() {
    let store = Store::open(&"postgres://sms@127.0.0.1:1/sms".parse().unwrap())
        .await
        .unwrap();
    assert_eq!((store.kind(), store.remembers()), ("postgres", true));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = refusal(&format!("postgres://sms:geheim@127.0.0.1:{port}/sms")).await;
    assert_eq!(error.reason(), Reason::StoreUnavailable);
    let text = format!("{error} {error:?}");
    assert!(
        text.contains(&format!("postgres://sms@127.0.0.1:{port}/sms")) && !text.contains("geheim"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let begun = Instant::now();
    let error = refusal(&format!("postgres://sms@127.0.0.1:{port}/sms?connect_timeout=1")).await;
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(error.to_string().contains("no answer within 1 s"), "{error}");
}

#[tokio::test]
async fn a_wrong_ssl_mode_is_an_error_of_the_address() {
    let error = Store::open(&"postgres://sms:geheim@db/sms?sslmode=maybe".parse().unwrap())
        .await
        .err()
        .unwrap();
    assert_eq!(error.reason(), Reason::InvalidSource);
    assert!(
        error.to_string().contains("maybe") && !error.to_string().contains("geheim"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_login_is_told_without_the_password() {
    let Some(server) = server::server() else { return };
    let database = server.fresh_database().await;
    let (Some(right), Some(wrong)) = (
        database.tcp_url("127.0.0.1", server::PASSWORD),
        database.tcp_url("127.0.0.1", "falsch"),
    ) else {
        return;
    };
    let error = refusal(&wrong).await;
    let text = format!("{error} {error:?}");
    assert!(
        matches!(error, StoreError::Denied { .. }) && !text.contains("falsch"),
        "{text}"
    );
    let error = refusal(&right.replace("sms_test", "no_such")).await;
    assert!(error.to_string().contains("does not exist"), "{error}");
    let store = Store::open(&right.parse().unwrap()).await.unwrap();
    assert_eq!(Run::new(1, &[event("a", 11)]).commit(&store).await.new, 1);
}

#[tokio::test]
async fn tls_is_used_as_the_address_asks_for_it() {
    let Some(server) = server::server() else { return };
    let Some(authority) = server.certificate_authority() else {
        return;
    };
    let database = server.fresh_database().await;
    let url =
        |host: &str, rest: &str| format!("{}?{rest}", database.tcp_url(host, server::PASSWORD).unwrap());
    let authority = authority.display();
    let works = async |url: String| {
        let store = Store::open(&url.parse().unwrap()).await.unwrap();
        store
            .migrate()
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    };
    works(url("127.0.0.1", "sslmode=disable")).await;
    works(url("127.0.0.1", "sslmode=require")).await;
    works(url(
        "localhost",
        &format!("sslmode=verify-full&sslrootcert={authority}"),
    ))
    .await;
    works(url(
        "127.0.0.1",
        &format!("sslmode=verify-ca&sslrootcert={authority}"),
    ))
    .await;
    for wrong in [
        url("localhost", "sslmode=verify-full"),
        url(
            "127.0.0.1",
            &format!("sslmode=verify-full&sslrootcert={authority}"),
        ),
    ] {
        let error = refusal(&wrong).await;
        assert_eq!(error.reason(), Reason::StoreUnavailable, "{error}");
        assert!(error.to_string().contains("sslrootcert"), "{error}");
    }
}

#[tokio::test]
async fn a_user_without_the_right_to_create_tables_uses_those_that_exist() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let role = format!("reader_{}", std::process::id());
    bench.execute(&format!("CREATE ROLE {role} LOGIN")).await;
    let url = bench.raw.replacen("sms@", &format!("{role}@"), 1);
    if url == bench.raw {
        return;
    }
    let error = refusal(&url).await;
    assert!(matches!(error, StoreError::Denied { .. }), "{error}");
    Run::new(1, &[event("a", 11)]).commit(&bench.open().await).await;
    bench
        .execute(&format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
        ))
        .await;
    let store = Store::open(&url.parse().unwrap()).await.unwrap();
    assert_eq!(Run::new(2, &[event("a", 11)]).commit(&store).await.unchanged, 1);
}

#[tokio::test]
async fn a_connection_that_broke_is_replaced() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let store = bench.open().await;
    Run::new(1, &[event("a", 11)]).commit(&store).await;
    bench
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let first = store.events(&EventQuery::default()).await;
    assert!(first.is_ok() || first.is_err_and(|error| error.reason() == Reason::StoreUnavailable));
    assert_eq!(store.events(&EventQuery::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_connection_is_opened_and_none_of_its_statements_has_a_name() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let store = bench.open().await;
    for number in 1..4 {
        Run::new(number, &[event("a", 11)]).commit(&store).await;
        Run::new(number + 10, &[])
            .outcome(Outcome::Unchanged)
            .commit(&store)
            .await;
    }
    store.events(&EventQuery::default()).await.unwrap();
    store.recent_runs(None, 5).await.unwrap();
    let others = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(bench.texts(others).await, ["1"]);
    store.close().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(bench.texts(others).await, ["0"]);
    let Some(log) = server::server().and_then(server::Server::log) else {
        return;
    };
    assert!(
        log.contains("execute <unnamed>") && log.contains("INSERT INTO sms_runs"),
        "the log holds no statements"
    );
    let named: Vec<_> = log
        .lines()
        .filter(|line| line.contains("execute sqlx_s"))
        .collect();
    assert!(named.is_empty(), "{named:?}");
    assert!(!log.contains("pg_advisory_lock("), "a lock of the session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_expires_during_the_commit_is_taken_over_only_after_it() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let (slow, next) = (bench.open().await, bench.open().await);
    let run = Run::new(1, &[event("a", 11)]);
    let life = Duration::from_millis(300);
    let lease = slow
        .acquire_lease(&run.source, "sea_monster", "run-1", life, NO_WAIT)
        .await
        .unwrap();
    let mut blocker = PgConnection::connect(&bench.raw).await.unwrap();
    let blocker = blocker
        .begin_with("BEGIN; LOCK TABLE sms_events IN EXCLUSIVE MODE")
        .await
        .unwrap();
    let commit = tokio::spawn(async move { run.try_commit(&slow, &lease).await });
    let take_over = tokio::spawn(async move {
        tokio::time::sleep(2 * life).await;
        next.acquire_lease(
            &source("sea-monster"),
            "sea_monster",
            "run-2",
            TTL,
            Duration::from_secs(30),
        )
        .await
    });
    tokio::time::sleep(5 * life).await;
    assert!(!commit.is_finished() && !take_over.is_finished());
    blocker.rollback().await.unwrap();
    assert_eq!(commit.await.unwrap().unwrap().new, 1);
    assert_eq!(take_over.await.unwrap().unwrap().holder, "run-2");
}

#[tokio::test]
async fn the_events_can_be_read_with_sql_alone() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    Run::new(1, &[event("a", 11), event("b", 12)])
        .commit(&bench.open().await)
        .await;
    let sql = "SELECT title FROM events_v1 WHERE start > '2026-05-12 00:00 America/Los_Angeles' AND removed_at IS NULL";
    assert_eq!(bench.texts(sql).await, ["Show b"]);
}
