//! The incident machine's memory: one tracker per monitor and collection.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Array, upsert::excluded};
use diesel_async::AsyncPgConnection;
use domain::{
    id::{CollectionId, MonitorId},
    incident::Tracker,
};

use crate::{
    Conn, Result,
    conn::Link,
    schema::health,
    types::{Doc, Key, Moment, sql},
};

/// Per statement: PostgreSQL takes 65 535 parameters, and a row has four.
const ROWS: usize = 16_000;

/// Whose health.
pub type HealthKey = (MonitorId, CollectionId);

/// Locks the trackers of these keys for this transaction, in key order so that two transactions never wait for each
/// other in a circle. A key that is new gets an empty one.
pub async fn lock(
    conn: &mut Conn,
    keys: &[HealthKey],
    now: DateTime<Utc>,
) -> Result<BTreeMap<HealthKey, Tracker>> {
    let keys: BTreeSet<HealthKey> = keys.iter().copied().collect();
    let empty: Vec<Row> = keys.iter().map(|key| Row::new(*key, Tracker::default(), now)).collect();
    let rows = match &mut conn.link {
        _ if keys.is_empty() => Vec::new(),
        Link::Pg(object) => lock_all(object, &empty).await?,
        Link::Lite(object) => object.spawn_blocking(move |sqlite| load_all(sqlite, &empty)).await?,
    };
    Ok(rows.into_iter().map(|row| ((row.monitor_id.0, row.collection_id.0), row.tracker.0)).collect())
}

/// Keeps trackers that [`lock`] gave out.
pub async fn save(
    conn: &mut Conn,
    trackers: &BTreeMap<HealthKey, Tracker>,
    now: DateTime<Utc>,
) -> Result<()> {
    let rows: Vec<Row> = trackers.iter().map(|(key, tracker)| Row::new(*key, tracker.clone(), now)).collect();
    match &mut conn.link {
        Link::Pg(object) => {
            for some in rows.chunks(ROWS) {
                let statement = diesel::insert_into(health::table)
                    .values(some)
                    .on_conflict((health::monitor_id, health::collection_id))
                    .do_update()
                    .set((
                        health::tracker.eq(excluded(health::tracker)),
                        health::updated_at.eq(excluded(health::updated_at)),
                    ));
                diesel_async::RunQueryDsl::execute(statement, &mut **object).await?;
            }
        }
        Link::Lite(object) => {
            let each = move |sqlite: &mut SqliteConnection| {
                for Row { monitor_id, collection_id, tracker, updated_at } in &rows {
                    let one = health::table.find((monitor_id, collection_id));
                    let value = (health::tracker.eq(tracker), health::updated_at.eq(updated_at));
                    diesel::RunQueryDsl::execute(diesel::update(one).set(value), sqlite)?;
                }
                Ok(())
            };
            object.spawn_blocking(each).await?;
        }
    }
    Ok(())
}

/// Rows that are not there cannot be locked, so they are inserted first, in key order, too: whoever inserts the same waits
/// for us, and not we for them on a row that comes later.
async fn lock_all(pg: &mut AsyncPgConnection, rows: &[Row]) -> QueryResult<Vec<Row>> {
    const LOCK: &str = "SELECT health.* FROM health \
         JOIN unnest($1, $2) AS wanted (monitor_id, collection_id) USING (monitor_id, collection_id) \
         ORDER BY health.monitor_id, health.collection_id FOR UPDATE OF health";
    for some in rows.chunks(ROWS) {
        let statement = diesel::insert_into(health::table).values(some).on_conflict_do_nothing();
        diesel_async::RunQueryDsl::execute(statement, &mut *pg).await?;
    }
    let query = diesel::sql_query(LOCK)
        .bind::<Array<sql::Key>, _>(rows.iter().map(|row| row.monitor_id).collect::<Vec<_>>())
        .bind::<Array<sql::Key>, _>(rows.iter().map(|row| row.collection_id).collect::<Vec<_>>());
    diesel_async::RunQueryDsl::load(query, pg).await
}

/// SQLite has one writer at a time; all keys make one trip to its thread.
fn load_all(sqlite: &mut SqliteConnection, rows: &[Row]) -> QueryResult<Vec<Row>> {
    let one = |row: &Row| {
        let statement = diesel::insert_into(health::table).values(row).on_conflict_do_nothing();
        diesel::RunQueryDsl::execute(statement, sqlite)?;
        let one = health::table.find((row.monitor_id, row.collection_id)).select(Row::as_select());
        diesel::RunQueryDsl::first(one, sqlite)
    };
    rows.iter().map(one).collect()
}

#[derive(Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = health)]
struct Row {
    monitor_id: Key<MonitorId>,
    collection_id: Key<CollectionId>,
    tracker: Doc<Tracker>,
    updated_at: Moment,
}

impl Row {
    fn new(key: HealthKey, tracker: Tracker, now: DateTime<Utc>) -> Self {
        Self {
            monitor_id: Key(key.0),
            collection_id: Key(key.1),
            tracker: Doc(tracker),
            updated_at: Moment(now),
        }
    }
}
