//! The server as clients see it: answers, limits and the end. IO: loopback.

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{health::Stage, *};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Running {
    metrics: SocketAddr,
    health: SocketAddr,
    state: Arc<Health>,
    stop: CancellationToken,
    task: task::JoinHandle<()>,
}

async fn start() -> Running {
    let listeners = Listeners::bind(LOOPBACK, LOOPBACK).await.unwrap();
    let (metrics, health) = listeners.addresses().unwrap();
    let state = Arc::new(Health::new(|| true, Instant::now()));
    let views = Views {
        metrics: Arc::new(OperatorMetrics::new(&[]).unwrap()),
        exporter: Arc::new(Exporter::new("test")),
        sources: Arc::new(|_| {}),
        health: state.clone(),
    };
    let stop = CancellationToken::new();
    let task = tokio::spawn(listeners.serve(views, stop.clone()));
    Running {
        metrics,
        health,
        state,
        stop,
        task,
    }
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn each_port_answers_what_is_its_own() {
    let running = start().await;
    let answer = get(running.metrics, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("content-type: text/plain; version=0.0.4"),
        "{answer}"
    );
    assert!(answer.contains("\nsms_operator_leader 0"), "{answer}");
    assert!(get(running.metrics, "/").await.contains("href=\"/metrics\""));
    assert!(get(running.metrics, "/healthz").await.starts_with("HTTP/1.1 404"));
    assert!(get(running.health, "/metrics").await.starts_with("HTTP/1.1 404"));
    assert!(get(running.health, "/healthz").await.starts_with("HTTP/1.1 200"));
    let answer = get(running.health, "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.ends_with("starting\n"),
        "{answer}"
    );
    running.state.set_stage(Stage::Leading);
    assert!(get(running.health, "/readyz").await.starts_with("HTTP/1.1 200"));
    running.state.note_death("controller");
    let answer = get(running.health, "/healthz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("controller"),
        "{answer}"
    );
    running.stop.cancel();
    running.task.await.unwrap();
}

#[tokio::test]
async fn clients_that_never_finish_their_request_keep_nobody_waiting() {
    let running = start().await;
    let mut slow = Vec::new();
    for address in [running.metrics, running.health] {
        for _ in 0..200 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /met").await.unwrap();
            slow.push(stream);
        }
    }
    let patience = Duration::from_secs(5);
    let quick = async {
        assert!(get(running.metrics, "/metrics").await.starts_with("HTTP/1.1 200"));
        assert!(get(running.health, "/healthz").await.starts_with("HTTP/1.1 200"));
    };
    tokio::time::timeout(patience, quick).await.unwrap();

    // They do not keep the process from its end either.
    running.stop.cancel();
    tokio::time::timeout(patience, running.task)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(running.metrics).await.is_err());
}

#[tokio::test]
async fn a_client_that_sends_no_head_is_cut_off() {
    let running = start().await;
    let mut stream = TcpStream::connect(running.health).await.unwrap();
    stream.write_all(b"GET /hea").await.unwrap();
    let mut answer = Vec::new();
    let cut = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut answer)).await;
    cut.unwrap().unwrap();
    running.stop.cancel();
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_flag_and_variable() {
    let taken = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Listeners::bind(address, LOOPBACK).await.unwrap_err().to_string();
    for part in [
        &address.to_string(),
        "--metrics-port",
        "SMS_METRICS_PORT",
        "in use",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let error = Listeners::bind(LOOPBACK, address).await.unwrap_err().to_string();
    assert!(
        error.contains("--health-port") && error.contains("SMS_HEALTH_PORT"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn readiness_says_what_is_missing() {
    let synced = Arc::new(AtomicBool::new(false));
    let is_synced = synced.clone();
    let start = Instant::now();
    let health = Health::new(move || is_synced.load(Ordering::SeqCst), start);
    let after = |seconds| start + Duration::from_secs(seconds);
    let missing = |seconds| health.readiness(after(seconds)).unwrap_err();

    assert_eq!(missing(0), "starting");
    health.set_stage(Stage::Waiting("CRD missing".to_owned()));
    health.note_answer(after(1));
    assert_eq!(missing(1), "CRD missing");

    health.set_stage(Stage::Following);
    health.note_lease_read(after(2));
    assert_eq!(health.readiness(after(46)), Ok(()));
    assert_eq!(missing(47), "the API server has not answered for 46 s");
    health.note_answer(after(47));
    assert_eq!(missing(48), "the Lease could not be read for 46 s");
    health.note_lease_read(after(48));
    assert_eq!(health.readiness(after(48)), Ok(()));

    health.set_stage(Stage::Leading);
    assert_eq!(missing(64), "reads the sources, their CronJobs and Jobs");
    synced.store(true, Ordering::SeqCst);
    assert_eq!(health.readiness(after(64)), Ok(()));
    assert_eq!(missing(200), "the API server has not answered for 153 s");

    assert_eq!(health.liveness(), Ok(()));
    health.set_stage(Stage::Stopping);
    assert_eq!(missing(65), "stopping");
    health.note_death("controller");
    assert_eq!(health.liveness(), Err("the task controller has ended".to_owned()));
}
