//! Looking at runs.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{dsl::exists, prelude::*};
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{CollectionId, MonitorId, RunId},
    outcome::{Outcome, RunState, Trigger},
    run::Run,
};

use super::{keys, recent, row::Row};
use crate::{
    Conn, Listing, Page, Result,
    conn::with,
    literal::IsUnfinished,
    schema::{monitor_collections, runs},
    types::{Key, Moment, Word},
};

/// Which runs are wanted; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this collection.
    pub collection: Option<Slug>,
    /// Of this monitor.
    pub monitor: Option<Slug>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// In this state.
    pub state: Option<RunState>,
    /// Brought into being by this. Drafts are left out unless it says so.
    pub trigger: Option<Trigger>,
    /// At this location.
    pub location: Option<Slug>,
}

/// The run of that id.
pub async fn get(conn: &mut Conn, id: RunId) -> Result<Option<Run>> {
    let one = runs::table.filter(keys!([id]));
    let row: Option<Row> = with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?;
    Ok(row.map(Run::from))
}

/// Runs, newest first.
pub async fn list(conn: &mut Conn, filter: &Filter, page: Page) -> Result<Listing<Run>> {
    let below = page.below();
    let due_by = Moment(RunId::from_uuid(below.0).due_at());
    let rows: Vec<Row> = with!(conn, |c| {
        let mut query = runs::table.select(Row::as_select()).into_boxed();
        if page.cursor.is_some() {
            query = query.filter(runs::due_at.le(due_by).and(runs::id.lt(below)));
        }
        if let Some(collection) = &filter.collection {
            query = query.filter(runs::collection.eq(Word(collection.clone())));
        }
        if let Some(monitor) = &filter.monitor {
            query = query.filter(runs::monitor.eq(Word(monitor.clone())));
        }
        if let Some(outcome) = filter.outcome {
            query = query.filter(runs::outcome.eq(Word(outcome)));
        }
        if let Some(state) = filter.state {
            query = query.filter(runs::state.eq(Word(state)));
        }
        if let Some(location) = &filter.location {
            query = query.filter(runs::location.eq(Word(location.clone())));
        }
        query = match filter.trigger {
            Some(trigger) => query.filter(runs::trigger.eq(Word(trigger))),
            None => query.filter(runs::trigger.ne(Word(Trigger::Draft))),
        };
        query.order((runs::due_at.desc(), runs::id.desc())).limit(page.probe()).load(c)
    })?;
    Ok(Listing::of(rows, page, |row| row.id.0.uuid()).map(Run::from))
}

/// Those of these runs that were second looks at a failure.
pub(crate) async fn confirmations(conn: &mut Conn, ids: &[RunId]) -> Result<Vec<Run>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let some = runs::table.filter(keys!(ids)).filter(runs::trigger.eq(Word(Trigger::Confirm)));
    let rows: Vec<Row> = with!(conn, |c| some.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Run::from).collect())
}

diesel::alias! {
    const NEWEST: Alias<Newest> = runs as newest;
}

/// The latest finished run of each collection of each of these monitors. Drafts do not count.
pub async fn latest(conn: &mut Conn, monitors: &[MonitorId]) -> Result<Vec<Run>> {
    let monitors: Vec<_> = monitors.iter().copied().map(Key).collect();
    // One look into an index for each collection, however long the history.
    let newest = NEWEST
        .filter(NEWEST.field(runs::monitor_id).eq(monitor_collections::monitor_id.nullable()))
        .filter(NEWEST.field(runs::collection).eq(monitor_collections::collection))
        .filter(NEWEST.field(runs::state).eq(Word(RunState::Finished)))
        .filter(NEWEST.field(runs::trigger).ne(Word(Trigger::Draft)))
        .order((NEWEST.field(runs::due_at).desc(), NEWEST.field(runs::id).desc()))
        .limit(1)
        .select(NEWEST.field(runs::id))
        .single_value();
    let each = monitor_collections::table
        .filter(monitor_collections::monitor_id.eq_any(monitors))
        .order((monitor_collections::monitor_id, monitor_collections::position))
        .select(newest);
    let ids: Vec<Option<Key<RunId>>> = with!(conn, |c| each.load(c))?;
    let ids: Vec<RunId> = ids.into_iter().flatten().map(|Key(id)| id).collect();
    // By their ids in a statement of its own, for only from here can it say in which partitions they are.
    let latest = runs::table.filter(keys!(ids));
    let rows: Vec<Row> = with!(conn, |c| latest.select(Row::as_select()).load(c))?;
    let mut runs: HashMap<RunId, Run> = rows.into_iter().map(|row| (row.id.0, Run::from(row))).collect();
    Ok(ids.iter().filter_map(|id| runs.remove(id)).collect())
}

/// Whether a run of this monitor, collection and location is not finished: what `overlap: skip` asks before it inserts the
/// next one.
pub async fn any_unfinished(
    conn: &mut Conn,
    monitor: MonitorId,
    collection: CollectionId,
    location: &Slug,
    now: DateTime<Utc>,
) -> Result<bool> {
    let unfinished = runs::table
        .filter(runs::monitor_id.eq(Key(monitor)).and(runs::collection_id.eq(Key(collection))))
        .filter(runs::location.eq(Word(location.clone())))
        .filter(IsUnfinished::new(runs::state).and(recent(now)));
    Ok(with!(conn, |c| diesel::select(exists(unfinished)).get_result(c))?)
}
