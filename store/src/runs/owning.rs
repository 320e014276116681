//! The worker's side: claiming, and what becomes of a run whose worker leaves it.

use chrono::{DateTime, Utc};
use domain::{
    id::{RunId, WorkerId},
    run::Run,
};

use crate::{Conn, Result};

/// Makes `worker` the owner of those of `runs` that are queued and not too late, each for one more attempt. What is
/// not answered was a duplicate message, or came too late: acknowledge and forget.
pub async fn claim(
    conn: &mut Conn,
    worker: WorkerId,
    runs: &[RunId],
    now: DateTime<Utc>,
) -> Result<Vec<Run>> {
    todo!()
}

/// Gives runs back that this worker owns and will not finish (drain). Answers which were its own.
pub async fn hand_back(
    conn: &mut Conn,
    worker: WorkerId,
    runs: &[RunId],
    now: DateTime<Utc>,
) -> Result<Vec<RunId>> {
    todo!()
}

/// Records that an unsafe request is about to be sent. False when the run is not this attempt's any more: send nothing.
pub async fn mark_unsafe(conn: &mut Conn, run: RunId, attempt: u32, worker: WorkerId) -> Result<bool> {
    todo!()
}

/// Which runs of this worker somebody wants stopped.
pub async fn cancel_requested(conn: &mut Conn, worker: WorkerId) -> Result<Vec<RunId>> {
    todo!()
}

/// Running runs whose owner is no longer alive, oldest first.
pub async fn of_dead_workers(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<Run>> {
    todo!()
}

/// Queues a running run again, if it is still that attempt's.
pub async fn requeue(conn: &mut Conn, run: RunId, attempt: u32, now: DateTime<Utc>) -> Result<bool> {
    todo!()
}
