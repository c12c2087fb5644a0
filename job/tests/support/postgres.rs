//! A real PostgreSQL server for tests, and PgBouncer in front of it. IO.
//!
//! `SMS_TEST_POSTGRES_URL` names a server whose user may create databases. Without it a private server is started from
//! the newest installation below `/usr/lib/postgresql`. Both programs end with the test process, however it ends: a
//! shell waits for its standard input to close, then stops them by process id and deletes the folder.
#![allow(dead_code, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "postgres/bouncer.rs"]
mod bouncer;
#[path = "postgres/cluster.rs"]
mod cluster;
#[path = "postgres/process.rs"]
mod process;

use std::{
    env, fs,
    path::PathBuf,
    process::Child,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, Executor, postgres::PgConnectOptions};

pub use bouncer::Bouncer;
use cluster::{binaries, start};
use process::{START_LIMIT, guarded, run};

/// Password of user `sms` over TCP.
pub const PASSWORD: &str = "geheim";

/// A server.
pub struct Server {
    /// Address without a database; of a private server its socket, where no password is asked.
    base: PgConnectOptions,
    private: Option<Private>,
    bouncer: OnceLock<Option<Bouncer>>,
}

struct Private {
    folder: PathBuf,
    port: u16,
    has_tls: bool,
    programs: Programs,
    /// Of the server as it runs now, and of those that were stopped.
    guards: Mutex<Vec<Child>>,
}

/// How to start and stop a server.
struct Programs {
    start: Vec<String>,
    stop: Vec<String>,
}

/// The server of this test process, or `None` where no PostgreSQL is installed. With `CI=true` that is a failure.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match env::var("SMS_TEST_POSTGRES_URL") {
        Ok(url) => {
            let base = url
                .parse()
                .expect("SMS_TEST_POSTGRES_URL is no PostgreSQL address");
            Some(Server {
                base,
                private: None,
                bouncer: OnceLock::new(),
            })
        }
        Err(_) => binaries().map(|binaries| start(&binaries)),
    });
    if server.is_none() {
        let what = "PostgreSQL is not installed and SMS_TEST_POSTGRES_URL is not set";
        assert!(env::var("CI").as_deref() != Ok("true"), "{what}");
        eprintln!("skipped: {what}");
    }
    server.as_ref()
}

/// A server that its test may stop; `None` where none is installed.
pub fn own_server() -> Option<Server> {
    let own = binaries().map(|binaries| start(&binaries));
    if own.is_none() {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "PostgreSQL is not installed"
        );
        eprintln!("skipped: PostgreSQL is not installed");
    }
    own
}

impl Server {
    /// Stops a server that was started here: `fast` ends its sessions, `immediate` is as good as a crash.
    pub fn stop(&self, mode: &str) {
        let private = self.private.as_ref().expect("a server that was started here");
        let mut stop = private.programs.stop.clone();
        stop.extend(["-m".to_owned(), mode.to_owned()]);
        assert!(run(&stop), "the server did not stop");
    }

    /// Starts it again.
    pub fn start_again(&self) {
        const READY: &str = "ready to accept connections";
        let private = self.private.as_ref().expect("a server that was started here");
        let starts = || self.log().unwrap_or_default().matches(READY).count();
        let before = starts();
        let guard = guarded(&private.folder, &private.programs.start, private.port, READY);
        private.guards.lock().expect("guards").push(guard);
        let begun = Instant::now();
        while starts() == before {
            assert!(begun.elapsed() < START_LIMIT, "the server did not start again");
            sleep(Duration::from_millis(20));
        }
    }

    /// A new empty database of this server, for one test.
    pub async fn fresh_database(&self) -> Database<'_> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sms_test_{}_{number}", std::process::id());
        let mut admin = self
            .base
            .clone()
            .database("postgres")
            .connect()
            .await
            .expect("connect to the test server");
        admin
            .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .expect("create a database");
        admin.close().await.expect("close");
        Database { server: self, name }
    }

    /// What the server logged so far; `None` of a server that was not started here. Holds every statement.
    pub fn log(&self) -> Option<String> {
        let private = self.private.as_ref()?;
        Some(fs::read_to_string(private.folder.join("log")).expect("read the server's log"))
    }

    /// The certificate authority of the server's certificate for `localhost`.
    pub fn certificate_authority(&self) -> Option<PathBuf> {
        let private = self.private.as_ref().filter(|private| private.has_tls)?;
        Some(private.folder.join("ca.crt"))
    }

    /// The PgBouncer in front of a server that was started here; `None` where PgBouncer is not installed.
    pub fn bouncer(&self) -> Option<&Bouncer> {
        let private = self.private.as_ref()?;
        let bouncer = self.bouncer.get_or_init(|| Bouncer::start(private));
        bouncer.as_ref()
    }
}

/// A database.
pub struct Database<'a> {
    server: &'a Server,
    /// Its name.
    pub name: String,
}

impl Database<'_> {
    /// Its address, straight to the server.
    pub fn url(&self) -> String {
        match &self.server.private {
            Some(private) => {
                let socket = private.folder.to_string_lossy().replace('/', "%2F");
                format!("postgres://sms@{socket}:{}/{}", private.port, self.name)
            }
            None => self
                .server
                .base
                .clone()
                .database(&self.name)
                .to_url_lossy()
                .to_string(),
        }
    }

    /// Its address over TCP for a login; `None` of a server that was not started here.
    pub fn tcp_url(&self, host: &str, password: &str) -> Option<String> {
        let port = self.server.private.as_ref()?.port;
        Some(format!("postgres://sms:{password}@{host}:{port}/{}", self.name))
    }

    /// Its address through a PgBouncer in transaction mode that gives every transaction the next server connection;
    /// `None` where PgBouncer is not installed.
    pub fn bouncer_url(&self) -> Option<String> {
        let bouncer = self.server.bouncer()?;
        Some(format!("postgres://sms@127.0.0.1:{}/{}", bouncer.port, self.name))
    }
}
