//! Monitors and the instants of their next slots. When slots are is `domain::schedule`'s; here they are only kept.

mod due;
mod owed;
mod saving;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::{Kind, Monitor, Slug},
    id::MonitorId,
    incident::Mute,
};

pub use self::due::{DueMonitor, advance, due, next_slot};
pub(crate) use self::saving::{delete_owned, follow};
use crate::{
    Change, Conn, Error, Listing, Page, Result,
    conn::{load_held, with},
    schema::monitors,
    types::{Doc, Key, Moment, Word},
};

/// A monitor as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedMonitor {
    /// Survives changes, not deletion.
    pub id: MonitorId,
    /// The document; for a collection's own monitor the one that follows from the collection.
    pub document: Monitor,
    /// The collection whose inline schedule this is: only that document edits it.
    pub owner: Option<Slug>,
    /// From where intervals are counted: the last change of the schedule.
    pub anchor: DateTime<Utc>,
    /// When it is due next. Null while it is disabled.
    pub next_slot_at: Option<DateTime<Utc>>,
    /// Whether, and how long, nothing begins to be told; it may be over. Saving the document does not change it.
    pub muted: Option<Mute>,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the document changed last.
    pub updated_at: DateTime<Utc>,
}

impl SavedMonitor {
    /// Whether nothing begins to be told now.
    #[must_use]
    pub fn is_muted(&self, now: DateTime<Utc>) -> bool {
        self.muted.as_ref().is_some_and(|mute| mute.holds(now))
    }
}

/// Saves a new monitor; its first slot follows from the schedule. `Conflict` when the id is taken, `Missing` when it
/// names what there is not.
pub async fn create(conn: &mut Conn, document: &Monitor, now: DateTime<Utc>) -> Result<SavedMonitor> {
    if get(conn, &document.id).await?.is_some() {
        return Err(Error::taken(Kind::Monitor, &document.id));
    }
    Ok(replace(conn, document, now).await?.1)
}

/// Creates or replaces by slug. The anchor and the next slot stay when the schedule did not change. `Owned` when it
/// belongs to a collection.
pub async fn replace(
    conn: &mut Conn,
    document: &Monitor,
    now: DateTime<Utc>,
) -> Result<(Change, SavedMonitor)> {
    saving::refuse_owned(conn, &document.id).await?;
    saving::save(conn, document, None, now).await
}

/// The monitor of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedMonitor>> {
    let one = monitors::table.filter(monitors::slug.eq(Word(slug.clone())));
    let row: Option<Row> = with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?;
    Ok(row.map(SavedMonitor::from))
}

/// The monitors of these ids that there are. They stay as they are until this transaction ends: whoever deletes one, or
/// lets go of a collection, waits, and then ends the incidents that this one has opened. Call it before trackers are
/// locked, which is the order of those who save.
pub async fn hold(
    conn: &mut Conn,
    ids: impl IntoIterator<Item = MonitorId>,
) -> Result<HashMap<MonitorId, SavedMonitor>> {
    let ids: Vec<_> = ids.into_iter().map(Key).collect();
    let some = monitors::table.filter(monitors::id.eq_any(ids)).order(monitors::id);
    let rows: Vec<Row> = load_held!(conn, some.select(Row::as_select()))?;
    Ok(rows.into_iter().map(|row| (row.id.0, row.into())).collect())
}

/// All monitors, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedMonitor>> {
    let newest = monitors::table.filter(monitors::id.lt(page.below())).order(monitors::id.desc());
    let rows: Vec<Row> = with!(conn, |c| newest.limit(page.probe()).select(Row::as_select()).load(c))?;
    Ok(Listing::of(rows, page, |row| row.id.0.uuid()).map(SavedMonitor::from))
}

/// Mutes a monitor, or ends that. `None` when there is no such monitor.
pub async fn mute(conn: &mut Conn, slug: &Slug, mute: Option<Mute>) -> Result<Option<SavedMonitor>> {
    let one = monitors::table.filter(monitors::slug.eq(Word(slug.clone())));
    let muted = monitors::muted.eq(mute.map(Doc));
    with!(conn, |c| diesel::update(one).set(muted).execute(c))?;
    get(conn, slug).await
}

/// Deletes a monitor and ends its incidents; `Owned` when it belongs to a collection. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    saving::refuse_owned(conn, slug).await?;
    saving::close_incidents(conn, slug).await?;
    let one = monitors::table.filter(monitors::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| diesel::delete(one).execute(c))? == 1)
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = monitors, treat_none_as_null = true)]
struct Row {
    id: Key<MonitorId>,
    slug: Word<Slug>,
    document: Doc<Monitor>,
    environment: Option<Word<Slug>>,
    owner: Option<Word<Slug>>,
    anchor_at: Moment,
    next_slot_at: Option<Moment>,
    muted: Option<Doc<Mute>>,
    created_at: Moment,
    updated_at: Moment,
}

impl From<Row> for SavedMonitor {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            document: row.document.0,
            owner: row.owner.map(|owner| owner.0),
            anchor: row.anchor_at.0,
            next_slot_at: row.next_slot_at.map(|slot| slot.0),
            muted: row.muted.map(|mute| mute.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}
