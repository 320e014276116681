//! What became of an attempt.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use domain::{id::NotificationId, notification::NotificationState};

use super::{
    attempts,
    lane::{self, wake_lane},
};
use crate::{
    Conn, Result,
    conn::{load_skip_locked, with},
    literal::IsSending,
    schema::notifications,
    types::{Key, Moment, Word, count},
};

/// What is known after a try that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver certainly does not have it: no connection, or an answer that refused it.
    Refused,
    /// It may have it: no answer came back.
    Unknown,
}

/// What a try came to, for people.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// Of HTTP or SMTP, if there was an answer.
    pub status: Option<u16>,
    /// In words: redacted and capped.
    pub text: &'a str,
}

impl<'a> From<&'a str> for Answered<'a> {
    fn from(text: &'a str) -> Self {
        Self { status: None, text }
    }
}

/// The receiver took it. False when the attempt is stale.
pub async fn record_sent(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    answer: impl Into<Answered<'_>>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let answer = answer.into();
    let sent = Record { sent_at: Some(Moment(now)), ..Record::new(NotificationState::Sent, answer) };
    let recorded = record(conn, id, attempt, (sent, answer), Delivery::Refused).await?;
    wake_behind(conn, id, now).await?;
    Ok(recorded)
}

/// It is tried again at `next_attempt_at`. False when the attempt is stale. What an earlier attempt left unknown stays
/// unknown.
pub async fn record_retry(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    answer: impl Into<Answered<'_>>,
    delivery: Delivery,
    next_attempt_at: DateTime<Utc>,
) -> Result<bool> {
    let (at, answer) = (Some(Moment(next_attempt_at)), answer.into());
    let pending =
        Record { wake_at: at, next_attempt_at: at, ..Record::new(NotificationState::Pending, answer) };
    record(conn, id, attempt, (pending, answer), delivery).await
}

/// It is given up. False when the attempt is stale.
pub async fn record_dead(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    answer: impl Into<Answered<'_>>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let answer = answer.into();
    let dead = Record::new(NotificationState::Dead, answer);
    let recorded = record(conn, id, attempt, (dead, answer), Delivery::Refused).await?;
    wake_behind(conn, id, now).await?;
    Ok(recorded)
}

/// Embedded mode, at the start: whoever was sending is of a process that has ended. [`reap`] does the rest.
pub(crate) async fn end_all_leases(conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
    let sending = notifications::table.filter(IsSending::new(notifications::state));
    with!(conn, |c| diesel::update(sending).set(notifications::lease_until.eq(Moment(now))).execute(c))?;
    Ok(())
}

/// Makes notifications pending again whose notifier went away. Answers which.
pub async fn reap(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<NotificationId>> {
    let over: Vec<Key<NotificationId>> = load_skip_locked!(
        conn,
        notifications::table
            .filter(IsSending::new(notifications::state))
            .filter(notifications::lease_until.le(Moment(now)))
            .order((notifications::lease_until, notifications::id))
            .limit(i64::from(limit))
            .select(notifications::id)
    )?;
    let some = notifications::table
        .filter(notifications::id.eq_any(&over))
        .filter(notifications::state.eq(Word(NotificationState::Sending)));
    let pending = (
        notifications::state.eq(Word(NotificationState::Pending)),
        notifications::lease_until.eq(None::<Moment>),
        notifications::wake_at.eq(Moment(now)),
        notifications::next_attempt_at.eq(Moment(now)),
        notifications::wakes.eq(0),
        notifications::may_have_arrived.eq(true),
    );
    with!(conn, |c| diesel::update(some).set(pending).execute(c))?;
    Ok(over.into_iter().map(|Key(id)| id).collect())
}

#[derive(AsChangeset)]
#[diesel(table_name = notifications, treat_none_as_null = true)]
struct Record {
    state: Word<NotificationState>,
    wake_at: Option<Moment>,
    wakes: i32,
    next_attempt_at: Option<Moment>,
    lease_until: Option<Moment>,
    last_answer: Option<String>,
    sent_at: Option<Moment>,
}

impl Record {
    fn new(state: NotificationState, answer: Answered<'_>) -> Self {
        Self {
            state: Word(state),
            wake_at: None,
            wakes: 0,
            next_attempt_at: None,
            lease_until: None,
            last_answer: Some(answer.text.to_owned()),
            sent_at: None,
        }
    }
}

async fn record(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    (record, answer): (Record, Answered<'_>),
    delivery: Delivery,
) -> Result<bool> {
    let own = notifications::table
        .find(Key(id))
        .filter(notifications::state.eq(Word(NotificationState::Sending)))
        .filter(notifications::attempt.eq(count(attempt)));
    let unknown = notifications::may_have_arrived.or((delivery == Delivery::Unknown).into_sql::<Bool>());
    let changes = (record, notifications::may_have_arrived.eq(unknown));
    let recorded = with!(conn, |c| diesel::update(own).set(changes).execute(c))? == 1;
    if recorded {
        attempts::end(conn, id, attempt, answer).await?;
    }
    Ok(recorded)
}

/// Keeps what the receiver calls a message.
pub async fn keep_receipt(conn: &mut Conn, id: NotificationId, receipt: &str) -> Result<()> {
    let one = notifications::table.find(Key(id));
    with!(conn, |c| diesel::update(one).set(notifications::receipt.eq(receipt)).execute(c))?;
    Ok(())
}

async fn wake_behind(conn: &mut Conn, id: NotificationId, now: DateTime<Utc>) -> Result<()> {
    match lane::of(conn, id).await? {
        Some(lane) => wake_lane(conn, &lane, now).await,
        None => Ok(()),
    }
}
