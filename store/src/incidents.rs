//! Incidents. At most one per monitor and collection is not resolved (I7); an index holds that.

mod by_hand;
mod confirming;
mod notes;
mod shared;
mod telling;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::{AlertSeverity, Slug},
    id::{CollectionId, IncidentId, MonitorId, RunId},
    incident::{Incident, IncidentLevel, IncidentState, SharedCause},
    outcome::Reason,
};

use crate::{
    Conn, Error, Listing, Page, Result,
    conn::with,
    literal::IsUnresolved,
    schema::incidents,
    types::{Doc, Key, Moment, Word},
};

pub use by_hand::{Act, Acted, act};
pub use confirming::{stands, unconfirmed};
pub use notes::{add_note, notes_of};
pub use shared::{known_to, let_go, lock_causes};
pub(crate) use telling::close;
pub use telling::{Applied, Cause, apply};

/// Which incidents are wanted; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: Option<IncidentState>,
    /// Of this monitor.
    pub monitor: Option<Slug>,
    /// Of this collection.
    pub collection: Option<Slug>,
}

/// Keeps a new incident. `Conflict` when one is not resolved yet.
pub async fn open(conn: &mut Conn, incident: &Incident) -> Result<()> {
    let row = Row::try_from(incident)?;
    with!(conn, |c| diesel::insert_into(incidents::table).values(&row).execute(c))?;
    Ok(())
}

/// It got worse. False when it is over.
pub async fn raise(
    conn: &mut Conn,
    id: IncidentId,
    severity: AlertSeverity,
    level: IncidentLevel,
) -> Result<bool> {
    let ongoing = incidents::table.find(Key(id)).filter(incidents::state.ne(Word(IncidentState::Resolved)));
    let worse = (incidents::severity.eq(Word(severity)), incidents::level.eq(Word(level)));
    Ok(with!(conn, |c| diesel::update(ongoing).set(worse).execute(c))? == 1)
}

/// Ends an incident. False when it was over already.
pub async fn resolve(conn: &mut Conn, id: IncidentId, at: DateTime<Utc>) -> Result<bool> {
    let ongoing = incidents::table.find(Key(id)).filter(incidents::state.ne(Word(IncidentState::Resolved)));
    let over = (incidents::state.eq(Word(IncidentState::Resolved)), incidents::resolved_at.eq(Moment(at)));
    Ok(with!(conn, |c| diesel::update(ongoing).set(over).execute(c))? == 1)
}

/// Somebody knows. False when it was acknowledged or over already.
pub async fn acknowledge(conn: &mut Conn, id: IncidentId, at: DateTime<Utc>) -> Result<bool> {
    let open = incidents::table.find(Key(id)).filter(incidents::state.eq(Word(IncidentState::Open)));
    let known =
        (incidents::state.eq(Word(IncidentState::Acknowledged)), incidents::acknowledged_at.eq(Moment(at)));
    Ok(with!(conn, |c| diesel::update(open).set(known).execute(c))? == 1)
}

/// Nothing of it is told before then, but that it is over. False when it is.
async fn snooze(conn: &mut Conn, id: IncidentId, until: DateTime<Utc>) -> Result<bool> {
    let ongoing = incidents::table.find(Key(id)).filter(incidents::state.ne(Word(IncidentState::Resolved)));
    let quiet = incidents::snoozed_until.eq(Moment(until));
    Ok(with!(conn, |c| diesel::update(ongoing).set(quiet).execute(c))? == 1)
}

/// The incident of that id.
pub async fn get(conn: &mut Conn, id: IncidentId) -> Result<Option<Incident>> {
    let one = incidents::table.find(Key(id));
    let row: Option<Row> = with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?;
    Ok(row.map(Incident::from))
}

