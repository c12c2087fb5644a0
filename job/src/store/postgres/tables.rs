//! The tables of a store, brought up to date. IO.

use sqlx::{Connection, Row, postgres::PgConnection};

use super::{
    super::{
        error::Fault,
        migrations::{self, MigrationReport},
    },
    query, sql,
};

/// Brings the tables up to date. Where they are, it takes one round trip and no privilege but reading.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<MigrationReport, Fault> {
    let newest = migrations::newest(migrations::POSTGRES);
    let found = match sqlx::raw_sql(sql::VERSION).fetch_one(&mut *connection).await {
        Ok(row) => row.try_get("version")?,
        // undefined_table
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => 0,
        Err(error) => return Err(error.into()),
    };
    if found >= newest {
        return Ok(MigrationReport {
            applied: Vec::new(),
            version: found,
        });
    }
    let mut transaction = connection.begin_with(sql::BEGIN).await?;
    sqlx::raw_sql(sql::MIGRATIONS_LOCK)
        .execute(&mut *transaction)
        .await?;
    sqlx::raw_sql(sql::MIGRATIONS_TABLE)
        .execute(&mut *transaction)
        .await?;
    let found: i64 = sqlx::raw_sql(sql::VERSION)
        .fetch_one(&mut *transaction)
        .await?
        .try_get("version")?;
    let mut applied = Vec::new();
    for step in migrations::POSTGRES.iter().filter(|step| step.version > found) {
        sqlx::raw_sql(step.sql).execute(&mut *transaction).await?;
        let record = query("INSERT INTO sms_migrations (version, name) VALUES ($1, $2)");
        record
            .bind(step.version)
            .bind(step.name)
            .execute(&mut *transaction)
            .await?;
        applied.push(step.name);
    }
    transaction.commit().await?;
    Ok(MigrationReport {
        applied,
        version: found.max(newest),
    })
}
