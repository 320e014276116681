//! Channels.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::{Channel, Kind, Slug},
    id::ChannelId,
};

use crate::{
    Change, Conn, Error, Listing, Page, Result,
    conn::with,
    references,
    schema::channels,
    types::{Doc, Key, Moment, Word},
};

/// A channel as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedChannel {
    /// Survives changes, not deletion.
    pub id: ChannelId,
    /// The document.
    pub document: Channel,
    /// Why its receiver refuses us (400, 401, 403, 404, 410), until the document changes or something gets through.
    pub broken: Option<String>,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the document changed last.
    pub updated_at: DateTime<Utc>,
}

/// Saves a new channel. `Conflict` when the id is taken, `Missing` when it names what there is not.
pub async fn create(conn: &mut Conn, document: &Channel, now: DateTime<Utc>) -> Result<SavedChannel> {
    if get(conn, &document.id).await?.is_some() {
        return Err(Error::taken(Kind::Channel, &document.id));
    }
    Ok(replace(conn, document, now).await?.1)
}

/// Creates or replaces by slug; a changed document is not broken any more.
pub async fn replace(
    conn: &mut Conn,
    document: &Channel,
    now: DateTime<Utc>,
) -> Result<(Change, SavedChannel)> {
    references::require_environment(conn, document.environment.as_ref()).await?;
    let (change, row) = match row(conn, &document.id).await? {
        Some(old) if old.document.0 == *document => return Ok((Change::Unchanged, old.into())),
        Some(old) => (Change::Replaced, Row::new(document, old.id, old.created_at, now)),
        None => (Change::Created, Row::new(document, Key(ChannelId::random(now)), Moment(now), now)),
    };
    if change == Change::Created {
        with!(conn, |c| diesel::insert_into(channels::table).values(&row).execute(c))?;
    } else {
        with!(conn, |c| diesel::update(channels::table.find(row.id)).set(&row).execute(c))?;
    }
    Ok((change, row.into()))
}

/// The channel of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedChannel>> {
    Ok(row(conn, slug).await?.map(SavedChannel::from))
}

/// Those of the slugs that there are, in no particular order.
pub async fn get_by_slugs(conn: &mut Conn, slugs: &[Slug]) -> Result<Vec<SavedChannel>> {
    let wanted: Vec<_> = slugs.iter().cloned().map(Word).collect();
    let some = channels::table.filter(channels::slug.eq_any(wanted));
    let rows: Vec<Row> = with!(conn, |c| some.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(SavedChannel::from).collect())
}

/// All channels, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedChannel>> {
    let newest = channels::table.filter(channels::id.lt(page.below())).order(channels::id.desc());
    let rows: Vec<Row> = with!(conn, |c| newest.limit(page.probe()).select(Row::as_select()).load(c))?;
    Ok(Listing::of(rows, page, |row| row.id.0.uuid()).map(SavedChannel::from))
}

/// Deletes a channel. `InUse` when a monitor's alerts name it. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    references::refuse_used_channel(conn, slug).await?;
    let one = channels::table.filter(channels::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| diesel::delete(one).execute(c))? == 1)
}

/// Sets or clears the mark that its receiver refuses us.
pub async fn set_broken(conn: &mut Conn, slug: &Slug, reason: Option<&str>) -> Result<()> {
    let one = channels::table.filter(channels::slug.eq(Word(slug.clone())));
    with!(conn, |c| diesel::update(one).set(channels::broken.eq(reason)).execute(c))?;
    Ok(())
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = channels, treat_none_as_null = true)]
struct Row {
    id: Key<ChannelId>,
    slug: Word<Slug>,
    document: Doc<Channel>,
    environment: Option<Word<Slug>>,
    broken: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

impl Row {
    fn new(document: &Channel, id: Key<ChannelId>, created_at: Moment, now: DateTime<Utc>) -> Self {
        Self {
            id,
            slug: Word(document.id.clone()),
            document: Doc(document.clone()),
            environment: document.environment.clone().map(Word),
            broken: None,
            created_at,
            updated_at: Moment(now),
        }
    }
}

impl From<Row> for SavedChannel {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            document: row.document.0,
            broken: row.broken,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

async fn row(conn: &mut Conn, slug: &Slug) -> Result<Option<Row>> {
    let one = channels::table.filter(channels::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?)
}
