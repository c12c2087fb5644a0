//! A role of the database that may read and nothing else, with the statements of the page about subscribing.

use sqlx::{Connection, Executor, postgres::PgConnection};

use crate::{
    bench::{Bench, Run, event},
    client::View,
    server,
};

/// The block of SQL on the page that makes the role.
fn grants() -> String {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/how-to/subscribe-to-events.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, tail) = page.split_once("```sql\n").unwrap();
    tail.split_once("```").unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_of_the_page_reads_everything_and_writes_nothing() {
    let Some(server) = server::server() else { return };
    let database = server.fresh_database().await;
    let bench = Bench::of(&database.url());
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    // Roles are the server's, and tests run side by side.
    let role = format!("view_{}", database.name);
    let sql = grants().replace("sms_view", &role);
    let Some(url) = database.tcp_url("127.0.0.1", "change-me-too") else {
        return;
    };
    let url = url.replace("postgres://sms:", &format!("postgres://{role}:"));

    // Before the grants: a login that may read nothing.
    let (login, rest) = sql.split_once(';').unwrap();
    bench.execute(login).await;
    let view = View::start(&url, &[]).await;
    let denied = view.get("/v1/events").await;
    assert_eq!(denied.status, 503);
    assert!(
        denied.body.contains("privileges") && !denied.body.contains(&role),
        "{}",
        denied.body
    );
    assert_eq!(view.ready().await.status, 503);
    assert!(view.logged().contains("permission denied") && !view.logged().contains("change-me-too"));

    bench.execute(rest).await;
    for path in [
        "/",
        "/v1/events",
        "/v1/events?q=show&status=scheduled&removed=true",
        "/v1/events/a",
        "/v1/sources",
        "/events.ics",
        "/sources/sea_monster/events.ics",
    ] {
        let answer = view.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}\n{}", answer.body, view.logged());
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(view.ready().await.body, "ok\n");

    let mut connection = PgConnection::connect(&url).await.unwrap();
    for statement in [
        "DELETE FROM sms_events",
        "INSERT INTO sms_migrations (version, name) VALUES (9, 'x')",
        "SELECT report FROM sms_runs",
        "SELECT lease_holder, etag FROM sms_sources",
    ] {
        let refused = connection.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{statement}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_transaction_is_read_only_even_for_an_owner() {
    let Some(server) = server::server() else { return };
    let database = server.fresh_database().await;
    let bench = Bench::of(&database.url());
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    let view = View::of(&bench).await;
    let Some(before) = server.log() else { return };
    view.json("/v1/events").await;
    let log = server.log().unwrap();
    let own = &log[before.len()..];
    assert!(
        own.contains("BEGIN READ ONLY") && own.contains("statement_timeout = '5s'"),
        "{own}"
    );
}
