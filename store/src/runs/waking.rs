//! The relay's side: which queued runs are to be published, and when again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{document::Slug, id::RunId};

use super::{holding, keys, recent};
use crate::{
    Conn, Result, backoff,
    conn::{load_skip_locked, with},
    literal::IsQueued,
    schema::runs,
    types::{Key, Moment, Word},
};

/// Takes queued runs that are due for a message and sets their next wake-up ahead (10 s, doubling, at most 60 s), so that a
/// message that gets lost is sent again. Publish after the commit.
pub async fn wake(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<(RunId, Slug)>> {
    let due: Vec<(Key<RunId>, Word<Slug>, i32)> = load_skip_locked!(
        conn,
        runs::table
            .filter(IsQueued::new(runs::state).and(runs::wake_at.le(Moment(now))).and(recent(now)))
            .order((runs::wake_at, runs::id))
            .limit(i64::from(limit))
            .select((runs::id, runs::location, runs::wakes))
    )?;
    let mut by_wait = BTreeMap::<_, Vec<_>>::new();
    for (id, _, wakes) in &due {
        by_wait.entry(backoff::next_wake(now, *wakes)).or_default().push(id.0);
    }
    for (at, ids) in by_wait {
        let some = runs::table.filter(keys!(ids));
        let ahead = (runs::wake_at.eq(Moment(at)), runs::wakes.eq(runs::wakes + 1));
        with!(conn, |c| diesel::update(some).set(ahead).execute(c))?;
    }
    Ok(due.into_iter().map(|(id, location, _)| (id.0, location.0)).collect())
}

/// When the next queued run is to be woken, which may have been long ago.
pub async fn next_wake(conn: &mut Conn, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let queued = runs::table.filter(IsQueued::new(runs::state).and(recent(now)));
    let first = queued.order(runs::wake_at).select(runs::wake_at);
    let at: Option<Option<Moment>> = with!(conn, |c| first.first(c)).optional()?;
    Ok(at.flatten().map(|Moment(at)| at))
}

/// Sets the wake-up of queued runs: their message could not be published, or came back.
pub async fn wake_again(conn: &mut Conn, runs: &[RunId], at: DateTime<Utc>) -> Result<()> {
    let queued = holding::lock_queued(conn, runs).await?;
    if queued.is_empty() {
        return Ok(());
    }
    let queued = runs::table.filter(keys!(queued));
    with!(conn, |c| diesel::update(queued).set(runs::wake_at.eq(Moment(at))).execute(c))?;
    Ok(())
}
