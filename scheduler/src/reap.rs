//! What was left behind: runs and notifications of processes that are gone, and runs that can no longer start in time.
//! Everything is fenced by the attempt, so a reaper that is late, or one of several, changes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    id::RunId,
    outcome::{Reason, ReasonCode},
    planted::{self, Bug},
    run::Run,
};
use store::{
    Conn, Store, Topic, cleanups,
    incidents::{self, Applied},
    notifications,
    quarantines::{self, Quarantine},
    runs,
};

use crate::{Error, Turn};

/// Rows of each kind per transaction.
const BATCH: u32 = 200;
/// A run takes at most this many workers along, its clean-up included (I15). Then its version of the collection is not
/// run any more.
const FATAL: u32 = 2;

/// Ends what dead workers owned, or queues it again, for its clean-up only when it must not be repeated; ends what came too late as missed, and frees what dead notifiers owned.
///
/// # Errors
/// [`Error::Store`]; then nothing of the batch has happened.
#[tracing::instrument(name = "scheduler.reap", level = "debug", skip_all)]
pub async fn once(store: &Store) -> Result<Turn, Error> {
    if planted::has(Bug::NoReaper) {
        return Ok(Turn::Done);
    }
    let reaped = store.write(|conn| Box::pin(batch(conn))).await?;
    if reaped.queued > 0 || reaped.concerns.asked {
        store.notify(Topic::Runs);
    }
    if reaped.ended > 0 {
        store.notify(Topic::Results);
    }
    if reaped.notifications > 0 || reaped.concerns.told {
        store.notify(Topic::Notifications);
    }
    Ok(reaped.turn)
}

/// Ends what an outage of more than a day has left over, beyond where everybody else looks.
///
/// # Errors
/// [`Error::Store`]; then nothing of the batch has happened.
#[tracing::instrument(name = "scheduler.reap.stragglers", level = "debug", skip_all)]
pub async fn stragglers(store: &Store) -> Result<Turn, Error> {
    let end = store.write(|conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            let ended = runs::end_stragglers(conn, now, BATCH).await?;
            incidents::unconfirmed(conn, &ended, now).await?;
            Ok(ended.len())
        })
    });
    let ended = end.await?;
    if ended > 0 {
        tracing::warn!(runs = ended, "Runs that nobody had finished a day after they were due are over.");
        store.notify(Topic::Results);
    }
    Ok(Turn::after(ended, BATCH))
}

#[derive(Debug)]
struct Reaped {
    queued: usize,
    ended: usize,
    notifications: usize,
    concerns: Applied,
    turn: Turn,
}

async fn batch(conn: &mut Conn) -> store::Result<Reaped> {
    let now = store::now(conn).await?;
    let orphans = runs::of_dead_workers(conn, now, BATCH).await?;
    let begun: Vec<RunId> = orphans.iter().filter(|run| run.unsafe_begun).map(|run| run.id).collect();
    let kept = cleanups::kept(conn, &begun).await?;
    let (mut queued, mut ended) = (0, Vec::new());
    for run in &orphans {
        match fate(run, kept.contains(&run.id), now) {
            Fate::Again => queued += usize::from(runs::requeue(conn, run.id, run.attempt, now).await?),
            Fate::CleanUp => {
                queued += usize::from(runs::requeue_for_cleaning(conn, run.id, run.attempt, now).await?);
            }
            Fate::Over(reason) => ended.extend(end(conn, run, reason, now).await?.then_some(run.id)),
        }
    }
    let missed = runs::expire(conn, now, BATCH).await?;
    report(queued, ended.len(), missed.len());
    let most = orphans.len().max(missed.len());
    ended.extend(missed);
    let concerns = incidents::unconfirmed(conn, &ended, now).await?;
    let notifications = notifications::reap(conn, now, BATCH).await?.len();
    if notifications > 0 {
        tracing::warn!(notifications, "Notifiers went away with notifications; they are sent again.");
    }
    let turn = Turn::after(most.max(notifications), BATCH);
    Ok(Reaped { queued, ended: ended.len(), notifications, concerns, turn })
}

/// Ends a run, and with one that is poison every other run of its version.
async fn end(conn: &mut Conn, run: &Run, reason: Reason, now: DateTime<Utc>) -> store::Result<bool> {
    let ended = runs::end_inconclusive(conn, run.id, run.attempt, &reason, now).await?;
    if ended && reason.code == ReasonCode::Poison {
        tracing::error!(
            run.id = %run.id,
            collection.slug = %run.collection.slug,
            collection.version = run.collection.version,
            "A run took two workers along; its collection is in quarantine until a new version is saved."
        );
        let quarantine = Quarantine { collection: run.collection.clone(), run: run.id, reason, since: now };
        quarantines::add(conn, &quarantine).await?;
    }
    Ok(ended)
}

fn report(queued: usize, ended: usize, missed: usize) {
    if queued + ended > 0 {
        tracing::warn!(queued, inconclusive = ended, "Workers went away with runs.");
    }
    if missed > 0 {
        tracing::warn!(runs = missed, "No worker was free in time; the runs are missed.");
    }
}

/// What becomes of a run whose worker is gone.
#[derive(Debug, Clone, PartialEq)]
enum Fate {
    /// Queued for another worker.
    Again,
    /// Queued for another worker, which only cleans up.
    CleanUp,
    /// Inconclusive.
    Over(Reason),
}

/// The redelivery policy: a run starts again from its first step, unless that could repeat what must not be repeated,
/// or the run is what kills its workers, or it would start too late. What must not be repeated is cleaned up after, where
/// there is something `kept` to do that from.
fn fate(run: &Run, kept: bool, now: DateTime<Utc>) -> Fate {
    let over = |code, message| Fate::Over(Reason::new(code, message));
    if run.losses + 1 >= FATAL {
        let unclean = "two workers were lost while they executed this run; its clean-up was not carried out";
        let message = if kept { unclean } else { "two workers were lost while they executed this run" };
        return over(ReasonCode::Poison, message);
    }
    if run.unsafe_begun && !planted::has(Bug::RepeatUnsafe) {
        let message = "the worker was lost after a request that must not be repeated";
        return if kept { Fate::CleanUp } else { over(ReasonCode::WorkerLost, message) };
    }
    let max_lateness = TimeDelta::from_std(run.max_lateness).unwrap_or(TimeDelta::MAX);
    if now - run.due_at >= max_lateness {
        return over(ReasonCode::WorkerLost, "the worker was lost and it was too late for another one");
    }
    Fate::Again
}

#[cfg(test)]
mod tests;
