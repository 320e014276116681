//! What documents name in other documents: whether it is there, and who would miss it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::document::{Collection, Kind, Monitor, Slug};

use crate::{
    Conn, Error, Missing, Result,
    conn::with,
    schema::{
        channels, collection_uses, collections, environments, monitor_channels, monitor_collections, monitors,
    },
    types::Word,
};

/// `Missing` when there is no such environment.
pub(crate) async fn require_environment(conn: &mut Conn, slug: Option<&Slug>) -> Result<()> {
    let missing = missing(conn, Kind::Environment, slug.map_or(&[], std::slice::from_ref)).await?;
    if missing.is_empty() { Ok(()) } else { Err(Error::Missing(missing)) }
}

/// `Missing` with everything that a collection names and that there is not.
pub(crate) async fn require_named(conn: &mut Conn, collection: &Collection) -> Result<()> {
    let used: Vec<_> = collection.uses.iter().map(|used| used.collection.clone()).collect();
    let mut absent = missing(conn, Kind::Collection, &used).await?;
    absent.extend(missing(conn, Kind::Environment, collection.environment.as_slice()).await?);
    if absent.is_empty() { Ok(()) } else { Err(Error::Missing(absent)) }
}

/// `Missing` with everything that a monitor names and that there is not.
pub(crate) async fn require_all(conn: &mut Conn, monitor: &Monitor) -> Result<()> {
    let mut absent = missing(conn, Kind::Collection, &monitor.collections).await?;
    absent.extend(missing(conn, Kind::Channel, &channels_of(monitor)).await?);
    absent.extend(missing(conn, Kind::Environment, monitor.environment.as_slice()).await?);
    if absent.is_empty() { Ok(()) } else { Err(Error::Missing(absent)) }
}

/// The channels of all alert rules, each once.
pub(crate) fn channels_of(monitor: &Monitor) -> Vec<Slug> {
    let mut slugs: Vec<_> = monitor.alerts.iter().flat_map(|rule| rule.channels.iter().cloned()).collect();
    slugs.sort();
    slugs.dedup();
    slugs
}

async fn missing(conn: &mut Conn, kind: Kind, slugs: &[Slug]) -> Result<Vec<Missing>> {
    if slugs.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<_> = slugs.iter().cloned().map(Word).collect();
    let there: Vec<Word<Slug>> = match kind {
        Kind::Environment => {
            let found = environments::table.filter(environments::slug.eq_any(&wanted));
            with!(conn, |c| found.select(environments::slug).load(c))?
        }
        Kind::Channel => {
            let found = channels::table.filter(channels::slug.eq_any(&wanted));
            with!(conn, |c| found.select(channels::slug).load(c))?
        }
        Kind::Collection => {
            let found = collections::table.filter(collections::slug.eq_any(&wanted));
            with!(conn, |c| found.select(collections::slug).load(c))?
        }
        Kind::Monitor => {
            let found = monitors::table.filter(monitors::slug.eq_any(&wanted));
            with!(conn, |c| found.select(monitors::slug).load(c))?
        }
    };
    let absent = wanted.into_iter().filter(|slug| !there.contains(slug));
    Ok(absent.map(|Word(slug)| Missing { kind, slug }).collect())
}

/// `InUse` when a collection, a monitor or a channel names the environment.
pub(crate) async fn refuse_used_environment(conn: &mut Conn, slug: &Slug) -> Result<()> {
    let word = Word(slug.clone());
    let by = collections::table.filter(collections::environment.eq(&word)).order(collections::slug);
    let by_collections = with!(conn, |c| by.select(collections::slug).load(c))?;
    // A collection's own monitor says nothing that the collection does not say.
    let by = monitors::table.filter(monitors::environment.eq(&word).and(monitors::owner.is_null()));
    let by_monitors = with!(conn, |c| by.order(monitors::slug).select(monitors::slug).load(c))?;
    let by = channels::table.filter(channels::environment.eq(&word)).order(channels::slug);
    let by_channels = with!(conn, |c| by.select(channels::slug).load(c))?;
    let by = [(Kind::Collection, by_collections), (Kind::Monitor, by_monitors), (Kind::Channel, by_channels)];
    refuse(Kind::Environment, by)
}

/// `InUse` when a monitor that is not its own names the collection, or another collection uses it.
pub(crate) async fn refuse_used_collection(conn: &mut Conn, slug: &Slug) -> Result<()> {
    let word = Word(slug.clone());
    let by = monitor_collections::table
        .inner_join(monitors::table.on(monitors::id.eq(monitor_collections::monitor_id)))
        .filter(monitor_collections::collection.eq(&word))
        .filter(monitors::owner.is_null().or(monitors::owner.ne(&word)))
        .order(monitors::slug);
    let by_monitors = with!(conn, |c| by.select(monitors::slug).load(c))?;
    let by = collection_uses::table
        .inner_join(collections::table.on(collections::id.eq(collection_uses::collection_id)))
        .filter(collection_uses::used.eq(&word))
        .order(collections::slug);
    let by_collections = with!(conn, |c| by.select(collections::slug).load(c))?;
    refuse(Kind::Collection, [(Kind::Monitor, by_monitors), (Kind::Collection, by_collections)])
}

/// `InUse` when the alert rules of a monitor name the channel.
pub(crate) async fn refuse_used_channel(conn: &mut Conn, slug: &Slug) -> Result<()> {
    let by = monitor_channels::table
        .inner_join(monitors::table.on(monitors::id.eq(monitor_channels::monitor_id)))
        .filter(monitor_channels::channel.eq(Word(slug.clone())))
        .order(monitors::slug);
    let by = with!(conn, |c| by.select(monitors::slug).load(c))?;
    refuse(Kind::Channel, [(Kind::Monitor, by)])
}

fn refuse(kind: Kind, by: impl IntoIterator<Item = (Kind, Vec<Word<Slug>>)>) -> Result<()> {
    let by: Vec<_> = by
        .into_iter()
        .flat_map(|(kind, slugs)| slugs.into_iter().map(move |Word(slug)| (kind, slug)))
        .collect();
    if by.is_empty() { Ok(()) } else { Err(Error::InUse { kind, by }) }
}
