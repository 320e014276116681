//! Forgetting what is old: in small transactions, and not for long, because everything else waits for the same
//! database.

use chrono::{DateTime, Utc};
use store::{
    Store,
    retention::{self, Pruned},
};

use crate::{Config, Error, Turn};

/// Rows of each kind per transaction.
const BATCH: u32 = 200;
/// Transactions per turn.
const BATCHES: u32 = 50;

/// Makes days for what comes, then deletes what is older than the retention, up to a bound; what is left is the next turn's,
/// which follows at once.
///
/// # Errors
/// [`Error::Store`]; then the last batch has not happened.
#[tracing::instrument(name = "scheduler.prune", level = "debug", skip_all)]
pub async fn once(store: &Store, config: &Config) -> Result<Turn, Error> {
    make_days(store).await?;
    let retention = config.retention();
    let now = store::now(&mut store.read().await?).await?;
    let Some(older_than) = now.checked_sub_signed(retention) else { return Ok(Turn::Done) };
    let days = drop_days(store, older_than).await?;
    let (mut rows, mut turn) = (0, Turn::More);
    for _ in 0..BATCHES {
        let prune = store.write(move |conn| Box::pin(retention::prune(conn, older_than, BATCH)));
        let pruned = prune.await?.total();
        rows += pruned;
        if pruned == 0 {
            turn = Turn::Done;
            break;
        }
    }
    if days + rows > 0 {
        tracing::info!(days, rows, "Forgot what was older than the retention.");
    }
    Ok(turn)
}

/// Makes the days ahead in which runs will lie.
///
/// # Errors
/// [`Error::Store`], but not when the tables are busy: the days that are there last until a later turn.
pub async fn make_days(store: &Store) -> Result<(), Error> {
    let make = store.write(|conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            retention::create_partitions(conn, now).await
        })
    });
    let made = unless_busy(make.await)?.unwrap_or_default();
    if made > 0 {
        tracing::debug!(made, "Made days for the runs that come.");
    }
    Ok(())
}

/// Drops days, one in each transaction, and answers how many.
async fn drop_days(store: &Store, older_than: DateTime<Utc>) -> Result<usize, Error> {
    let mut days = 0;
    loop {
        let drop = store.write(move |conn| Box::pin(retention::prune_day(conn, older_than)));
        match unless_busy(drop.await)? {
            Some(Pruned { days: dropped, .. }) if dropped > 0 => days += dropped,
            _ => return Ok(days),
        }
    }
}

/// Nothing when it can be done as well at the next turn. A database that is away is told of by what follows.
fn unless_busy<T>(done: store::Result<T>) -> Result<Option<T>, Error> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_retryable() => {
            tracing::debug!(error = &error as &dyn std::error::Error, "The days are left to the next turn.");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
