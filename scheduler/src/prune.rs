//! Forgetting what is old: in small transactions, and not for long, because everything else waits for the same
//! database.

use store::{Store, retention};

use crate::{Config, Error, Turn};

/// Rows of each kind per transaction.
const BATCH: u32 = 200;
/// Transactions per turn.
const BATCHES: u32 = 50;

/// Deletes what is older than the retention, up to a bound; what is left is the next turn's, which follows at once.
///
/// # Errors
/// [`Error::Store`]; then the last batch has not happened.
#[tracing::instrument(name = "scheduler.prune", level = "debug", skip_all)]
pub async fn once(store: &Store, config: &Config) -> Result<Turn, Error> {
    let retention = config.retention();
    let (mut rows, mut turn) = (0, Turn::More);
    for _ in 0..BATCHES {
        let pruned = store
            .write(move |conn| {
                Box::pin(async move {
                    let now = store::now(conn).await?;
                    let Some(older_than) = now.checked_sub_signed(retention) else { return Ok(0) };
                    Ok(retention::prune(conn, older_than, BATCH).await?.total())
                })
            })
            .await?;
        rows += pruned;
        if pruned == 0 {
            turn = Turn::Done;
            break;
        }
    }
    if rows > 0 {
        tracing::info!(rows, "Forgot what was older than the retention.");
    }
    Ok(turn)
}
