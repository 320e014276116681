//! Slots that were never run because nobody was there to run them: an outage, recorded as a range (I1).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{CollectionId, MonitorId},
    run::MonitorRef,
};

use crate::{
    Conn, Error, Result,
    conn::with,
    schema::gaps,
    types::{Key, Moment, Word},
};

/// Slots of one monitor, collection and location without runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Whose.
    pub monitor: MonitorRef,
    /// Of which collection.
    pub collection: CollectionId,
    /// Where.
    pub location: Slug,
    /// The first slot.
    pub first_slot_at: DateTime<Utc>,
    /// The last slot, which may be the first.
    pub last_slot_at: DateTime<Utc>,
    /// How many slots.
    pub slots: u64,
}

/// Records gaps; one that is there already is passed over.
pub async fn insert(conn: &mut Conn, gaps: &[Gap], now: DateTime<Utc>) -> Result<()> {
    for gap in gaps {
        let row = (Row::try_from(gap)?, gaps::inserted_at.eq(Moment(now)));
        with!(conn, |c| diesel::insert_into(gaps::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// The gaps of a monitor, newest first.
pub async fn list(conn: &mut Conn, monitor: &Slug, limit: u32) -> Result<Vec<Gap>> {
    let newest = gaps::table
        .filter(gaps::monitor.eq(Word(monitor.clone())))
        .order((gaps::first_slot_at.desc(), gaps::collection_id, gaps::location))
        .limit(i64::from(limit));
    let rows: Vec<Row> = with!(conn, |c| newest.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Gap::from).collect())
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = gaps)]
struct Row {
    monitor_id: Key<MonitorId>,
    monitor: Word<Slug>,
    collection_id: Key<CollectionId>,
    location: Word<Slug>,
    first_slot_at: Moment,
    last_slot_at: Moment,
    slots: i64,
}

impl TryFrom<&Gap> for Row {
    type Error = Error;

    fn try_from(gap: &Gap) -> Result<Self> {
        Ok(Self {
            monitor_id: Key(gap.monitor.id),
            monitor: Word(gap.monitor.slug.clone()),
            collection_id: Key(gap.collection),
            location: Word(gap.location.clone()),
            first_slot_at: Moment(gap.first_slot_at),
            last_slot_at: Moment(gap.last_slot_at),
            slots: i64::try_from(gap.slots).map_err(Error::corrupt)?,
        })
    }
}

impl From<Row> for Gap {
    fn from(row: Row) -> Self {
        Self {
            monitor: MonitorRef { id: row.monitor_id.0, slug: row.monitor.0 },
            collection: row.collection_id.0,
            location: row.location.0,
            first_slot_at: row.first_slot_at.0,
            last_slot_at: row.last_slot_at.0,
            slots: row.slots.cast_unsigned(),
        }
    }
}
