//! Why the store could not do something, and what to do about it. Pure.

use jiff::Timestamp;
use sms_crds::{SourceKey, report::Reason};
use sqlx::sqlite::SqliteError;

use super::url::StoreUrlError;

/// Why the store could not do something. No text holds a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is wrong.
    #[error(transparent)]
    Url(#[from] StoreUrlError),
    /// No connection, or it broke.
    #[error(
        "the store {store} cannot be reached ({problem}): check that it runs and that its address is right"
    )]
    Unreachable {
        /// Address without the password.
        store: String,
        /// What the driver says.
        problem: String,
    },
    /// The server refuses the login, the database or the statement.
    #[error("the store {store} refuses ({problem}): check user, password, database and privileges")]
    Denied {
        /// Address without the password.
        store: String,
        /// What the server says.
        problem: String,
    },
    /// A time limit passed.
    #[error("the store {store} took too long to {action}: check its load and the network")]
    TimedOut {
        /// Address without the password.
        store: String,
        /// What was under way.
        action: String,
    },
    /// Other processes kept the database locked.
    #[error("the store {store} was locked by other processes while trying to {action}: run fewer at once")]
    Busy {
        /// Address without the password.
        store: String,
        /// What was under way.
        action: String,
    },
    /// The database or its folder is read-only.
    #[error(
        "the store {store} cannot be written ({problem}): make the folder and the database writable, or choose another with --store"
    )]
    NotWritable {
        /// Address without the password.
        store: String,
        /// What the system says.
        problem: String,
    },
    /// No room left.
    #[error("the disk of the store {store} is full: free some room or set spec.retention")]
    Full {
        /// Address without the password.
        store: String,
    },
    /// The file is no SQLite database or is damaged.
    #[error(
        "the store {store} is damaged or no SQLite database ({problem}): move the file away or restore a copy"
    )]
    Corrupt {
        /// Address of the file.
        store: String,
        /// What SQLite says.
        problem: String,
    },
    /// Another run of the source is under way.
    #[error(
        "another run of {source_key}, {by}, holds its lease until {until}: wait for it, or for the lease to expire"
    )]
    LeaseHeld {
        /// The source.
        source_key: SourceKey,
        /// Who holds the lease.
        by: String,
        /// When it expires unless renewed.
        until: Timestamp,
    },
    /// The lease expired and somebody else took it: nothing was written.
    #[error(
        "the lease of {source_key} expired and was taken over by {by}, nothing was written: allow the run more time"
    )]
    LeaseLost {
        /// The source.
        source_key: SourceKey,
        /// Who has it now.
        by: String,
    },
    /// Whoever read the standard output stopped reading.
    #[error("standard output was closed before all events were written")]
    OutputClosed,
    /// Anything else.
    #[error("the store {store} failed to {action}: {problem}")]
    Failed {
        /// Address without the password.
        store: String,
        /// What was under way.
        action: String,
        /// What went wrong.
        problem: String,
    },
}

