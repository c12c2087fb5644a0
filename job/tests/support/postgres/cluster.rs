//! A private PostgreSQL server: its folder, its certificates, its start. IO.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock},
};

use sqlx::postgres::PgConnectOptions;

use super::{
    PASSWORD, Private, Programs, Server,
    process::{folder, free_port, guarded, run, unprivileged, words},
};

/// Programs of the newest installation.
pub fn binaries() -> Option<PathBuf> {
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

pub fn start(binaries: &Path) -> Server {
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
