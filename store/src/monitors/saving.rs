//! Saving monitors: their links to other documents, their anchors, and the monitors that collections own.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::{Collection, Kind, Monitor, Slug},
    id::MonitorId,
    schedule::Schedule,
};

use super::{Row, SavedMonitor, owed};
use crate::{
    Change, Conn, Error, Result,
    conn::{load_locked, with},
    incidents, references,
    schema::{monitor_channels, monitor_collections, monitors},
    types::{Doc, Key, Moment, Word},
};

/// `Owned` when only a collection's document may change the monitor.
pub(super) async fn refuse_owned(conn: &mut Conn, slug: &Slug) -> Result<()> {
    match super::get(conn, slug).await?.and_then(|monitor| monitor.owner) {
        Some(collection) => Err(Error::Owned { collection }),
        None => Ok(()),
    }
}

/// Creates, replaces or deletes the collection's own monitor, as its schedule says. `Conflict` when a monitor of that id
/// is there that is not its own.
pub(crate) async fn follow(conn: &mut Conn, collection: &Collection, now: DateTime<Utc>) -> Result<()> {
    let Some(document) = collection.inline_monitor() else {
        return delete_owned(conn, &collection.id).await;
    };
    let foreign = super::get(conn, &document.id)
        .await?
        .is_some_and(|monitor| monitor.owner.as_ref() != Some(&collection.id));
    if foreign {
        return Err(Error::taken(Kind::Monitor, &document.id));
    }
    save(conn, &document, Some(&collection.id), now).await.map(drop)
}

/// Deletes the collection's own monitor, if it has one.
pub(crate) async fn delete_owned(conn: &mut Conn, collection: &Slug) -> Result<()> {
    // An owned monitor has its collection's slug.
    if super::get(conn, collection).await?.is_some_and(|monitor| monitor.owner.as_ref() == Some(collection)) {
        close_incidents(conn, collection).await?;
    }
    let own = monitors::table.filter(monitors::owner.eq(Word(collection.clone())));
    with!(conn, |c| diesel::delete(own).execute(c))?;
    Ok(())
}

/// Ends the incidents of a monitor that is about to be deleted.
pub(super) async fn close_incidents(conn: &mut Conn, slug: &Slug) -> Result<()> {
    // Locked first: a result that is being recorded may open one.
    let Some(monitor) = locked(conn, slug).await? else { return Ok(()) };
    let now = crate::now(conn).await?;
    incidents::close(conn, monitor.id, &[], now).await
}

pub(super) async fn save(
    conn: &mut Conn,
    document: &Monitor,
    owner: Option<&Slug>,
    now: DateTime<Utc>,
) -> Result<(Change, SavedMonitor)> {
    references::require_all(conn, document).await?;
    let old = locked(conn, &document.id).await?;
    let change = match &old {
        None => Change::Created,
        Some(old) if old.document == *document => Change::Unchanged,
        Some(_) => Change::Replaced,
    };
    if let (Change::Unchanged, Some(old)) = (change, old.clone()) {
        return Ok((change, old));
    }
    let row = row(document, owner, old.clone(), now)?;
    if let Some(old) = old.filter(|old| old.next_slot_at.map(Moment) != row.next_slot_at) {
        owed::record(conn, &old, now).await?;
    }
    if change == Change::Created {
        with!(conn, |c| diesel::insert_into(monitors::table).values(&row).execute(c))?;
    } else {
        with!(conn, |c| diesel::update(monitors::table.find(row.id)).set(&row).execute(c))?;
    }
    link(conn, row.id, document).await?;
    incidents::close(conn, row.id.0, &document.collections, now).await?;
    Ok((change, row.into()))
}

fn row(
    document: &Monitor,
    owner: Option<&Slug>,
    old: Option<SavedMonitor>,
    now: DateTime<Utc>,
) -> Result<Row> {
    let (anchor, next_slot_at) = slots(document, old.as_ref(), now)?;
    let (id, created_at, muted) =
        old.map_or_else(|| (MonitorId::random(now), now, None), |old| (old.id, old.created_at, old.muted));
    Ok(Row {
        id: Key(id),
        slug: Word(document.id.clone()),
        document: Doc(document.clone()),
        environment: document.environment.clone().map(Word),
        owner: owner.cloned().map(Word),
        anchor_at: Moment(anchor),
        next_slot_at: next_slot_at.map(Moment),
        muted: muted.map(Doc),
        created_at: Moment(created_at),
        updated_at: Moment(now),
    })
}

/// The anchor and the next slot. Both stay while the schedule does; a monitor that is enabled again goes on in the old
/// rhythm.
fn slots(
    document: &Monitor,
    old: Option<&SavedMonitor>,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>)> {
    let schedule = Schedule::compile(&document.schedule).map_err(Error::Invalid)?;
    // Slots are whole milliseconds, because run ids carry them.
    let now = now.duration_trunc(TimeDelta::milliseconds(1)).map_err(Error::corrupt)?;
    let same = old.filter(|old| old.document.schedule == document.schedule);
    let anchor = same.map_or(now, |old| old.anchor);
    let kept = same.filter(|old| old.document.enabled).and_then(|old| old.next_slot_at);
    let from_now = || schedule.next_after(anchor, now - TimeDelta::milliseconds(1));
    Ok((anchor, if document.enabled { kept.or_else(from_now) } else { None }))
}

/// Two that replace the same monitor do it one after the other.
async fn locked(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedMonitor>> {
    let slug = Word(slug.clone());
    let rows: Vec<Row> =
        load_locked!(conn, monitors::table.filter(monitors::slug.eq(&slug)).select(Row::as_select()))?;
    Ok(rows.into_iter().next().map(SavedMonitor::from))
}

async fn link(conn: &mut Conn, id: Key<MonitorId>, document: &Monitor) -> Result<()> {
    let old = monitor_collections::table.filter(monitor_collections::monitor_id.eq(id));
    with!(conn, |c| diesel::delete(old).execute(c))?;
    for (position, collection) in (0..).zip(&document.collections) {
        let row = (
            monitor_collections::monitor_id.eq(id),
            monitor_collections::collection.eq(Word(collection.clone())),
            monitor_collections::position.eq(position),
        );
        with!(conn, |c| diesel::insert_into(monitor_collections::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    let old = monitor_channels::table.filter(monitor_channels::monitor_id.eq(id));
    with!(conn, |c| diesel::delete(old).execute(c))?;
    for channel in references::channels_of(document) {
        let row = (monitor_channels::monitor_id.eq(id), monitor_channels::channel.eq(Word(channel)));
        with!(conn, |c| diesel::insert_into(monitor_channels::table).values(row).execute(c))?;
    }
    Ok(())
}
