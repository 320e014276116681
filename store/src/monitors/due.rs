//! Which monitors are due, and moving on to their next slots.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Nullable},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    document::Slug,
    id::{CollectionId, MonitorId},
    run::PinnedCollection,
};

use super::{Row, SavedMonitor};
use crate::{
    Conn, Result,
    conn::{Link, load_skip_locked, with},
    schema::{collections, monitor_collections, monitors},
    types::{Key, Moment, Word, sql},
};

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

/// Monitors whose next slot is at or before `now`, most overdue first, locked for this transaction; those that
/// another transaction has locked are passed over.
pub async fn due(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<DueMonitor>> {
    let rows: Vec<Row> = load_skip_locked!(
        conn,
        monitors::table
            .filter(monitors::next_slot_at.le(Moment(now)))
            .order((monitors::next_slot_at, monitors::id))
            .limit(i64::from(limit))
            .select(Row::as_select())
    )?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut collections = collections_of(conn, &ids).await?;
    let due = rows.into_iter().filter_map(|row| {
        let slot_at = row.next_slot_at?.0;
        let collections = collections.remove(&row.id.0).unwrap_or_default();
        Some(DueMonitor { monitor: row.into(), slot_at, collections })
    });
    Ok(due.collect())
}

/// When the next monitor is due, which may have been long ago.
pub async fn next_slot(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    let first = monitors::table
        .filter(monitors::next_slot_at.is_not_null())
        .order(monitors::next_slot_at)
        .select(monitors::next_slot_at);
    let slot: Option<Option<Moment>> = with!(conn, |c| first.first(c)).optional()?;
    Ok(slot.flatten().map(|Moment(at)| at))
}

/// Moves next slots forward, never back (I12), to `None` when there is no further one. Answers how many moved: not those
/// that are there or further already.
pub async fn advance(conn: &mut Conn, next: &[(MonitorId, Option<DateTime<Utc>>)]) -> Result<usize> {
    match &mut conn.link {
        Link::Pg(object) => Ok(advance_all(object, next).await?),
        Link::Lite(object) => {
            let next = next.to_vec();
            let each = move |sqlite: &mut SqliteConnection| {
                next.iter().map(|(id, slot)| advance_one(sqlite, *id, *slot)).sum()
            };
            Ok(object.spawn_blocking(each).await?)
        }
    }
}

/// All in one statement, which `diesel` cannot build.
async fn advance_all(
    pg: &mut AsyncPgConnection,
    next: &[(MonitorId, Option<DateTime<Utc>>)],
) -> QueryResult<usize> {
    const STATEMENT: &str = "UPDATE monitors SET next_slot_at = next.slot FROM unnest($1, $2) AS next (id, slot) \
         WHERE monitors.id = next.id AND monitors.next_slot_at IS NOT NULL \
         AND (next.slot IS NULL OR monitors.next_slot_at < next.slot)";
    let ids: Vec<_> = next.iter().map(|(id, _)| Key(*id)).collect();
    let slots: Vec<_> = next.iter().map(|(_, slot)| slot.map(Moment)).collect();
    let statement = diesel::sql_query(STATEMENT)
        .bind::<Array<sql::Key>, _>(ids)
        .bind::<Array<Nullable<sql::Moment>>, _>(slots);
    statement.execute(pg).await
}

fn advance_one(
    sqlite: &mut SqliteConnection,
    id: MonitorId,
    slot: Option<DateTime<Utc>>,
) -> QueryResult<usize> {
    let (slot, one) = (slot.map(Moment), monitors::table.find(Key(id)));
    let set = monitors::next_slot_at.eq(slot);
    match slot {
        Some(_) => {
            let behind = diesel::update(one.filter(monitors::next_slot_at.lt(slot))).set(set);
            diesel::RunQueryDsl::execute(behind, sqlite)
        }
        None => {
            let due = diesel::update(one.filter(monitors::next_slot_at.is_not_null())).set(set);
            diesel::RunQueryDsl::execute(due, sqlite)
        }
    }
}

type Linked = (Key<MonitorId>, Key<CollectionId>, Word<Slug>, i32);

/// The collections of these monitors in their current versions, in the documents' order.
pub(super) async fn collections_of(
    conn: &mut Conn,
    monitors: &[Key<MonitorId>],
) -> Result<HashMap<MonitorId, Vec<PinnedCollection>>> {
    let linked = monitor_collections::table
        .inner_join(collections::table.on(collections::slug.eq(monitor_collections::collection)))
        .filter(monitor_collections::monitor_id.eq_any(monitors))
        .order((monitor_collections::monitor_id, monitor_collections::position))
        .select((monitor_collections::monitor_id, collections::id, collections::slug, collections::version));
    let rows: Vec<Linked> = with!(conn, |c| linked.load(c))?;
    let mut of = HashMap::<_, Vec<_>>::new();
    for (monitor, id, slug, version) in rows {
        let pinned = PinnedCollection { id: id.0, slug: slug.0, version: version.cast_unsigned() };
        of.entry(monitor.0).or_default().push(pinned);
    }
    Ok(of)
}
