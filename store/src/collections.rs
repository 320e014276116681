//! Collections and their versions. A version is never changed and never reused: runs are pinned to it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::{Collection, Kind, Slug},
    id::CollectionId,
};

use crate::{
    Change, Conn, Error, Listing, Page, Result,
    conn::{load_locked, with},
    monitors, references,
    schema::{collection_uses, collection_versions, collections},
    types::{Doc, Key, Moment, Word, count},
};

/// A collection in its current version.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedCollection {
    /// Survives changes, not deletion.
    pub id: CollectionId,
    /// Counted from 1.
    pub version: u32,
    /// The document.
    pub document: Collection,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the current version did.
    pub updated_at: DateTime<Utc>,
}

/// Saves a new collection, and its own monitor when it has a schedule. `Conflict` when the id is taken, `Missing` when
/// it names what there is not.
pub async fn create(conn: &mut Conn, document: &Collection, now: DateTime<Utc>) -> Result<SavedCollection> {
    if get(conn, &document.id).await?.is_some() {
        return Err(Error::taken(Kind::Collection, &document.id));
    }
    Ok(replace(conn, document, now).await?.1)
}

/// Creates or replaces by slug. A new version only when the document changed; its own monitor follows the schedule.
pub async fn replace(
    conn: &mut Conn,
    document: &Collection,
    now: DateTime<Utc>,
) -> Result<(Change, SavedCollection)> {
    references::require_named(conn, document).await?;
    let change = match locked(conn, &document.id).await? {
        None => {
            insert(conn, document, now).await?;
            Change::Created
        }
        Some((id, version)) => {
            if self::version(conn, id, version).await?.as_ref() == Some(document) {
                Change::Unchanged
            } else {
                add_version(conn, id, version + 1, document, now).await?;
                Change::Replaced
            }
        }
    };
    if change != Change::Unchanged {
        link(conn, document).await?;
        monitors::follow(conn, document, now).await?;
    }
    let saved = get(conn, &document.id).await?;
    Ok((change, saved.ok_or_else(|| Error::corrupt("a collection without its version"))?))
}

/// The collection of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedCollection>> {
    let one = current().filter(collections::slug.eq(Word(slug.clone())));
    let row: Option<Row> = with!(conn, |c| one.first(c)).optional()?;
    Ok(row.map(saved))
}

/// All collections, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedCollection>> {
    let newest = current().filter(collections::id.lt(page.below())).order(collections::id.desc());
    let rows: Vec<Row> = with!(conn, |c| newest.limit(page.probe()).load(c))?;
    Ok(Listing::of(rows, page, |row| row.0.0.uuid()).map(saved))
}

/// Deletes a collection and its own monitor; its versions stay for the runs that are pinned to them. `InUse` when
/// another monitor names it. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    references::refuse_used_collection(conn, slug).await?;
    monitors::delete_owned(conn, slug).await?;
    let one = collections::table.filter(collections::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| diesel::delete(one).execute(c))? == 1)
}

/// The id and the current version of that slug.
pub async fn current_version(conn: &mut Conn, slug: &Slug) -> Result<Option<(CollectionId, u32)>> {
    let one = collections::table.filter(collections::slug.eq(Word(slug.clone())));
    let row: Option<(Key<CollectionId>, i32)> =
        with!(conn, |c| one.select((collections::id, collections::version)).first(c)).optional()?;
    Ok(row.map(|(id, version)| (id.0, version.cast_unsigned())))
}

/// The collections that use this one as a shared set-up, in their current versions.
pub async fn users(conn: &mut Conn, slug: &Slug) -> Result<Vec<Collection>> {
    let by = collection_uses::table.filter(collection_uses::used.eq(Word(slug.clone())));
    let ids: Vec<Key<CollectionId>> = with!(conn, |c| by.select(collection_uses::collection_id).load(c))?;
    let some = current().filter(collections::id.eq_any(ids)).order(collections::slug);
    let rows: Vec<Row> = with!(conn, |c| some.load(c))?;
    Ok(rows.into_iter().map(|row| saved(row).document).collect())
}

/// One version, also of a collection that has been deleted since.
pub async fn version(conn: &mut Conn, id: CollectionId, version: u32) -> Result<Option<Collection>> {
    let one = collection_versions::table.find((Key(id), count(version)));
    let found = with!(conn, |c| one.select(collection_versions::document).first(c)).optional()?;
    Ok(found.map(|Doc(document)| document))
}

type Row = (Key<CollectionId>, i32, Doc<Collection>, Moment, Moment);

fn saved((id, version, document, created_at, updated_at): Row) -> SavedCollection {
    SavedCollection {
        id: id.0,
        version: version.cast_unsigned(),
        document: document.0,
        created_at: created_at.0,
        updated_at: updated_at.0,
    }
}

/// Collections with their current versions.
#[diesel::dsl::auto_type]
fn current() -> _ {
    collections::table
        .inner_join(
            collection_versions::table.on(collection_versions::collection_id
                .eq(collections::id)
                .and(collection_versions::version.eq(collections::version))),
        )
        .select((
            collections::id,
            collections::version,
            collection_versions::document,
            collections::created_at,
            collections::updated_at,
        ))
}

/// Which set-ups a collection uses, as in its document.
async fn link(conn: &mut Conn, document: &Collection) -> Result<()> {
    let Some((id, _)) = current_version(conn, &document.id).await? else { return Ok(()) };
    let old = collection_uses::table.filter(collection_uses::collection_id.eq(Key(id)));
    with!(conn, |c| diesel::delete(old).execute(c))?;
    for used in &document.uses {
        let row = (
            collection_uses::collection_id.eq(Key(id)),
            collection_uses::used.eq(Word(used.collection.clone())),
        );
        with!(conn, |c| diesel::insert_into(collection_uses::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Two that replace the same collection do it one after the other.
async fn locked(conn: &mut Conn, slug: &Slug) -> Result<Option<(CollectionId, u32)>> {
    let slug = Word(slug.clone());
    let rows: Vec<(Key<CollectionId>, i32)> = load_locked!(
        conn,
        collections::table
            .filter(collections::slug.eq(&slug))
            .select((collections::id, collections::version))
    )?;
    Ok(rows.into_iter().next().map(|(id, version)| (id.0, version.cast_unsigned())))
}

async fn insert(conn: &mut Conn, document: &Collection, now: DateTime<Utc>) -> Result<()> {
    let id = Key(CollectionId::random(now));
    let row = (
        collections::id.eq(id),
        collections::slug.eq(Word(document.id.clone())),
        collections::version.eq(1),
        collections::environment.eq(document.environment.clone().map(Word)),
        collections::created_at.eq(Moment(now)),
        collections::updated_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::insert_into(collections::table).values(row).execute(c))?;
    insert_version(conn, id, 1, document, now).await
}

async fn add_version(
    conn: &mut Conn,
    id: CollectionId,
    version: u32,
    document: &Collection,
    now: DateTime<Utc>,
) -> Result<()> {
    insert_version(conn, Key(id), count(version), document, now).await?;
    let changes = (
        collections::version.eq(count(version)),
        collections::environment.eq(document.environment.clone().map(Word)),
        collections::updated_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::update(collections::table.find(Key(id))).set(changes).execute(c))?;
    Ok(())
}

async fn insert_version(
    conn: &mut Conn,
    id: Key<CollectionId>,
    version: i32,
    document: &Collection,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = (
        collection_versions::collection_id.eq(id),
        collection_versions::version.eq(version),
        collection_versions::document.eq(Doc(document.clone())),
        collection_versions::created_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::insert_into(collection_versions::table).values(row).execute(c))?;
    Ok(())
}
