//! What comes after its time: a notifier that was taken for dead has told of a beginning all the same, perhaps after
//! another one told the end. It is not kept from sending by looking at its claim once more: a message can be on its way for
//! as long as the network likes, and nobody calls it back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    id::NotificationId,
    notification::{Notification, NotificationKind, NotificationState},
};

use super::{NewNotification, insert, lane, row::Row};
use crate::{Conn, Result, conn::load_locked, schema::notifications};

/// Tells the end of a lane once more, if it was told already: a receiver that has taken it has opened anew what nobody
/// else closes. Answers what is to be sent. An end that still waits comes after all that was sent, and is enough.
pub async fn tell_end_again(
    conn: &mut Conn,
    id: NotificationId,
    now: DateTime<Utc>,
) -> Result<Option<NotificationId>> {
    let Some((incident, channel)) = lane::of(conn, id).await? else { return Ok(None) };
    let last: Vec<Row> = load_locked!(
        conn,
        notifications::table
            .filter(notifications::incident_id.eq(incident).and(notifications::channel.eq(channel)))
            .order((notifications::sequence.desc(), notifications::id.desc()))
            .limit(1)
            .select(Row::as_select())
    )?;
    let Some(last) = last.into_iter().next().map(Notification::from) else { return Ok(None) };
    let told = matches!(last.state, NotificationState::Sending | NotificationState::Sent);
    if last.kind != NotificationKind::Resolved || !told {
        return Ok(None);
    }
    let (id, sequence) = (NotificationId::random(now), last.sequence + 1);
    let again = NewNotification { id, channel: last.channel, sequence, notice: last.notice };
    Ok(insert(conn, &[again]).await?.pop())
}
