//! Monitors and the instants of their next slots. When slots are is `domain::schedule`'s; here they are only kept.

use chrono::{DateTime, Utc};
use domain::{
    document::{Monitor, Slug},
    id::MonitorId,
    run::PinnedCollection,
};

use crate::{Change, Conn, Listing, Page, Result};

/// A monitor as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedMonitor {
    /// Survives changes, not deletion.
    pub id: MonitorId,
    /// The document; for a collection's own monitor the one that follows from the collection.
    pub document: Monitor,
    /// The collection whose inline schedule this is: only that document edits it.
    pub owner: Option<Slug>,
    /// From where intervals are counted: the last change of the schedule.
    pub anchor: DateTime<Utc>,
    /// When it is due next. Null while it is disabled.
    pub next_slot_at: Option<DateTime<Utc>>,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the document changed last.
    pub updated_at: DateTime<Utc>,
}

/// A monitor whose next slot has come.
#[derive(Debug, Clone, PartialEq)]
pub struct DueMonitor {
    /// The monitor.
    pub monitor: SavedMonitor,
    /// The slot that has come; there may be later ones that have come too.
    pub slot_at: DateTime<Utc>,
    /// Its collections in their current versions, in the document's order.
    pub collections: Vec<PinnedCollection>,
}

/// Saves a new monitor. `next_slot_at` is its first slot. `Conflict` when the id is taken, `Missing` when it names
/// what there is not.
pub async fn create(conn: &mut Conn, document: &Monitor, now: DateTime<Utc>) -> Result<SavedMonitor> {
    todo!()
}

/// Creates or replaces by slug. The anchor and the next slot stay when the schedule did not change. `Owned` when it
/// belongs to a collection.
pub async fn replace(
    conn: &mut Conn,
    document: &Monitor,
    now: DateTime<Utc>,
) -> Result<(Change, SavedMonitor)> {
    todo!()
}

/// The monitor of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedMonitor>> {
    todo!()
}

/// The monitor of that id.
pub async fn get_by_id(conn: &mut Conn, id: MonitorId) -> Result<Option<SavedMonitor>> {
    todo!()
}

/// All monitors, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedMonitor>> {
    todo!()
}

/// Deletes a monitor; `Owned` when it belongs to a collection. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    todo!()
}

/// Monitors whose next slot is at or before `now`, most overdue first, locked for this transaction; those that
/// another transaction has locked are passed over.
pub async fn due(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<DueMonitor>> {
    todo!()
}

/// Moves the next slot forward, never back (I12). `None` when there is no further slot.
pub async fn advance(conn: &mut Conn, id: MonitorId, next_slot_at: Option<DateTime<Utc>>) -> Result<bool> {
    todo!()
}