/// Incidents, newest first.
pub async fn list(conn: &mut Conn, filter: &Filter, page: Page) -> Result<Listing<Incident>> {
    let newest = incidents::table.filter(incidents::id.lt(page.below())).order(incidents::id.desc());
    let rows: Vec<Row> = with!(conn, |c| {
        let mut query = newest.limit(page.probe()).select(Row::as_select()).into_boxed();
        if let Some(state) = filter.state {
            query = query.filter(incidents::state.eq(Word(state)));
        }
        if let Some(monitor) = &filter.monitor {
            query = query.filter(incidents::monitor.eq(Word(monitor.clone())));
        }
        if let Some(collection) = &filter.collection {
            query = query.filter(incidents::collection.eq(Word(collection.clone())));
        }
        query.load(c)
    })?;
    Ok(Listing::of(rows, page, |row| row.id.0.uuid()).map(Incident::from))
}

/// The incident of a monitor's collection that is not resolved.
pub async fn unresolved(
    conn: &mut Conn,
    monitor: MonitorId,
    collection: CollectionId,
) -> Result<Option<Incident>> {
    let one = incidents::table
        .filter(incidents::monitor_id.eq(Key(monitor)).and(incidents::collection_id.eq(Key(collection))))
        .filter(IsUnresolved::new(incidents::state));
    let row: Option<Row> = with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?;
    Ok(row.map(Incident::from))
}

/// The incidents of a monitor that are not resolved, in the order in which trackers are locked.
async fn ongoing(conn: &mut Conn, monitor: MonitorId) -> Result<Vec<Incident>> {
    let all = incidents::table
        .filter(incidents::monitor_id.eq(Key(monitor)))
        .filter(incidents::state.ne(Word(IncidentState::Resolved)))
        .order(incidents::collection_id);
    let rows: Vec<Row> = with!(conn, |c| all.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Incident::from).collect())
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = incidents)]
struct Row {
    id: Key<IncidentId>,
    monitor_id: Key<MonitorId>,
    monitor: Word<Slug>,
    collection_id: Key<CollectionId>,
    collection: Word<Slug>,
    state: Word<IncidentState>,
    severity: Word<AlertSeverity>,
    level: Word<IncidentLevel>,
    opened_by: Key<RunId>,
    reason: Option<Doc<Reason>>,
    cause: Option<Word<SharedCause>>,
    opened_at: Moment,
    acknowledged_at: Option<Moment>,
    snoozed_until: Option<Moment>,
    resolved_at: Option<Moment>,
}

impl TryFrom<&Incident> for Row {
    type Error = Error;

    /// The ids are optional in the type only because nobody outside sees them.
    fn try_from(incident: &Incident) -> Result<Self> {
        let without = |what| move || Error::corrupt(format!("an incident without its {what}"));
        Ok(Self {
            id: Key(incident.id),
            monitor_id: Key(incident.monitor_id.ok_or_else(without("monitor"))?),
            monitor: Word(incident.monitor.clone()),
            collection_id: Key(incident.collection_id.ok_or_else(without("collection"))?),
            collection: Word(incident.collection.clone()),
            state: Word(incident.state),
            severity: Word(incident.severity),
            level: Word(incident.level),
            opened_by: Key(incident.opened_by),
            reason: incident.reason.clone().map(Doc),
            cause: incident.cause.clone().map(Word),
            opened_at: Moment(incident.opened_at),
            acknowledged_at: incident.acknowledged_at.map(Moment),
            snoozed_until: incident.snoozed_until.map(Moment),
            resolved_at: incident.resolved_at.map(Moment),
        })
    }
}

impl From<Row> for Incident {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            monitor_id: Some(row.monitor_id.0),
            monitor: row.monitor.0,
            collection_id: Some(row.collection_id.0),
            collection: row.collection.0,
            state: row.state.0,
            severity: row.severity.0,
            level: row.level.0,
            opened_by: row.opened_by.0,
            reason: row.reason.map(|reason| reason.0),
            cause: row.cause.map(|cause| cause.0),
            opened_at: row.opened_at.0,
            acknowledged_at: row.acknowledged_at.map(|at| at.0),
            snoozed_until: row.snoozed_until.map(|at| at.0),
            resolved_at: row.resolved_at.map(|at| at.0),
        }
    }
}
