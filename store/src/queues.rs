//! What lies in the queues, as a scheduler saw it last: for people to look at, through an API that does not know the
//! broker. Nothing decides by it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{count_star, min},
    prelude::*,
    upsert::excluded,
};
use diesel_async::RunQueryDsl;
use domain::document::Slug;

use crate::{
    Conn, Result,
    conn::with,
    literal::{IsPending, IsQueued},
    runs::recent,
    schema::{notifications, queues, runs, workers},
    types::{Moment, Word},
};

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueFigures {
    /// `runs.<location>` or `notifications`.
    pub name: String,
    /// Messages that wait for a consumer.
    pub ready: u64,
    /// Messages in the hands of consumers; none where the broker does not tell.
    pub unacked: Option<u64>,
    /// Consumers.
    pub consumers: u64,
    /// Dead letters that wait for a scheduler: of all queues where the broker keeps them together.
    pub dead: u64,
    /// Messages put aside for people: of all queues.
    pub parked: u64,
    /// Rows that wait.
    pub waiting: Waiting,
    /// When a scheduler looked.
    pub updated_at: DateTime<Utc>,
}

/// Rows that wait for a worker or a notifier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub rows: u64,
    /// Since when the oldest of them is due.
    pub oldest_at: Option<DateTime<Utc>>,
}

/// Keeps what was seen of some queues, and forgets those that nobody has seen since `forget_before`.
pub async fn save(conn: &mut Conn, seen: &[QueueFigures], forget_before: DateTime<Utc>) -> Result<()> {
    for figures in seen {
        let insert = diesel::insert_into(queues::table).values(Row::from(figures)).on_conflict(queues::name);
        let newest = (
            queues::ready.eq(excluded(queues::ready)),
            queues::unacked.eq(excluded(queues::unacked)),
            queues::consumers.eq(excluded(queues::consumers)),
            queues::dead.eq(excluded(queues::dead)),
            queues::parked.eq(excluded(queues::parked)),
            queues::waiting.eq(excluded(queues::waiting)),
            queues::oldest_at.eq(excluded(queues::oldest_at)),
            queues::updated_at.eq(excluded(queues::updated_at)),
        );
        with!(conn, |c| insert.do_update().set(newest).execute(c))?;
    }
    let gone = queues::table.filter(queues::updated_at.lt(Moment(forget_before)));
    with!(conn, |c| diesel::delete(gone).execute(c))?;
    Ok(())
}

/// All queues, by name.
pub async fn list(conn: &mut Conn) -> Result<Vec<QueueFigures>> {
    let all = queues::table.order(queues::name);
    let rows: Vec<Row> = with!(conn, |c| all.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(QueueFigures::from).collect())
}

/// Queued runs per location; also of locations where nothing waits, if a worker stands there.
pub async fn waiting_runs(conn: &mut Conn, now: DateTime<Utc>) -> Result<BTreeMap<Slug, Waiting>> {
    let served: Vec<Word<Slug>> =
        with!(conn, |c| workers::table.select(workers::location).distinct().load(c))?;
    let queued = runs::table
        .filter(IsQueued::new(runs::state).and(recent(now)))
        .group_by(runs::location)
        .select((runs::location, count_star(), min(runs::due_at)));
    let queued: Vec<(Word<Slug>, i64, Option<Moment>)> = with!(conn, |c| queued.load(c))?;
    let mut by_location: BTreeMap<_, _> =
        served.into_iter().map(|Word(location)| (location, Waiting::default())).collect();
    by_location
        .extend(queued.into_iter().map(|(location, rows, oldest)| (location.0, waiting(rows, oldest))));
    Ok(by_location)
}

/// Pending notifications, also those whose time has not come.
pub async fn waiting_notifications(conn: &mut Conn) -> Result<Waiting> {
    let pending = notifications::table
        .filter(IsPending::new(notifications::state))
        .select((count_star(), min(notifications::created_at)));
    let (rows, oldest) = with!(conn, |c| pending.first(c))?;
    Ok(waiting(rows, oldest))
}

fn waiting(rows: i64, oldest: Option<Moment>) -> Waiting {
    Waiting { rows: rows.cast_unsigned(), oldest_at: oldest.map(|Moment(at)| at) }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = queues)]
struct Row {
    name: String,
    ready: i64,
    unacked: Option<i64>,
    consumers: i64,
    dead: i64,
    parked: i64,
    waiting: i64,
    oldest_at: Option<Moment>,
    updated_at: Moment,
}

impl From<&QueueFigures> for Row {
    fn from(figures: &QueueFigures) -> Self {
        Self {
            name: figures.name.clone(),
            ready: figures.ready.cast_signed(),
            unacked: figures.unacked.map(u64::cast_signed),
            consumers: figures.consumers.cast_signed(),
            dead: figures.dead.cast_signed(),
            parked: figures.parked.cast_signed(),
            waiting: figures.waiting.rows.cast_signed(),
            oldest_at: figures.waiting.oldest_at.map(Moment),
            updated_at: Moment(figures.updated_at),
        }
    }
}

impl From<Row> for QueueFigures {
    fn from(row: Row) -> Self {
        Self {
            name: row.name,
            ready: row.ready.cast_unsigned(),
            unacked: row.unacked.map(i64::cast_unsigned),
            consumers: row.consumers.cast_unsigned(),
            dead: row.dead.cast_unsigned(),
            parked: row.parked.cast_unsigned(),
            waiting: waiting(row.waiting, row.oldest_at),
            updated_at: row.updated_at.0,
        }
    }
}
