//! The worker's lease: one row, renewed every two seconds. Whoever does not renew in time loses its runs to the reaper,
//! so a worker that cannot be sure of its lease sends nothing more. Runs have no leases of their own.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    clock::Clock,
    id::{RunId, WorkerId},
    planted::{self, Bug},
    run::Run,
};
use store::{Store, runs, workers};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{Config, release::release, running::Running};

/// Between two renewals.
const RENEWAL: Duration = Duration::from_secs(2);
/// What a renewal is good for, by the database's clock.
const TIME_TO_LIVE: TimeDelta = TimeDelta::seconds(8);
/// A lease is trusted this long after its last successful renewal *began*, by our monotonic clock: less than it is good
/// for, so that two workers never send for the same run.
const TRUST: Duration = Duration::from_secs(6);

/// A claim is in hand long before this much later.
const SETTLED: TimeDelta = TimeDelta::seconds(10);

/// Under which id this process owns runs, and since when that is sure.
pub(crate) struct Lease {
    store: Store,
    config: Config,
    held: watch::Sender<Held>,
}

#[derive(Clone, Copy)]
struct Held {
    id: WorkerId,
    renewed: Instant,
}

impl Held {
    fn is_sure(&self) -> bool {
        self.renewed.elapsed() < TRUST || planted::has(Bug::SendWithoutLease)
    }
}

impl Lease {
    /// Registers a worker.
    pub(crate) async fn register(store: Store, config: Config, clock: &dyn Clock) -> store::Result<Self> {
        let held = Held { id: WorkerId::random(clock.now()), renewed: Instant::now() };
        let lease = Self { store, config, held: watch::Sender::new(held) };
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
        held.id == id && held.is_sure()
    }

    /// Waits until runs can be claimed: at once, or with the next renewal.
    pub(crate) async fn sure(&self) {
        // It fails when nobody renews any more, and nobody waits then.
        let _ = self.held.subscribe().wait_for(Held::is_sure).await;
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
        let Some(found) = renewed else {
            tracing::warn!(worker.id = %id, "the worker's lease was over: its runs are not its own any more");
            running.stop_all();
            let fresh = WorkerId::random(clock.now());
            self.insert(fresh).await?;
            self.set(Held { id: fresh, renewed: began });
            return Ok(());
        };
        self.set(Held { id, renewed: began });
        for run in found.stop {
            running.stop(run);
        }
        for run in found.owned.into_iter().filter(|run| !running.holds(run.id)) {
            tracing::warn!(run.id = %run.id, "a run was this worker's, and nobody was executing it");
            self.store.write(move |conn| Box::pin(release(conn, id, run.id, run.attempt))).await?;
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
        *self.held.borrow()
    }

    fn set(&self, held: Held) {
        self.held.send_replace(held);
    }
}

/// What a renewal finds out about the worker's runs.
struct Renewed {
    /// Which somebody wants stopped.
    stop: Vec<RunId>,
    /// What it owns for some time: whatever of it is not in hand was left lying.
    owned: Vec<Run>,
}

/// `None` when the lease was over.
async fn renew(conn: &mut store::Conn, id: WorkerId) -> store::Result<Option<Renewed>> {
    let now = store::now(conn).await?;
    if !workers::renew(conn, id, now, now + TIME_TO_LIVE).await? {
        return Ok(None);
    }
    let stop = runs::cancel_requested(conn, id, now).await?;
    let owned = runs::owned_since(conn, id, now - SETTLED).await?;
    Ok(Some(Renewed { stop, owned }))
}

/// The name by which operators know this machine.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .or_else(|_| std::env::var("HOSTNAME"))
        .unwrap_or_else(|_| "unknown".into())
}

#[cfg(test)]
mod tests {
    use domain::{
        clock::MockClock,
        id::CollectionId,
        outcome::{Outcome, RunState, Trigger},
        run::PinnedCollection,
    };
    use store::runs::NewRun;

    use super::*;

