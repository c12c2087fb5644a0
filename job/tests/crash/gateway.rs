//! A Pushgateway that fails once a run is stored: the run and its exit code stand, and the next run pushes again.

use std::time::{Duration, Instant};

use sms_proof::{Group, record};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{bench::Bench, place::Place, scraper::ended, server, venue::Venue};

/// What the gateway does with a connection.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Nobody listens.
    Down,
    /// It is accepted and never answered.
    Silent,
    /// It is reset when the request has come.
    Resets,
    /// It is answered with 500.
    Answers500,
    /// The answer comes a byte at a time and has no end.
    Drips,
}

const FAULTS: [Fault; 5] = [
    Fault::Down,
    Fault::Silent,
    Fault::Resets,
    Fault::Answers500,
    Fault::Drips,
];

/// What all tries of a push may take together, as the reference says.
const PUSH: Duration = Duration::from_secs(15);

impl Fault {
    /// The address of a gateway with this fault.
    async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        match self {
            Self::Down => drop(listener),
            _ => drop(tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(self.strike(stream));
                }
            })),
        }
        address
    }

    async fn strike(self, mut stream: TcpStream) {
        // The gateway is gone or hangs; what becomes of the connection is its client's business.
        let _ = stream.read(&mut [0; 8192]).await;
        match self {
            Self::Down => {}
            Self::Silent => sleep(Duration::from_mins(10)).await,
            Self::Resets => stream.set_zero_linger().unwrap(),
            Self::Answers500 => {
                let answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nfull";
                let _ = stream.write_all(answer).await;
            }
            Self::Drips => {
                let _ = stream
                    .write_all(b"HTTP/1.1 500 X\r\nContent-Length: 9999\r\n\r\n")
                    .await;
                while stream.write_all(b".").await.is_ok() {
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn attack(bench: Bench, database: &str) {
    let venue = Venue::start().await;
    let place = Place::new("gateway", bench, &venue).await;
    let usual = place.succeed().await;
    let mut wrong = Vec::new();
    let mut longest = Duration::ZERO;
    for (version, fault) in (1..).zip(FAULTS) {
        venue.show(version);
        let (before, pushes) = (place.found().await, place.gateway.pushes());
        let mut command = place.command(&[]);
        command.env("SMS_PUSHGATEWAY_URL", fault.start().await);
        let begun = Instant::now();
        let run = ended(command.spawn().unwrap().wait_with_output().await.unwrap());
        let took = begun.elapsed();
        longest = longest.max(took);
        let (report, after) = (run.report(), place.found().await);
        let told = (
            run.code,
            report["outcome"].as_str(),
            report["metricsPushed"].as_bool(),
            report["warnings"].as_array().map(Vec::len),
        );
        if told != (0, Some("Succeeded"), Some(false), Some(1)) || !run.stderr.contains("PushFailed") {
            wrong.push(format!("{fault:?}: {told:?}"));
        }
        if (report["new"].as_i64(), report["processed"].as_i64()) != (Some(10), Some(200)) {
            wrong.push(format!("{fault:?}: {report}"));
        }
        if after.state.runs.len() != before.state.runs.len() + 1 || after.is_leased {
            wrong.push(format!("{fault:?}: not stored, or its lease not given back"));
        }
        // Nothing is left to do for the next run but to push.
        let next = place.run(&[]).await;
        let report = next.report();
        if (report["metricsPushed"].as_bool(), report["new"].as_i64()) != (Some(true), Some(0))
            || place.gateway.pushes() != pushes + 1
        {
            wrong.push(format!("{fault:?}: the next run: {report}"));
        }
        let found = place.found().await;
        wrong.extend(found.faults.iter().map(|found| format!("{fault:?}: {found}")));
        if found.doubled() > 0 {
            wrong.push(format!("{fault:?}: {} doubled", found.doubled()));
        }
    }
    // A busy machine has its time: several times what a run takes beside its push.
    let limit = PUSH + 4 * usual + Duration::from_secs(10);
    let met = record(
        Group::CrashSafety,
        &format!(
            "Pushgateway down, silent, resetting, dripping or answering 500 after the commit, {database}"
        ),
        format!(
            "{} faults, {} s at most, {} faults of the run",
            FAULTS.len(),
            longest.as_secs(),
            wrong.len()
        ),
        "exit 0, stored once, a warning with PushFailed; 15 s of pushing at most; the next run pushes",
        wrong.is_empty() && longest < limit,
    );
    assert!(met, "{longest:?} {wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_fails_after_the_commit_costs_a_push_and_nothing_else() {
    attack(Bench::sqlite(), "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_fails_after_the_commit_leaves_postgres_as_it_is() {
    let Some(server) = server::server() else { return };
    let database = server.fresh_database().await.url();
    attack(Bench::of(&database), "PostgreSQL").await;
}
