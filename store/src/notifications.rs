//! Notifications: each (incident, channel) is a lane, in which one follows the other.

use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    id::{IncidentId, NotificationId, WorkerId},
    notification::{Notice, Notification},
};

use crate::{Conn, Listing, Page, Result};

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

/// What is known after a try that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver certainly does not have it: no connection, or an answer that refused it.
    Refused,
    /// It may have it: no answer came back.
    Unknown,
}

/// Inserts notifications; one that is there already is passed over (I8). Answers which were inserted.
pub async fn insert(conn: &mut Conn, notifications: &[NewNotification]) -> Result<Vec<NotificationId>> {
    todo!()
}

/// Takes pending notifications that are due for a message and whose turn it is, and sets their next wake-up ahead, as
/// [`crate::runs::wake`] does.
pub async fn wake(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<NotificationId>> {
    todo!()
}

/// Sets the wake-up of pending notifications: their message could not be published, or came back.
pub async fn wake_again(conn: &mut Conn, ids: &[NotificationId], at: DateTime<Utc>) -> Result<()> {
    todo!()
}

/// Makes `worker` the owner of a notification until `lease_until`, if it is due and its turn in its lane. When its incident
/// was resolved before the `opened` went out, that one is suppressed; and the rest of the lane with it when the
/// receiver certainly knows nothing.
pub async fn claim(
    conn: &mut Conn,
    id: NotificationId,
    worker: WorkerId,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Option<Notification>> {
    todo!()
}

/// The receiver took it. False when the attempt is stale.
pub async fn record_sent(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    todo!()
}

/// It is tried again at `next_attempt_at`. False when the attempt is stale.
pub async fn record_retry(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    answer: &str,
    delivery: Delivery,
    next_attempt_at: DateTime<Utc>,
) -> Result<bool> {
    todo!()
}

/// It is given up. False when the attempt is stale.
pub async fn record_dead(
    conn: &mut Conn,
    id: NotificationId,
    attempt: u32,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    todo!()
}

/// Makes notifications pending again whose notifier went away. Answers which.
pub async fn reap(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<NotificationId>> {
    todo!()
}

/// The notification of that id.
pub async fn get(conn: &mut Conn, id: NotificationId) -> Result<Option<Notification>> {
    todo!()
}

/// All of an incident, in the order of events.
pub async fn of_incident(conn: &mut Conn, incident: IncidentId) -> Result<Vec<Notification>> {
    todo!()
}

/// All of a channel, newest first.
pub async fn of_channel(conn: &mut Conn, channel: &Slug, page: Page) -> Result<Listing<Notification>> {
    todo!()
}
