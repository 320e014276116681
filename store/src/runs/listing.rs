//! Looking at runs.

use domain::{
    document::Slug,
    id::{CollectionId, MonitorId, RunId},
    outcome::{Outcome, RunState, Trigger},
    run::Run,
};

use crate::{Conn, Listing, Page, Result};

/// Which runs are wanted; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this collection.
    pub collection: Option<Slug>,
    /// Of this monitor.
    pub monitor: Option<Slug>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// In this state.
    pub state: Option<RunState>,
    /// Brought into being by this. Drafts are left out unless it says so.
    pub trigger: Option<Trigger>,
    /// At this location.
    pub location: Option<Slug>,
}

/// The run of that id.
pub async fn get(conn: &mut Conn, id: RunId) -> Result<Option<Run>> {
    todo!()
}

/// Runs, newest first.
pub async fn list(conn: &mut Conn, filter: &Filter, page: Page) -> Result<Listing<Run>> {
    todo!()
}

/// The latest finished run of each collection of each of these monitors.
pub async fn latest(conn: &mut Conn, monitors: &[MonitorId]) -> Result<Vec<Run>> {
    todo!()
}

/// Whether a run of this monitor, collection and location is not finished: what `overlap: skip` asks.
pub async fn unfinished_before(
    conn: &mut Conn,
    monitor: MonitorId,
    collection: CollectionId,
    location: &Slug,
) -> Result<bool> {
    todo!()
}
