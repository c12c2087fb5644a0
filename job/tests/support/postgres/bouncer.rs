//! PgBouncer in transaction mode in front of a private server. IO.

use std::{
    env, fs,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command},
    sync::Mutex,
    thread::sleep,
    time::{Duration, Instant},
};

use super::{
    Private,
    process::{START_LIMIT, folder, free_port, guarded, run, unprivileged},
};

/// A PgBouncer that every transaction gets the next server connection from.
pub struct Bouncer {
    pub port: u16,
    folder: PathBuf,
    command: Vec<String>,
    /// Of the process as it runs now, and of those that were killed.
    guards: Mutex<Vec<Child>>,
}

/// In its log once it listens.
const READY: &str = "process up";

impl Bouncer {
    /// Starts one; `None` where it is not installed.
    pub(super) fn start(private: &Private) -> Option<Self> {
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
        let guard = guarded(&folder, &command, port, READY);
        Some(Self {
            port,
            folder,
            command,
            guards: Mutex::new(vec![guard]),
        })
    }

    /// SIGKILL: clients and server see their connections closed in the middle of whatever they do.
    pub fn kill(&self) {
        let guards = self.guards.lock().expect("guards");
        let shell = guards.last().expect("a process").id();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).expect("children");
        for id in children.split_whitespace() {
            let killed = Command::new("kill").args(["-KILL", id]).status();
            assert!(
                killed.is_ok_and(|status| status.success()),
                "PgBouncer was not there"
            );
        }
        // A process that is dead by its state may have a thread that still holds the port.
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            assert!(begun.elapsed() < START_LIMIT, "PgBouncer did not end");
            sleep(Duration::from_millis(1));
        }
    }

    /// Starts it again, at the same port.
    pub fn start_again(&self) {
        let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let starts = || log().matches(READY).count();
        let before = starts();
        let guard = guarded(&self.folder, &self.command, self.port, READY);
        self.guards.lock().expect("guards").push(guard);
        // Whoever listens at the port need not be the one that was started.
        let begun = Instant::now();
        while starts() == before {
            assert!(
                begun.elapsed() < START_LIMIT,
                "PgBouncer did not start again: {}",
                log()
            );
            sleep(Duration::from_millis(5));
        }
    }
}
