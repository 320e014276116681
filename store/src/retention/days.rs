//! Days of history. On PostgreSQL each (UTC) is a partition of `runs` and one of `run_results`, made ahead and dropped
//! whole; SQLite has none. Rows of a day without partitions lie in the default ones, which this leaves to the pruning of
//! rows.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::Pruned;
use crate::{Conn, Result, conn::Link};

/// Days that have their partitions before they begin: how long no scheduler may be there without rows going astray.
const AHEAD: u64 = 3;

/// One at a time makes or drops partitions. By the table's number, for a server may hold more than one of our schemas.
const ALONE: &str = "SELECT pg_advisory_xact_lock(7265627, 'runs'::regclass::oid::integer)";

/// While we wait for a table everybody else waits behind us, so it is not for long.
const BRIEFLY: &str = "SET LOCAL lock_timeout = '500ms'";

/// Against rows that come into the default partitions between looking there and attaching another one.
const LOCK_DEFAULTS: &str = "LOCK TABLE ONLY runs, ONLY run_results IN SHARE UPDATE EXCLUSIVE MODE; \
     LOCK TABLE runs_default, run_results_default IN ACCESS EXCLUSIVE MODE";

/// In the order in which recording takes them.
const LOCK_TABLES: &str = "LOCK TABLE ONLY runs, ONLY run_results IN ACCESS EXCLUSIVE MODE";

/// Makes the partitions of today and the three days after it that are not there yet, and answers of how many days. A day of
/// which the default partition already holds rows gets none: they would have to be moved while everybody waits, and it is
/// only the day of an upgrade, or one after days without a scheduler. Those rows are pruned as rows.
///
/// # Errors
/// Retryable when the tables are busy; then there is time left, for it is done days ahead.
pub async fn create_partitions(conn: &mut Conn, now: DateTime<Utc>) -> Result<usize> {
    let Link::Pg(object) = &mut conn.link else { return Ok(0) };
    let (pg, today) = (&mut **object, now.date_naive());
    // The catalogue only: whoever reads the tables before being alone waits for others that wait for him.
    if existing(pg).await?.is_superset(&wanted(today)) {
        return Ok(0);
    }
    pg.batch_execute(&format!("{ALONE}; {BRIEFLY}; {LOCK_DEFAULTS}")).await?;
    // Somebody else may have been faster.
    let missing = missing(pg, today).await?;
    for day in &missing {
        pg.batch_execute(&attach("runs", *day)).await?;
        pg.batch_execute(&attach("run_results", *day)).await?;
    }
    Ok(missing.len())
}

/// Drops the oldest day that was over before `older_than` and of which all runs are finished. Call it again, each time in
/// a transaction of its own, until nothing went. Nothing else belongs into that transaction: everybody waits for it.
///
/// # Errors
/// Retryable when the tables are busy; then nothing went, and [`super::prune`] deletes the rows.
pub async fn prune_day(conn: &mut Conn, older_than: DateTime<Utc>) -> Result<Pruned> {
    let Link::Pg(object) = &mut conn.link else { return Ok(Pruned::default()) };
    let (pg, first_kept) = (&mut **object, older_than.date_naive());
    if existing(pg).await?.range(..first_kept).next().is_none() {
        return Ok(Pruned::default());
    }
    pg.batch_execute(&format!("{ALONE}; {BRIEFLY}")).await?;
    let Some(day) = oldest_finished(pg, first_kept).await? else { return Ok(Pruned::default()) };
    pg.batch_execute(LOCK_TABLES).await?;
    // It may have got a run meanwhile.
    if has_unfinished(pg, day).await? {
        return Ok(Pruned::default());
    }
    let both = format!("DROP TABLE {}, {}", partition("runs", day), partition("run_results", day));
    pg.batch_execute(&both).await?;
    Ok(Pruned { days: 1, ..Pruned::default() })
}

async fn oldest_finished(pg: &mut AsyncPgConnection, first_kept: NaiveDate) -> Result<Option<NaiveDate>> {
    for day in existing(pg).await?.range(..first_kept) {
        if !has_unfinished(pg, *day).await? {
            return Ok(Some(*day));
        }
    }
    Ok(None)
}

fn partition(table: &str, day: NaiveDate) -> String {
    format!("{table}_{}", day.format("%Y%m%d"))
}

/// The instants between which a day lies, the second one not in it.
fn bounds(day: NaiveDate) -> (String, String) {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().to_rfc3339();
    (midnight(day), midnight(day + Days::new(1)))
}

/// Made beside the table and attached, which lets others read and write meanwhile; `PARTITION OF` would not.
fn attach(table: &str, day: NaiveDate) -> String {
    let (name, (first, end)) = (partition(table, day), bounds(day));
    format!(
        "CREATE TABLE {name} (LIKE {table} INCLUDING ALL); \
         ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{end}')"
    )
}

/// The days that are to have partitions.
fn wanted(today: NaiveDate) -> BTreeSet<NaiveDate> {
    (0..=AHEAD).filter_map(|days| today.checked_add_days(Days::new(days))).collect()
}

/// Which of them have none and could have one.
async fn missing(pg: &mut AsyncPgConnection, today: NaiveDate) -> Result<Vec<NaiveDate>> {
    let (existing, mut missing) = (existing(pg).await?, Vec::new());
    for day in wanted(today).difference(&existing) {
        if !lies_in_default(pg, *day).await? {
            missing.push(*day);
        }
    }
    Ok(missing)
}

/// The days that have partitions: of both tables, for they come and go together.
async fn existing(pg: &mut AsyncPgConnection) -> Result<BTreeSet<NaiveDate>> {
    const PARTITIONS: &str = "SELECT relname::text AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid \
         WHERE inhparent = 'runs'::regclass";
    let partitions: Vec<Named> = diesel::sql_query(PARTITIONS).load(pg).await?;
    let day = |partition: &Named| NaiveDate::parse_from_str(&partition.name, "runs_%Y%m%d").ok();
    Ok(partitions.iter().filter_map(day).collect())
}

async fn lies_in_default(pg: &mut AsyncPgConnection, day: NaiveDate) -> Result<bool> {
    let (first, end) = bounds(day);
    let within = format!("due_at >= '{first}' AND due_at < '{end}'");
    let (runs, results) =
        (format!("runs_default WHERE {within}"), format!("run_results_default WHERE {within}"));
    Ok(any(pg, &runs).await? || any(pg, &results).await?)
}

async fn has_unfinished(pg: &mut AsyncPgConnection, day: NaiveDate) -> Result<bool> {
    any(pg, &format!("{} WHERE state <> 'finished'", partition("runs", day))).await
}

async fn any(pg: &mut AsyncPgConnection, rows: &str) -> Result<bool> {
    let query = diesel::sql_query(format!("SELECT EXISTS (SELECT FROM {rows}) AS there"));
    let Found { there } = query.get_result(pg).await?;
    Ok(there)
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    there: bool,
}
