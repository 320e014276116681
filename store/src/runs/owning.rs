//! The worker's side: claiming, and what becomes of a run whose worker leaves it.

use std::collections::HashSet;

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
    run::Run,
};

use super::{
    holding::{self, Held},
    keys, latest_start, recent,
    row::Row,
};
use crate::{
    Conn, Result,
    conn::with,
    literal::{IsQueued, IsRunning},
    schema::{runs, workers},
    types::{Key, Moment, Word, count},
};

/// Makes `worker` the owner of those of `runs` that are queued and not too late, each for one more attempt. Of what is
/// not answered, [`still_waiting`] tells what to try again; the rest was a duplicate message or came too late:
/// acknowledge and forget.
pub async fn claim(
    conn: &mut Conn,
    worker: WorkerId,
    runs: &[RunId],
    now: DateTime<Utc>,
) -> Result<Vec<Run>> {
    let free = holding::lock_startable(conn, worker, runs, now).await?;
    if free.is_empty() {
        return Ok(Vec::new());
    }
    let free = runs::table.filter(keys!(free));
    let claimed = (
        runs::state.eq(Word(RunState::Running)),
        runs::attempt.eq(runs::attempt + 1),
        runs::owner.eq(Key(worker)),
        runs::started_at.eq(Moment(now)),
        runs::wake_at.eq(None::<Moment>),
    );
    let rows: Vec<Row> =
        with!(conn, |c| diesel::update(free).set(claimed).returning(Row::as_returning()).get_results(c))?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// Which of these runs, that a claim has just passed over, can still start: this worker leaves them to others for a moment,
/// or another transaction has them locked, as a second relay does whose look at what is due was a moment old. Their
/// messages are to go back: forgotten, such a run would wait until its row wakes again.
pub async fn still_waiting(conn: &mut Conn, runs: &[RunId], now: DateTime<Utc>) -> Result<Vec<RunId>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let waiting = runs::table
        .filter(keys!(runs))
        .filter(IsQueued::new(runs::state).and(runs::start_by.gt(latest_start(now))));
    let ids: Vec<Key<RunId>> = with!(conn, |c| waiting.select(runs::id).load(c))?;
    Ok(ids.into_iter().map(|Key(id)| id).collect())
}

/// Gives runs back that this worker owns and will not finish, so that another attempt can. A run that has begun what must
/// not be repeated cannot be given back. Answers which were.
pub async fn hand_back(
    conn: &mut Conn,
    worker: WorkerId,
    runs: &[RunId],
    now: DateTime<Utc>,
) -> Result<Vec<RunId>> {
    let running = holding::lock_running(conn, runs).await?;
    let own = running.into_iter().filter(|(_, (_, owner))| *owner == Some(Key(worker)));
    let own: Vec<RunId> = own.map(|(run, _)| run).collect();
    if own.is_empty() {
        return Ok(own);
    }
    let own = runs::table.filter(keys!(own)).filter(runs::unsafe_begun.eq(false));
    let queued = (runs::state.eq(Word(RunState::Queued)), runs::wake_at.eq(Moment(now)), runs::wakes.eq(0));
    let ids: Vec<Key<RunId>> =
        with!(conn, |c| diesel::update(own).set(queued).returning(runs::id).get_results(c))?;
    Ok(ids.into_iter().map(|Key(id)| id).collect())
}

/// Records that unsafe requests are about to be sent. For a run that is not answered send nothing: it is not that
/// attempt's any more.
pub async fn mark_all_unsafe(conn: &mut Conn, held: &[Held]) -> Result<HashSet<RunId>> {
    let holds = holding::lock(conn, held).await?;
    let ids: Vec<RunId> = holds.iter().copied().collect();
    if !ids.is_empty() {
        let own = runs::table.filter(keys!(ids));
        with!(conn, |c| diesel::update(own).set(runs::unsafe_begun.eq(true)).execute(c))?;
    }
    Ok(holds)
}

/// [`mark_all_unsafe`] of one.
pub async fn mark_unsafe(conn: &mut Conn, run: RunId, attempt: u32, worker: WorkerId) -> Result<bool> {
    Ok(mark_all_unsafe(conn, &[Held { run, attempt, worker }]).await?.contains(&run))
}

/// Which runs of this worker somebody wants stopped.
pub async fn cancel_requested(conn: &mut Conn, worker: WorkerId, now: DateTime<Utc>) -> Result<Vec<RunId>> {
    let own = runs::table
        .filter(IsRunning::new(runs::state).and(runs::owner.eq(Key(worker))))
        .filter(runs::cancel_requested_at.is_not_null().and(recent(now)));
    let ids: Vec<Key<RunId>> = with!(conn, |c| own.select(runs::id).load(c))?;
    Ok(ids.into_iter().map(|Key(id)| id).collect())
}

/// What this worker owns since before an instant, as the row has it. Whatever of it is not in its hands was left lying:
/// an answer of the database that got lost, a defect.
pub async fn owned_since(conn: &mut Conn, worker: WorkerId, before: DateTime<Utc>) -> Result<Vec<Run>> {
    let own = runs::table
        .filter(IsRunning::new(runs::state).and(runs::owner.eq(Key(worker))))
        .filter(runs::started_at.lt(Moment(before)).and(recent(before)));
    let rows: Vec<Row> = with!(conn, |c| own.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// Running runs whose owner is no longer alive: read owner by owner, so that few rows are looked at; answered in key
/// order, the one in which they are to be locked. Nothing is locked here: [`requeue`] and [`super::end_inconclusive`] are
/// fenced by the attempt.
pub async fn of_dead_workers(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<Run>> {
    let dead = if planted::has(Bug::ReapTheLiving) { now + TimeDelta::days(1) } else { now };
    let alive = workers::table
        .filter(workers::id.nullable().eq(runs::owner).and(workers::alive_until.gt(Moment(dead))));
    let orphans = runs::table
        .filter(IsRunning::new(runs::state).and(recent(now)).and(not(exists(alive))))
        .order((runs::owner, runs::due_at, runs::id))
        .limit(i64::from(limit));
    let mut rows: Vec<Row> = with!(conn, |c| orphans.select(Row::as_select()).load(c))?;
    rows.sort_by_key(|row| row.id);
    Ok(rows.into_iter().map(Run::from).collect())
}

/// Queues a running run again whose worker was lost, if it is still that attempt's.
pub async fn requeue(conn: &mut Conn, run: RunId, attempt: u32, now: DateTime<Utc>) -> Result<bool> {
    let own = runs::table
        .filter(keys!([run]))
        .filter(runs::state.eq(Word(RunState::Running)).and(runs::attempt.eq(count(attempt))));
    let queued = (
        runs::state.eq(Word(RunState::Queued)),
        runs::wake_at.eq(Moment(now)),
        runs::wakes.eq(0),
        runs::losses.eq(runs::losses + 1),
    );
    Ok(with!(conn, |c| diesel::update(own).set(queued).execute(c))? == 1)
}
