//! PostgreSQL that restarts, breaks off, is slow, read-only or gone while a run is under way.

use std::time::{Duration, Instant};

use sms_proof::{Group, record};

use crate::{
    bench::Bench,
    proxy::{Fault, Proxy},
    scene::{LIMIT, Scene, Trial, shown, told},
    server::{self, Server},
};

/// A database that is reached through a proxy.
async fn through_proxy(server: &Server) -> Option<(Scene, Proxy)> {
    let database = server.fresh_database().await;
    let address = database.tcp_url("127.0.0.1", server::PASSWORD)?;
    let port: u16 = address.rsplit(':').next()?.split('/').next()?.parse().ok()?;
    let proxy = Proxy::start(port).await;
    let address = address.replace(&format!(":{port}/"), &format!(":{}/", proxy.port));
    let mut bench = Bench::of(&format!("{address}?sslmode=disable"));
    // The test's own questions are answered whatever the database is set to.
    let own = "options[statement_timeout]=0&options[default_transaction_read_only]=off";
    bench.raw = format!("{}?{own}", database.url());
    Some((Scene::over(bench).await, proxy))
}

/// A run over a new page while `fault` is on.
async fn under(scene: &mut Scene, proxy: &Proxy, fault: Fault) -> Trial {
    scene.next_page();
    let before = scene.place.found().await;
    proxy.set(fault);
    let begun = Instant::now();
    let run = scene.place.run(&["--run-timeout", "60"]).await;
    let took = begun.elapsed();
    assert!(
        proxy.has_struck() || fault == Fault::Gone,
        "{fault:?} did not strike: {}",
        run.stderr
    );
    proxy.set(Fault::None);
    Trial {
        run,
        before,
        after: scene.place.found().await,
        took,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_around_the_commit_neither_loses_nor_doubles() {
    let Some(server) = server::server() else { return };
    let Some((mut scene, proxy)) = through_proxy(server).await else {
        return;
    };
    let cases = [
        (
            "PostgreSQL connection cut before COMMIT arrives",
            Fault::BeforeCommit,
            "Succeeded with exit 0",
        ),
        (
            "PostgreSQL connection cut before COMMIT is answered",
            Fault::AfterCommit,
            "Succeeded with exit 0",
        ),
        (
            "PostgreSQL connection cut at both COMMITs of a run",
            Fault::BeforeThenAfter,
            "StoreUnavailable with exit 1",
        ),
        (
            "PostgreSQL that answers each message 300 ms late",
            Fault::Late(Duration::from_millis(300)),
            "Succeeded with exit 0",
        ),
    ];
    for (attack, fault, wanted) in cases {
        let trial = under(&mut scene, &proxy, fault).await;
        if fault == Fault::BeforeThenAfter {
            // The run cannot know: what it said last is that the store is away, and the next run finds the rest.
            let is_known = told(&trial.run) == wanted;
            let doubled = trial.after.doubled() + trial.after.faults.len();
            let stored = trial.after.state.runs.len() - trial.before.state.runs.len();
            let figure = format!("{}, stored {stored} time, {doubled} doubled", told(&trial.run));
            let met = record(
                Group::CrashSafety,
                attack,
                figure.clone(),
                "exit 1, stored once, 0 doubled",
                is_known && stored == 1 && doubled == 0,
            );
            assert!(met, "{figure}\n{}", trial.run.stderr);
            if trial.after.is_leased {
                scene.place.expire_lease().await;
            }
            scene.place.succeed().await;
            scene.reference.succeed().await;
            scene.reference.succeed().await;
            continue;
        }
        let report = trial.run.report();
        assert_eq!(
            (report["new"].as_i64(), report["processed"].as_i64()),
            (Some(10), Some(200)),
            "{report}"
        );
        let wrong = scene.aftermath(&trial).await;
        shown(attack, &trial, wanted, LIMIT, wrong.as_ref());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_while_a_page_is_fetched_costs_nothing() {
    let Some(server) = server::own_server() else {
        return;
    };
    let Some((mut scene, _proxy)) = through_proxy(&server).await else {
        return;
    };
    for mode in ["fast", "immediate"] {
        let restart = || {
            server.stop(mode);
            server.start_again();
        };
        let mut trial = scene.while_fetching(restart).await;
        trial.after = scene.place.found().await;
        let wrong = scene.aftermath(&trial).await;
        let attack = format!("PostgreSQL restarted mid-run, {mode}");
        shown(&attack, &trial, "Succeeded with exit 0", LIMIT, wrong.as_ref());
    }
    // One that does not come back.
    let mut trial = scene.while_fetching(|| server.stop("fast")).await;
    server.start_again();
    trial.after = scene.place.found().await;
    let wrong = scene.aftermath(&trial).await;
    shown(
        "PostgreSQL stopped mid-run",
        &trial,
        "StoreUnavailable with exit 1",
        Duration::from_secs(90),
        wrong.as_ref(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes_is_told_and_nothing_is_lost() {
    let Some(server) = server::server() else { return };
    let Some((mut scene, proxy)) = through_proxy(server).await else {
        return;
    };
    let name = scene
        .place
        .bench
        .texts("SELECT current_database()::text")
        .await
        .remove(0);
    let cases = [
        (
            "PostgreSQL that is read-only",
            "default_transaction_read_only",
            "on",
        ),
        (
            "PostgreSQL with a statement timeout of 1 ms",
            "statement_timeout",
            "1",
        ),
    ];
    for (attack, setting, value) in cases {
        let admin = Bench::of(&scene.place.bench.raw.replace(&name, "postgres"));
        admin
            .execute(&format!("ALTER DATABASE {name} SET {setting} = {value}"))
            .await;
        let trial = under(&mut scene, &proxy, Fault::None).await;
        admin
            .execute(&format!("ALTER DATABASE {name} RESET {setting}"))
            .await;
        let wrong = scene.aftermath(&trial).await;
        // The store's own limits hold for its transactions, whatever the server's default is.
        let wanted = match setting {
            "statement_timeout" if trial.run.code == 0 => "Succeeded with exit 0",
            _ => "StoreUnavailable with exit 1",
        };
        shown(attack, &trial, wanted, LIMIT, wrong.as_ref());
    }
}
