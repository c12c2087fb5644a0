//! Replicas against an API server that holds one Lease, in memory and on tokio's paused clock.

use std::{
    convert::Infallible,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::{
    sync::broadcast,
    time::{Instant, sleep, timeout},
};

use super::*;

type Answer = UnsyncBoxBody<Bytes, Infallible>;

/// What an API server does for one Lease: optimistic concurrency and a watch.
struct Server {
    lease: Mutex<Option<Value>>,
    version: AtomicUsize,
    changes: broadcast::Sender<Value>,
    requests: AtomicUsize,
    allows_watch: AtomicBool,
}

impl Server {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lease: Mutex::default(),
            version: AtomicUsize::new(1),
            changes: broadcast::channel(1000).0,
            requests: AtomicUsize::default(),
            allows_watch: AtomicBool::new(true),
        })
    }

    /// A client of one replica, whose connection can be cut: its requests then hang.
    fn client(self: &Arc<Self>) -> (Client, Arc<AtomicBool>) {
        let server = self.clone();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = is_cut.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, cut) = (server.clone(), cut.clone());
            async move {
                if cut.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Infallible>(server.answer(request).await)
            }
        });
        (Client::new(service, "default"), is_cut)
    }

    fn write(&self, mut lease: Value) -> Value {
        let version = self.version.fetch_add(1, Ordering::SeqCst) + 1;
        lease["metadata"]["resourceVersion"] = version.to_string().into();
        *self.lease.lock().unwrap() = Some(lease.clone());
        let _ = self.changes.send(json!({"type": "MODIFIED", "object": lease}));
        lease
    }

    async fn answer(&self, request: Request<Body>) -> Response<Answer> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let now = self.lease.lock().unwrap().clone();
        let query = head.uri.query().unwrap_or_default();
        if head.method == Method::GET && query.contains("watch=true") {
            assert!(
                query.contains("fieldSelector=metadata.name%3Dsms-operator"),
                "{query}"
            );
            return match self.allows_watch.load(Ordering::SeqCst) {
                true => self.watch(),
                false => failure(StatusCode::FORBIDDEN, "Forbidden"),
            };
        }
        let sent = || serde_json::from_slice::<Value>(&body).unwrap();
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
        match (head.method, now) {
            (Method::GET, Some(lease)) => success(&lease),
            (Method::GET | Method::PUT, None) => failure(StatusCode::NOT_FOUND, "NotFound"),
            (Method::POST, None) => success(&self.write(sent())),
            (Method::POST, Some(_)) => failure(StatusCode::CONFLICT, "AlreadyExists"),
            (Method::PUT, Some(lease)) if version(&lease) == version(&sent()) => success(&self.write(sent())),
            (Method::PUT, Some(_)) => failure(StatusCode::CONFLICT, "Conflict"),
            (method, _) => panic!("{method}"),
        }
    }

    fn watch(&self) -> Response<Answer> {
        let changes = self.changes.subscribe();
        let lines = futures_util::stream::unfold(changes, |mut changes| async move {
            let change = changes.recv().await.ok()?;
            let line = Bytes::from(format!("{change}\n"));
            Some((Ok::<_, Infallible>(Frame::data(line)), changes))
        });
        Response::new(StreamBody::new(lines).boxed_unsync())
    }

    fn spec(&self) -> Value {
        self.lease.lock().unwrap().as_ref().unwrap()["spec"].clone()
    }
}

fn success(object: &Value) -> Response<Answer> {
    Response::new(Full::from(object.to_string()).boxed_unsync())
}

fn failure(code: StatusCode, reason: &str) -> Response<Answer> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code.as_u16(),
    });
    let mut response = success(&status);
    *response.status_mut() = code;
    response
}

/// One replica, with its connection.
struct Replica {
    leadership: Leadership,
    leads: watch::Receiver<bool>,
    permit: Permit,
    is_cut: Arc<AtomicBool>,
}

fn replica(server: &Arc<Server>, identity: &str) -> Replica {
    let (client, is_cut) = server.client();
    let settings = LeaseSettings {
        namespace: "default".to_owned(),
        name: "sms-operator".to_owned(),
        identity: identity.to_owned(),
        duration: Duration::from_secs(15),
    };
    let permit = Permit::withheld();
    let leadership = Leadership::start(client, settings, permit.clone(), || {});
    Replica {
        leads: leadership.watch(),
        permit,
        leadership,
        is_cut,
    }
}

impl Replica {
    /// Waits until this replica leads, or does not; how long that took.
    async fn until(&mut self, leads: bool) -> Duration {
        let started = Instant::now();
        let changed = timeout(Duration::from_mins(5), self.leads.wait_for(|now| *now == leads)).await;
        changed.unwrap().unwrap();
        started.elapsed()
    }

