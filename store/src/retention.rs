//! Forgetting what is old, in batches so that no transaction is long. On PostgreSQL runs go by whole days.

mod days;

use chrono::{DateTime, NaiveTime, Utc};
pub use days::{create_partitions, prune_day};
use diesel::{
    dsl::{exists, not},
    prelude::*,
    sql_types::BigInt,
};
use diesel_async::RunQueryDsl;
use domain::{
    id::{CollectionId, IncidentId, RunId, WorkerId},
    outcome::RunState,
};

use crate::{
    Conn, Result,
    conn::{Link, load_skip_locked, with},
    literal::IsResolved,
    notifications, paces,
    schema::{collection_versions, collections, gaps, incidents, run_results, runs, workers},
    set_ups,
    types::{Key, Moment, Word, sql},
};

/// How much went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Whole days of finished runs, with their results; how many those were nobody counted.
    pub days: usize,
    /// Finished runs, with their results.
    pub runs: usize,
    /// Resolved incidents, with their notifications.
    pub incidents: usize,
    /// Gaps.
    pub gaps: usize,
    /// Notifications that were about no incident.
    pub notifications: usize,
    /// Workers that died.
    pub workers: usize,
    /// Versions that are not current and that no run is pinned to.
    pub versions: usize,
}

impl Pruned {
    /// Of everything together; 0 when there is nothing more to do.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.days + self.runs + self.incidents + self.gaps + self.notifications + self.workers + self.versions
    }
}

/// Deletes up to `limit` rows of each kind that were over before `older_than`. Call it again, each time in a transaction
/// of its own, until nothing went. Days that have a partition go by [`prune_day`] first; here, only what is left of them.
pub async fn prune(conn: &mut Conn, older_than: DateTime<Utc>, limit: u32) -> Result<Pruned> {
    let (before, limit) = (Moment(older_than), i64::from(limit));
    paces::prune(conn, older_than).await?;
    set_ups::prune(conn).await?;
    Ok(Pruned {
        days: 0,
        runs: prune_runs(conn, before, limit).await?,
        incidents: prune_incidents(conn, before, limit).await?,
        gaps: prune_gaps(conn, before).await?,
        notifications: notifications::prune(conn, before, limit).await?,
        workers: prune_workers(conn, before, limit).await?,
        versions: prune_versions(conn, before, limit).await?,
    })
}

/// By `due_at`, which is what PostgreSQL partitions by. A run that is not finished stays, however old.
async fn prune_runs(conn: &mut Conn, before: Moment, limit: i64) -> Result<usize> {
    let mut ids = astray(conn, before, limit).await?;
    // A day that is not over yet will be dropped whole, which is cheaper than to delete it row by row until then.
    let of_days = match conn.link {
        Link::Pg(_) => Moment(before.0.date_naive().and_time(NaiveTime::MIN).and_utc()),
        Link::Lite(_) => before,
    };
    let left = limit.saturating_sub_unsigned(ids.len() as u64);
    let old = runs::table
        .filter(runs::due_at.lt(of_days).and(runs::state.eq(Word(RunState::Finished))))
        .order((runs::due_at, runs::id))
        .limit(left);
    let of_days: Vec<Key<RunId>> = load_skip_locked!(conn, old.select(runs::id))?;
    ids.extend(of_days);
    let results =
        run_results::table.filter(run_results::due_at.lt(before)).filter(run_results::run_id.eq_any(&ids));
    with!(conn, |c| diesel::delete(results).execute(c))?;
    let old = runs::table.filter(runs::due_at.lt(before)).filter(runs::id.eq_any(&ids));
    Ok(with!(conn, |c| diesel::delete(old).execute(c))?)
}

/// What lies in PostgreSQL's default partition is in no day that could be dropped.
async fn astray(conn: &mut Conn, before: Moment, limit: i64) -> Result<Vec<Key<RunId>>> {
    const OLD: &str = "SELECT id FROM runs_default WHERE due_at < $1 AND state = 'finished' ORDER BY due_at, id \
         LIMIT $2 FOR UPDATE SKIP LOCKED";
    let Link::Pg(object) = &mut conn.link else { return Ok(Vec::new()) };
    let query = diesel::sql_query(OLD).bind::<sql::Moment, _>(before).bind::<BigInt, _>(limit);
    let rows: Vec<Astray> = query.load(&mut **object).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(QueryableByName)]
struct Astray {
    #[diesel(sql_type = sql::Key)]
    id: Key<RunId>,
}

/// Their notifications go with them, by the foreign key.
async fn prune_incidents(conn: &mut Conn, before: Moment, limit: i64) -> Result<usize> {
    let old = incidents::table
        .filter(IsResolved::new(incidents::state).and(incidents::resolved_at.lt(before)))
        .order((incidents::resolved_at, incidents::id))
        .limit(limit);
    let ids: Vec<Key<IncidentId>> = load_skip_locked!(conn, old.select(incidents::id))?;
    let old = incidents::table.filter(incidents::id.eq_any(&ids));
    Ok(with!(conn, |c| diesel::delete(old).execute(c))?)
}

/// Gaps are few: an outage makes one for each monitor, so there is no need for a limit.
async fn prune_gaps(conn: &mut Conn, before: Moment) -> Result<usize> {
    let old = gaps::table.filter(gaps::last_slot_at.lt(before));
    Ok(with!(conn, |c| diesel::delete(old).execute(c))?)
}

async fn prune_workers(conn: &mut Conn, before: Moment, limit: i64) -> Result<usize> {
    let dead = workers::table.filter(workers::alive_until.lt(before)).limit(limit);
    let ids: Vec<Key<WorkerId>> = with!(conn, |c| dead.select(workers::id).load(c))?;
    let dead = workers::table.filter(workers::id.eq_any(&ids));
    Ok(with!(conn, |c| diesel::delete(dead).execute(c))?)
}

/// Versions that are nobody's current one and that no run is pinned to any more.
async fn prune_versions(conn: &mut Conn, before: Moment, limit: i64) -> Result<usize> {
    let current = collections::table.filter(
        collections::id
            .eq(collection_versions::collection_id)
            .and(collections::version.eq(collection_versions::version)),
    );
    let pinned = runs::table.filter(
        runs::collection_id
            .eq(collection_versions::collection_id)
            .and(runs::collection_version.eq(collection_versions::version)),
    );
    let unneeded = collection_versions::table
        .filter(collection_versions::created_at.lt(before))
        .filter(not(exists(current)).and(not(exists(pinned))))
        .limit(limit)
        .select((collection_versions::collection_id, collection_versions::version));
    let keys: Vec<(Key<CollectionId>, i32)> = with!(conn, |c| unneeded.load(c))?;
    for key in &keys {
        with!(conn, |c| diesel::delete(collection_versions::table.find(*key)).execute(c))?;
    }
    Ok(keys.len())
}
