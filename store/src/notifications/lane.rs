//! Whose turn it is: a notification is claimed only when everything before it in its lane has ended, and an incident
//! that was over before anybody was told is not told.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{IncidentId, NotificationId, WorkerId},
    notification::{Notification, NotificationKind, NotificationState},
    planted::{self, Bug},
};

use super::{attempts, row::Row};
use crate::{
    Conn, Result,
    conn::{load_locked, with},
    schema::notifications,
    types::{Key, Moment, Word, count},
};

/// Makes `worker` the owner of a notification until `lease_until`, if it is due and its turn in its lane. When its incident
/// was resolved before the `opened` went out, that one is suppressed (I9); and the rest of the lane with it when the
/// receiver certainly knows nothing.
pub async fn claim(
    conn: &mut Conn,
    id: NotificationId,
    worker: WorkerId,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Option<Notification>> {
    let Some(lane) = of(conn, id).await? else { return Ok(None) };
    let unfinished = lock(conn, &lane).await?;
    let mut waiting = unfinished.iter();
    let turn = if planted::has(Bug::OutOfTurn) { waiting.find(|row| row.id.0 == id) } else { waiting.next() };
    let Some(head) = turn else { return Ok(None) };

    if let Some(suppressed) = overtaken(&unfinished) {
        suppress(conn, &suppressed).await?;
        wake_lane(conn, &lane, now).await?;
        return Ok(None);
    }
    let due = head.next_attempt_at.is_some_and(|at| at <= Moment(now));
    if head.id.0 != id || head.state.0 != NotificationState::Pending || !due {
        return Ok(None);
    }
    let taken = take(conn, head.id, worker, lease_until).await?;
    attempts::begin(conn, taken.id, taken.attempt, now).await?;
    Ok(Some(taken))
}

pub(super) type Lane = (Key<IncidentId>, Word<Slug>);

/// Where a notification stands. `None` when there is none of that id.
pub(super) async fn of(conn: &mut Conn, id: NotificationId) -> Result<Option<Lane>> {
    let whose =
        notifications::table.find(Key(id)).select((notifications::incident_id, notifications::channel));
    Ok(with!(conn, |c| whose.first(c)).optional()?)
}

/// What of a lane has not ended, in order; locked, so that two notifiers look at a lane one after the other.
async fn lock(conn: &mut Conn, (incident, channel): &Lane) -> Result<Vec<Row>> {
    let open = [NotificationState::Pending, NotificationState::Sending].map(Word);
    Ok(load_locked!(
        conn,
        notifications::table
            .filter(notifications::incident_id.eq(*incident).and(notifications::channel.eq(channel)))
            .filter(notifications::state.eq_any(open))
            .order((notifications::sequence, notifications::id))
            .select(Row::as_select())
    )?)
}

/// What is no longer worth telling: an `opened` that waits while the end of its incident waits behind it. If it may have
/// arrived, the end must be told all the same.
fn overtaken(unfinished: &[Row]) -> Option<Vec<Key<NotificationId>>> {
    let [head, ..] = unfinished else { return None };
    // A test is over before it begins, and sent nevertheless; a broken channel is worth knowing of when it is mended, too.
    if head.standalone {
        return None;
    }
    let waits = head.kind.0 == NotificationKind::Opened && head.state.0 == NotificationState::Pending;
    let over = unfinished.iter().any(|row| row.kind.0 == NotificationKind::Resolved);
    (waits && over).then(|| {
        let untold = |row: &&Row| !head.may_have_arrived || row.kind.0 != NotificationKind::Resolved;
        unfinished.iter().filter(untold).map(|row| row.id).collect()
    })
}

async fn suppress(conn: &mut Conn, ids: &[Key<NotificationId>]) -> Result<()> {
    let pending = notifications::table
        .filter(notifications::id.eq_any(ids))
        .filter(notifications::state.eq(Word(NotificationState::Pending)));
    let suppressed = (
        notifications::state.eq(Word(NotificationState::Suppressed)),
        notifications::wake_at.eq(None::<Moment>),
        notifications::next_attempt_at.eq(None::<Moment>),
    );
    with!(conn, |c| diesel::update(pending).set(suppressed).execute(c))?;
    Ok(())
}

async fn take(
    conn: &mut Conn,
    id: Key<NotificationId>,
    worker: WorkerId,
    lease_until: DateTime<Utc>,
) -> Result<Notification> {
    let pending =
        notifications::table.find(id).filter(notifications::state.eq(Word(NotificationState::Pending)));
    let sending = (
        notifications::state.eq(Word(NotificationState::Sending)),
        notifications::attempt.eq(notifications::attempt + 1),
        notifications::owner.eq(Key(worker)),
        notifications::lease_until.eq(Moment(lease_until)),
        notifications::wake_at.eq(None::<Moment>),
        notifications::next_attempt_at.eq(None::<Moment>),
    );
    let row: Row =
        with!(conn, |c| diesel::update(pending).set(sending).returning(Row::as_returning()).get_result(c))?;
    Ok(row.into())
}

/// What the receiver calls the first message of the lane, where it said so.
pub async fn receipt(conn: &mut Conn, incident: IncidentId, channel: &Slug) -> Result<Option<String>> {
    let first = notifications::table
        .filter(notifications::incident_id.eq(Key(incident)))
        .filter(notifications::channel.eq(Word(channel.clone())).and(notifications::receipt.is_not_null()))
        .order((notifications::sequence, notifications::id))
        .select(notifications::receipt);
    Ok(with!(conn, |c| first.first(c)).optional()?.flatten())
}

/// Gives a notification back that was claimed just now, before anything was sent: its turn comes at `at`.
pub async fn postpone(conn: &mut Conn, id: NotificationId, attempt: u32, at: DateTime<Utc>) -> Result<()> {
    let own = notifications::table
        .find(Key(id))
        .filter(notifications::state.eq(Word(NotificationState::Sending)))
        .filter(notifications::attempt.eq(count(attempt)));
    let later = (
        notifications::state.eq(Word(NotificationState::Pending)),
        notifications::attempt.eq(notifications::attempt - 1),
        notifications::lease_until.eq(None::<Moment>),
        notifications::wake_at.eq(Moment(at)),
        notifications::wakes.eq(0),
        notifications::next_attempt_at.eq(Moment(at)),
        notifications::allowed_at.eq(Moment(at)),
    );
    with!(conn, |c| diesel::update(own).set(later).execute(c))?;
    attempts::forget(conn, id, attempt).await
}

/// Whether a notification was given its turn before, by [`postpone`]; it is used up now.
pub async fn use_turn(conn: &mut Conn, id: NotificationId) -> Result<bool> {
    let given = notifications::table.find(Key(id)).filter(notifications::allowed_at.is_not_null());
    let used = notifications::allowed_at.eq(None::<Moment>);
    Ok(with!(conn, |c| diesel::update(given).set(used).execute(c))? == 1)
}

/// Somebody in the lane has ended: whoever waits behind is woken at once.
pub(super) async fn wake_lane(conn: &mut Conn, (incident, channel): &Lane, now: DateTime<Utc>) -> Result<()> {
    let waiting = notifications::table
        .filter(notifications::incident_id.eq(*incident).and(notifications::channel.eq(channel)))
        .filter(notifications::state.eq(Word(NotificationState::Pending)))
        .filter(notifications::next_attempt_at.le(Moment(now)));
    let woken = (notifications::wake_at.eq(Moment(now)), notifications::wakes.eq(0));
    with!(conn, |c| diesel::update(waiting).set(woken).execute(c))?;
    Ok(())
}