    fn leads(&self) -> bool {
        *self.leads.borrow()
    }
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

#[tokio::test(start_paused = true)]
async fn the_first_replica_leads_at_once_and_alone() {
    let server = Server::new();
    let mut first = replica(&server, "first");
    assert!(first.until(true).await < seconds(1));
    let second = replica(&server, "second");
    for _ in 0..300 {
        sleep(seconds(1)).await;
        assert!(first.leads() && !second.leads());
        assert!(first.permit.holds() && !second.permit.holds());
    }
    let spec = server.spec();
    assert_eq!(spec["holderIdentity"], "first");
    assert_eq!(spec["leaseDurationSeconds"], 15);
    assert_eq!(spec["leaseTransitions"], 0);
    // A renewal every two seconds; the second looks once and then watches.
    let requests = server.requests.load(Ordering::SeqCst);
    assert!((140..=170).contains(&requests), "{requests} requests in 300 s");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_given_back_is_taken_within_two_seconds() {
    for allows_watch in [true, false] {
        let server = Server::new();
        server.allows_watch.store(allows_watch, Ordering::SeqCst);
        let mut first = replica(&server, "first");
        first.until(true).await;
        let mut second = replica(&server, "second");
        sleep(seconds(30)).await;
        first.leadership.release().await;
        assert!(!*first.leads.borrow() && !first.permit.holds());
        let took = second.until(true).await;
        // Without a watch it looks every two to three seconds.
        assert!(
            took < if allows_watch { seconds(1) } else { seconds(4) },
            "{took:?}"
        );
        assert_eq!(server.spec()["holderIdentity"], "second");
        assert_eq!(server.spec()["leaseTransitions"], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_ends_before_another_begins() {
    let server = Server::new();
    let mut first = replica(&server, "first");
    first.until(true).await;
    let mut second = replica(&server, "second");
    sleep(seconds(31)).await;
    let cut = Instant::now();
    first.is_cut.store(true, Ordering::SeqCst);
    first.until(false).await;
    assert!(!first.permit.holds() && !second.permit.holds());
    assert!(!second.leads());
    assert!(
        (seconds(7)..=seconds(10)).contains(&cut.elapsed()),
        "{:?}",
        cut.elapsed()
    );
    let ended = Instant::now();
    second.until(true).await;
    // The work of the first has this long to end.
    assert!(ended.elapsed() >= seconds(5), "{:?}", ended.elapsed());
    assert!(cut.elapsed() <= seconds(20), "{:?}", cut.elapsed());

    // Back again, the first follows.
    first.is_cut.store(false, Ordering::SeqCst);
    sleep(seconds(60)).await;
    assert!(second.leads() && !first.leads());
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_killed_is_followed_within_the_duration_and_five_seconds() {
    let server = Server::new();
    let mut first = replica(&server, "first");
    first.until(true).await;
    let mut second = replica(&server, "second");
    sleep(seconds(30)).await;
    first.is_cut.store(true, Ordering::SeqCst);
    let took = second.until(true).await;
    assert!(took <= seconds(20), "{took:?}");
    // As if nothing had happened to the first but a long sleep.
    assert!(!first.leads());
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_of_the_api_server_costs_no_leadership() {
    let server = Server::new();
    let mut first = replica(&server, "first");
    first.until(true).await;
    for _ in 0..5 {
        first.is_cut.store(true, Ordering::SeqCst);
        sleep(seconds(5)).await;
        first.is_cut.store(false, Ordering::SeqCst);
        sleep(seconds(10)).await;
        assert!(first.leads());
    }
    assert!(!first.leads.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn somebody_who_edits_the_lease_costs_no_leadership_and_somebody_who_takes_it_does() {
    let server = Server::new();
    let mut first = replica(&server, "first");
    first.until(true).await;
    let mut lease = server.lease.lock().unwrap().clone().unwrap();
    lease["metadata"]["labels"] = json!({"team": "events"});
    server.write(lease.clone());
    sleep(seconds(30)).await;
    assert!(first.leads());
    assert_eq!(
        server.lease.lock().unwrap().as_ref().unwrap()["metadata"]["labels"]["team"],
        "events"
    );

    lease["spec"]["holderIdentity"] = "thief".into();
    server.write(lease.clone());
    assert!(first.until(false).await <= seconds(3));
    // The thief never renews.
    let took = first.until(true).await;
    assert!((seconds(14)..=seconds(20)).contains(&took), "{took:?}");

    *server.lease.lock().unwrap() = None;
    assert!(first.until(false).await <= seconds(3));
    // What it did before has this long to end.
    let took = first.until(true).await;
    assert!((seconds(5)..=seconds(8)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_refuses_everything_is_not_hammered() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let service = tower::service_fn(move |_: Request<Body>| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, Infallible>(failure(StatusCode::FORBIDDEN, "Forbidden")) }
    });
    let settings = LeaseSettings {
        namespace: "default".to_owned(),
        name: "sms-operator".to_owned(),
        identity: "first".to_owned(),
        duration: seconds(5),
    };
    let leadership = Leadership::start(
        Client::new(service, "default"),
        settings,
        Permit::withheld(),
        || {},
    );
    sleep(seconds(60)).await;
    let requests = requests.load(Ordering::SeqCst);
    assert!((20..=120).contains(&requests), "{requests} requests in a minute");
    assert!(!*leadership.watch().borrow());
}

#[tokio::test]
async fn without_an_election_a_process_leads() {
    let permit = Permit::withheld();
    let leadership = Leadership::always(&permit);
    assert!(permit.holds());
    let mut leads = leadership.watch();
    assert!(*leads.borrow());
    assert!(timeout(Duration::from_millis(50), leads.changed()).await.is_err());
    leadership.release().await;
}
