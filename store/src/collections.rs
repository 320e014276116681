//! Collections and their versions. A version is never changed and never reused: runs are pinned to it.

use chrono::{DateTime, Utc};
use domain::{
    document::{Collection, Slug},
    id::CollectionId,
};

use crate::{Change, Conn, Listing, Page, Result};

/// A collection in its current version.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedCollection {
    /// Survives changes, not deletion.
    pub id: CollectionId,
    /// Counted from 1.
    pub version: u32,
    /// The document.
    pub document: Collection,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the current version did.
    pub updated_at: DateTime<Utc>,
}

/// Saves a new collection, and its own monitor when it has a schedule. `Conflict` when the id is taken.
pub async fn create(conn: &mut Conn, document: &Collection, now: DateTime<Utc>) -> Result<SavedCollection> {
    todo!()
}

/// Creates or replaces by slug. A new version only when the document changed; its own monitor follows the schedule.
pub async fn replace(
    conn: &mut Conn,
    document: &Collection,
    now: DateTime<Utc>,
) -> Result<(Change, SavedCollection)> {
    todo!()
}

/// The collection of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedCollection>> {
    todo!()
}

/// All collections, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedCollection>> {
    todo!()
}

/// Deletes a collection and its own monitor; its versions stay for the runs that are pinned to them. `InUse` when
/// another monitor names it. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    todo!()
}

/// One version, also of a collection that has been deleted since.
pub async fn version(conn: &mut Conn, id: CollectionId, version: u32) -> Result<Option<Collection>> {
    todo!()
}
