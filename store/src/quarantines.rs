//! Versions of collections that are not run any more, because one run of them took two workers along (I15). Keyed by the
//! version, so that saving a new one lifts it.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{CollectionId, RunId},
    outcome::{Reason, ReasonCode},
    run::PinnedCollection,
};

use crate::{
    Conn, Result,
    conn::with,
    schema::{collections, quarantines},
    types::{Doc, Key, Moment, Word, count},
};

/// A version of a collection that is not run.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantine {
    /// Which version of what.
    pub collection: PinnedCollection,
    /// The run that took two workers along.
    pub run: RunId,
    /// How that run ended.
    pub reason: Reason,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Quarantine {
    /// Why a run of that version does not begin.
    #[must_use]
    pub fn refusal(&self) -> Reason {
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let message = format!("quarantined since {since}: save a new version of the collection to lift it");
        Reason::new(ReasonCode::Poison, message)
    }
}

/// Adds one, in the transaction that ends its run. A version that is there stays as it is; those of older versions of
/// the collection, which nobody runs any more, go.
pub async fn add(conn: &mut Conn, quarantine: &Quarantine) -> Result<()> {
    let row = Row::from(quarantine.clone());
    let older = quarantines::table
        .filter(quarantines::collection_id.eq(row.collection_id).and(quarantines::version.lt(row.version)));
    with!(conn, |c| diesel::delete(older).execute(c))?;
    with!(conn, |c| diesel::insert_into(quarantines::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Those of these versions that are not to be run, by id and version.
pub async fn of(
    conn: &mut Conn,
    versions: impl IntoIterator<Item = &PinnedCollection>,
) -> Result<HashMap<(CollectionId, u32), Quarantine>> {
    let mut ids: Vec<Key<CollectionId>> = versions.into_iter().map(|version| Key(version.id)).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    ids.sort();
    ids.dedup();
    let some = quarantines::table.filter(quarantines::collection_id.eq_any(ids));
    let rows: Vec<Row> = with!(conn, |c| some.select(Row::as_select()).load(c))?;
    let found = rows.into_iter().map(Quarantine::from);
    Ok(found.map(|one| ((one.collection.id, one.collection.version), one)).collect())
}

/// Those of current versions, the newest first.
pub async fn list(conn: &mut Conn) -> Result<Vec<Quarantine>> {
    let current = quarantines::table
        .inner_join(collections::table.on(
            collections::id.eq(quarantines::collection_id).and(collections::version.eq(quarantines::version)),
        ))
        .order((quarantines::since.desc(), quarantines::collection_id));
    let rows: Vec<Row> = with!(conn, |c| current.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Quarantine::from).collect())
}

/// Lets a collection run again as it is. False when it was not in quarantine.
pub async fn lift(conn: &mut Conn, collection: &Slug) -> Result<bool> {
    let all = quarantines::table.filter(quarantines::collection.eq(Word(collection.clone())));
    Ok(with!(conn, |c| diesel::delete(all).execute(c))? > 0)
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = quarantines)]
struct Row {
    collection_id: Key<CollectionId>,
    version: i32,
    collection: Word<Slug>,
    run_id: Key<RunId>,
    reason: Doc<Reason>,
    since: Moment,
}

impl From<Quarantine> for Row {
    fn from(one: Quarantine) -> Self {
        Self {
            collection_id: Key(one.collection.id),
            version: count(one.collection.version),
            collection: Word(one.collection.slug),
            run_id: Key(one.run),
            reason: Doc(one.reason),
            since: Moment(one.since),
        }
    }
}

impl From<Row> for Quarantine {
    fn from(row: Row) -> Self {
        Self {
            collection: PinnedCollection {
                id: row.collection_id.0,
                slug: row.collection.0,
                version: row.version.cast_unsigned(),
            },
            run: row.run_id.0,
            reason: row.reason.0,
            since: row.since.0,
        }
    }
}
