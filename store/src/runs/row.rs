//! A run as its row has it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use domain::{
    document::Slug,
    id::{CollectionId, MonitorId, RunId, WorkerId},
    outcome::{Outcome, Reason, RunState, Trigger},
    run::{MonitorRef, PinnedCollection, Run},
};

use super::NewRun;
use crate::{
    Error,
    schema::runs,
    types::{Doc, Key, Moment, Word, count},
};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub(super) struct Row {
    due_at: Moment,
    pub(super) id: Key<RunId>,
    collection_id: Key<CollectionId>,
    collection: Word<Slug>,
    collection_version: i32,
    monitor_id: Option<Key<MonitorId>>,
    monitor: Option<Word<Slug>>,
    environment: Option<Word<Slug>>,
    location: Word<Slug>,
    trigger: Word<Trigger>,
    slot_at: Option<Moment>,
    start_by: Moment,
    in_maintenance: bool,
    state: Word<RunState>,
    attempt: i32,
    losses: i32,
    owner: Option<Key<WorkerId>>,
    started_at: Option<Moment>,
    unsafe_begun: bool,
    cleaning: bool,
    finished_at: Option<Moment>,
    outcome: Option<Word<Outcome>>,
    reason: Option<Doc<Reason>>,
}

impl From<Row> for Run {
    fn from(row: Row) -> Self {
        let monitor = row.monitor_id.zip(row.monitor);
        Self {
            id: row.id.0,
            collection: PinnedCollection {
                id: row.collection_id.0,
                slug: row.collection.0,
                version: row.collection_version.cast_unsigned(),
            },
            monitor: monitor.map(|(id, slug)| MonitorRef { id: id.0, slug: slug.0 }),
            environment: row.environment.map(|slug| slug.0),
            location: row.location.0,
            trigger: row.trigger.0,
            state: row.state.0,
            outcome: row.outcome.map(|outcome| outcome.0),
            reason: row.reason.map(|reason| reason.0),
            attempt: row.attempt.cast_unsigned(),
            losses: row.losses.cast_unsigned(),
            owner: row.owner.map(|owner| owner.0),
            due_at: row.due_at.0,
            slot_at: row.slot_at.map(|slot| slot.0),
            max_lateness: (row.start_by.0 - row.due_at.0).to_std().unwrap_or_default(),
            started_at: row.started_at.map(|at| at.0),
            finished_at: row.finished_at.map(|at| at.0),
            unsafe_begun: row.unsafe_begun,
            cleaning: row.cleaning,
            in_maintenance: row.in_maintenance,
        }
    }
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = runs, treat_none_as_default_value = false)]
pub(super) struct NewRow {
    due_at: Moment,
    id: Key<RunId>,
    collection_id: Key<CollectionId>,
    collection: Word<Slug>,
    collection_version: i32,
    monitor_id: Option<Key<MonitorId>>,
    monitor: Option<Word<Slug>>,
    environment: Option<Word<Slug>>,
    location: Word<Slug>,
    trigger: Word<Trigger>,
    slot_at: Option<Moment>,
    start_by: Moment,
    in_maintenance: bool,
    state: Word<RunState>,
    wake_at: Option<Moment>,
    avoid: Option<Key<WorkerId>>,
    finished_at: Option<Moment>,
    outcome: Option<Word<Outcome>>,
    reason: Option<Doc<Reason>>,
    inserted_at: Moment,
}

impl NewRow {
    pub(super) fn new(run: &NewRun, now: DateTime<Utc>) -> Result<Self, Error> {
        let due_at = run.id.due_at();
        let over = run.end.is_some();
        Ok(Self {
            due_at: Moment(due_at),
            id: Key(run.id),
            collection_id: Key(run.collection.id),
            collection: Word(run.collection.slug.clone()),
            collection_version: count(run.collection.version),
            monitor_id: run.monitor.as_ref().map(|monitor| Key(monitor.id)),
            monitor: run.monitor.as_ref().map(|monitor| Word(monitor.slug.clone())),
            environment: run.environment.clone().map(Word),
            location: Word(run.location.clone()),
            trigger: Word(run.trigger),
            slot_at: (run.trigger == Trigger::Schedule).then_some(Moment(due_at)),
            start_by: Moment(start_by(due_at, run.max_lateness)?),
            in_maintenance: run.in_maintenance,
            state: Word(if over { RunState::Finished } else { RunState::Queued }),
            wake_at: (!over).then_some(Moment(run.wake_at)),
            avoid: run.avoid.map(Key),
            finished_at: over.then_some(Moment(now)),
            outcome: run.end.as_ref().map(|end| Word(end.outcome)),
            reason: run.end.as_ref().map(|end| Doc(end.reason.clone())),
            inserted_at: Moment(now),
        })
    }
}

fn start_by(due_at: DateTime<Utc>, max_lateness: Duration) -> Result<DateTime<Utc>, Error> {
    let start_by = TimeDelta::from_std(max_lateness).ok().and_then(|delta| due_at.checked_add_signed(delta));
    start_by.ok_or_else(|| Error::corrupt("a lateness beyond the calendar"))
}
