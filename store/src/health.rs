//! The incident machine's memory: one tracker per monitor and collection.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::id::{CollectionId, MonitorId};
use serde_json::Value;

use crate::{Conn, Result};

/// Whose health.
pub type HealthKey = (MonitorId, CollectionId);

/// Locks the trackers of these keys for this transaction, in key order so that two transactions never wait for each
/// other in a circle. A key that is new has no tracker yet.
pub async fn lock(
    conn: &mut Conn,
    keys: &[HealthKey],
    now: DateTime<Utc>,
) -> Result<BTreeMap<HealthKey, Option<Value>>> {
    todo!()
}

/// Keeps a tracker that [`lock`] gave out.
pub async fn save(conn: &mut Conn, key: HealthKey, tracker: &Value, now: DateTime<Utc>) -> Result<()> {
    todo!()
}
