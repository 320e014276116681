//! Slots that were never run because nobody was there to run them: an outage, recorded as a range (I1).

use chrono::{DateTime, Utc};
use domain::{document::Slug, id::CollectionId, run::MonitorRef};

use crate::{Conn, Result};

/// Slots of one monitor, collection and location without runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Whose.
    pub monitor: MonitorRef,
    /// Of which collection.
    pub collection: CollectionId,
    /// Where.
    pub location: Slug,
    /// The first slot.
    pub first_slot_at: DateTime<Utc>,
    /// The last slot, which may be the first.
    pub last_slot_at: DateTime<Utc>,
    /// How many slots.
    pub slots: u64,
}

/// Records gaps; one that is there already is passed over.
pub async fn insert(conn: &mut Conn, gaps: &[Gap], now: DateTime<Utc>) -> Result<()> {
    todo!()
}

/// The gaps of a monitor, newest first.
pub async fn list(conn: &mut Conn, monitor: &Slug, limit: u32) -> Result<Vec<Gap>> {
    todo!()
}
