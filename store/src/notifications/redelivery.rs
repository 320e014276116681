//! Sending again what was given up, when somebody asks for it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    id::NotificationId,
    notification::{Notification, NotificationKind, NotificationState, WORTH},
};

use super::{lane, row::Row};
use crate::{
    Conn, Result,
    conn::{load_locked, with},
    schema::notifications,
    types::{Key, Moment, Word},
};

/// What became of the wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Redelivery {
    /// It is sent again, as soon as its turn comes.
    Again(Box<Notification>),
    /// It was not given up.
    NotDead(NotificationState),
    /// The end of what it tells of stands behind it in its lane: told after that, it would be taken for news.
    Over(NotificationId),
}

/// Makes a dead notification pending again, for as long as a new one. `None` when there is none of that id.
pub async fn redeliver(
    conn: &mut Conn,
    id: NotificationId,
    now: DateTime<Utc>,
) -> Result<Option<Redelivery>> {
    let Some((incident, channel)) = lane::of(conn, id).await? else { return Ok(None) };
    let rows: Vec<Row> = load_locked!(
        conn,
        notifications::table
            .filter(notifications::incident_id.eq(incident).and(notifications::channel.eq(channel)))
            .order((notifications::sequence, notifications::id))
            .select(Row::as_select())
    )?;
    let Some(place) = rows.iter().position(|row| row.id.0 == id) else { return Ok(None) };
    if rows[place].state.0 != NotificationState::Dead {
        return Ok(Some(Redelivery::NotDead(rows[place].state.0)));
    }
    let end = rows[place + 1..].iter().find(|row| row.kind.0 == NotificationKind::Resolved);
    if let Some(end) = end {
        return Ok(Some(Redelivery::Over(end.id.0)));
    }
    let pending = (
        notifications::state.eq(Word(NotificationState::Pending)),
        notifications::wake_at.eq(Moment(now)),
        notifications::wakes.eq(0),
        notifications::next_attempt_at.eq(Moment(now)),
        notifications::worth_until.eq(Moment(now + WORTH)),
    );
    let dead = notifications::table.find(Key(id));
    let row: Row =
        with!(conn, |c| diesel::update(dead).set(pending).returning(Row::as_returning()).get_result(c))?;
    Ok(Some(Redelivery::Again(Box::new(row.into()))))
}