    /// A lease in a store whose time stands still, and a run claimed under it.
    async fn claimed(folder: &std::path::Path) -> (Lease, MockClock, Store, RunId) {
        let clock = MockClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let store = Store::open_sqlite(folder).await.unwrap().with_clock(std::sync::Arc::new(clock.clone()));
        let lease = Lease::register(store.clone(), Config::default(), &clock).await.unwrap();
        let (owner, now) = (lease.id(), clock.now());
        let run = RunId::random(now);
        let new = NewRun {
            id: run,
            collection: PinnedCollection {
                id: CollectionId::random(now),
                slug: "shop".parse().unwrap(),
                version: 1,
            },
            monitor: None,
            environment: None,
            location: "default".parse().unwrap(),
            trigger: Trigger::Manual,
            max_lateness: Duration::from_secs(60),
            wake_at: now,
            in_maintenance: false,
            avoid: None,
            end: None,
        };
        let claim = store.write(move |conn| {
            Box::pin(async move {
                runs::insert(conn, &[new], now).await?;
                runs::claim(conn, owner, &[run], now).await
            })
        });
        assert_eq!(claim.await.unwrap().len(), 1);
        (lease, clock, store, run)
    }

    /// Eleven seconds with a renewal in time.
    async fn later(lease: &Lease, clock: &MockClock, running: &Running) {
        for seconds in [6, 5] {
            clock.advance(TimeDelta::seconds(seconds));
            lease.once(running, clock).await.unwrap();
        }
    }

    async fn row(store: &Store, run: RunId) -> Run {
        runs::get(&mut store.read().await.unwrap(), run).await.unwrap().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_that_is_owned_and_not_in_hand_is_queued_again() {
        let folder = tempfile::tempdir().unwrap();
        let (lease, clock, store, run) = claimed(folder.path()).await;
        let running = Running::default();
        lease.once(&running, &clock).await.unwrap();
        assert_eq!(row(&store, run).await.state, RunState::Running, "it may be on its way into a hand");
        later(&lease, &clock, &running).await;
        assert_eq!(row(&store, run).await.state, RunState::Queued);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn such_a_run_ends_inconclusive_once_it_has_begun_what_must_not_be_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let (lease, clock, store, run) = claimed(folder.path()).await;
        let owner = lease.id();
        store.write(move |conn| Box::pin(runs::mark_unsafe(conn, run, 1, owner))).await.unwrap();
        later(&lease, &clock, &Running::default()).await;
        assert_eq!(row(&store, run).await.outcome, Some(Outcome::Inconclusive));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_in_hand_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (lease, clock, store, run) = claimed(folder.path()).await;
        let running = Running::default();
        let _in_hand = running.begin(run);
        later(&lease, &clock, &running).await;
        assert_eq!(row(&store, run).await.state, RunState::Running);
    }

    #[tokio::test]
    async fn a_lease_that_is_not_renewed_in_time_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let (lease, clock, _store, _run) = claimed(folder.path()).await;
        let running = Running::default();
        tokio::time::pause();
        tokio::time::advance(TRUST / 2).await;
        assert!(lease.holds(lease.id()));
        tokio::time::advance(TRUST / 2).await;
        assert!(!lease.holds(lease.id()), "another worker may have its runs soon");
        tokio::time::resume();
        let (sure, renewed) = tokio::join!(lease.sure(), lease.once(&running, &clock));
        renewed.unwrap();
        assert_eq!((sure, lease.holds(lease.id())), ((), true), "the next renewal ends the doubt");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lease_that_was_over_stops_what_is_in_hand_and_goes_on_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let (lease, clock, _store, run) = claimed(folder.path()).await;
        let (running, before) = (Running::default(), lease.id());
        let in_hand = running.begin(run);
        clock.advance(TimeDelta::seconds(9));
        lease.once(&running, &clock).await.unwrap();
        assert!(in_hand.cancel.is_cancelled());
        assert!(!lease.holds(before) && lease.holds(lease.id()));
    }
}
