//! Looking at notifications.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{IncidentId, NotificationId},
    notification::Notification,
};

use super::row::Row;
use crate::{
    Conn, Listing, Page, Result,
    conn::with,
    schema::notifications,
    types::{Key, Word},
};

/// The notification of that id.
pub async fn get(conn: &mut Conn, id: NotificationId) -> Result<Option<Notification>> {
    let one = notifications::table.find(Key(id));
    let row: Option<Row> = with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?;
    Ok(row.map(Notification::from))
}

/// All of an incident, in the order of events.
pub async fn of_incident(conn: &mut Conn, incident: IncidentId) -> Result<Vec<Notification>> {
    let all = notifications::table.filter(notifications::incident_id.eq(Key(incident))).order((
        notifications::created_at,
        notifications::sequence,
        notifications::id,
    ));
    let rows: Vec<Row> = with!(conn, |c| all.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Notification::from).collect())
}

/// All of a channel, newest first.
pub async fn of_channel(conn: &mut Conn, channel: &Slug, page: Page) -> Result<Listing<Notification>> {
    let newest = notifications::table
        .filter(notifications::channel.eq(Word(channel.clone())).and(notifications::id.lt(page.below())))
        .order(notifications::id.desc());
    let rows: Vec<Row> = with!(conn, |c| newest.limit(page.probe()).select(Row::as_select()).load(c))?;
    Ok(Listing::of(rows, page, |row| row.id.0.uuid()).map(Notification::from))
}
