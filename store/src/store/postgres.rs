//! Connections to PostgreSQL: with what limits they are made, and in which words it is told when the first one cannot be.

use std::{error::Error as _, io, time::Duration};

use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use tokio::time::timeout;
use tokio_postgres::{Config, NoTls, config::Host, error::SqlState};

use crate::{Error, Result};

/// How long PostgreSQL may take to accept a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// A connection whose other end is gone without a word (a cut cable, a machine that lost power) is found out after about
/// a minute, by probes from this much silence on.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Longer than any statement of ours takes on a database that is well: then it is better to give up and come again than
/// to hold locks.
const STATEMENT: &str = "30s";
/// Nobody holds a row for long, so whoever waits longer than this waits for a process that hangs.
const LOCK: &str = "10s";
/// A transaction of ours never waits for anything but the database. One that is silent is of a process that was stopped;
/// its locks go before the reaper needs its rows for long.
const IDLE_IN_TRANSACTION: &str = "15s";
/// A plan that is made for all days of `runs` locks all of them, with their indexes, whatever days its parameters are
/// about: more locks than a server has, once many statements do so.
const PLANS: &str = "force_custom_plan";

/// The URL as the driver has it, with our limits.
pub(super) fn config(url: &str) -> Result<Config> {
    let mut config: Config = url.parse().map_err(|_| {
        Error::Setup(
            "DATABASE_URL is not a valid PostgreSQL URL: postgres://user:password@host:5432/database"
                .to_owned(),
        )
    })?;
    if config.get_hosts().is_empty() {
        return Err(Error::Setup(
            "DATABASE_URL names no host: postgres://user:password@host:5432/database".to_owned(),
        ));
    }
    if config.get_application_name().is_none() {
        config.application_name("skopos");
    }
    config
        .connect_timeout(CONNECT)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES);
    Ok(config)
}

/// A connection for the pool.
pub(super) async fn connect(config: &Config) -> Result<AsyncPgConnection, ConnectionError> {
    let setup = |error: tokio_postgres::Error| ConnectionError::CouldntSetupConfiguration(unspecific(&error));
    let (client, connection) = config.connect(NoTls).await.map_err(setup)?;
    let pg = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    limit(pg).await.map_err(ConnectionError::CouldntSetupConfiguration)
}

async fn limit(mut pg: AsyncPgConnection) -> diesel::QueryResult<AsyncPgConnection> {
    let limits = format!(
        "SET statement_timeout = '{STATEMENT}'; SET lock_timeout = '{LOCK}'; \
         SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}'; SET plan_cache_mode = '{PLANS}'"
    );
    diesel_async::SimpleAsyncConnection::batch_execute(&mut pg, &limits).await?;
    Ok(pg)
}

fn unspecific(error: &tokio_postgres::Error) -> diesel::result::Error {
    let text = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    let kind = diesel::result::DatabaseErrorKind::UnableToSendCommand;
    diesel::result::Error::DatabaseError(kind, Box::new(text))
}

/// Connects once, to say in one sentence what is wrong. Names no password.
pub(super) async fn probe(config: &Config) -> Result<()> {
    match timeout(CONNECT * 2, config.connect(NoTls)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Error::Setup(reason(config, &error))),
        Err(_) => Err(Error::Setup(format!("PostgreSQL at {} does not answer", place(config)))),
    }
}

fn reason(config: &Config, error: &tokio_postgres::Error) -> String {
    let (place, user) = (place(config), config.get_user().unwrap_or_default());
    let database = config.get_dbname().unwrap_or(user);
    if let Some(code) = error.code() {
        let refused = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
        return if refused.contains(code) {
            format!(
                "PostgreSQL at {place} does not let user `{user}` in: the password, or the server's pg_hba.conf"
            )
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            format!("PostgreSQL at {place} has no database `{database}`: create it first")
        } else {
            let message = error.as_db_error().map_or("", |error| error.message());
            format!("PostgreSQL at {place} refuses the connection: {message}")
        };
    }
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match cause.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("nothing listens at {place}: is PostgreSQL running?")
        }
        Some(io::ErrorKind::TimedOut) => format!("PostgreSQL at {place} does not answer"),
        Some(_) if cause.is_some_and(|cause| cause.raw_os_error().is_none()) => {
            format!("there is no host of that name: {place}")
        }
        _ if error.to_string().contains("TLS") => {
            format!(
                "TLS is required for {place}, and this version does not speak it to PostgreSQL: sslmode=disable"
            )
        }
        _ if error.to_string().contains("password") => {
            format!("PostgreSQL at {place} wants a password for user `{user}`, and DATABASE_URL has none")
        }
        _ => format!("PostgreSQL at {place} cannot be reached: {}", unspecific(error)),
    }
}

/// Host and port, as people write them.
fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |n: usize| ports.get(n).or(ports.first()).copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().enumerate().map(|(n, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(n)),
        #[cfg(unix)]
        Host::Unix(path) => format!("{}:{}", path.display(), port(n)),
    });
    hosts.collect::<Vec<_>>().join(", ")
}
