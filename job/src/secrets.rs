//! Secrets of a source, read from files. IO.
//!
//! A manifest names `secretKeyRef: {name, key}`; the value is the file `$SMS_SECRETS_DIR/<name>/<key>`. In a Pod the
//! referenced keys are mounted there, locally it is a folder of files.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use sms_crds::v1alpha1::SecretKeyRef;

/// Most bytes of one secret.
const LIMIT: u64 = 64 * 1024;

/// From now on this process, and each that it starts, leaves no core file when it dies: its memory holds secrets. For a
/// crash that has to be looked into, a debugger sees more.
pub fn leave_no_core_file() {
    // Only a limit that is raised can be refused.
    let _ = rlimit::setrlimit(rlimit::Resource::CORE, 0, 0);
}

/// Where secrets are read from.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    dir: Option<PathBuf>,
}

/// Why a secret could not be read. Never holds any part of a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No folder of secrets is configured.
    #[error(
        "key {key:?} of Secret {name:?} cannot be read: no folder of secrets is set; set SMS_SECRETS_DIR to a folder that holds the file {name}/{key}"
    )]
    NoFolder {
        /// Name of the Secret.
        name: String,
        /// Key inside it.
        key: String,
    },
    /// A name or key that is no plain file name.
    #[error(
        "Secret {name:?}, key {key:?}: both must be plain names of letters, digits, '-', '_' and '.', without a path"
    )]
    BadName {
        /// Name of the Secret.
        name: String,
        /// Key inside it.
        key: String,
    },
    /// The file is not there, not readable or not usable.
    #[error("key {key:?} of Secret {name:?} cannot be read from {}: {problem}", path.display())]
    Unreadable {
        /// Name of the Secret.
        name: String,
        /// Key inside it.
        key: String,
        /// The file looked at.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl Secrets {
    /// Secrets from the files under `dir`; with `None` every look-up fails and says so.
    pub fn from_dir(dir: Option<PathBuf>) -> Self {
        Self { dir }
    }

    /// The value of `reference`, without one trailing line end.
    pub fn get(&self, reference: &SecretKeyRef) -> Result<SecretString, SecretError> {
        let (name, key) = (reference.name.clone(), reference.key.clone());
        if !is_plain_name(&name) || !is_plain_name(&key) {
            return Err(SecretError::BadName { name, key });
        }
        let Some(dir) = &self.dir else {
            return Err(SecretError::NoFolder { name, key });
        };
        let path = dir.join(&name).join(&key);
        read(&path)
            .map(SecretString::from)
            .map_err(|problem| SecretError::Unreadable {
                name,
                key,
                path,
                problem,
            })
    }
}

/// One path component that stays inside its folder. Kubernetes reserves names that start with `..`.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name != "."
        && !name.starts_with("..")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn read(path: &Path) -> Result<String, String> {
    let explain = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            "no such file; create the Secret with that key, or the file where there is no cluster".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied; let the user of this process read it".to_owned()
        }
        _ => error.to_string(),
    };
    // Before opening: to open a named pipe would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(explain)?;
    if !metadata.is_file() {
        return Err("not a regular file; put the value into a file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(explain)?
        .take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(explain)?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!(
            "larger than {LIMIT} bytes; a secret is a key, a token or a password"
        ));
    }
    let mut text =
        String::from_utf8(bytes).map_err(|_| "not UTF-8 text; store the value as text".to_owned())?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err("empty; write the value into it".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn reference(name: &str, key: &str) -> SecretKeyRef {
        SecretKeyRef {
            name: name.to_owned(),
            key: key.to_owned(),
        }
    }

    fn folder(key: &str, value: &[u8]) -> (tempfile::TempDir, Secrets) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sms-a")).unwrap();
        fs::write(dir.path().join("sms-a").join(key), value).unwrap();
        let secrets = Secrets::from_dir(Some(dir.path().to_owned()));
        (dir, secrets)
    }

    #[test]
    fn one_trailing_line_end_is_not_part_of_the_value() {
        let cases: [(&[u8], &str); 4] = [
            (b"abc", "abc"),
            (b"abc\n", "abc"),
            (b"abc\r\n", "abc"),
            (b"abc\n\n", "abc\n"),
        ];
        for (bytes, wanted) in cases {
            let (_dir, secrets) = folder("token", bytes);
            assert_eq!(
                secrets.get(&reference("sms-a", "token")).unwrap().expose_secret(),
                wanted
            );
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let (_dir, secrets) = folder("token", b"abc");
        let tricks = [
            ("..", "token"),
            ("sms-a", ".."),
            ("sms-a", "..data"),
            ("sms-a/..", "x"),
            ("/etc", "passwd"),
            ("sms-a", "../token"),
            ("", "token"),
            (".", "sms-a"),
            ("sms-a", "to\0ken"),
        ];
        for (name, key) in tricks {
            let error = secrets.get(&reference(name, key)).unwrap_err();
            assert!(
                matches!(error, SecretError::BadName { .. }),
                "{name:?} {key:?}: {error}"
            );
        }
    }

    #[test]
    fn a_missing_secret_is_named_with_key_path_and_remedy() {
        let (dir, secrets) = folder("token", b"abc");
        let error = secrets.get(&reference("sms-a", "other")).unwrap_err().to_string();
        let path = dir.path().join("sms-a").join("other");
        for part in [
            "\"other\"",
            "\"sms-a\"",
            path.to_str().unwrap(),
            "create the Secret",
        ] {
            assert!(error.contains(part), "{part} is missing in: {error}");
        }
        let error = Secrets::default()
            .get(&reference("sms-a", "token"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("SMS_SECRETS_DIR") && error.contains("sms-a/token"),
            "{error}"
        );
    }

    #[test]
    fn folders_large_binary_and_empty_files_are_no_secrets() {
        let (dir, secrets) = folder("large", &vec![b'x'; 65_537]);
        fs::write(dir.path().join("sms-a/binary"), [0xff, 0xfe]).unwrap();
        fs::write(dir.path().join("sms-a/empty"), b"\n").unwrap();
        fs::create_dir(dir.path().join("sms-a/folder")).unwrap();
        for (key, part) in [
            ("large", "larger than"),
            ("binary", "UTF-8"),
            ("empty", "empty"),
            ("folder", "regular file"),
        ] {
            let error = secrets.get(&reference("sms-a", key)).unwrap_err().to_string();
            assert!(error.contains(part), "{key}: {error}");
        }
        let (_dir, secrets) = folder("limit", &vec![b'x'; 65_536]);
        assert!(secrets.get(&reference("sms-a", "limit")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_as_kubernetes_mounts_them_are_followed() {
        let (dir, secrets) = folder("..real", b"abc");
        std::os::unix::fs::symlink("..real", dir.path().join("sms-a/token")).unwrap();
        assert!(secrets.get(&reference("sms-a", "token")).is_ok());
    }
}
