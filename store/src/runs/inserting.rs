//! New runs.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::{
    document::Slug,
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason, Trigger},
    run::{MonitorRef, PinnedCollection},
};

use super::row::NewRow;
use crate::{Conn, Result, conn::Link, schema::runs, types::Key};

/// A run that is to be. Its `due_at` is in its id.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Made from the slot, or from the instant of the request.
    pub id: RunId,
    /// What it executes.
    pub collection: PinnedCollection,
    /// Whose schedule or button it was.
    pub monitor: Option<MonitorRef>,
    /// Whose variables and secrets it sees.
    pub environment: Option<Slug>,
    /// Where it executes.
    pub location: Slug,
    /// What brought it into being.
    pub trigger: Trigger,
    /// It must start before `due_at` plus this.
    pub max_lateness: Duration,
    /// When the relay publishes it first: now, or the slot plus its jitter.
    pub wake_at: DateTime<Utc>,
    /// Whether its slot lies in a maintenance window.
    pub in_maintenance: bool,
    /// The worker that is to leave it to others, if there are any: the one that saw what this run is to confirm.
    pub avoid: Option<WorkerId>,
    /// Set when it is over before it began: skipped for overlap, or its collection is in quarantine.
    pub end: Option<End>,
}

/// How a run ended that never began.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Skipped, missed or inconclusive.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
}

/// Inserts runs; a slot that has its run already, or an id that is there, is passed over. Answers which were inserted.
pub async fn insert(conn: &mut Conn, runs: &[NewRun], now: DateTime<Utc>) -> Result<Vec<RunId>> {
    let rows = runs.iter().map(|run| NewRow::new(run, now)).collect::<Result<Vec<_>>>()?;
    let inserted: Vec<Key<RunId>> = match &mut conn.link {
        Link::Pg(object) => {
            let statement =
                diesel::insert_into(runs::table).values(&rows).on_conflict_do_nothing().returning(runs::id);
            diesel_async::RunQueryDsl::get_results(statement, &mut **object).await?
        }
        // SQLite's statement takes one row here; all of them make one trip to its thread.
        Link::Lite(object) => {
            let each = move |sqlite: &mut SqliteConnection| {
                let insert = |row| {
                    let statement = diesel::insert_into(runs::table).values(row).on_conflict_do_nothing();
                    diesel::RunQueryDsl::get_result(statement.returning(runs::id), sqlite).optional()
                };
                rows.iter().map(insert).filter_map(QueryResult::transpose).collect()
            };
            object.spawn_blocking(each).await?
        }
    };
    Ok(inserted.into_iter().map(|Key(id)| id).collect())
}
