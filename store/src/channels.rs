//! Channels.

use chrono::{DateTime, Utc};
use domain::{
    document::{Channel, Slug},
    id::ChannelId,
};

use crate::{Change, Conn, Listing, Page, Result};

/// A channel as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedChannel {
    /// Survives changes, not deletion.
    pub id: ChannelId,
    /// The document.
    pub document: Channel,
    /// Why its receiver refuses us (400, 401, 403, 404, 410), until the document changes or something gets through.
    pub broken: Option<String>,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the document changed last.
    pub updated_at: DateTime<Utc>,
}

/// Saves a new channel. `Conflict` when the id is taken.
pub async fn create(conn: &mut Conn, document: &Channel, now: DateTime<Utc>) -> Result<SavedChannel> {
    todo!()
}

/// Creates or replaces by slug; a changed document is not broken any more.
pub async fn replace(
    conn: &mut Conn,
    document: &Channel,
    now: DateTime<Utc>,
) -> Result<(Change, SavedChannel)> {
    todo!()
}

/// The channel of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedChannel>> {
    todo!()
}

/// Those of the slugs that there are, in no particular order.
pub async fn get_by_slugs(conn: &mut Conn, slugs: &[Slug]) -> Result<Vec<SavedChannel>> {
    todo!()
}

/// All channels, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedChannel>> {
    todo!()
}

/// Deletes a channel. `InUse` when a monitor's alerts name it. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    todo!()
}

/// Sets or clears the mark that its receiver refuses us.
pub async fn set_broken(conn: &mut Conn, slug: &Slug, reason: Option<&str>) -> Result<()> {
    todo!()
}
