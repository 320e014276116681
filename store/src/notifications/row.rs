//! A notification as its row has it, and new ones.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{IncidentId, NotificationId},
    notification::{Notice, Notification, NotificationKind, NotificationState, WORTH},
};

use crate::{
    Conn, Result,
    conn::with,
    schema::notifications,
    types::{Doc, Key, Moment, Word, count},
};

/// A notification that is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotification {
    /// Its id.
    pub id: NotificationId,
    /// To whom.
    pub channel: Slug,
    /// Order within its lane, from 0.
    pub sequence: u32,
    /// What it says; also of which incident, what kind, and when.
    pub notice: Notice,
}

/// Inserts notifications, to be sent at once; one that is there already is passed over (I8). Answers which were
/// inserted.
pub async fn insert(conn: &mut Conn, notifications: &[NewNotification]) -> Result<Vec<NotificationId>> {
    let mut inserted = Vec::new();
    for new in notifications {
        let at = Moment(new.notice.occurred_at);
        let row = (
            notifications::id.eq(Key(new.id)),
            notifications::incident_id.eq(Key(new.notice.incident)),
            notifications::channel.eq(Word(new.channel.clone())),
            notifications::kind.eq(Word(new.notice.kind)),
            notifications::sequence.eq(count(new.sequence)),
            notifications::notice.eq(Doc(new.notice.clone())),
            notifications::state.eq(Word(NotificationState::Pending)),
            notifications::wake_at.eq(at),
            notifications::next_attempt_at.eq(at),
            notifications::created_at.eq(at),
            notifications::worth_until.eq(Moment(at.0 + WORTH)),
            notifications::standalone.eq(!new.notice.subject.is_incident()),
        );
        let rows = with!(conn, |c| diesel::insert_into(notifications::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        if rows == 1 {
            inserted.push(new.id);
        }
    }
    Ok(inserted)
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = notifications)]
pub(super) struct Row {
    pub(super) id: Key<NotificationId>,
    pub(super) incident_id: Key<IncidentId>,
    pub(super) channel: Word<Slug>,
    pub(super) kind: Word<NotificationKind>,
    pub(super) sequence: i32,
    notice: Doc<Notice>,
    pub(super) state: Word<NotificationState>,
    pub(super) next_attempt_at: Option<Moment>,
    attempt: i32,
    pub(super) may_have_arrived: bool,
    last_answer: Option<String>,
    sent_at: Option<Moment>,
    created_at: Moment,
    worth_until: Moment,
    pub(super) standalone: bool,
}

impl From<Row> for Notification {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            incident: row.incident_id.0,
            channel: row.channel.0,
            kind: row.kind.0,
            sequence: row.sequence.cast_unsigned(),
            state: row.state.0,
            attempt: row.attempt.cast_unsigned(),
            next_attempt_at: row.next_attempt_at.map(|at| at.0),
            sent_at: row.sent_at.map(|at| at.0),
            last_answer: row.last_answer,
            created_at: row.created_at.0,
            worth_until: row.worth_until.0,
            notice: row.notice.0,
        }
    }
}
