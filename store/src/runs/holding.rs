//! The fence (I3): which claims are still what their workers take them for. Those rows stay locked for the rest of the
//! transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;
use domain::{
    id::{RunId, WorkerId},
    outcome::RunState,
    planted::{self, Bug},
};

use super::{keys, latest_start};
use crate::{
    Conn, Result,
    conn::{load_locked, load_skip_locked},
    literal::{IsQueued, IsRunning},
    schema::{runs, workers},
    types::{Key, Moment, Word, count},
};

/// How long other workers have to take what one is to leave to them; then anybody may.
const LEFT_TO_OTHERS: TimeDelta = TimeDelta::seconds(2);

/// A run in the hands of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which run.
    pub run: RunId,
    /// Of the claim.
    pub attempt: u32,
    /// Of the claim.
    pub worker: WorkerId,
}

type Claim = (i32, Option<Key<WorkerId>>);

/// Locks running runs in key order, and answers which of these claims hold.
pub(super) async fn lock(conn: &mut Conn, held: &[Held]) -> Result<HashSet<RunId>> {
    let ids: Vec<RunId> = held.iter().map(|held| held.run).collect();
    let rows = lock_running(conn, &ids).await?;
    let current: HashMap<RunId, Claim> = rows.into_iter().collect();
    let holds = |held: &&Held| {
        let claim = (count(held.attempt), Some(Key(held.worker)));
        current.get(&held.run).is_some_and(|current| *current == claim || planted::has(Bug::NoFence))
    };
    Ok(held.iter().filter(holds).map(|held| held.run).collect())
}

/// Locks what is running of these runs, in key order, waiting for whoever has them locked.
pub(super) async fn lock_running(conn: &mut Conn, ids: &[RunId]) -> Result<Vec<(RunId, Claim)>> {
    let rows: Vec<(Key<RunId>, i32, Option<Key<WorkerId>>)> = load_locked!(
        conn,
        runs::table
            .filter(keys!(ids))
            .filter(IsRunning::new(runs::state))
            .order((runs::due_at, runs::id))
            .select((runs::id, runs::attempt, runs::owner))
    )?;
    Ok(rows.into_iter().map(|(id, attempt, owner)| (id.0, (attempt, owner))).collect())
}

/// Locks what can start of these runs and nobody else has locked: two workers never wait for each other. A run that
/// somebody has locked while it is queued is being claimed, ended, or woken once more. What this worker is to leave to
/// others cannot start with it, unless it is alone at its location or they had their time.
pub(super) async fn lock_startable(
    conn: &mut Conn,
    worker: WorkerId,
    ids: &[RunId],
    now: DateTime<Utc>,
) -> Result<Vec<RunId>> {
    let mut states = vec![Word(RunState::Queued)];
    if planted::has(Bug::ClaimOfRunning) {
        states.push(Word(RunState::Running));
    }
    let others = workers::table.filter(
        workers::location
            .eq(runs::location)
            .and(workers::id.ne(Key(worker)))
            .and(workers::alive_until.gt(Moment(now))),
    );
    let ours = runs::avoid
        .is_null()
        .or(runs::avoid.assume_not_null().ne(Key(worker)))
        .or(runs::due_at.le(Moment(now - LEFT_TO_OTHERS)))
        .or(not(exists(others)));
    let rows: Vec<Key<RunId>> = load_skip_locked!(
        conn,
        runs::table
            .filter(keys!(ids))
            .filter(runs::state.eq_any(states).and(runs::start_by.gt(latest_start(now))))
            .filter(ours)
            .order((runs::due_at, runs::id))
            .select(runs::id)
    )?;
    Ok(rows.into_iter().map(|Key(id)| id).collect())
}

/// Locks what is queued of these runs and nobody else has locked: whoever has the others wakes them, or ends their wait.
pub(super) async fn lock_queued(conn: &mut Conn, ids: &[RunId]) -> Result<Vec<RunId>> {
    let rows: Vec<Key<RunId>> = load_skip_locked!(
        conn,
        runs::table
            .filter(keys!(ids))
            .filter(IsQueued::new(runs::state))
            .order((runs::due_at, runs::id))
            .select(runs::id)
    )?;
    Ok(rows.into_iter().map(|Key(id)| id).collect())
}
