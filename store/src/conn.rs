//! One connection, whichever database is behind it, and the macro that compiles a query for both.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use diesel::{QueryResult, SqliteConnection, connection::AnsiTransactionManager};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, TransactionManager, pooled_connection::deadpool::Object,
    sync_connection_wrapper::SyncConnectionWrapper,
};
use domain::clock::{Clock, SystemClock};

use crate::{Result, types::Moment};

/// SQLite on threads of its own, so that it does not block the runtime.
pub(crate) type Lite = SyncConnectionWrapper<SqliteConnection>;

/// A connection to the database, from [`crate::Store::read`] or inside [`crate::Store::write`].
pub struct Conn {
    pub(crate) link: Link,
    clock: Option<Arc<dyn Clock>>,
    pub(crate) in_doubt: bool,
}

/// Which database.
#[expect(clippy::large_enum_variant, reason = "a connection is held, not moved about")]
pub(crate) enum Link {
    Pg(Object<AsyncPgConnection>),
    Lite(Object<Lite>),
}

/// Runs one query on whichever database `$conn` is. The body is compiled once for each, so a query needs no trait
/// bounds and is written once.
macro_rules! with {
    ($conn:expr, |$link:ident| $query:expr) => {
        match &mut $conn.link {
            $crate::conn::Link::Pg(object) => {
                let $link = &mut **object;
                $query.await
            }
            $crate::conn::Link::Lite(object) => {
                let $link = &mut **object;
                $query.await
            }
        }
    };
}

/// Loads rows that this transaction is about to change, but for their keys. PostgreSQL locks them and passes over those
/// that another one has locked so; SQLite has one writer at a time, so there is nothing to lock.
macro_rules! load_skip_locked {
    ($conn:expr, $query:expr) => {
        match &mut $conn.link {
            $crate::conn::Link::Pg(object) => {
                $query.for_no_key_update().skip_locked().load(&mut **object).await
            }
            $crate::conn::Link::Lite(object) => $query.load(&mut **object).await,
        }
    };
}

/// Loads rows that this transaction is about to change, waiting for whoever has them locked.
macro_rules! load_locked {
    ($conn:expr, $query:expr) => {
        match &mut $conn.link {
            $crate::conn::Link::Pg(object) => $query.for_update().load(&mut **object).await,
            $crate::conn::Link::Lite(object) => $query.load(&mut **object).await,
        }
    };
}

/// Loads rows that are to be there until the transaction ends: nobody deletes them or locks all of them meanwhile.
macro_rules! load_held {
    ($conn:expr, $query:expr) => {
        match &mut $conn.link {
            $crate::conn::Link::Pg(object) => $query.for_key_share().load(&mut **object).await,
            $crate::conn::Link::Lite(object) => $query.load(&mut **object).await,
        }
    };
}

pub(crate) use {load_held, load_locked, load_skip_locked, with};

impl Conn {
    pub(crate) fn new(link: Link, clock: Option<Arc<dyn Clock>>) -> Self {
        Self { link, clock, in_doubt: false }
    }

    /// Whether an earlier try of this very write may have been committed without anybody hearing of it. False but in
    /// [`crate::Store::write_patiently`].
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// SQLite takes its write lock at once: a transaction that reads first and then wants to write would have to be
    /// refused if another one wrote in between.
    pub(crate) async fn begin(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Pg(object) => {
                <AsyncPgConnection as AsyncConnection>::TransactionManager::begin_transaction(&mut **object)
                    .await?;
            }
            Link::Lite(object) => {
                object
                    .spawn_blocking(|sqlite| {
                        AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")
                    })
                    .await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> QueryResult<()> {
        match &mut self.link {
            Link::Pg(object) => {
                <AsyncPgConnection as AsyncConnection>::TransactionManager::commit_transaction(&mut **object)
                    .await?;
            }
            Link::Lite(object) => {
                <Lite as AsyncConnection>::TransactionManager::commit_transaction(&mut **object).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Pg(object) => {
                <AsyncPgConnection as AsyncConnection>::TransactionManager::rollback_transaction(
                    &mut **object,
                )
                .await?;
            }
            Link::Lite(object) => {
                <Lite as AsyncConnection>::TransactionManager::rollback_transaction(&mut **object).await?;
            }
        }
        Ok(())
    }
}

/// The time by which all rows are compared, in whole microseconds: PostgreSQL's `clock_timestamp()`, so that processes
/// with different clocks agree; with SQLite the process is the database. A clock given to the store goes before both.
pub async fn now(conn: &mut Conn) -> Result<DateTime<Utc>> {
    diesel::define_sql_function! { fn clock_timestamp() -> crate::types::sql::Moment; }
    let now = match (&conn.clock, &mut conn.link) {
        (Some(clock), _) => clock.now(),
        (None, Link::Lite(_)) => SystemClock.now(),
        (None, Link::Pg(object)) => {
            let query = diesel::select(clock_timestamp());
            let Moment(now) = diesel_async::RunQueryDsl::get_result(query, &mut **object).await?;
            now
        }
    };
    Ok(now.trunc_subsecs(6))
}
