//! Monitors, with what people ask about them first: when they run next, and how it went last.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    document::{Document, Kind, Monitor, Slug},
    id::MonitorId,
    incident::Mute,
    schedule::{self, Schedule},
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Change, Conn, Listing, Page,
    monitors::{self, SavedMonitor},
    runs,
};

use super::{At, Resource};
use crate::runs::Run;

/// What the server knows about a monitor.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Facts {
    /// Survives changes, not deletion.
    uid: MonitorId,
    /// The collection whose inline schedule this is: only that document edits it.
    owner: Option<Slug>,
    /// The schedule in words.
    schedule_text: String,
    /// When it is due next; null while it is disabled.
    next_slot_at: Option<DateTime<Utc>>,
    /// The same, with its jitter.
    next_run_at: Option<DateTime<Utc>>,
    /// Since when, until when and why nothing begins to be told of it; null when it is not muted.
    muted: Option<Mute>,
    /// The latest finished run of each of its collections.
    latest_runs: Vec<Run>,
    /// When it came into being.
    created_at: DateTime<Utc>,
    /// When the document changed last.
    updated_at: DateTime<Utc>,
}

impl Resource for Monitor {
    const KIND: Kind = Kind::Monitor;
    const TITLE: &'static str = "Monitor";
    const PLURAL: &'static str = "monitors";
    type Row = SavedMonitor;
    type Facts = Facts;

    fn from_document(document: Document) -> Option<Self> {
        if let Document::Monitor(monitor) = document { Some(monitor) } else { None }
    }

    fn id(&self) -> &Slug {
        &self.id
    }

    async fn show(conn: &mut Conn, rows: Vec<SavedMonitor>) -> store::Result<Vec<(Document, Facts)>> {
        let now = store::now(conn).await?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut latest: BTreeMap<_, Vec<Run>> = BTreeMap::new();
        for run in runs::latest(conn, &ids).await? {
            if let Some(monitor) = &run.monitor {
                latest.entry(monitor.id).or_default().push(run.into());
            }
        }
        let show = |row: SavedMonitor| {
            let latest_runs = latest.remove(&row.id).unwrap_or_default();
            let facts = facts(&row, latest_runs, now);
            (Document::Monitor(row.document), facts)
        };
        Ok(rows.into_iter().map(show).collect())
    }

    async fn create(&self, conn: &mut Conn, at: &At) -> store::Result<SavedMonitor> {
        monitors::create(conn, self, at.now).await
    }

    async fn replace(&self, conn: &mut Conn, at: &At) -> store::Result<(Change, SavedMonitor)> {
        monitors::replace(conn, self, at.now).await
    }

    async fn get(conn: &mut Conn, id: &Slug) -> store::Result<Option<SavedMonitor>> {
        monitors::get(conn, id).await
    }

    async fn list(conn: &mut Conn, page: Page) -> store::Result<Listing<SavedMonitor>> {
        monitors::list(conn, page).await
    }

    async fn delete(conn: &mut Conn, id: &Slug) -> store::Result<bool> {
        monitors::delete(conn, id).await
    }
}

fn facts(row: &SavedMonitor, latest_runs: Vec<Run>, now: DateTime<Utc>) -> Facts {
    let schedule = &row.document.schedule;
    // A schedule was compiled before it was saved; one that an older version let through has no words.
    let schedule_text = Schedule::compile(schedule).map(|one| one.describe()).unwrap_or_default();
    let jittered = |slot: DateTime<Utc>| {
        let jitter = schedule::jitter_of(slot, row.id, schedule.jitter.unwrap_or_default().0);
        slot + TimeDelta::from_std(jitter).unwrap_or_default()
    };
    Facts {
        uid: row.id,
        owner: row.owner.clone(),
        schedule_text,
        next_slot_at: row.next_slot_at,
        next_run_at: row.next_slot_at.map(jittered),
        muted: row.muted.clone().filter(|mute| mute.holds(now)),
        latest_runs,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
