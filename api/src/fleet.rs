//! The fleet as its rows have it: workers with their leases, queues as a scheduler saw them last, collections that are
//! not run. Nothing here asks a worker or the broker, so it answers also while they are away.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    id::{RunId, WorkerId},
    outcome::Reason,
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    quarantines::{self, Quarantine},
    queues::{self, QueueFigures},
    workers::{self, Worker},
};

use crate::{Api, operation::Operation, refusal::Refusal};

/// Who works, and what waits.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Fleet {
    /// The longest alive first; those that were lost stay for a while.
    workers: Vec<WorkerView>,
    /// By name.
    queues: Vec<QueueView>,
    /// Collections that are not run, the newest first.
    quarantines: Vec<QuarantineView>,
}

/// One life of one worker process.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WorkerView {
    /// Fresh per process start.
    id: WorkerId,
    /// On which machine.
    host: String,
    /// Of Skopos.
    version: String,
    /// Whose runs it takes.
    location: Slug,
    /// How many runs it takes at once.
    slots: u32,
    /// How many it has in hand.
    running: u64,
    /// When it started.
    started_at: DateTime<Utc>,
    /// Its lease: past this instant its runs are taken from it.
    alive_until: DateTime<Utc>,
    /// Whether its lease holds.
    alive: bool,
}

/// One queue.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct QueueView {
    /// `runs.<location>` or `notifications`.
    name: String,
    /// Messages that wait for a consumer.
    ready: u64,
    /// Messages in the hands of consumers; null where the broker does not tell.
    unacked: Option<u64>,
    /// Consumers.
    consumers: u64,
    /// Dead letters that wait for a scheduler: of all queues where the broker keeps them together.
    dead: u64,
    /// Messages put aside for people: of all queues.
    parked: u64,
    /// Queued runs, or pending notifications.
    waiting: u64,
    /// Since when the oldest of them is due.
    oldest_at: Option<DateTime<Utc>>,
    /// When a scheduler looked.
    updated_at: DateTime<Utc>,
}

/// A collection that is not run because one run of it took two workers along.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct QuarantineView {
    /// Which; its next version is run again.
    collection: Slug,
    /// Which version of it, counted from 1.
    version: u32,
    /// The run that took two workers along.
    run: RunId,
    /// How that run ended.
    reason: Reason,
    /// Since when.
    since: DateTime<Utc>,
}

/// All operations on the fleet.
pub(crate) fn operations() -> [Operation; 1] {
    [Operation::new(Method::GET, "/v1/fleet", "getFleet", show)
        .about(
            "process",
            "Workers with their leases, queues as a scheduler saw them last, collections in quarantine",
        )
        .answer(StatusCode::OK, "The fleet.", |schemas| schemas.answer::<Fleet>())]
}

async fn show(State(api): State<Api>) -> Result<Json<Fleet>, Refusal> {
    let mut conn = api.store.read().await?;
    let now = store::now(&mut conn).await?;
    let running = workers::running(&mut conn, now).await?;
    let workers = workers::list(&mut conn).await?.into_iter().map(|worker| {
        let running = running.get(&worker.id).copied().unwrap_or_default();
        WorkerView::new(worker, running, now)
    });
    let workers = workers.collect();
    let queues = queues::list(&mut conn).await?.into_iter().map(QueueView::from).collect();
    let quarantines = quarantines::list(&mut conn).await?.into_iter().map(QuarantineView::from).collect();
    Ok(Json(Fleet { workers, queues, quarantines }))
}

impl WorkerView {
    fn new(worker: Worker, running: u64, now: DateTime<Utc>) -> Self {
        Self {
            id: worker.id,
            host: worker.host,
            version: worker.version,
            location: worker.location,
            slots: worker.slots,
            running,
            started_at: worker.started_at,
            alive_until: worker.alive_until,
            alive: worker.alive_until > now,
        }
    }
}

impl From<QueueFigures> for QueueView {
    fn from(figures: QueueFigures) -> Self {
        Self {
            name: figures.name,
            ready: figures.ready,
            unacked: figures.unacked,
            consumers: figures.consumers,
            dead: figures.dead,
            parked: figures.parked,
            waiting: figures.waiting.rows,
            oldest_at: figures.waiting.oldest_at,
            updated_at: figures.updated_at,
        }
    }
}

impl From<Quarantine> for QuarantineView {
    fn from(Quarantine { collection, run, reason, since }: Quarantine) -> Self {
        Self { collection: collection.slug, version: collection.version, run, reason, since }
    }
}
