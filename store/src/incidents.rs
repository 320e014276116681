//! Incidents. At most one per monitor and collection is not resolved (I7); an index holds that.

use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    id::{CollectionId, IncidentId, MonitorId},
    incident::{Incident, IncidentState},
};

use crate::{Conn, Listing, Page, Result};

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
    todo!()
}

/// Ends an incident. False when it was over already.
pub async fn resolve(conn: &mut Conn, id: IncidentId, at: DateTime<Utc>) -> Result<bool> {
    todo!()
}

/// Somebody knows. False when it was acknowledged or over already.
pub async fn acknowledge(conn: &mut Conn, id: IncidentId, at: DateTime<Utc>) -> Result<bool> {
    todo!()
}

/// The incident of that id.
pub async fn get(conn: &mut Conn, id: IncidentId) -> Result<Option<Incident>> {
    todo!()
}

/// Incidents, newest first.
pub async fn list(conn: &mut Conn, filter: &Filter, page: Page) -> Result<Listing<Incident>> {
    todo!()
}

/// The incident of a monitor's collection that is not resolved.
pub async fn unresolved(
    conn: &mut Conn,
    monitor: MonitorId,
    collection: CollectionId,
) -> Result<Option<Incident>> {
    todo!()
}
