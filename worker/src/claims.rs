//! Claims runs, many in one transaction.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{
    id::{RunId, WorkerId},
    outcome::Reason,
    run::Run,
};
use store::{
    Patience, Store,
    quarantines::{self, Quarantine},
    runs,
};
use tokio_util::sync::CancellationToken;

use crate::{
    batch::Batcher,
    lease::Lease,
    running::{InHand, Running},
};

/// Runs per transaction, at most.
const BATCH: usize = 256;

/// A run that is ours now.
pub(crate) struct Claimed {
    pub(crate) run: Run,
    /// The id under which it is.
    pub(crate) owner: WorkerId,
    /// In hand from the claim on, so that no duplicate of its message and no look at what lies about takes it away.
    pub(crate) in_hand: InHand,
    /// Why it is not to be executed: its collection is in quarantine.
    pub(crate) refused: Option<Reason>,
}

/// What came of the wish to have a run.
pub(crate) enum Claim {
    /// It is ours.
    Ours(Box<Claimed>),
    /// A duplicate, or one that came too late.
    Gone,
    /// It still waits, and is not for us just now: another worker is to have it, or another transaction has its row.
    Waiting,
    /// Nobody asked the database: the worker stops.
    NotAsked,
}

pub(crate) type Claims = Batcher<RunId, Claim>;

/// Claims until `stop`: what waits for its batch by then is not claimed any more.
pub(crate) fn spawn(store: Store, lease: Arc<Lease>, running: Running, stop: CancellationToken) -> Claims {
    Batcher::spawn(BATCH, move |ids: Vec<RunId>| {
        let (store, lease, running, stop) = (store.clone(), lease.clone(), running.clone(), stop.clone());
        async move {
            let owner = lease.id();
            let wanted: Arc<[RunId]> = ids.iter().copied().filter(|id| !running.holds(*id)).collect();
            let Some((runs, waiting)) = claim(&store, owner, wanted, stop).await else {
                return ids.iter().map(|_| Claim::NotAsked).collect();
            };
            let mut claimed: HashMap<RunId, Claim> = HashMap::with_capacity(runs.len());
            claimed.extend(waiting.into_iter().map(|run| (run, Claim::Waiting)));
            for (run, refused) in runs {
                let in_hand = running.begin(run.id);
                let ours = Claimed { owner, in_hand, refused, run };
                claimed.insert(ours.run.id, Claim::Ours(Box::new(ours)));
            }
            ids.iter().map(|id| claimed.remove(id).unwrap_or(Claim::Gone)).collect()
        }
    })
}

/// What was claimed, and why it is not to be executed; and what still waits.
type Taken = (Vec<(Run, Option<Reason>)>, Vec<RunId>);

/// Tries until the database has answered. A claim whose COMMIT got lost may have happened: such runs are ours without
/// anybody executing them, so they are handed back first. `None` when the worker was told to stop before that.
async fn claim(store: &Store, owner: WorkerId, ids: Arc<[RunId]>, stop: CancellationToken) -> Option<Taken> {
    let claimed = store.write_patiently(Patience::new("claiming runs"), move |conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            if conn.in_doubt() {
                runs::hand_back(conn, owner, &ids, now).await?;
            }
            if stop.is_cancelled() {
                return Ok(None);
            }
            let runs = runs::claim(conn, owner, &ids, now).await?;
            // Rarely is any left.
            let claimed: HashSet<RunId> = runs.iter().map(|run| run.id).collect();
            let left: Vec<RunId> = ids.iter().copied().filter(|id| !claimed.contains(id)).collect();
            let waiting = runs::still_waiting(conn, &left, now).await?;
            let held = quarantines::of(conn, runs.iter().map(|run| &run.collection)).await?;
            let with_refusal = |run: Run| {
                let held = held.get(&(run.collection.id, run.collection.version));
                (run, held.map(Quarantine::refusal))
            };
            Ok(Some((runs.into_iter().map(with_refusal).collect(), waiting)))
        })
    });
    claimed.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "runs could not be claimed");
        Some((Vec::new(), Vec::new()))
    })
}

#[cfg(test)]
mod tests {
    use domain::clock::SystemClock;

    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn what_waits_for_its_batch_when_the_worker_stops_is_not_claimed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(folder.path()).await.unwrap();
        let lease = Lease::register(store.clone(), Config::default(), &SystemClock).await.unwrap();
        let stop = CancellationToken::new();
        let claims = spawn(store, Arc::new(lease), Running::default(), stop.clone());
        let run: RunId = "run_00000000000000000000000000000001".parse().unwrap();
        assert!(matches!(claims.submit(run).await, Some(Claim::Gone)), "there is no such run");
        stop.cancel();
        assert!(matches!(claims.submit(run).await, Some(Claim::NotAsked)));
    }
}
