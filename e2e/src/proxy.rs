//! An HTTP server between an operator and what it calls, which fails as it is told. IO.
//!
//! ```text
//! operator ──▶ Call ──▶ rule ──▶ Act::Forward ────────────────────▶ server ──▶ answer
//!                          ├───▶ Act::Instead(answer): not done, and the answer says so, lies, or never comes
//!                          ├───▶ Act::After(answer):   done, and the answer says something else, or never comes
//!                          └───▶ Act::Late:            done when nobody expects it any more
//! ```
//!
//! It takes plain HTTP and calls the server with the client that it is given, so that the server sees the operator's own
//! account. Watches that it forwarded can be held and cut. Every call is counted.

mod act;
mod answer;
mod call;
mod record;
mod watches;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http_body_util::combinators::UnsyncBoxBody;
use hyper::{body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

pub use act::{Act, Answer};
pub use call::{Call, Verb};
use record::Recorded;
use watches::Watches;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Sent = UnsyncBoxBody<Bytes, Error>;
type Rule = Box<dyn FnMut(&Call) -> Act + Send>;

/// Time for a fault that a test waits for.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server in front of another one. It ends with this value.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    client: Client,
    rule: Mutex<Rule>,
    calls: Mutex<Vec<Call>>,
    recorded: Mutex<Recorded>,
    watches: Watches,
    /// Whether late calls go now.
    late: watch::Sender<bool>,
    /// Objects in one answer to a list, whatever is asked for.
    page: Mutex<Option<usize>>,
    /// How many faults have happened; for [`Act::After`], once the server has done what was asked.
    faults: watch::Sender<usize>,
}

/// A panic in a rule fails its test already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Proxy {
    /// One in front of the API server, for whoever `kubeconfig` names.
    ///
    /// # Panics
    /// If `kubeconfig` cannot be used.
    pub async fn of_the_api_server(kubeconfig: Kubeconfig) -> Self {
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        Self::before(config.unwrap_or_else(|error| panic!("no way to the API server: {error}"))).await
    }

    /// One in front of any HTTP server.
    ///
    /// # Panics
    /// If `url` is none.
    pub async fn of(url: &str) -> Self {
        let url = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        Self::before(Config::new(url)).await
    }

    async fn before(mut config: Config) -> Self {
        // What fails has to fail for whoever asked.
        config.default_retry = false;
        config.read_timeout = None;
        let client = Client::try_from(config).unwrap_or_else(|error| panic!("no client: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.unwrap_or_else(|error| panic!("cannot listen: {error}"));
        let address = listener.local_addr();
        let shared = Arc::new(Shared {
            client,
            rule: Mutex::new(Box::new(|_| Act::Forward)),
            calls: Mutex::default(),
            recorded: Mutex::default(),
            watches: Watches::default(),
            late: watch::Sender::new(false),
            page: Mutex::default(),
            faults: watch::Sender::new(0),
        });
        Self {
            address: address.unwrap_or_else(|error| panic!("no address: {error}")),
            server: tokio::spawn(serve(listener, Arc::clone(&shared))),
            shared,
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on `rule` decides what becomes of each call.
    pub fn set(&self, rule: impl FnMut(&Call) -> Act + Send + 'static) {
        *lock(&self.shared.rule) = Box::new(rule);
    }

    /// From now on every call is forwarded.
    pub fn behave(&self) {
        self.set(|_| Act::Forward);
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.shared.calls).clone()
    }

    /// How many calls there were so far of which `is_meant`.
    pub fn count(&self, is_meant: impl Fn(&Call) -> bool) -> usize {
        lock(&self.shared.calls)
            .iter()
            .filter(|call| is_meant(call))
            .count()
    }

    /// How many faults have happened so far.
    pub fn faults(&self) -> usize {
        *self.shared.faults.borrow()
    }

    /// Waits until more than `before` faults have happened.
    ///
    /// # Panics
    /// If that takes longer than two minutes.
    pub async fn until_faults(&self, before: usize) {
        let mut faults = self.shared.faults.subscribe();
        let more = tokio::time::timeout(PATIENCE, faults.wait_for(|faults| *faults > before)).await;
        assert!(
            more.is_ok(),
            "no fault within {PATIENCE:?}; calls: {:#?}",
            self.calls()
        );
    }

    /// Lets the server hear of late calls.
    pub fn let_late_calls_go(&self) {
        self.shared.late.send_replace(true);
    }

    /// From now on lists come in pages of this size.
    pub fn shorten_pages(&self, size: usize) {
        *lock(&self.shared.page) = Some(size);
    }

    /// From now on what watches show is kept back.
    pub fn hold_watches(&self) {
        self.shared.watches.hold(true);
    }

    /// Shows what was kept back.
    pub fn release_watches(&self) {
        self.shared.watches.hold(false);
    }

    /// Ends every watch, with what was kept back.
    pub fn cut_watches(&self) {
        self.shared.watches.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The connections end with the task that serves them.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer::answer(request, Arc::clone(&shared)));
    // An answer that fails ends its connection, which is what is asked for.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

#[cfg(test)]
mod tests;
