//! The steps from an empty database to the present schema. Pure.
//!
//! Steps only ever add, so that an older program runs on a newer schema; steps that a program does not know are none of
//! its business. sqlx's own migrator is not used: it takes a lock of the session and names its statements, and a pooler
//! in transaction mode loses the one and mixes up the other.

/// A step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// What [`super::Store::migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MigrationReport {
    /// Names of the steps that were applied now, in order.
    pub applied: Vec<&'static str>,
    /// Version of the schema, which may be newer than this program.
    pub version: i64,
}

/// Steps of SQLite.
pub(super) const SQLITE: &[Migration] = &[Migration {
    version: 1,
    name: "0001_initial",
    sql: include_str!("../../migrations/sqlite/0001_initial.sql"),
}];

/// Steps of PostgreSQL.
pub(super) const POSTGRES: &[Migration] = &[Migration {
    version: 1,
    name: "0001_initial",
    sql: include_str!("../../migrations/postgres/0001_initial.sql"),
}];

/// The newest version that this program knows.
pub(super) fn newest(migrations: &[Migration]) -> i64 {
    migrations.last().map_or(0, |migration| migration.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_step_of_its_database_in_order() {
        for (folder, steps) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("migrations")
                .join(folder);
            let mut files: Vec<String> = std::fs::read_dir(path)
                .unwrap()
                .map(|entry| {
                    entry
                        .unwrap()
                        .file_name()
                        .to_string_lossy()
                        .trim_end_matches(".sql")
                        .to_owned()
                })
                .collect();
            files.sort();
            assert_eq!(
                files,
                steps.iter().map(|step| step.name).collect::<Vec<_>>(),
                "{folder}"
            );
            for (at, step) in steps.iter().enumerate() {
                assert_eq!(step.version, i64::try_from(at).unwrap() + 1);
                assert!(
                    step.name.starts_with(&format!("{:04}_", step.version)),
                    "{}",
                    step.name
                );
            }
        }
    }

    #[test]
    fn both_databases_are_at_the_same_version() {
        assert_eq!(newest(SQLITE), newest(POSTGRES));
    }
}
