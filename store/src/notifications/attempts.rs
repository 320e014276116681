//! Every try at a notification, kept. One whose notifier went away has no end.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{id::NotificationId, notification::DeliveryAttempt};

use super::Answered;
use crate::{
    Conn, Result,
    conn::with,
    schema::notification_attempts as tries,
    types::{Key, Moment, count},
};

/// All tries at a notification, in order.
pub async fn attempts(conn: &mut Conn, id: NotificationId) -> Result<Vec<DeliveryAttempt>> {
    let all = tries::table.filter(tries::notification_id.eq(Key(id))).order(tries::attempt);
    let rows: Vec<Row> = with!(conn, |c| all.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(DeliveryAttempt::from).collect())
}

pub(super) async fn begin(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    now: DateTime<Utc>,
) -> Result<()> {
    let begun = (
        tries::notification_id.eq(Key(id)),
        tries::attempt.eq(count(attempt)),
        tries::began_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::insert_into(tries::table).values(begun).execute(c))?;
    Ok(())
}

pub(super) async fn end(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    answer: Answered<'_>,
) -> Result<()> {
    let now = crate::now(conn).await?;
    let ended = (
        tries::ended_at.eq(Moment(now)),
        tries::status.eq(answer.status.map(i32::from)),
        tries::answer.eq(answer.text),
    );
    let one = tries::table.find((Key(id), count(attempt)));
    with!(conn, |c| diesel::update(one).set(ended).execute(c))?;
    Ok(())
}

/// It was none: nothing was sent.
pub(super) async fn forget(conn: &mut Conn, id: NotificationId, attempt: u32) -> Result<()> {
    let one = tries::table.find((Key(id), count(attempt)));
    with!(conn, |c| diesel::delete(one).execute(c))?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tries)]
struct Row {
    attempt: i32,
    began_at: Moment,
    ended_at: Option<Moment>,
    status: Option<i32>,
    answer: Option<String>,
}

impl From<Row> for DeliveryAttempt {
    fn from(row: Row) -> Self {
        Self {
            attempt: row.attempt.cast_unsigned(),
            began_at: row.began_at.0,
            ended_at: row.ended_at.map(|at| at.0),
            status: row.status.and_then(|status| u16::try_from(status).ok()),
            answer: row.answer,
        }
    }
}
