//! Channels.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::{Channel, Kind, Slug},
    id::{ChannelId, IncidentId},
};

use crate::{
    Change, Conn, Error, Listing, Page, Result,
    conn::{load_locked, with},
    notifications, references,
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
    /// Since when.
    pub broken_since: Option<DateTime<Utc>>,
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
        Some(old) => {
            old.mended(conn, now).await?;
            (Change::Replaced, Row::new(document, old.id, old.created_at, now))
        }
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
    if let Some(row) = row(conn, slug).await? {
        let now = crate::now(conn).await?;
        row.mended(conn, now).await?;
    }
    let one = channels::table.filter(channels::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| diesel::delete(one).execute(c))? == 1)
}

/// Marks that the receiver refuses us, unless the document changed since `tried`: then it is another one. True when
/// nobody had found that out before.
pub async fn mark_broken(
    conn: &mut Conn,
    tried: &SavedChannel,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let same = channels::table.find(Key(tried.id)).filter(channels::updated_at.eq(Moment(tried.updated_at)));
    let whole = same.filter(channels::broken.is_null());
    let broken = (channels::broken.eq(reason), channels::broken_since.eq(Moment(now)));
    if with!(conn, |c| diesel::update(whole).set(broken).execute(c))? == 1 {
        return Ok(true);
    }
    with!(conn, |c| diesel::update(same).set(channels::broken.eq(reason)).execute(c))?;
    Ok(false)
}

/// Something got through: it is not broken any more, and whoever was told that it is hears of it.
pub async fn mark_whole(conn: &mut Conn, tried: &SavedChannel, now: DateTime<Utc>) -> Result<()> {
    let same = channels::table.find(Key(tried.id)).filter(channels::broken.is_not_null());
    let same = same.filter(channels::updated_at.eq(Moment(tried.updated_at)));
    let rows: Vec<Row> = load_locked!(conn, same.select(Row::as_select()))?;
    let Some(row) = rows.into_iter().next() else { return Ok(()) };
    row.mended(conn, now).await?;
    let whole = (
        channels::broken.eq(None::<String>),
        channels::broken_since.eq(None::<Moment>),
        channels::outage.eq(None::<Key<IncidentId>>),
        channels::outage_told.eq(None::<String>),
    );
    with!(conn, |c| diesel::update(channels::table.find(row.id)).set(whole).execute(c))?;
    Ok(())
}

/// Keeps who was told that it is broken, and under which id.
pub async fn set_outage(conn: &mut Conn, slug: &Slug, outage: IncidentId, told: &Slug) -> Result<()> {
    let one = channels::table.filter(channels::slug.eq(Word(slug.clone())));
    let told = (channels::outage.eq(Key(outage)), channels::outage_told.eq(Word(told.clone())));
    with!(conn, |c| diesel::update(one).set(told).execute(c))?;
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
    broken_since: Option<Moment>,
    outage: Option<Key<IncidentId>>,
    outage_told: Option<Word<Slug>>,
    created_at: Moment,
    updated_at: Moment,
}

impl Row {
    /// Whoever was told that it is broken is told that this is over.
    async fn mended(&self, conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
        if let (Some(outage), Some(told)) = (&self.outage, &self.outage_told) {
            notifications::over(conn, outage.0, &told.0, now).await?;
        }
        Ok(())
    }

    fn new(document: &Channel, id: Key<ChannelId>, created_at: Moment, now: DateTime<Utc>) -> Self {
        Self {
            id,
            slug: Word(document.id.clone()),
            document: Doc(document.clone()),
            environment: document.environment.clone().map(Word),
            broken: None,
            broken_since: None,
            outage: None,
            outage_told: None,
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
            broken_since: row.broken_since.map(|at| at.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

async fn row(conn: &mut Conn, slug: &Slug) -> Result<Option<Row>> {
    let one = channels::table.filter(channels::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?)
}
