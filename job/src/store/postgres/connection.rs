//! The one connection of a store: opened late, tried after a rest, replaced where it broke. IO.

use std::time::Duration;

use sqlx::{
    ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::{
    sync::MutexGuard,
    time::{Instant, sleep, timeout},
};

use super::{
    super::{
        error::{Fault, StoreError},
        session::{Resting, Session},
        url::{PostgresUrl, StoreUrlError},
    },
    Postgres, sql,
    tables::migrate,
};

/// A connection that rested longer is tried before it is used, since a pooler or a firewall may have dropped it.
const TRUSTED_REST: Duration = Duration::from_secs(5);

/// How long that may take.
const PING_LIMIT: Duration = Duration::from_secs(3);

/// How long a server that broke the connection has to come back: a restart takes seconds.
const RETURN_LIMIT: Duration = Duration::from_secs(15);

/// How often it is looked for.
const RETURN_POLL: Duration = Duration::from_millis(300);

impl Postgres {
    /// The connection, ready for use: the old one if it still works, else a new one whose tables are up to date.
    async fn session(&self) -> Result<Session<'_, PgConnection>, StoreError> {
        let (mut session, is_new) = self.raw_session().await?;
        if is_new {
            session.check("prepare its tables", migrate).await?;
        }
        Ok(session)
    }

    pub(super) async fn raw_session(&self) -> Result<(Session<'_, PgConnection>, bool), StoreError> {
        let mut slot = self.slot.lock().await;
        Ok(match working(&mut slot).await {
            Some(connection) => (Session::new(slot, &self.shown, connection), false),
            None => (Session::new(slot, &self.shown, self.connect().await?), true),
        })
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        match timeout(self.connect_timeout, self.options.connect()).await {
            Ok(connection) => {
                connection.map_err(|error| StoreError::of_driver(&self.shown, "connect", &error))
            }
            Err(_) => Err(StoreError::Unreachable {
                store: self.shown.clone(),
                problem: format!("no answer within {} s", self.connect_timeout.as_secs()),
            }),
        }
    }

    /// Runs `work` in a transaction of its own.
    pub(super) async fn transact<T>(
        &self,
        action: &str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let session = match self.begin(self.session().await?, action).await {
            // It broke while it rested, and nothing was asked of it yet.
            Err(StoreError::Unreachable { .. }) => {
                let session = self.session_again().await?;
                self.begin(session, action).await?
            }
            begun => begun?,
        };
        session
            .run(action, async |connection| end(connection, work).await)
            .await
    }

    pub(super) async fn begin<'a>(
        &self,
        mut session: Session<'a, PgConnection>,
        action: &str,
    ) -> Result<Session<'a, PgConnection>, StoreError> {
        let begin = async |connection: &mut PgConnection| {
            sqlx::raw_sql(sql::BEGIN).execute(connection).await?;
            Ok(())
        };
        session.check(action, begin).await?;
        Ok(session)
    }

    /// A connection in place of one that broke; a server that restarts has its time.
    pub(super) async fn session_again(&self) -> Result<Session<'_, PgConnection>, StoreError> {
        let deadline = Instant::now() + RETURN_LIMIT;
        loop {
            match self.session().await {
                Err(StoreError::Unreachable { .. }) if Instant::now() < deadline => sleep(RETURN_POLL).await,
                session => return session,
            }
        }
    }

    /// Says goodbye to the server.
    pub(in super::super) async fn close(&self) {
        if let Some(Resting { connection, .. }) = self.slot.lock().await.take() {
            match timeout(PING_LIMIT, connection.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, store = self.shown, "closing the store failed"),
                Err(_) => tracing::debug!(store = self.shown, "closing the store took too long"),
            }
        }
    }
}

/// Runs `work` and ends the transaction that it is in.
pub(super) async fn end<T>(
    connection: &mut PgConnection,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let done = work(connection).await;
    // A rollback at once: one by dropping the connection waits for the server to notice, and the row locks with it.
    let last = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    sqlx::raw_sql(last).execute(connection).await?;
    done
}

/// How to connect.
pub(super) fn connect_options(url: &PostgresUrl) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.expose().parse().map_err(|error: sqlx::Error| {
        // The text of other kinds of error could hold the address.
        StoreUrlError::Postgres(match error {
            sqlx::Error::Configuration(problem) => problem.to_string(),
            _ => "it cannot be read".to_owned(),
        })
    })?;
    // PgBouncer refuses connections that ask for extra_float_digits.
    let options = options
        .extra_float_digits(None)
        .statement_cache_capacity(0)
        .disable_statement_logging();
    Ok(match url.names_application {
        true => options,
        false => options.application_name("sms_scraper"),
    })
}

/// The resting connection, unless it is gone.
async fn working(slot: &mut MutexGuard<'_, Option<Resting<PgConnection>>>) -> Option<PgConnection> {
    let mut resting = slot.take()?;
    if resting.since.elapsed() < TRUSTED_REST {
        return Some(resting.connection);
    }
    match timeout(PING_LIMIT, resting.connection.ping()).await {
        Ok(Ok(())) => Some(resting.connection),
        _ => None,
    }
}
