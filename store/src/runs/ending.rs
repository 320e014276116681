//! How runs end.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason, ReasonCode, RunState},
};

use super::{
    HORIZON,
    holding::{self, Held},
    keys, latest_start, recent,
};
use crate::{
    Conn, Result, cleanups,
    conn::{Link, load_skip_locked, with},
    literal::{IsQueued, IsUnfinished},
    schema::runs,
    types::{Doc, Key, Moment, Word, count, sql},
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

impl Finished {
    fn held(&self) -> Held {
        Held { run: self.run, attempt: self.attempt, worker: self.worker }
    }
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

/// Why a run does not start again that had begun.
const NOT_AGAIN: &str = "its worker let go of it after it had begun, and no other one was free in time";

/// Of a run whose clean-up nobody began.
const UNCLEAN: &str = "the worker was lost after a request that must not be repeated; its clean-up could not be carried \
                       out, for no worker was free in time";

/// Ends runs with what their workers found. Only the owner's current attempt is accepted (I3): what is not answered
/// was stale, changed nothing, and its result must not be recorded either.
pub async fn finish(conn: &mut Conn, finished: &[Finished], now: DateTime<Utc>) -> Result<Vec<RunId>> {
    let held: Vec<Held> = finished.iter().map(Finished::held).collect();
    let accepted = holding::lock(conn, &held).await?;
    let ends: Vec<(RunId, End)> = finished
        .iter()
        .filter(|one| accepted.contains(&one.run))
        .map(|one| (one.run, end(one.outcome, one.reason.as_ref(), now)))
        .collect();
    let ids: Vec<RunId> = ends.iter().map(|(run, _)| *run).collect();
    match &mut conn.link {
        Link::Pg(object) => end_all(object, &ends, now).await?,
        Link::Lite(object) => {
            let each = move |sqlite: &mut SqliteConnection| {
                for (run, end) in &ends {
                    let one = runs::table.find((Moment(run.due_at()), Key(*run)));
                    diesel::RunQueryDsl::execute(diesel::update(one).set(end), sqlite)?;
                }
                Ok(())
            };
            object.spawn_blocking(each).await?;
        }
    }
    cleanups::forget(conn, &ids).await?;
    Ok(ids)
}

/// All in one statement, which `diesel` cannot build. `due_at` is named for the partitions.
async fn end_all(pg: &mut AsyncPgConnection, ends: &[(RunId, End)], now: DateTime<Utc>) -> QueryResult<()> {
    const STATEMENT: &str = "UPDATE runs SET state = 'finished', wake_at = NULL, finished_at = $1, \
         outcome = ended.outcome, reason = ended.reason \
         FROM unnest($2, $3, $4, $5) AS ended (due_at, id, outcome, reason) \
         WHERE runs.due_at BETWEEN $6 AND $7 AND runs.due_at = ended.due_at AND runs.id = ended.id";
    let due: Vec<Moment> = ends.iter().map(|(run, _)| Moment(run.due_at())).collect();
    let (Some(first), Some(last)) = (due.iter().min().copied(), due.iter().max().copied()) else {
        return Ok(());
    };
    let ids: Vec<_> = ends.iter().map(|(run, _)| Key(*run)).collect();
    let outcomes: Vec<_> = ends.iter().map(|(_, end)| end.outcome).collect();
    let reasons: Vec<_> = ends.iter().map(|(_, end)| end.reason.clone()).collect();
    let statement = diesel::sql_query(STATEMENT)
        .bind::<sql::Moment, _>(Moment(now))
        .bind::<Array<sql::Moment>, _>(due)
        .bind::<Array<sql::Key>, _>(ids)
        .bind::<Array<Text>, _>(outcomes)
        .bind::<Array<Nullable<sql::Doc>>, _>(reasons)
        .bind::<sql::Moment, _>(first)
        .bind::<sql::Moment, _>(last);
    statement.execute(pg).await.map(drop)
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

/// Ends queued runs that can no longer start in time (I13): as missed when they never began; as inconclusive when they had
/// begun and would have started again, or when it was for their clean-up only. Answers which.
pub async fn expire(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<RunId>> {
    let late: Vec<(Key<RunId>, i32, bool)> = load_skip_locked!(
        conn,
        runs::table
            .filter(IsQueued::new(runs::state).and(runs::start_by.le(latest_start(now))).and(recent(now)))
            .order((runs::start_by, runs::id))
            .limit(i64::from(limit))
            .select((runs::id, runs::attempt, runs::cleaning))
    )?;
    end_locked(conn, late, now).await
}

/// Ends what is not finished a day after it was due, of whoever it is: what an outage left there that was longer than the
/// [`HORIZON`], within which everybody else looks. Answers which.
pub async fn end_stragglers(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<RunId>> {
    let left: Vec<(Key<RunId>, i32, bool)> = load_skip_locked!(
        conn,
        runs::table
            .filter(IsUnfinished::new(runs::state).and(runs::due_at.le(Moment(now - HORIZON))))
            .order((runs::due_at, runs::id))
            .limit(i64::from(limit))
            .select((runs::id, runs::attempt, runs::cleaning))
    )?;
    end_locked(conn, left, now).await
}

/// Ends unfinished runs whose rows are locked, by their attempt and whether they were for their clean-up only. Answers which.
async fn end_locked(
    conn: &mut Conn,
    late: Vec<(Key<RunId>, i32, bool)>,
    now: DateTime<Utc>,
) -> Result<Vec<RunId>> {
    let (mut missed, mut lost, mut unclean) = (Vec::new(), Vec::new(), Vec::new());
    for (Key(run), attempt, cleaning) in &late {
        match (*cleaning, *attempt) {
            (true, _) => unclean.push(*run),
            (false, 0) => missed.push(*run),
            (false, _) => lost.push(*run),
        }
    }
    let reason = Reason::new(ReasonCode::TooLate, "no worker was free in time");
    end_all_as(conn, &missed, &end(Outcome::Missed, Some(&reason), now)).await?;
    let reason = Reason::new(ReasonCode::WorkerLost, NOT_AGAIN);
    end_all_as(conn, &lost, &end(Outcome::Inconclusive, Some(&reason), now)).await?;
    let reason = Reason::new(ReasonCode::WorkerLost, UNCLEAN);
    end_all_as(conn, &unclean, &end(Outcome::Inconclusive, Some(&reason), now)).await?;
    let ids: Vec<RunId> = late.into_iter().map(|(Key(id), ..)| id).collect();
    cleanups::forget(conn, &ids).await?;
    Ok(ids)
}

async fn end_all_as(conn: &mut Conn, runs: &[RunId], end: &End) -> Result<()> {
    if !runs.is_empty() {
        let unfinished = runs::table.filter(keys!(runs)).filter(IsUnfinished::new(runs::state));
        with!(conn, |c| diesel::update(unfinished).set(end).execute(c))?;
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
