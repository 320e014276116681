//! How runs end.

use chrono::{DateTime, Utc};
use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason},
};

use crate::{Conn, Result};

/// What a worker found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Which run.
    pub run: RunId,
    /// Of the claim.
    pub attempt: u32,
    /// Of the claim.
    pub worker: WorkerId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, unless it passed.
    pub reason: Option<Reason>,
}

/// What became of a wish to stop a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It had not begun and is over now.
    Ended,
    /// Its worker will hear of it.
    Requested,
    /// It was over already.
    TooLate,
}

/// Ends runs with what their workers found. Only the owner's current attempt is accepted (I3): what is not answered
/// was stale, changed nothing, and its result must not be recorded either.
pub async fn finish(conn: &mut Conn, finished: &[Finished], now: DateTime<Utc>) -> Result<Vec<RunId>> {
    todo!()
}

/// Ends a running run without a result of its worker, if it is still that attempt's.
pub async fn end_inconclusive(
    conn: &mut Conn,
    run: RunId,
    attempt: u32,
    reason: &Reason,
    now: DateTime<Utc>,
) -> Result<bool> {
    todo!()
}

/// Ends queued runs as missed that can no longer start in time (I13). Answers which.
pub async fn expire(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<RunId>> {
    todo!()
}

/// Stops a run: at once while it is queued, through its worker while it is running. `None` when there is no such run.
pub async fn cancel(conn: &mut Conn, run: RunId, now: DateTime<Utc>) -> Result<Option<Cancelled>> {
    todo!()
}
