//! The worker's lease: one row, renewed every two seconds. Whoever does not renew in time loses its runs to the reaper,
//! so a worker that cannot be sure of its lease sends nothing more. Runs have no leases of their own.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use domain::{
    clock::Clock,
    id::{RunId, WorkerId},
};
use store::{Store, workers};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{Config, running::Running};

/// Between two renewals.
const RENEWAL: Duration = Duration::from_secs(2);
/// What a renewal is good for, by the database's clock.
const TIME_TO_LIVE: TimeDelta = TimeDelta::seconds(8);
/// A lease is trusted this long after its last successful renewal *began*, by our monotonic clock: less than it is good
/// for, so that two workers never send for the same run.
const TRUST: Duration = Duration::from_secs(6);

/// Under which id this process owns runs, and since when that is sure.
pub(crate) struct Lease {
    store: Store,
    config: Config,
    held: Mutex<Held>,
}

#[derive(Clone, Copy)]
struct Held {
    id: WorkerId,
    renewed: Instant,
}

impl Lease {
    /// Registers a worker.
    pub(crate) async fn register(store: Store, config: Config, clock: &dyn Clock) -> store::Result<Self> {
        let held = Held { id: WorkerId::random(clock.now()), renewed: Instant::now() };
        let lease = Self { store, config, held: Mutex::new(held) };
        lease.insert(held.id).await?;
        Ok(lease)
    }

    /// The id under which runs are claimed now.
    pub(crate) fn id(&self) -> WorkerId {
        self.held().id
    }

    /// Whether a run that was claimed under this id is still ours for sure.
    pub(crate) fn holds(&self, id: WorkerId) -> bool {
        let held = self.held();
        held.id == id && held.renewed.elapsed() < TRUST
    }

    /// Renews until `stop`, then takes the worker off the list.
    pub(crate) async fn keep(&self, running: &Running, clock: &dyn Clock, stop: CancellationToken) {
        let mut ticks = interval(RENEWAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.once(running, clock).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the worker's lease could not be renewed"
                );
            }
        }
        let id = self.id();
        let left = self.store.write(move |conn| Box::pin(workers::deregister(conn, id))).await;
        if let Err(error) = left {
            tracing::warn!(error = &error as &dyn std::error::Error, "the worker could not sign off");
        }
    }

    /// Renews once, and hears which runs somebody wants stopped.
    pub(crate) async fn once(&self, running: &Running, clock: &dyn Clock) -> store::Result<()> {
        let (id, began) = (self.id(), Instant::now());
        let renewed = self.store.write(move |conn| Box::pin(renew(conn, id))).await?;
        let Some(unwanted) = renewed else {
            tracing::warn!(worker.id = %id, "the worker's lease was over: its runs are not its own any more");
            running.stop_all();
            let fresh = WorkerId::random(clock.now());
            self.insert(fresh).await?;
            self.set(Held { id: fresh, renewed: began });
            return Ok(());
        };
        self.set(Held { id, renewed: began });
        for run in unwanted {
            running.stop(run);
        }
        Ok(())
    }

    async fn insert(&self, id: WorkerId) -> store::Result<()> {
        let (location, slots) = (self.config.location.clone(), u32::from(self.config.slots));
        let insert = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                let worker = workers::Worker {
                    id,
                    host: host(),
                    version: env!("CARGO_PKG_VERSION").into(),
                    location,
                    slots,
                    started_at: now,
                    alive_until: now + TIME_TO_LIVE,
                };
                workers::register(conn, &worker).await
            })
        });
        insert.await
    }

    fn held(&self) -> Held {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, held: Held) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

/// `None` when the lease was over.
async fn renew(conn: &mut store::Conn, id: WorkerId) -> store::Result<Option<Vec<RunId>>> {
    let now = store::now(conn).await?;
    if !workers::renew(conn, id, now, now + TIME_TO_LIVE).await? {
        return Ok(None);
    }
    store::runs::cancel_requested(conn, id).await.map(Some)
}

/// The name by which operators know this machine.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .or_else(|_| std::env::var("HOSTNAME"))
        .unwrap_or_else(|_| "unknown".into())
}
