//! Workers and their leases: a run belongs to its owner for as long as the owner's row is alive.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{dsl::count_star, prelude::*};
use diesel_async::RunQueryDsl;
use domain::{document::Slug, id::WorkerId};

use crate::{
    Conn, Result,
    conn::with,
    literal::IsRunning,
    runs::recent,
    schema::{runs, workers},
    types::{Key, Moment, Word, count},
};

/// One life of one worker process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Fresh per process start.
    pub id: WorkerId,
    /// On which machine.
    pub host: String,
    /// Of Skopos.
    pub version: String,
    /// Whose runs it takes.
    pub location: Slug,
    /// How many runs at once.
    pub slots: u32,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Its lease: past this instant its runs are taken from it.
    pub alive_until: DateTime<Utc>,
}

/// Makes a worker known.
pub async fn register(conn: &mut Conn, worker: &Worker) -> Result<()> {
    let row = Row {
        id: Key(worker.id),
        host: worker.host.clone(),
        version: worker.version.clone(),
        location: Word(worker.location.clone()),
        slots: count(worker.slots),
        started_at: Moment(worker.started_at),
        alive_until: Moment(worker.alive_until),
    };
    with!(conn, |c| diesel::insert_into(workers::table).values(&row).execute(c))?;
    Ok(())
}

/// Extends a lease. False when it is over or was ended: the worker must stop and register anew, as another.
pub async fn renew(
    conn: &mut Conn,
    id: WorkerId,
    now: DateTime<Utc>,
    alive_until: DateTime<Utc>,
) -> Result<bool> {
    let alive = workers::table.filter(workers::id.eq(Key(id)).and(workers::alive_until.gt(Moment(now))));
    let until = workers::alive_until.eq(Moment(alive_until));
    Ok(with!(conn, |c| diesel::update(alive).set(until).execute(c))? == 1)
}

/// A worker leaves; what it still owns is a dead worker's.
pub async fn deregister(conn: &mut Conn, id: WorkerId) -> Result<()> {
    with!(conn, |c| diesel::delete(workers::table.find(Key(id))).execute(c))?;
    Ok(())
}

/// All workers, the longest alive first.
pub async fn list(conn: &mut Conn) -> Result<Vec<Worker>> {
    let all = workers::table.order((workers::alive_until.desc(), workers::id));
    let rows: Vec<Row> = with!(conn, |c| all.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Worker::from).collect())
}

/// How many runs each worker has in hand; those that have none are left out.
pub async fn running(conn: &mut Conn, now: DateTime<Utc>) -> Result<HashMap<WorkerId, u64>> {
    let owned = runs::table
        .filter(IsRunning::new(runs::state).and(recent(now)))
        .group_by(runs::owner)
        .select((runs::owner, count_star()));
    let rows: Vec<(Option<Key<WorkerId>>, i64)> = with!(conn, |c| owned.load(c))?;
    let owned = rows.into_iter().filter_map(|(owner, runs)| Some((owner?.0, runs.cast_unsigned())));
    Ok(owned.collect())
}

/// Ends every lease: the embedded database belongs to this process alone, so whoever is registered is gone.
pub async fn end_all_leases(conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
    let alive = workers::table.filter(workers::alive_until.gt(Moment(now)));
    with!(conn, |c| diesel::update(alive).set(workers::alive_until.eq(Moment(now))).execute(c))?;
    Ok(())
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = workers)]
struct Row {
    id: Key<WorkerId>,
    host: String,
    version: String,
    location: Word<Slug>,
    slots: i32,
    started_at: Moment,
    alive_until: Moment,
}

impl From<Row> for Worker {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            host: row.host,
            version: row.version,
            location: row.location.0,
            slots: row.slots.cast_unsigned(),
            started_at: row.started_at.0,
            alive_until: row.alive_until.0,
        }
    }
}
