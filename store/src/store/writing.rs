//! Reading and writing, once and again. Three things are told apart: what passes by itself and changed nothing
//! (serialization, deadlock, a connection lost before COMMIT) is tried again at once; a database that does not answer
//! is waited for only by those who ask for it; a connection lost *during* COMMIT leaves doubt, in which only whoever
//! wrote the work can say what is right.

use std::panic;

use diesel::result::Error as DieselError;
use futures_util::future::BoxFuture;

use super::{Pools, Store};
use crate::{
    Conn, Error, Patience, Result,
    conn::Link,
    error::{gave_way, passes_at_once},
    patience::{QUICK_TRIES, moment},
};

/// Why a transaction did not succeed.
struct Failed {
    error: Error,
    /// COMMIT was sent, and its answer got lost.
    in_doubt: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, in_doubt: false }
    }
}

impl Store {
    /// A connection for reading. With SQLite it refuses to write: that is [`Store::write`]'s.
    pub async fn read(&self) -> Result<Conn> {
        let link = match &self.pools {
            Pools::Pg { pool, .. } => Link::Pg(pool.get().await.map_err(Error::unavailable)?),
            Pools::Lite { readers, .. } => Link::Lite(readers.get().await.map_err(Error::unavailable)?),
        };
        Ok(Conn::new(link, self.clock.clone()))
    }

    /// Runs `work` as one transaction, which is rolled back when it answers `Err`. It runs in a task of its own: a caller
    /// that goes away (a request that was cancelled) never leaves a transaction half done.
    ///
    /// What passes by itself and certainly changed nothing is tried again, a few times at once; so `work` has to be
    /// `Clone`, which a closure is when all that it takes along is.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T>> + Clone + Send + 'static,
    {
        self.attempt(work, false).await.map_err(|failed| failed.error)
    }

    /// [`Store::write`], again and again until the database has answered. A try whose COMMIT got lost may have happened:
    /// in the tries after it, [`Conn::in_doubt`] says so.
    pub async fn write_patiently<T, F>(&self, mut patience: Patience, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T>> + Clone + Send + 'static,
    {
        let mut in_doubt = false;
        loop {
            match self.attempt(work.clone(), in_doubt).await {
                Ok(value) => return Ok(value),
                Err(failed) => {
                    in_doubt |= failed.in_doubt;
                    if !failed.error.is_retryable() || !patience.wait(&failed.error).await {
                        return Err(failed.error);
                    }
                }
            }
        }
    }

    /// Reads, again and again until the database has answered.
    pub async fn read_patiently<T, F>(&self, mut patience: Patience, work: F) -> Result<T>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T>> + Clone,
    {
        loop {
            let read = async { (work.clone())(&mut self.read().await?).await };
            match read.await {
                Err(error) if error.is_retryable() && patience.wait(&error).await => {}
                settled => return settled,
            }
        }
    }

    async fn attempt<T, F>(&self, work: F, in_doubt: bool) -> Result<T, Failed>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T>> + Clone + Send + 'static,
    {
        let store = self.clone();
        match tokio::spawn(async move { store.quickly(work, in_doubt).await }).await {
            Ok(result) => result,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                Err(stopped) => Err(Error::unavailable(stopped).into()),
            },
        }
    }

    async fn quickly<T, F>(&self, work: F, in_doubt: bool) -> Result<T, Failed>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T>> + Clone,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.transaction(work.clone(), in_doubt).await {
                Err(failed) if tries < QUICK_TRIES && !failed.in_doubt && passes_at_once(&failed.error) => {
                    tracing::debug!(error = %failed.error, tries, "a transaction gave way; it is tried again");
                    moment(tries).await;
                }
                settled => return settled,
            }
        }
    }

    async fn transaction<T, F>(&self, work: F, in_doubt: bool) -> Result<T, Failed>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T>>,
    {
        let mut conn = self.writer().await?;
        conn.in_doubt = in_doubt;
        conn.begin().await?;
        match work(&mut conn).await {
            Ok(value) => match conn.commit().await {
                Ok(()) => Ok(value),
                Err(error) => Err(unanswered(error)),
            },
            Err(error) => {
                if let Err(rollback) = conn.rollback().await {
                    tracing::debug!(error = %rollback, "a rollback failed; the connection is dropped");
                }
                Err(error.into())
            }
        }
    }

    async fn writer(&self) -> Result<Conn> {
        match &self.pools {
            Pools::Pg { .. } => self.read().await,
            Pools::Lite { writer, .. } => {
                let object = writer.get().await.map_err(Error::unavailable)?;
                Ok(Conn::new(Link::Lite(object), self.clock.clone()))
            }
        }
    }
}

/// COMMIT was refused, or its answer got lost. A transaction that had to give way to another one is rolled back for sure.
fn unanswered(error: DieselError) -> Failed {
    let refused = gave_way(&error);
    let error = Error::from(error);
    Failed { in_doubt: error.is_retryable() && !refused, error }
}
