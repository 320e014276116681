//! Notifications that are about no incident: tests, and channels that are broken. Nothing takes them along when it goes,
//! so they are pruned by themselves.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{IncidentId, NotificationId},
    notification::{Notice, Notification, NotificationKind},
};

use super::{NewNotification, insert, row::Row};
use crate::{
    Conn, Result,
    conn::{load_skip_locked, with},
    schema::notifications,
    types::{Key, Moment, Word},
};

/// Tells whoever was told that something began that it is over. Nothing when nobody was.
pub(crate) async fn over(
    conn: &mut Conn,
    outage: IncidentId,
    channel: &Slug,
    now: DateTime<Utc>,
) -> Result<()> {
    let last = notifications::table
        .filter(notifications::incident_id.eq(Key(outage)))
        .filter(notifications::channel.eq(Word(channel.clone())))
        .order((notifications::sequence.desc(), notifications::id.desc()));
    let last: Option<Row> = with!(conn, |c| last.select(Row::as_select()).first(c)).optional()?;
    let Some(last) = last.map(Notification::from) else { return Ok(()) };
    if last.kind == NotificationKind::Resolved {
        return Ok(());
    }
    let notice = Notice { kind: NotificationKind::Resolved, occurred_at: now, ..last.notice };
    let sequence = last.sequence + 1;
    let new = NewNotification { id: NotificationId::random(now), channel: channel.clone(), sequence, notice };
    insert(conn, &[new]).await?;
    Ok(())
}

/// Deletes up to `limit` of them that were made before. Answers how many.
pub(crate) async fn prune(conn: &mut Conn, before: Moment, limit: i64) -> Result<usize> {
    let old: Vec<Key<NotificationId>> = load_skip_locked!(
        conn,
        notifications::table
            .filter(notifications::standalone.and(notifications::created_at.lt(before)))
            .order((notifications::created_at, notifications::id))
            .limit(limit)
            .select(notifications::id)
    )?;
    let old = notifications::table.filter(notifications::id.eq_any(&old));
    Ok(with!(conn, |c| diesel::delete(old).execute(c))?)
}
