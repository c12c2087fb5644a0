//! A real PostgreSQL server for tests, and PgBouncer in front of it. IO.
//!
//! `SMS_TEST_POSTGRES_URL` names a server whose user may create databases. Without it a private server is started from
//! the newest installation below `/usr/lib/postgresql`. Both programs end with the test process, however it ends: a
//! shell waits for its standard input to close, then stops them by process id and deletes the folder.
#![allow(dead_code, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, Executor, postgres::PgConnectOptions};

/// Password of user `sms` over TCP.
pub const PASSWORD: &str = "geheim";

const START_LIMIT: Duration = Duration::from_mins(1);

/// Runs a program until standard input closes. Arguments: folder, then the command line.
const UNTIL_INPUT_CLOSES: &str = r#"
folder=$1; shift
"$@" >> "$folder/log" 2>&1 &
program=$!
echo started
read -r line
kill -INT "$program" 2>/dev/null
wait "$program"
rm -rf "$folder"
"#;

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

struct Bouncer {
    port: u16,
    _guard: Child,
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

    fn bouncer(&self) -> Option<&Bouncer> {
        let private = self.private.as_ref()?;
        let bouncer = self.bouncer.get_or_init(|| start_bouncer(private));
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

fn binaries() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    let newest = installed
        .filter(|path| path.join("bin/postgres").is_file())
        .max_by_key(|path| version(path))?;
    Some(newest.join("bin"))
}

/// Neither PostgreSQL nor PgBouncer runs as root: the words that start them as somebody else, and who that is.
fn unprivileged() -> Option<(Vec<String>, String)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id")
            .args(arguments)
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8(output.stdout)
            .ok()
            .map(|text| text.trim().to_owned())
    };
    if id(&["-u"])? != "0" {
        return None;
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(|user| id(&["-u", user]).is_some())?;
    let (uid, gid) = (id(&["-u", user])?, id(&["-g", user])?);
    let words = [
        "setpriv",
        &format!("--reuid={uid}"),
        &format!("--regid={gid}"),
        "--clear-groups",
        "--",
    ];
    Some((words.map(str::to_owned).to_vec(), format!("{uid}:{gid}")))
}

fn run(words: &[String]) -> bool {
    let output = Command::new(&words[0])
        .args(&words[1..])
        .output()
        .unwrap_or_else(|error| panic!("{words:?}: {error}"));
    if !output.status.success() {
        eprintln!("{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

fn words(line: &str, parts: &[&str]) -> Vec<String> {
    let mut parts = parts.iter();
    line.split_whitespace()
        .map(|word| {
            if word == "{}" {
                (*parts.next().unwrap()).to_owned()
            } else {
                word.to_owned()
            }
        })
        .collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .expect("bind")
        .local_addr()
        .expect("address")
        .port()
}

fn folder() -> PathBuf {
    // Short, since a socket's path has at most 107 bytes; deleted by the shell that guards the server.
    tempfile::Builder::new()
        .prefix("sms-pg-")
        .tempdir_in("/tmp")
        .expect("make a folder")
        .keep()
}

/// Starts a program and waits until it is ready: it listens, and its log holds `ready`.
fn guarded(folder: &Path, command: &[String], port: u16, ready: &str) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", UNTIL_INPUT_CLOSES, "sh"])
        .arg(folder)
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start a shell");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("output"))
        .read_line(&mut line)
        .expect("read from the shell");
    let begun = Instant::now();
    loop {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        if log.contains(ready) && TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        assert!(begun.elapsed() < START_LIMIT, "{command:?} did not start: {log}");
        sleep(Duration::from_millis(20));
    }
    child
}

fn start(binaries: &Path) -> Server {
    let folder = folder();
    let port = free_port();
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    fs::write(folder.join("password"), PASSWORD).expect("write the password");
    let has_tls = make_certificates(&folder);
    let user = unprivileged();
    let mut prefix = Vec::new();
    if let Some((words, owner)) = user {
        assert!(
            run(&["chown".to_owned(), "-R".to_owned(), owner, path("")]),
            "chown failed"
        );
        prefix = words;
    }
    let mut initdb = prefix.clone();
    initdb.push(binaries.join("initdb").to_string_lossy().into_owned());
    let options =
        "-D {} -U sms --pwfile {} --auth-local=trust --auth-host=scram-sha-256 --no-sync -E UTF8 --locale=C";
    initdb.extend(words(options, &[&path("data"), &path("password")]));
    assert!(run(&initdb), "initdb failed");
    let mut stop = prefix.clone();
    stop.push(binaries.join("pg_ctl").to_string_lossy().into_owned());
    stop.extend(words("stop -w -D {}", &[&path("data")]));
    let mut postgres = prefix;
    postgres.push(binaries.join("postgres").to_string_lossy().into_owned());
    postgres.extend(words(
        "-D {} -k {} -p {} -h 127.0.0.1 -c fsync=off -c log_statement=all -c max_connections=200",
        &[&path("data"), &path(""), &port.to_string()],
    ));
    if has_tls {
        let files = [
            format!("ssl_cert_file={}", path("tls.crt")),
            format!("ssl_key_file={}", path("tls.key")),
        ];
        postgres.extend(words("-c ssl=on -c {} -c {}", &[&files[0], &files[1]]));
    }
    let guard = guarded(&folder, &postgres, port, "ready to accept connections");
    let base = PgConnectOptions::new_without_pgpass()
        .socket(&folder)
        .port(port)
        .username("sms");
    Server {
        base,
        private: Some(Private {
            folder,
            port,
            has_tls,
            programs: Programs {
                start: postgres,
                stop,
            },
            guards: Mutex::new(vec![guard]),
        }),
        bouncer: OnceLock::new(),
    }
}

/// A certificate authority and a certificate for `localhost`, where `openssl` is installed.
fn make_certificates(folder: &Path) -> bool {
    if Command::new("openssl").arg("version").output().is_err() {
        return false;
    }
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let authority =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test-authority -keyout {} -out {}";
    let server = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -CA {} -CAkey {} \
                  -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout {} -out {}";
    let files = [path("ca.crt"), path("ca.key"), path("tls.key"), path("tls.crt")];
    run(&words(authority, &[&path("ca.key"), &path("ca.crt")]))
        && run(&words(server, &[&files[0], &files[1], &files[2], &files[3]]))
        && run(&words("chmod 600 {}", &[&path("tls.key")]))
}

fn start_bouncer(private: &Private) -> Option<Bouncer> {
    let places = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    let places = places.into_iter().chain([PathBuf::from("/usr/sbin")]);
    let program = places
        .map(|place| place.join("pgbouncer"))
        .find(|program| program.is_file());
    if program.is_none() {
        eprintln!("skipped: PgBouncer is not installed");
    }
    let program = program?;
    let folder = folder();
    let port = free_port();
    let settings = format!(
        "[databases]\n* = host={} port={} user=sms\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\nmin_pool_size = 2\n\
         max_client_conn = 500\nmax_db_connections = 4\nserver_round_robin = 1\n",
        private.folder.display(),
        private.port
    );
    let file = folder.join("pgbouncer.ini");
    fs::write(&file, settings).expect("write the settings");
    let mut command = Vec::new();
    if let Some((words, owner)) = unprivileged() {
        assert!(run(&[
            "chown".to_owned(),
            "-R".to_owned(),
            owner,
            folder.to_string_lossy().into_owned()
        ]));
        command = words;
    }
    command.extend([
        program.to_string_lossy().into_owned(),
        file.to_string_lossy().into_owned(),
    ]);
    Some(Bouncer {
        port,
        _guard: guarded(&folder, &command, port, "process up"),
    })
}
