//! Lets go of runs that this worker owns and does not execute: stopped in time, lost from sight, unsure of its lease.

use domain::{
    id::{RunId, WorkerId},
    outcome::{Reason, ReasonCode},
};
use store::{Conn, Patience, Store, cleanups, incidents, runs};

/// Queues the run again. When it has begun what must not be repeated it is queued for its clean-up only, or, where there
/// is none, ends as inconclusive: the policy of the reaper, without a loss. Fenced: a run that is somebody else's by now
/// stays so.
pub(crate) async fn release(conn: &mut Conn, owner: WorkerId, run: RunId, attempt: u32) -> store::Result<()> {
    let now = store::now(conn).await?;
    if !runs::hand_back(conn, owner, &[run], now).await?.is_empty() {
        return Ok(());
    }
    let kept = !cleanups::kept(conn, &[run]).await?.is_empty();
    if kept && runs::hand_back_for_cleaning(conn, owner, run, now).await? {
        return Ok(());
    }
    let message = "the worker let go of it after a request that must not be sent twice";
    let reason = Reason::new(ReasonCode::WorkerLost, message);
    runs::end_inconclusive(conn, run, attempt, &reason, now).await?;
    // Whom that concerns is found by polling.
    incidents::unconfirmed(conn, &[run], now).await.map(drop)
}

/// The same, until the database has answered.
pub(crate) async fn release_patiently(store: &Store, owner: WorkerId, run: RunId, attempt: u32) {
    let patience = Patience::new("letting go of a run");
    match store.write_patiently(patience, move |conn| Box::pin(release(conn, owner, run, attempt))).await {
        Ok(()) => tracing::info!(run.id = %run, "a run was let go"),
        // The next look at what is owned and not in hand tries again.
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, run.id = %run, "a run could not be let go");
        }
    }
}
