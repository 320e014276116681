//! Looking at notifications.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{IncidentId, NotificationId},
    notification::{Notification, NotificationState},
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

/// Which notifications are wanted; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: Option<NotificationState>,
    /// To this channel.
    pub channel: Option<Slug>,
    /// Of this incident.
    pub incident: Option<IncidentId>,
}

/// Notifications, newest first.
pub async fn list(conn: &mut Conn, filter: &Filter, page: Page) -> Result<Listing<Notification>> {
    let newest =
        notifications::table.filter(notifications::id.lt(page.below())).order(notifications::id.desc());
    let rows: Vec<Row> = with!(conn, |c| {
        let mut query = newest.limit(page.probe()).select(Row::as_select()).into_boxed();
        if let Some(state) = filter.state {
            query = query.filter(notifications::state.eq(Word(state)));
        }
        if let Some(channel) = &filter.channel {
            query = query.filter(notifications::channel.eq(Word(channel.clone())));
        }
        if let Some(incident) = filter.incident {
            query = query.filter(notifications::incident_id.eq(Key(incident)));
        }
        query.load(c)
    })?;
    Ok(Listing::of(rows, page, |row| row.id.0.uuid()).map(Notification::from))
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
