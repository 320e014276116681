//! The incident machine's memory: one tracker per monitor and collection.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    id::{CollectionId, MonitorId},
    incident::Tracker,
};

use crate::{
    Conn, Result,
    conn::{load_locked, with},
    schema::health,
    types::{Doc, Key, Moment},
};

/// Whose health.
pub type HealthKey = (MonitorId, CollectionId);

/// Locks the trackers of these keys for this transaction, in key order so that two transactions never wait for each
/// other in a circle. A key that is new gets an empty one.
pub async fn lock(
    conn: &mut Conn,
    keys: &[HealthKey],
    now: DateTime<Utc>,
) -> Result<BTreeMap<HealthKey, Tracker>> {
    let mut trackers = BTreeMap::new();
    for key in keys.iter().copied().collect::<BTreeSet<_>>() {
        trackers.insert(key, lock_one(conn, key, now).await?);
    }
    Ok(trackers)
}

/// Keeps a tracker that [`lock`] gave out.
pub async fn save(conn: &mut Conn, key: HealthKey, tracker: &Tracker, now: DateTime<Utc>) -> Result<()> {
    let one = health::table.find((Key(key.0), Key(key.1)));
    let value = (health::tracker.eq(Doc(tracker.clone())), health::updated_at.eq(Moment(now)));
    with!(conn, |c| diesel::update(one).set(value).execute(c))?;
    Ok(())
}

async fn lock_one(conn: &mut Conn, (monitor, collection): HealthKey, now: DateTime<Utc>) -> Result<Tracker> {
    let key = (Key(monitor), Key(collection));
    // A row that is not there cannot be locked.
    let empty = (
        health::monitor_id.eq(key.0),
        health::collection_id.eq(key.1),
        health::tracker.eq(Doc(Tracker::default())),
        health::updated_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::insert_into(health::table).values(empty).on_conflict_do_nothing().execute(c))?;
    let rows: Vec<Doc<Tracker>> = load_locked!(conn, health::table.find(key).select(health::tracker))?;
    Ok(rows.into_iter().next().map(|Doc(tracker)| tracker).unwrap_or_default())
}
