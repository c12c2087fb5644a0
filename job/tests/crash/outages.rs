//! PostgreSQL that restarts, breaks off, is slow, read-only or gone while a run is under way.

use std::time::{Duration, Instant};

use sms_proof::{Group, record};
use tokio::time::sleep;

use crate::{
    bench::Bench,
    place::Place,
    proxy::{Fault, Proxy},
    scraper::{Ended, ended},
    server::{self, Server},
    state::Found,
    venue::Venue,
};

/// A place whose database is reached through a proxy, and one that nothing ever happens to.
struct Scene {
    venue: Venue,
    place: Place,
    reference: Place,
    proxy: Proxy,
    version: u32,
}

/// What a run under a fault came to.
struct Trial {
    run: Ended,
    before: Found,
    after: Found,
    took: Duration,
}

impl Scene {
    async fn new(server: &Server) -> Option<Self> {
        let venue = Venue::start().await;
        let database = server.fresh_database().await;
        let address = database.tcp_url("127.0.0.1", server::PASSWORD)?;
        let port: u16 = address.rsplit(':').next()?.split('/').next()?.parse().ok()?;
        let proxy = Proxy::start(port).await;
        let address = address.replace(&format!(":{port}/"), &format!(":{}/", proxy.port));
        let mut bench = Bench::of(&format!("{address}?sslmode=disable"));
        // The test's own questions are answered whatever the database is set to.
        let own = "options[statement_timeout]=0&options[default_transaction_read_only]=off";
        bench.raw = format!("{}?{own}", database.url());
        let place = Place::new("gateway", bench, &venue).await;
        let reference = Place::new("reference", Bench::sqlite(), &venue).await;
        place.succeed().await;
        reference.succeed().await;
        Some(Self {
            venue,
            place,
            reference,
            proxy,
            version: 0,
        })
    }

    fn next_page(&mut self) {
        self.version += 1;
        self.venue.show(self.version);
    }

    /// A run over a new page while `fault` is on.
    async fn under(&mut self, fault: Fault) -> Trial {
        self.next_page();
        let before = self.place.found().await;
        self.proxy.set(fault);
        let begun = Instant::now();
        let run = self.place.run(&["--run-timeout", "60"]).await;
        let took = begun.elapsed();
        assert!(
            self.proxy.has_struck() || fault == Fault::Gone,
            "{fault:?} did not strike: {}",
            run.stderr
        );
        self.proxy.set(Fault::None);
        Trial {
            run,
            before,
            after: self.place.found().await,
            took,
        }
    }

    /// A run that a server is restarted under, while the page is fetched.
    async fn over_restart(&mut self, server: &Server, mode: &str) -> Trial {
        self.next_page();
        let before = self.place.found().await;
        self.venue.delay(Duration::from_secs(2));
        let begun = Instant::now();
        let asked = self.venue.served();
        let run = self.place.spawn(&[]);
        while self.venue.served() == asked {
            sleep(Duration::from_millis(10)).await;
        }
        server.stop(mode);
        server.start_again();
        let run = ended(run.wait_with_output().await.unwrap());
        self.venue.delay(Duration::ZERO);
        Trial {
            run,
            before,
            after: self.place.found().await,
            took: begun.elapsed(),
        }
    }

    /// What is wrong once a run without a fault has followed, if anything.
    async fn aftermath(&mut self, trial: &Trial) -> Option<String> {
        let committed = trial.after.state.runs.len() == trial.before.state.runs.len() + 1;
        if !committed && trial.after.state != trial.before.state {
            return Some("half a run is stored".to_owned());
        }
        if (trial.run.code == 0) != committed {
            return Some(format!("exit {} and stored: {committed}", trial.run.code));
        }
        if trial.after.is_leased {
            self.place.expire_lease().await;
        }
        // As often as the reference: a page that is read twice is the proof that an event is gone.
        for _ in 0..if committed { 1 } else { 2 } {
            self.place.succeed().await;
        }
        self.reference.succeed().await;
        self.reference.succeed().await;
        let (found, wanted) = (self.place.found().await, self.reference.found().await);
        let faults = [trial.after.faults.clone(), found.faults.clone()].concat();
        if found.state.events != wanted.state.events || found.state.runs != wanted.state.runs {
            return Some("the end is not that of undisturbed runs".to_owned());
        }
        faults.into_iter().next()
    }
}

fn told(trial: &Trial) -> String {
    let report = trial.run.report();
    let word = report["reason"]
        .as_str()
        .or(report["outcome"].as_str())
        .unwrap_or_default();
    format!("{word} with exit {}", trial.run.code)
}

fn shown(attack: &str, trial: &Trial, wanted: &str, limit: Duration, wrong: Option<&String>) {
    let is_as_wanted = told(trial) == wanted && trial.took < limit;
    let figure = format!(
        "{} after {} s; {}",
        told(trial),
        trial.took.as_secs(),
        wrong.map_or("0 lost, 0 doubled", |wrong| wrong)
    );
    let goal = format!("{wanted} within {} s; 0 lost, 0 doubled", limit.as_secs());
    let met = record(
        Group::CrashSafety,
        attack,
        figure.clone(),
        &goal,
        is_as_wanted && wrong.is_none(),
    );
    assert!(met, "{attack}: {figure}; {goal}\n{}", trial.run.stderr);
}

const LIMIT: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_around_the_commit_neither_loses_nor_doubles() {
    let Some(server) = server::server() else { return };
    let Some(mut scene) = Scene::new(server).await else {
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
        let trial = scene.under(fault).await;
        if fault == Fault::BeforeThenAfter {
            // The run cannot know: what it said last is that the store is away, and the next run finds the rest.
            let is_known = told(&trial) == wanted;
            let doubled = trial.after.doubled() + trial.after.faults.len();
            let stored = trial.after.state.runs.len() - trial.before.state.runs.len();
            let figure = format!("{}, stored {stored} time, {doubled} doubled", told(&trial));
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
    let Some(mut scene) = Scene::new(&server).await else {
        return;
    };
    for mode in ["fast", "immediate"] {
        let trial = scene.over_restart(&server, mode).await;
        let wrong = scene.aftermath(&trial).await;
        let attack = format!("PostgreSQL restarted mid-run, {mode}");
        shown(&attack, &trial, "Succeeded with exit 0", LIMIT, wrong.as_ref());
    }
    // One that does not come back.
    scene.next_page();
    let before = scene.place.found().await;
    scene.venue.delay(Duration::from_secs(2));
    let asked = scene.venue.served();
    let begun = Instant::now();
    let run = scene.place.spawn(&[]);
    while scene.venue.served() == asked {
        sleep(Duration::from_millis(10)).await;
    }
    server.stop("fast");
    let run = ended(run.wait_with_output().await.unwrap());
    let took = begun.elapsed();
    scene.venue.delay(Duration::ZERO);
    server.start_again();
    let trial = Trial {
        run,
        before,
        after: scene.place.found().await,
        took,
    };
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
    let Some(mut scene) = Scene::new(server).await else {
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
        let trial = scene.under(Fault::None).await;
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
