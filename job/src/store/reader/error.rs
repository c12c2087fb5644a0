//! Why nothing could be read: for the log, and for strangers. Pure.

use sqlx::sqlite::SqliteError;

use super::{
    super::error::{Fault, StoreError},
    PARALLEL,
};

/// Why nothing could be read. The texts name the store, so they are for the log; [`Self::public`] is for strangers.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No run, and no `migrate`, has prepared the store yet.
    #[error("the store {0} has no tables yet: the first run makes them, or `sms_scraper migrate`")]
    Unprepared(String),
    /// The SQLite file is not there.
    #[error("there is no store at {0}: no source has run yet, or the address is wrong")]
    NoFile(String),
    /// Tables or columns are not those that this version reads.
    #[error(
        "the tables of the store {store} are not those of this version ({problem}): run `sms_scraper migrate` of this \
         version, or use the version that wrote them"
    )]
    OtherSchema {
        /// Address without the password.
        store: String,
        /// What the database says.
        problem: String,
    },
    /// Too many questions at once.
    #[error("the store is busy with {PARALLEL} other questions: ask again in a moment")]
    Crowded,
    /// Anything else.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReadError {
    /// The same without the address of the store, and without the database's own words.
    pub fn public(&self) -> &'static str {
        match self {
            Self::Unprepared(_) => {
                "nothing is stored yet: the tables are made by the first run of a source, or by `sms_scraper migrate`"
            }
            Self::NoFile(_) => "nothing is stored yet: no source has run",
            Self::OtherSchema { .. } => {
                "the stored tables are of another version than this view: run `sms_scraper migrate` of this version"
            }
            Self::Crowded => "too many questions at once: ask again in a moment",
            Self::Store(error) => match error {
                StoreError::Unreachable { .. } => "the store cannot be reached: try again later",
                StoreError::Denied { .. } => {
                    "the store refuses this view: its login or its privileges are wrong, the log says more"
                }
                StoreError::TimedOut { .. } => {
                    "the store took too long: ask for less with source, from and to, or try again later"
                }
                StoreError::Busy { .. } => "the store is locked at the moment: try again",
                _ => "the store failed: the log of this view says more",
            },
        }
    }
}

/// Tells a store that lacks tables or columns from one that failed.
pub(super) fn read_error(fault: Fault, store: &str, action: &str) -> ReadError {
    let Fault::Driver(sqlx::Error::Database(error)) = &fault else {
        return fault.into_error(store, action).into();
    };
    let (lacks_table, lacks_column) = match error.try_downcast_ref::<SqliteError>() {
        Some(_) => (
            error.message().starts_with("no such table"),
            error.message().starts_with("no such column"),
        ),
        None => {
            let code = error.code().unwrap_or_default();
            // undefined_table; undefined_column, undefined_function, datatype_mismatch
            (code == "42P01", ["42703", "42883", "42804"].contains(&&*code))
        }
    };
    if lacks_table {
        return ReadError::Unprepared(store.to_owned());
    }
    if lacks_column {
        return ReadError::OtherSchema {
            store: store.to_owned(),
            problem: error.message().to_owned(),
        };
    }
    fault.into_error(store, action).into()
}
