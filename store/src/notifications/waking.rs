//! The relay's side: which pending notifications are to be published, and when again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::id::NotificationId;

use crate::{
    Conn, Result,
    backoff::next_wake,
    conn::{load_skip_locked, with},
    literal::IsPending,
    schema::notifications,
    types::{Key, Moment},
};

/// Takes pending notifications that are due for a message and sets their next wake-up ahead, as
/// [`crate::runs::wake`] does. One whose turn has not come is woken in vain, and again when its turn comes.
pub async fn wake(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<NotificationId>> {
    let due: Vec<(Key<NotificationId>, i32)> = load_skip_locked!(
        conn,
        notifications::table
            .filter(IsPending::new(notifications::state))
            .filter(notifications::wake_at.le(Moment(now)))
            .order((notifications::wake_at, notifications::id))
            .limit(i64::from(limit))
            .select((notifications::id, notifications::wakes))
    )?;
    let mut by_wait = BTreeMap::<_, Vec<_>>::new();
    for (id, wakes) in &due {
        by_wait.entry(next_wake(now, *wakes)).or_default().push(*id);
    }
    for (at, ids) in by_wait {
        let some = notifications::table.filter(notifications::id.eq_any(ids));
        let ahead =
            (notifications::wake_at.eq(Moment(at)), notifications::wakes.eq(notifications::wakes + 1));
        with!(conn, |c| diesel::update(some).set(ahead).execute(c))?;
    }
    Ok(due.into_iter().map(|(Key(id), _)| id).collect())
}

/// Sets the wake-up of pending notifications: their message could not be published, or came back.
pub async fn wake_again(conn: &mut Conn, ids: &[NotificationId], at: DateTime<Utc>) -> Result<()> {
    let ids: Vec<_> = ids.iter().copied().map(Key).collect();
    // Whoever has one locked claims it, or wakes it.
    let pending: Vec<Key<NotificationId>> = load_skip_locked!(
        conn,
        notifications::table
            .filter(notifications::id.eq_any(ids))
            .filter(IsPending::new(notifications::state))
            .select(notifications::id)
    )?;
    let pending = notifications::table.filter(notifications::id.eq_any(pending));
    with!(conn, |c| diesel::update(pending).set(notifications::wake_at.eq(Moment(at))).execute(c))?;
    Ok(())
}