impl StoreError {
    /// The word for it in reports and metrics.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Url(_) => Reason::InvalidSource,
            Self::Unreachable { .. }
            | Self::Denied { .. }
            | Self::TimedOut { .. }
            | Self::Busy { .. }
            | Self::NotWritable { .. } => Reason::StoreUnavailable,
            Self::LeaseHeld { .. } | Self::LeaseLost { .. } => Reason::LeaseHeld,
            Self::Full { .. } | Self::Corrupt { .. } | Self::OutputClosed | Self::Failed { .. } => {
                Reason::StoreFailed
            }
        }
    }

    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Corrupt { .. }) && self.reason().is_transient()
    }

    /// Translates what the driver says while `store` was asked to `action`.
    pub(super) fn of_driver(store: &str, action: &str, error: &sqlx::Error) -> Self {
        let store = store.to_owned();
        let action = action.to_owned();
        match error {
            sqlx::Error::Database(problem) => {
                let code = problem.code().unwrap_or_default().into_owned();
                let text = problem.message().to_owned();
                if problem.try_downcast_ref::<SqliteError>().is_some() {
                    Self::of_sqlite(store, action, &code, text)
                } else {
                    Self::of_postgres(store, action, &code, text)
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => {
                let mut problem = error.to_string();
                if problem.contains("certificate") {
                    problem.push_str("; name its authority with sslrootcert=FILE in the address");
                }
                Self::Unreachable { store, problem }
            }
            sqlx::Error::Configuration(problem) => Self::Denied {
                store,
                problem: problem.to_string(),
            },
            _ => Self::Failed {
                store,
                action,
                problem: error.to_string(),
            },
        }
    }

    /// SQLite result codes (<https://www.sqlite.org/rescode.html>); the low byte is the primary code.
    fn of_sqlite(store: String, action: String, code: &str, problem: String) -> Self {
        match code.parse::<i32>().unwrap_or_default() & 0xff {
            5 | 6 => Self::Busy { store, action },
            9 => Self::TimedOut { store, action },
            3 | 8 | 14 | 23 => Self::NotWritable { store, problem },
            11 | 26 => Self::Corrupt { store, problem },
            13 => Self::Full { store },
            _ => Self::Failed {
                store,
                action,
                problem,
            },
        }
    }

    /// PostgreSQL error codes (PostgreSQL documentation, appendix A).
    fn of_postgres(store: String, action: String, code: &str, problem: String) -> Self {
        match code {
            "42501" | "3D000" | "3F000" => Self::Denied { store, problem },
            "25006" => Self::NotWritable { store, problem },
            "55P03" | "40001" | "40P01" => Self::Busy { store, action },
            "57014" | "25P03" => Self::TimedOut { store, action },
            "53100" => Self::Full { store },
            _ if code.starts_with("28") => Self::Denied { store, problem },
            _ if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
                Self::Unreachable { store, problem }
            }
            _ => Self::Failed {
                store,
                action,
                problem,
            },
        }
    }
}

/// What goes wrong inside one use of a connection, before it is known which store it was.
#[derive(Debug)]
pub(super) enum Fault {
    Driver(sqlx::Error),
    Store(StoreError),
    /// A stored value that cannot be read.
    Value(String),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Value(error.to_string())
    }
}

impl Fault {
    /// Whether the connection can be used again after it.
    pub(super) fn spares_connection(&self) -> bool {
        match self {
            // Class 57 is a server that shuts down or ends the session.
            Self::Driver(sqlx::Error::Database(error)) => !error
                .code()
                .is_some_and(|code| code.len() == 5 && code.starts_with("57P")),
            Self::Driver(error) => matches!(error, sqlx::Error::RowNotFound),
            Self::Store(_) | Self::Value(_) => true,
        }
    }

    pub(super) fn into_error(self, store: &str, action: &str) -> StoreError {
        match self {
            Self::Driver(error) => StoreError::of_driver(store, action, &error),
            Self::Store(error) => error,
            Self::Value(problem) => StoreError::Failed {
                store: store.to_owned(),
                action: action.to_owned(),
                problem,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{ConnectOptions, Executor, sqlite::SqliteConnectOptions};

    fn postgres(code: &str) -> StoreError {
        StoreError::of_postgres(
            "postgres://db".to_owned(),
            "write".to_owned(),
            code,
            "no".to_owned(),
        )
    }

    #[tokio::test]
    async fn a_full_disk_is_told_from_other_failures() {
        let mut connection = "sqlite::memory:"
            .parse::<SqliteConnectOptions>()
            .unwrap()
            .connect()
            .await
            .unwrap();
        connection
            .execute("PRAGMA max_page_count = 2; CREATE TABLE t (x)")
            .await
            .unwrap();
        let error = connection
            .execute("INSERT INTO t VALUES (zeroblob(100000))")
            .await
            .unwrap_err();
        let error = StoreError::of_driver("sqlite://x", "write", &error);
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert_eq!(error.reason(), Reason::StoreFailed);
    }

    #[test]
    fn codes_of_postgres_become_what_a_person_can_act_on() {
        assert!(matches!(postgres("28P01"), StoreError::Denied { .. }));
        assert!(matches!(postgres("42501"), StoreError::Denied { .. }));
        assert!(matches!(postgres("25006"), StoreError::NotWritable { .. }));
        assert!(matches!(postgres("55P03"), StoreError::Busy { .. }));
        assert!(matches!(postgres("57014"), StoreError::TimedOut { .. }));
        assert!(matches!(postgres("53100"), StoreError::Full { .. }));
        assert!(matches!(postgres("53300"), StoreError::Unreachable { .. }));
        assert!(matches!(postgres("57P01"), StoreError::Unreachable { .. }));
        assert!(matches!(postgres("22001"), StoreError::Failed { .. }));
    }
}
