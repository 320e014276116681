//! How runs end.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason, ReasonCode, RunState},
};

use super::keys;
use crate::{
    Conn, Result, cleanups,
    conn::{load_skip_locked, with},
    literal::IsQueued,
    schema::runs,
    types::{Doc, Key, Moment, Word, count},
};

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

/// Of a run whose clean-up nobody began.
const UNCLEAN: &str = "the worker was lost after a request that must not be repeated; its clean-up could not be carried \
                       out, for no worker was free in time";

/// Ends runs with what their workers found. Only the owner's current attempt is accepted (I3): what is not answered
/// was stale, changed nothing, and its result must not be recorded either.
pub async fn finish(conn: &mut Conn, finished: &[Finished], now: DateTime<Utc>) -> Result<Vec<RunId>> {
    let mut accepted = Vec::with_capacity(finished.len());
    for one in finished {
        let own = runs::table
            .filter(keys!([one.run]))
            .filter(runs::state.eq(Word(RunState::Running)).and(runs::attempt.eq(count(one.attempt))))
            .filter(runs::owner.eq(Key(one.worker)));
        let end = end(one.outcome, one.reason.as_ref(), now);
        if with!(conn, |c| diesel::update(own).set(&end).execute(c))? == 1 {
            accepted.push(one.run);
        }
    }
    cleanups::forget(conn, &accepted).await?;
    Ok(accepted)
}

/// Ends a running run without a result of its worker, if it is still that attempt's.
pub async fn end_inconclusive(
    conn: &mut Conn,
    run: RunId,
    attempt: u32,
    reason: &Reason,
    now: DateTime<Utc>,
) -> Result<bool> {
    let own = runs::table
        .filter(keys!([run]))
        .filter(runs::state.eq(Word(RunState::Running)).and(runs::attempt.eq(count(attempt))));
    let end = end(Outcome::Inconclusive, Some(reason), now);
    let ended = with!(conn, |c| diesel::update(own).set(&end).execute(c))? == 1;
    if ended {
        cleanups::forget(conn, &[run]).await?;
    }
    Ok(ended)
}

/// Ends queued runs that can no longer start in time (I13): as missed, or as inconclusive when it was for their clean-up
/// only. Answers which.
pub async fn expire(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<RunId>> {
    let late: Vec<(Key<RunId>, bool)> = load_skip_locked!(
        conn,
        runs::table
            .filter(IsQueued::new(runs::state).and(runs::start_by.le(Moment(now))))
            .order((runs::start_by, runs::id))
            .limit(i64::from(limit))
            .select((runs::id, runs::cleaning))
    )?;
    let of = |wanted| late.iter().filter(move |(_, cleaning)| *cleaning == wanted).map(|(id, _)| id.0);
    let (missed, unclean): (Vec<RunId>, Vec<RunId>) = (of(false).collect(), of(true).collect());
    let reason = Reason::new(ReasonCode::TooLate, "no worker was free in time");
    end_queued(conn, &missed, &end(Outcome::Missed, Some(&reason), now)).await?;
    let reason = Reason::new(ReasonCode::WorkerLost, UNCLEAN);
    end_queued(conn, &unclean, &end(Outcome::Inconclusive, Some(&reason), now)).await?;
    cleanups::forget(conn, &unclean).await?;
    Ok(late.into_iter().map(|(Key(id), _)| id).collect())
}

async fn end_queued(conn: &mut Conn, runs: &[RunId], end: &End) -> Result<()> {
    if !runs.is_empty() {
        let queued = runs::table.filter(keys!(runs)).filter(runs::state.eq(Word(RunState::Queued)));
        with!(conn, |c| diesel::update(queued).set(end).execute(c))?;
    }
    Ok(())
}

/// Stops a run: at once while it is queued, through its worker while it is running. What is queued for its clean-up has
/// begun, and its clean-up is not stopped. `None` when there is no such run.
pub async fn cancel(conn: &mut Conn, run: RunId, now: DateTime<Utc>) -> Result<Option<Cancelled>> {
    let queued = runs::table
        .filter(keys!([run]))
        .filter(runs::state.eq(Word(RunState::Queued)).and(runs::cleaning.eq(false)));
    let reason = Reason::new(ReasonCode::Cancelled, "stopped before it began");
    let end = end(Outcome::Cancelled, Some(&reason), now);
    if with!(conn, |c| diesel::update(queued).set(&end).execute(c))? == 1 {
        return Ok(Some(Cancelled::Ended));
    }
    let running = runs::table.filter(keys!([run])).filter(runs::state.ne(Word(RunState::Finished)));
    let asked = runs::cancel_requested_at.eq(Moment(now));
    if with!(conn, |c| diesel::update(running).set(asked).execute(c))? == 1 {
        return Ok(Some(Cancelled::Requested));
    }
    Ok(super::get(conn, run).await?.map(|_| Cancelled::TooLate))
}

#[derive(AsChangeset)]
#[diesel(table_name = runs, treat_none_as_null = true)]
struct End {
    state: Word<RunState>,
    outcome: Word<Outcome>,
    reason: Option<Doc<Reason>>,
    finished_at: Moment,
    wake_at: Option<Moment>,
}

fn end(outcome: Outcome, reason: Option<&Reason>, now: DateTime<Utc>) -> End {
    End {
        state: Word(RunState::Finished),
        outcome: Word(outcome),
        reason: reason.cloned().map(Doc),
        finished_at: Moment(now),
        wake_at: None,
    }
}
